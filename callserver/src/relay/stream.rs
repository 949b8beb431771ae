//! What the headers of a stream of RTP tell: loss, order and jitter (RFC 3550 sections 6.4.1, A.1, A.3 and A.8).

use super::packet::RtpHeader;

/// Follows the newest stream of one side; a new source begins a new one and keeps what was counted.
#[derive(Clone, Default, Debug)]
pub(super) struct Stream {
    run: Option<Run>,
    figures: StreamFigures,
    /// Lost in the runs that are over.
    lost_before: u64,
}

/// What a stream's headers tell by now.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct StreamFigures {
    pub(super) ssrc: u32,
    /// Of its timestamps, in Hz.
    pub(super) clock_rate: u32,
    pub(super) lost: u64,
    pub(super) reordered: u64,
    pub(super) duplicates: u64,
    pub(super) jitter_micros: u32,
}

/// One source whose sequence numbers go on.
#[derive(Clone, Debug)]
struct Run {
    ssrc: u32,
    /// The first and the highest sequence number, counted on where they wrap.
    first: i64,
    highest: i64,
    received: u64,
    /// Which of the last 64 up to the highest came; bit 0 is the highest.
    seen: u64,
    /// Where a jump would go on (RFC 3550 A.1, `bad_seq`).
    after_jump: Option<u16>,
    payload_type: u8,
    timestamp: u32,
    /// Arrival less timestamp of the last packet, in units of the clock.
    transit: Option<u32>,
    /// Sixteen times the jitter, in units of the clock.
    jitter: u32,
}

/// A gap up to this is loss, a larger one a new beginning; one minute of audio (RFC 3550 A.1, `MAX_DROPOUT`).
const LONGEST_GAP: i64 = 3000;
/// So far back a packet is late and not a new beginning (`MAX_MISORDER`).
const LATEST: i64 = 100;

impl Stream {
    /// A packet came, `arrival` microseconds after some fixed moment. Timestamps count `clock_rate` a second.
    pub(super) fn packet(
        &mut self,
        header: RtpHeader,
        arrival: u64,
        clock_rate: u32,
    ) -> &StreamFigures {
        match &mut self.run {
            Some(run) if run.ssrc == header.ssrc => {
                let step = i64::from(header.sequence.wrapping_sub(run.highest as u16) as i16);
                // What is far ahead looks like behind in 16 bits; both are jumps.
                if !(-LATEST..=LONGEST_GAP).contains(&step) {
                    if run.after_jump != Some(header.sequence) {
                        run.after_jump = Some(header.sequence.wrapping_add(1));
                        return &self.figures;
                    }
                    self.begin(header);
                } else {
                    run.after_jump = None;
                    if step > 0 {
                        run.highest += step;
                        run.seen = run.seen.checked_shl(step as u32).unwrap_or(0) | 1;
                        run.received += 1;
                    } else {
                        let bit = 1_u64.checked_shl(-step as u32).unwrap_or(0);
                        if run.seen & bit != 0 {
                            self.figures.duplicates += 1;
                            return &self.figures;
                        }
                        run.seen |= bit;
                        run.received += 1;
                        run.first = run.first.min(run.highest + step);
                        self.figures.reordered += 1;
                    }
                }
            }
            _ => self.begin(header),
        }
        let Some(run) = &mut self.run else {
            return &self.figures;
        };
        run.time(header, arrival, clock_rate);
        self.figures.ssrc = run.ssrc;
        self.figures.clock_rate = clock_rate;
        self.figures.lost = self.lost_before + run.lost();
        self.figures.jitter_micros = run.jitter_micros(clock_rate);
        &self.figures
    }

    fn begin(&mut self, header: RtpHeader) {
        if let Some(run) = &self.run {
            self.lost_before += run.lost();
        }
        let sequence = i64::from(header.sequence);
        self.run = Some(Run {
            ssrc: header.ssrc,
            first: sequence,
            highest: sequence,
            received: 1,
            seen: 1,
            after_jump: None,
            payload_type: header.payload_type,
            timestamp: header.timestamp,
            transit: None,
            jitter: 0,
        });
    }
}

impl Run {
    fn lost(&self) -> u64 {
        let expected = self.highest - self.first + 1;
        u64::try_from(expected)
            .unwrap_or(0)
            .saturating_sub(self.received)
    }

    fn time(&mut self, header: RtpHeader, arrival: u64, clock_rate: u32) {
        let arrival = (arrival / 1_000_000)
            .wrapping_mul(clock_rate.into())
            .wrapping_add(arrival % 1_000_000 * u64::from(clock_rate) / 1_000_000);
        let transit = (arrival as u32).wrapping_sub(header.timestamp);
        // A key's tone repeats its timestamp (RFC 4733 section 2.5.1.2), and another payload may have another clock:
        // neither tells of the network.
        let is_comparable = self.payload_type == header.payload_type;
        if is_comparable && self.timestamp == header.timestamp {
            return;
        }
        if let Some(before) = self.transit.filter(|_| is_comparable) {
            let difference = (transit.wrapping_sub(before) as i32).unsigned_abs();
            // A phone that starts its timestamps anew says nothing about the network either.
            if difference < clock_rate.saturating_mul(10) {
                self.jitter = self
                    .jitter
                    .saturating_add(difference)
                    .saturating_sub(self.jitter.saturating_add(8) >> 4);
            }
        }
        self.transit = Some(transit);
        self.timestamp = header.timestamp;
        self.payload_type = header.payload_type;
    }

    fn jitter_micros(&self, clock_rate: u32) -> u32 {
        let micros = u64::from(self.jitter >> 4) * 1_000_000 / u64::from(clock_rate.max(1));
        u32::try_from(micros).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 8000;

    fn header(sequence: u16, timestamp: u32) -> RtpHeader {
        RtpHeader {
            payload_type: 0,
            sequence,
            timestamp,
            ssrc: 7,
        }
    }

    /// Packets with these sequence numbers, each when it is due.
    fn follow(sequences: impl IntoIterator<Item = u16>) -> StreamFigures {
        let mut stream = Stream::default();
        let mut last = StreamFigures::default();
        for sequence in sequences {
            let timestamp = u32::from(sequence) * 160;
            last = *stream.packet(
                header(sequence, timestamp),
                u64::from(sequence) * 20_000,
                RATE,
            );
        }
        last
    }

    #[test]
    fn an_even_stream_has_neither_loss_nor_jitter_also_where_its_numbers_wrap() {
        let figures = follow((65_000..=65_535).chain(0..1000));
        assert_eq!(
            (figures.lost, figures.reordered, figures.duplicates),
            (0, 0, 0)
        );
        let mut stream = Stream::default();
        for step in 0..2000_u32 {
            let header = header(
                (step as u16).wrapping_sub(300),
                step.wrapping_mul(160).wrapping_sub(9000),
            );
            let figures = stream.packet(header, u64::from(step) * 20_000, RATE);
            assert_eq!(
                (figures.jitter_micros, figures.lost),
                (0, 0),
                "packet {step}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_lost_until_it_comes_late() {
        assert_eq!(follow([1, 2, 5, 6]).lost, 2);
        let late = follow([1, 2, 5, 3, 6]);
        assert_eq!((late.lost, late.reordered), (1, 1));
        let all = follow([65_534, 0, 65_535, 2, 1]);
        assert_eq!((all.lost, all.reordered), (0, 2));
        assert_eq!(
            follow([10, 9, 11]).lost,
            0,
            "late ones may belong before the first"
        );
    }

    #[test]
    fn what_comes_twice_is_a_duplicate_and_hides_no_loss() {
        let figures = follow([1, 2, 2, 2, 5, 1]);
        assert_eq!(
            (figures.duplicates, figures.lost, figures.reordered),
            (3, 2, 0)
        );
    }

    #[test]
    fn a_jump_is_believed_when_it_goes_on_and_counts_no_loss() {
        assert_eq!(follow([1, 2, 40_000, 3, 4]).lost, 0, "one stray packet");
        assert_eq!(follow([1, 2, 40_000, 40_001, 40_002, 40_004]).lost, 1);
        assert_eq!(follow([5000, 5001, 5003, 10, 11, 12]).lost, 1);
    }

    #[test]
    fn a_new_source_goes_on_counting() {
        let mut stream = Stream::default();
        for (ssrc, sequence) in [(1, 10), (1, 13), (2, 500), (2, 502)] {
            let header = RtpHeader {
                ssrc,
                ..header(sequence, 0)
            };
            stream.packet(header, 0, RATE);
        }
        assert_eq!((stream.figures.lost, stream.figures.ssrc), (3, 2));
    }

    #[test]
    fn jitter_is_the_one_of_rfc_3550() {
        // Every second packet comes 4 ms late: the differences are 4 ms each, and so is their running mean in the end.
        let mut stream = Stream::default();
        for step in 0..500_u32 {
            let late = u64::from(step % 2) * 4000;
            stream.packet(
                header(step as u16, step * 160),
                u64::from(step) * 20_000 + late,
                RATE,
            );
        }
        let jitter = stream.figures.jitter_micros;
        assert!((3500..=4000).contains(&jitter), "{jitter}");
    }

    #[test]
    fn the_tone_of_a_key_and_another_payload_are_no_jitter() {
        let mut stream = Stream::default();
        for step in 0..50_u32 {
            stream.packet(
                header(step as u16, step * 160),
                u64::from(step) * 20_000,
                RATE,
            );
        }
        for step in 50..80_u32 {
            let header = RtpHeader {
                payload_type: 101,
                ..header(step as u16, 8000)
            };
            stream.packet(header, u64::from(step) * 20_000, RATE);
        }
        for step in 80..90_u32 {
            stream.packet(
                header(step as u16, step * 160),
                u64::from(step) * 20_000,
                RATE,
            );
        }
        assert_eq!(stream.figures.jitter_micros, 0);
    }

    #[test]
    fn no_sequence_of_headers_upsets_it() {
        let mut state = 1_u64;
        let mut stream = Stream::default();
        for _ in 0..100_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let header = RtpHeader {
                payload_type: (state >> 60) as u8,
                sequence: (state >> 40) as u16,
                timestamp: (state >> 20) as u32,
                ssrc: (state >> 62) as u32,
            };
            stream.packet(
                header,
                state >> 3,
                [0, 8000, 48_000, u32::MAX][(state >> 33) as usize % 4],
            );
        }
    }
}
