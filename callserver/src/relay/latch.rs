//! Whose packets are taken on one port, and where packets for that phone go: pure decisions.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// What one port knows about the phone at its other end.
///
/// A packet is the phone's if it comes from the address that it signalled. Behind a translator it cannot: then the first
/// source whose IP address is the one that the phone's proved SIP messages come from is taken for it, and nobody else
/// there until it has been silent for [`SILENCE`].
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Latch {
    signalled: Option<SocketAddr>,
    sip_source: Option<IpAddr>,
    // Where accepted packets came from, and when the last one did.
    heard: Option<(SocketAddr, Instant)>,
}

/// Whose a packet is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// The phone's, from where the last one came.
    Known,
    /// The phone's, from somewhere else than before.
    New,
    /// Somebody else's.
    Stranger,
}

/// A phone that says nothing for so long may have got a new port from its translator. Shorter than people wait for a
/// dead call, longer than the pauses of phones that send comfort noise now and then instead of silence.
const SILENCE: Duration = Duration::from_secs(5);

impl Latch {
    /// Says what was signalled. A changed address forgets what was heard before; returns whether it was one.
    pub(super) fn expect(&mut self, signalled: SocketAddr, sip_source: IpAddr) -> bool {
        // An unspecified address or port 0 means "send nothing" (RFC 3264 section 8.4, the old way to hold a call).
        let usable = !signalled.ip().is_unspecified() && signalled.port() != 0;
        let signalled = usable.then(|| canonical(signalled));
        let sip_source = Some(sip_source.to_canonical());
        let is_changed = (self.signalled, self.sip_source) != (signalled, sip_source);
        if is_changed {
            *self = Self {
                signalled,
                sip_source,
                heard: None,
            };
        }
        is_changed
    }

    /// Believes a source that was believed before a restart.
    pub(super) fn resume(&mut self, now: Instant, heard: SocketAddr) {
        self.heard = Some((canonical(heard), now));
    }

    /// It spoke, from where it had spoken.
    pub(super) fn heard_again(&mut self, at: Instant) {
        if let Some((_, last)) = &mut self.heard {
            *last = at.max(*last);
        }
    }

    /// Where its packets come from, if any did.
    pub(super) fn source_heard(&self) -> Option<SocketAddr> {
        self.heard.map(|(source, _)| source)
    }

    /// Whose a packet from `source` is. Remembers the source if it is this phone's.
    pub(super) fn source(&mut self, now: Instant, source: SocketAddr) -> Source {
        let source = canonical(source);
        let is_free = match &mut self.heard {
            Some((heard, at)) if *heard == source => {
                *at = now;
                return Source::Known;
            }
            Some((_, at)) => now.saturating_duration_since(*at) >= SILENCE,
            None => true,
        };
        // The signalled address is always right and takes over from whoever was there before. Another port at the
        // address that SIP comes from is the phone behind a translator, or a neighbour there: the first one is
        // believed until the signalled address itself is heard.
        let is_signalled = self.signalled == Some(source);
        let is_translated = is_free && self.sip_source == Some(source.ip());
        if is_signalled || is_translated {
            self.heard = Some((source, now));
            Source::New
        } else {
            Source::Stranger
        }
    }

    /// Where packets for this phone go.
    pub(super) fn target(&self) -> Option<SocketAddr> {
        // On hold by a zero address the phone still sends, but wants nothing.
        self.signalled
            .map(|signalled| self.heard.map_or(signalled, |(heard, _)| heard))
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    impl Latch {
        fn accepts(&mut self, now: Instant, source: SocketAddr) -> bool {
            self.source(now, source) != Source::Stranger
        }
    }

    fn expecting(signalled: &str, sip_source: &str) -> Latch {
        let mut latch = Latch::default();
        latch.expect(at(signalled), sip_source.parse().unwrap());
        latch
    }

    #[test]
    fn before_anything_is_signalled_nothing_is_taken_or_sent() {
        let now = Instant::now();
        let mut latch = Latch::default();
        assert!(!latch.accepts(now, at("192.0.2.1:4000")));
        assert_eq!(latch.target(), None);
    }

    #[test]
    fn the_signalled_address_is_sent_to_and_heard() {
        let now = Instant::now();
        let mut latch = expecting("192.0.2.1:4000", "192.0.2.1");
        assert_eq!(latch.target(), Some(at("192.0.2.1:4000")));
        assert!(latch.accepts(now, at("192.0.2.1:4000")));
        assert!(latch.accepts(now, at("[::ffff:192.0.2.1]:4000")));
    }

    #[test]
    fn a_phone_behind_a_translator_is_heard_and_answered_where_it_really_is() {
        let now = Instant::now();
        let mut latch = expecting("10.0.0.5:4000", "198.51.100.7");
        assert!(latch.accepts(now, at("198.51.100.7:61000")));
        assert_eq!(latch.target(), Some(at("198.51.100.7:61000")));
        assert!(
            !latch.accepts(now, at("198.51.100.7:61002")),
            "a neighbour came later"
        );
        assert!(latch.accepts(now, at("198.51.100.7:61000")));
    }

    #[test]
    fn strangers_are_refused_at_any_time() {
        let now = Instant::now();
        let mut latch = expecting("192.0.2.1:4000", "192.0.2.1");
        assert!(!latch.accepts(now, at("203.0.113.9:4000")));
        assert!(latch.accepts(now, at("192.0.2.1:4000")));
        assert!(!latch.accepts(now, at("203.0.113.9:4000")));
        assert!(
            !latch.accepts(now, at("192.0.2.1:4002")),
            "the signalled address has been heard"
        );
        assert_eq!(latch.target(), Some(at("192.0.2.1:4000")));
    }

    #[test]
    fn the_signalled_address_takes_over_from_a_neighbour_that_was_quicker() {
        let now = Instant::now();
        let mut latch = expecting("192.0.2.1:4000", "192.0.2.1");
        assert!(latch.accepts(now, at("192.0.2.1:7777")));
        assert!(latch.accepts(now, at("192.0.2.1:4000")));
        assert!(!latch.accepts(now, at("192.0.2.1:7777")));
        assert_eq!(latch.target(), Some(at("192.0.2.1:4000")));
    }

    #[test]
    fn a_new_signalled_address_starts_afresh_and_the_same_one_does_not() {
        let now = Instant::now();
        let mut latch = expecting("10.0.0.5:4000", "198.51.100.7");
        assert!(latch.accepts(now, at("198.51.100.7:61000")));
        latch.expect(at("10.0.0.5:4000"), "198.51.100.7".parse().unwrap());
        assert_eq!(latch.target(), Some(at("198.51.100.7:61000")));
        latch.expect(at("10.0.0.5:5000"), "198.51.100.7".parse().unwrap());
        assert_eq!(latch.target(), Some(at("10.0.0.5:5000")));
        assert!(latch.accepts(now, at("198.51.100.7:61004")));
    }

    #[test]
    fn on_hold_by_a_zero_address_nothing_is_sent() {
        let latch = expecting("0.0.0.0:4000", "192.0.2.1");
        assert_eq!(latch.target(), None);
        let latch = expecting("192.0.2.1:0", "192.0.2.1");
        assert_eq!(latch.target(), None);
    }

    #[test]
    fn strangers_who_send_first_faster_or_after_are_never_heard_nor_sent_to() {
        let start = Instant::now();
        let mut latch = expecting("10.0.0.5:4000", "198.51.100.7");
        let strangers = ["203.0.113.9:4000", "10.0.0.5:4001", "[2001:db8::9]:4000"];
        for stranger in strangers {
            assert!(!latch.accepts(start, at(stranger)), "first: {stranger}");
        }
        assert!(latch.accepts(start, at("198.51.100.7:61000")));
        for millis in 0..1000 {
            let now = start + Duration::from_millis(millis);
            for stranger in strangers {
                assert!(!latch.accepts(now, at(stranger)), "faster: {stranger}");
            }
            if millis % 20 == 0 {
                assert!(latch.accepts(now, at("198.51.100.7:61000")));
            }
        }
        let later = start + Duration::from_secs(3600);
        for stranger in strangers {
            assert!(!latch.accepts(later, at(stranger)), "after: {stranger}");
        }
        assert_eq!(latch.target(), Some(at("198.51.100.7:61000")));
    }

    #[test]
    fn a_phone_whose_translator_gave_it_a_new_port_is_heard_again_after_a_silence() {
        let start = Instant::now();
        let mut latch = expecting("10.0.0.5:4000", "198.51.100.7");
        assert!(latch.accepts(start, at("198.51.100.7:61000")));
        let just_before = start + SILENCE - Duration::from_millis(1);
        assert!(!latch.accepts(just_before, at("198.51.100.7:62000")));
        let after = start + SILENCE;
        assert!(!latch.accepts(after, at("203.0.113.9:62000")));
        assert!(latch.accepts(after, at("198.51.100.7:62000")));
        assert_eq!(latch.target(), Some(at("198.51.100.7:62000")));
        assert!(!latch.accepts(after, at("198.51.100.7:61000")));
    }

    #[test]
    fn a_neighbour_cannot_take_over_by_trying_all_the_time() {
        let start = Instant::now();
        let mut latch = expecting("10.0.0.5:4000", "198.51.100.7");
        assert!(latch.accepts(start, at("198.51.100.7:61000")));
        // What is refused does not count as silence broken or as silence.
        for step in 1..100 {
            let now = start + SILENCE / 2 * step;
            assert!(!latch.accepts(now, at("198.51.100.7:7777")));
            assert!(latch.accepts(now, at("198.51.100.7:61000")));
        }
    }

    #[test]
    fn a_phone_that_signals_and_sends_over_ipv6_is_told_from_its_neighbours() {
        let now = Instant::now();
        let mut latch = expecting("[2001:db8::5]:4000", "2001:db8::5");
        assert!(!latch.accepts(now, at("[2001:db8::6]:4000")));
        assert!(latch.accepts(now, at("[2001:db8::5]:4000")));
        assert_eq!(latch.target(), Some(at("[2001:db8::5]:4000")));
    }

    #[test]
    fn what_was_believed_before_a_restart_is_believed_after_it_and_its_neighbours_are_not() {
        let start = Instant::now();
        let mut latch = expecting("10.0.0.5:4000", "198.51.100.7");
        latch.resume(start, at("198.51.100.7:61000"));
        assert_eq!(latch.target(), Some(at("198.51.100.7:61000")));
        assert!(!latch.accepts(start, at("198.51.100.7:62000")));
        assert!(latch.accepts(start, at("198.51.100.7:61000")));
    }
}
