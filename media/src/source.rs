//! Whom we listen to: one sender's stream, until another one takes over.

use crate::reception::{Reception, Standing};
use crate::rtp::{Packet, Sequence, Ssrc, Timestamp, Unwrapped};

/// A sequence number farther ahead than this is another stream's (RFC 3550 A.1, MAX_DROPOUT).
const FARTHEST_AHEAD: i16 = 3_000;
/// A sequence number farther behind than this is another stream's (A.1, MAX_MISORDER).
const FARTHEST_BEHIND: i16 = -100;
/// A jump in time longer than this is another stream's, in seconds.
const LONGEST_JUMP: i64 = 10;

/// What a packet is to the stream that we listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Sound of this stream: its place and its time, unwrapped; time in ticks.
    Next { sequence: i64, timestamp: i64 },
    /// The first packet of a stream; the same.
    First { sequence: i64, timestamp: i64 },
    /// A second copy.
    Duplicate,
    /// Of another stream that has not proved itself.
    Stranger,
}

/// Totals of streams that are over.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) received: u64,
    pub(crate) lost: u64,
    pub(crate) duplicates: u64,
    pub(crate) reordered: u64,
}

#[derive(Debug)]
struct Stream {
    reception: Reception,
    sequences: Unwrapped<16>,
    timestamps: Unwrapped<32>,
    last_sequence: Sequence,
    last_timestamp: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Source {
    clock_rate: u32,
    stream: Option<Stream>,
    /// The last packet that did not fit; a second one in a row makes it the stream (A.1, probation).
    stranger: Option<(Ssrc, Sequence)>,
    before: Totals,
}

impl Source {
    pub(crate) fn new(clock_rate: u32) -> Self {
        Source {
            clock_rate,
            stream: None,
            stranger: None,
            before: Totals::default(),
        }
    }

    pub(crate) fn receive(&mut self, packet: &Packet, micros: i64) -> Heard {
        let fits = self
            .stream
            .as_ref()
            .is_some_and(|stream| stream.fits(packet, self.clock_rate));
        let is_first = !fits;
        if !fits && !self.welcomes(packet) {
            self.stranger = Some((packet.ssrc, packet.sequence));
            return Heard::Stranger;
        }
        self.stranger = None;
        if is_first {
            self.before = self.totals();
            self.stream = Some(Stream::new(packet, self.clock_rate));
        }
        let Some(stream) = self.stream.as_mut() else {
            return Heard::Stranger;
        };
        let (standing, sequence, timestamp) = stream.count(packet, micros);
        match standing {
            Standing::Duplicate => Heard::Duplicate,
            _ if is_first => Heard::First {
                sequence,
                timestamp,
            },
            _ => Heard::Next {
                sequence,
                timestamp,
            },
        }
    }

    /// Whether a packet that does not fit may begin a new stream.
    fn welcomes(&self, packet: &Packet) -> bool {
        self.stream.is_none()
            || self.stranger.is_some_and(|(ssrc, sequence)| {
                ssrc == packet.ssrc && packet.sequence == sequence.next()
            })
    }

    pub(crate) fn reception(&mut self) -> Option<&mut Reception> {
        self.stream.as_mut().map(|stream| &mut stream.reception)
    }

    pub(crate) fn jitter_millis(&self) -> f64 {
        self.stream
            .as_ref()
            .map_or(0.0, |stream| stream.reception.jitter_millis())
    }

    pub(crate) fn totals(&self) -> Totals {
        let mut totals = self.before;
        if let Some(Stream { reception, .. }) = &self.stream {
            totals.received += reception.received();
            totals.lost += reception.lost();
            totals.duplicates += reception.duplicates();
            totals.reordered += reception.reordered();
        }
        totals
    }
}

impl Stream {
    fn new(packet: &Packet, clock_rate: u32) -> Self {
        Stream {
            reception: Reception::new(packet.ssrc, packet.sequence, clock_rate),
            sequences: Unwrapped::default(),
            timestamps: Unwrapped::default(),
            last_sequence: packet.sequence,
            last_timestamp: packet.timestamp,
        }
    }

    fn fits(&self, packet: &Packet, clock_rate: u32) -> bool {
        let ahead = packet.sequence.since(self.last_sequence);
        let jump = i64::from(packet.timestamp.since(self.last_timestamp));
        packet.ssrc == self.reception.ssrc()
            && (FARTHEST_BEHIND..FARTHEST_AHEAD).contains(&ahead)
            && jump.abs() < LONGEST_JUMP * i64::from(clock_rate)
    }

    fn count(&mut self, packet: &Packet, micros: i64) -> (Standing, i64, i64) {
        let standing = self.reception.count(packet, micros);
        if packet.sequence.since(self.last_sequence) > 0 {
            self.last_sequence = packet.sequence;
            self.last_timestamp = packet.timestamp;
        }
        (
            standing,
            self.sequences.extend(u32::from(packet.sequence.0)),
            self.timestamps.extend(packet.timestamp.0),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(ssrc: u32, number: u16) -> Packet {
        Packet {
            marker: false,
            payload_type: 0,
            sequence: Sequence(number),
            timestamp: Timestamp(u32::from(number) * 160),
            ssrc: Ssrc(ssrc),
            payload: bytes::Bytes::new(),
        }
    }

    #[test]
    fn a_stranger_takes_over_with_two_packets_in_a_row() {
        let mut source = Source::new(8_000);
        assert!(matches!(
            source.receive(&packet(1, 10), 0),
            Heard::First { .. }
        ));
        assert!(matches!(
            source.receive(&packet(1, 11), 0),
            Heard::Next { .. }
        ));
        assert_eq!(source.receive(&packet(2, 500), 0), Heard::Stranger);
        assert!(matches!(
            source.receive(&packet(1, 12), 0),
            Heard::Next { .. }
        ));
        assert_eq!(source.receive(&packet(2, 501), 0), Heard::Stranger);
        assert!(matches!(
            source.receive(&packet(2, 502), 0),
            Heard::First { .. }
        ));
        assert!(matches!(
            source.receive(&packet(2, 503), 0),
            Heard::Next { .. }
        ));
        assert_eq!(source.totals().received, 5);
        assert_eq!(source.totals().lost, 0);
    }

    #[test]
    fn a_leap_in_time_or_number_is_another_stream() {
        let mut source = Source::new(8_000);
        source.receive(&packet(1, 10), 0);
        assert_eq!(source.receive(&packet(1, 5_000), 0), Heard::Stranger);
        let mut leap = packet(1, 11);
        leap.timestamp = leap.timestamp.plus(800_000);
        assert_eq!(source.receive(&leap, 0), Heard::Stranger);
        assert!(matches!(
            source.receive(&packet(1, 11), 0),
            Heard::Next { .. }
        ));
        assert_eq!(source.receive(&packet(1, 11), 0), Heard::Duplicate);
    }
}
