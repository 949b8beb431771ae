//! What has passed through the exchange since its start, counted.

use std::collections::BTreeMap;

use sip::Transport;
use switch::{AuthenticationFailure, CallEnd};

use super::quality::Quality;
use super::records::word;

/// The kinds of messages that are told apart, requests by their methods and responses by their hundreds.
const KINDS: [&str; 20] = [
    "REGISTER",
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "MESSAGE",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "PRACK",
    "UPDATE",
    "REFER",
    "INFO",
    "1xx",
    "2xx",
    "3xx",
    "4xx",
    "5xx",
    "6xx",
];

/// Everything else: methods that nobody knows, and what is no message at all.
const OTHER: usize = KINDS.len();

const TRANSPORTS: [Transport; 5] = [
    Transport::Udp,
    Transport::Tcp,
    Transport::Tls,
    Transport::Ws,
    Transport::Wss,
];

/// Messages by transport and kind.
#[derive(Clone, Default, Debug)]
pub struct Messages([[u64; OTHER + 1]; TRANSPORTS.len()]);

/// Whole numbers, sorted into buckets.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// The highest number of each bucket; what is higher is in none.
    bounds: &'static [u64],
    counts: [u64; BUCKETS],
    sum: u64,
    count: u64,
}

const BUCKETS: usize = 8;

impl Histogram {
    fn new(bounds: &'static [u64; BUCKETS]) -> Self {
        Self {
            bounds,
            counts: [0; BUCKETS],
            sum: 0,
            count: 0,
        }
    }

    fn note(&mut self, value: u64) {
        self.sum = self.sum.saturating_add(value);
        self.count += 1;
        if let Some(bucket) = self.bounds.iter().position(|bound| value <= *bound) {
            self.counts[bucket] += 1;
        }
    }

    /// The sum of all numbers, and how many there were.
    pub fn sum_and_count(&self) -> (u64, u64) {
        (self.sum, self.count)
    }

    /// The highest number of each bucket, and how many are in it.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        self.bounds.iter().copied().zip(self.counts)
    }
}

/// Scores in hundredths: below 360 many are dissatisfied (G.107 Annex B).
const MOS: [u64; BUCKETS] = [200, 260, 310, 360, 400, 420, 430, 450];
const PERCENT: [u64; BUCKETS] = [0, 1, 2, 3, 5, 10, 20, 50];
const JITTER: [u64; BUCKETS] = [2, 5, 10, 20, 40, 80, 160, 320];
const ROUND_TRIP: [u64; BUCKETS] = [5, 20, 50, 100, 150, 200, 300, 500];

impl Default for Tally {
    fn default() -> Self {
        Self {
            received: Messages::default(),
            sent: Messages::default(),
            bad_messages: BTreeMap::new(),
            authentication_failures: BTreeMap::new(),
            scanners_ignored: 0,
            calls_started: 0,
            calls_answered: 0,
            calls_ended: BTreeMap::new(),
            mos: Histogram::new(&MOS),
            lost_percent: Histogram::new(&PERCENT),
            jitter_millis: Histogram::new(&JITTER),
            round_trip_millis: Histogram::new(&ROUND_TRIP),
            registered: 0,
            refreshed: 0,
            unregistered: 0,
        }
    }
}

/// Counts. Names that stand for causes come from the code, never from a peer, so there are few.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Messages and datagrams that came in.
    pub received: Messages,
    /// Messages that went out, repetitions included.
    pub sent: Messages,
    /// Bad messages by what is wrong with them.
    pub bad_messages: BTreeMap<&'static str, u64>,
    /// Failed authentications by their cause.
    pub authentication_failures: BTreeMap<&'static str, u64>,
    /// Requests of known scanners that were dropped.
    pub scanners_ignored: u64,
    /// Calls that began, as far as both sides are known.
    pub calls_started: u64,
    /// Calls that were picked up.
    pub calls_answered: u64,
    /// Calls that are over, by their cause.
    pub calls_ended: BTreeMap<&'static str, u64>,
    /// What the people in answered calls have heard, one for each of the two: the estimated score.
    pub mos: Histogram,
    /// The share of packets that did not come, in hundredths.
    pub lost_percent: Histogram,
    /// How unevenly they came, in milliseconds.
    pub jitter_millis: Histogram,
    /// From the server to the phone and back, in milliseconds, of those who reported it.
    pub round_trip_millis: Histogram,
    /// Registrations that were made.
    pub registered: u64,
    /// Registrations that were prolonged.
    pub refreshed: u64,
    /// Registrations that ended.
    pub unregistered: u64,
}

impl Messages {
    fn count(&mut self, transport: Transport, message: &[u8]) {
        let row = TRANSPORTS
            .iter()
            .position(|one| *one == transport)
            .unwrap_or(0);
        self.0[row][kind(message)] += 1;
    }

    /// Transport, kind and count of those that there were.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        TRANSPORTS.iter().zip(&self.0).flat_map(|(transport, row)| {
            let names = KINDS.iter().chain(&["other"]);
            names
                .zip(row)
                .filter(|(_, count)| **count > 0)
                .map(|(kind, count)| (transport.as_str(), *kind, *count))
        })
    }
}

/// A look at the first word. Nothing is parsed twice for a figure.
fn kind(message: &[u8]) -> usize {
    /// Of the first method and of the first response in [`KINDS`].
    const RESPONSES: usize = 14;
    if let Some(status) = message.strip_prefix(b"SIP/2.0 ") {
        return match status.first() {
            Some(hundreds @ b'1'..=b'6') => RESPONSES + usize::from(hundreds - b'1'),
            _ => OTHER,
        };
    }
    // No method in the list is longer.
    let head = &message[..message.len().min(10)];
    let Some(end) = head.iter().position(|byte| *byte == b' ') else {
        return OTHER;
    };
    let method = &head[..end];
    KINDS[..RESPONSES]
        .iter()
        .position(|known| known.as_bytes() == method)
        .unwrap_or(OTHER)
}

impl Tally {
    pub(super) fn received(&mut self, transport: Transport, message: &[u8]) {
        self.received.count(transport, message);
    }

    pub(super) fn sent(&mut self, transport: Transport, message: &[u8]) {
        self.sent.count(transport, message);
    }

    /// An answered call is over: what its two people have heard.
    pub(super) fn heard(&mut self, quality: &Quality) {
        for side in [&quality.caller, &quality.callee] {
            let Some(mos) = side.mos else {
                continue;
            };
            self.mos.note(mos.hundredths().into());
            let sent = side.lost.saturating_add(side.received).max(1);
            self.lost_percent.note(side.lost.saturating_mul(100) / sent);
            self.jitter_millis.note(side.jitter_millis.into());
            if let Some(millis) = side.round_trip_millis {
                self.round_trip_millis.note(millis.into());
            }
        }
    }

    pub(super) fn bad_message(&mut self, kind: &'static str) {
        *self.bad_messages.entry(kind).or_default() += 1;
    }

    pub(super) fn authentication_failed(&mut self, why: AuthenticationFailure) {
        let why = match why {
            AuthenticationFailure::UnknownLogin => "unknown-login",
            AuthenticationFailure::WrongSecret => "wrong-secret",
            AuthenticationFailure::Replayed => "replayed",
            AuthenticationFailure::Malformed => "malformed",
            AuthenticationFailure::NotTheirAddress => "not-their-address",
            AuthenticationFailure::NoAnswer => "no-answer",
            AuthenticationFailure::TooManyFailures => "too-many-failures",
        };
        *self.authentication_failures.entry(why).or_default() += 1;
    }

    pub(super) fn call_ended(&mut self, cause: CallEnd) {
        *self.calls_ended.entry(word(cause)).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart_by_their_first_word() {
        let mut tally = Tally::default();
        for message in [
            "REGISTER sip:x SIP/2.0\r\n",
            "REGISTER sip:y SIP/2.0\r\n",
            "SUBSCRIBE sip:x SIP/2.0\r\n",
            "SIP/2.0 200 OK\r\n",
            "SIP/2.0 603 Decline\r\n",
            "SIP/2.0 999 x",
            "SIP/2.0 ",
            "REGISTERS sip:x SIP/2.0",
            "2xx x",
            "",
            "\0",
        ] {
            tally.received(Transport::Tcp, message.as_bytes());
        }
        tally.received(Transport::Wss, b"BYE sip:x SIP/2.0");
        let counts: Vec<_> = tally.received.counts().collect();
        assert_eq!(
            counts,
            [
                ("TCP", "REGISTER", 2),
                ("TCP", "SUBSCRIBE", 1),
                ("TCP", "2xx", 1),
                ("TCP", "6xx", 1),
                ("TCP", "other", 6),
                ("WSS", "BYE", 1),
            ]
        );
        assert_eq!(tally.sent.counts().count(), 0);
    }
}
