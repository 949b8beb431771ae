//! What came from one sender, counted as RFC 3550 appendix A does.

use crate::rtcp::ReportBlock;
use crate::rtp::{Packet, Sequence, Ssrc, Unwrapped};

/// Packets back from the newest one in which a second copy is known as one.
const REMEMBERED: i64 = 128;

/// How a packet stands to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    InOrder,
    /// A later one came before it.
    Reordered,
    Duplicate,
}

#[derive(Clone, Debug)]
pub(crate) struct Reception {
    ssrc: Ssrc,
    unwrapped: Unwrapped<16>,
    first: i64,
    highest: i64,
    /// Bit n is the packet n before the highest.
    seen: u128,
    received: u64,
    duplicates: u64,
    reordered: u64,
    /// Ticks per second of the sender's clock.
    clock_rate: u32,
    last_transit: Option<i64>,
    /// Interarrival jitter in ticks (§6.4.1).
    jitter: f64,
    reported_expected: u64,
    reported_received: u64,
}

impl Reception {
    pub(crate) fn new(ssrc: Ssrc, first: Sequence, clock_rate: u32) -> Self {
        let mut unwrapped = Unwrapped::default();
        let first = unwrapped.extend(u32::from(first.0));
        Reception {
            ssrc,
            unwrapped,
            first,
            highest: first - 1,
            seen: 0,
            received: 0,
            duplicates: 0,
            reordered: 0,
            clock_rate,
            last_transit: None,
            jitter: 0.0,
            reported_expected: 0,
            reported_received: 0,
        }
    }

    pub(crate) fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    /// Counts a packet that came `micros` after the session's start.
    pub(crate) fn count(&mut self, packet: &Packet, micros: i64) -> Standing {
        let sequence = self.unwrapped.extend(u32::from(packet.sequence.0));
        let behind = self.highest - sequence;
        let standing = if behind < 0 {
            self.seen = self.seen.checked_shl((-behind) as u32).unwrap_or(0) | 1;
            self.highest = sequence;
            Standing::InOrder
        } else if behind >= REMEMBERED {
            Standing::Reordered
        } else if self.seen >> behind & 1 == 1 {
            Standing::Duplicate
        } else {
            self.seen |= 1 << behind;
            Standing::Reordered
        };
        match standing {
            Standing::Duplicate => {
                self.duplicates += 1;
                return standing;
            }
            Standing::Reordered => self.reordered += 1,
            Standing::InOrder => {}
        }
        self.first = self.first.min(sequence);
        self.received += 1;
        self.measure_jitter(packet, micros);
        standing
    }

    fn measure_jitter(&mut self, packet: &Packet, micros: i64) {
        let arrival = micros * i64::from(self.clock_rate) / 1_000_000;
        // Only differences count, so the timestamp may wrap.
        let transit = arrival - i64::from(packet.timestamp.0);
        if let Some(last) = self.last_transit {
            let difference = f64::from(((transit - last) as i32).unsigned_abs());
            // A jump of the sender's clock is no jitter.
            if difference < f64::from(self.clock_rate) {
                self.jitter += (difference - self.jitter) / 16.0;
            }
        }
        self.last_transit = Some(transit);
    }

    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    pub(crate) fn duplicates(&self) -> u64 {
        self.duplicates
    }

    pub(crate) fn reordered(&self) -> u64 {
        self.reordered
    }

    pub(crate) fn jitter_millis(&self) -> f64 {
        self.jitter * 1_000.0 / f64::from(self.clock_rate)
    }

    fn expected(&self) -> u64 {
        (self.highest - self.first + 1).max(0) as u64
    }

    /// Packets that did not come.
    pub(crate) fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// The block of the next report; the last sender report is filled in by the caller.
    pub(crate) fn report(&mut self) -> ReportBlock {
        let expected = self.expected() - self.reported_expected.min(self.expected());
        let received = self.received - self.reported_received;
        self.reported_expected = self.expected();
        self.reported_received = self.received;
        let lost = expected.saturating_sub(received);
        ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: (lost * 256).checked_div(expected).unwrap_or(0).min(255) as u8,
            lost: self.lost().min(0x7f_ffff) as i32,
            highest_sequence: self.highest as u32,
            jitter: self.jitter as u32,
            last_report: 0,
            delay_since_last: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::Timestamp;

    fn packet(number: u16) -> Packet {
        Packet {
            marker: false,
            payload_type: 0,
            sequence: Sequence(65_530u16.wrapping_add(number)),
            timestamp: Timestamp(u32::MAX - 1_000).plus(u32::from(number) * 160),
            ssrc: Ssrc(1),
            payload: bytes::Bytes::new(),
        }
    }

    fn reception() -> Reception {
        Reception::new(Ssrc(1), packet(0).sequence, 8_000)
    }

    #[test]
    fn loss_duplicates_and_disorder_are_told_apart() {
        let mut reception = reception();
        let standings: Vec<Standing> = [0, 1, 3, 2, 2, 9, 10, 9]
            .into_iter()
            .map(|n| reception.count(&packet(n), i64::from(n) * 20_000))
            .collect();
        use Standing::{Duplicate, InOrder, Reordered};
        assert_eq!(
            standings,
            [
                InOrder, InOrder, InOrder, Reordered, Duplicate, InOrder, InOrder, Duplicate
            ]
        );
        assert_eq!(reception.received(), 6);
        assert_eq!(reception.lost(), 5);
        let report = reception.report();
        assert_eq!(report.fraction_lost, (5 * 256 / 11) as u8);
        assert_eq!(report.highest_sequence, 65_540);
        // Nothing new: nothing newly lost.
        assert_eq!(reception.report().fraction_lost, 0);
    }

    #[test]
    fn steady_arrival_has_no_jitter_and_uneven_arrival_has() {
        let mut steady = reception();
        let mut uneven = reception();
        for n in 0..200u16 {
            let at = i64::from(n) * 20_000;
            steady.count(&packet(n), at + 5_000);
            uneven.count(&packet(n), at + if n % 2 == 0 { 0 } else { 10_000 });
        }
        assert!(steady.jitter_millis() < 0.1);
        assert!((uneven.jitter_millis() - 10.0).abs() < 0.5);
    }
}
