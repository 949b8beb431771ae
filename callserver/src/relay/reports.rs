//! What passing reports tell: round trips and what phones miss (RFC 3550 section 6.4). What is encrypted tells nothing.

use super::Side;
use super::statistics::Reported;

/// The sender reports that passed last, from either side: the other side's phone will name them.
#[derive(Clone, Default, Debug)]
pub(super) struct Reports {
    passed: [[Option<Passed>; KEPT]; 2],
}

/// One of them.
#[derive(Clone, Copy, Debug)]
struct Passed {
    /// The middle of its time of day, by which receivers name it.
    name: u32,
    /// Microseconds since the call began.
    at: u64,
}

/// The stream that one side receives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reporting {
    pub(super) ssrc: u32,
    pub(super) clock_rate: u32,
}

/// What one datagram of reports told.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Found {
    pub(super) round_trip_micros: Option<u32>,
    pub(super) reported: Option<Reported>,
}

/// A phone names the last report that it had; the next one may have overtaken its answer.
const KEPT: usize = 4;
/// A longer round trip is a wrong clock, not a network.
const LONGEST_ROUND_TRIP: u64 = 30_000_000;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
/// The types of RTCP packets that are in use: FIR (192, RFC 2032) to IDMS (211).
const KNOWN: std::ops::RangeInclusive<u8> = 192..=213;

impl Reports {
    /// A datagram passed from one side at `now` microseconds; `heard` is the stream that this side receives.
    pub(super) fn passed(
        &mut self,
        now: u64,
        from: Side,
        datagram: &[u8],
        heard: Reporting,
    ) -> Found {
        let mut found = Found::default();
        if !is_in_clear(datagram) {
            return found;
        }
        for packet in Packets(datagram) {
            let blocks = match packet.kind {
                SENDER_REPORT => {
                    // Time of day, timestamp, packets and bytes sent.
                    let Some((sender, blocks)) = packet.body.split_first_chunk::<24>() else {
                        continue;
                    };
                    let name = u32::from_be_bytes([sender[6], sender[7], sender[8], sender[9]]);
                    self.remember(from, Passed { name, at: now });
                    blocks
                }
                RECEIVER_REPORT => packet.body.get(4..).unwrap_or_default(),
                _ => continue,
            };
            let blocks = blocks.as_chunks::<24>().0;
            for block in blocks.iter().take(packet.count) {
                self.block(now, from, block, heard, &mut found);
            }
        }
        found
    }

    fn remember(&mut self, from: Side, report: Passed) {
        let kept = &mut self.passed[from as usize];
        kept.rotate_right(1);
        kept[0] = Some(report);
    }

    fn block(&self, now: u64, from: Side, block: &[u8; 24], heard: Reporting, found: &mut Found) {
        let word = |at: usize| {
            u32::from_be_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
        };
        let (ssrc, losses, jitter, last_report, delay) =
            (word(0), word(4), word(12), word(16), word(20));
        // A phone may report of several sources; the newest stream's is the one that is heard.
        if found.reported.is_none() || ssrc == heard.ssrc {
            let jitter_micros =
                u64::from(jitter) * 1_000_000 / u64::from(heard.clock_rate.max(8000));
            found.reported = Some(Reported {
                // 24 bits with a sign.
                lost: ((losses << 8) as i32) >> 8,
                lost_of_256: (losses >> 24) as u8,
                jitter_micros: u32::try_from(jitter_micros).unwrap_or(u32::MAX),
            });
        }
        let named = self.passed[from.other() as usize]
            .iter()
            .flatten()
            .find(|passed| passed.name == last_report);
        // Zero says that there was none yet.
        if let Some(passed) = named.filter(|_| last_report != 0) {
            // In 65536ths of a second.
            let delay = u64::from(delay) * 1_000_000 / 65_536;
            let round_trip = now.saturating_sub(passed.at).checked_sub(delay);
            if let Some(round_trip) = round_trip.filter(|micros| *micros <= LONGEST_ROUND_TRIP) {
                found.round_trip_micros = u32::try_from(round_trip).ok();
            }
        }
    }
}

/// Whether a datagram is nothing but RTCP packets, one after the other to its last byte. Of an encrypted one (RFC 3711
/// section 3.4) only the first header is in clear, and behind it are an index and a tag: what looks like the next header
/// there is not one.
fn is_in_clear(datagram: &[u8]) -> bool {
    let mut packets = Packets(datagram);
    let mut kinds = packets.by_ref().map(|packet| packet.kind);
    let is_known = kinds.all(|kind| KNOWN.contains(&kind));
    is_known && packets.0.is_empty() && !datagram.is_empty()
}

struct Packets<'a>(&'a [u8]);

struct Packet<'a> {
    kind: u8,
    /// How many blocks it says it has.
    count: usize,
    /// Behind the header's first word.
    body: &'a [u8],
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let ([first, kind, high, low], body) = self.0.split_first_chunk::<4>()?;
        let length = 4 * usize::from(u16::from_be_bytes([*high, *low]));
        let (body, rest) = body.split_at_checked(length)?;
        if first >> 6 != 2 {
            return None;
        }
        self.0 = rest;
        Some(Packet {
            kind: *kind,
            count: usize::from(first & 0x1f),
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEARD: Reporting = Reporting {
        ssrc: 0x0a0b_0c0d,
        clock_rate: 8000,
    };

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// Sent at a time of day whose middle is `name`.
    fn sender_report(name: u32) -> Vec<u8> {
        words(&[0x80c8_0006, 1, name >> 16, name << 16, 0, 10, 1000])
    }

    fn receiver_report(
        ssrc: u32,
        losses: u32,
        jitter: u32,
        last_report: u32,
        delay: u32,
    ) -> Vec<u8> {
        words(&[0x81c9_0007, 2, ssrc, losses, 77, jitter, last_report, delay])
    }

    /// "SDES" with a name, as compound packets have it at their end.
    fn description() -> Vec<u8> {
        words(&[0x81ca_0002, 1, 0x0102_6100])
    }

    #[test]
    fn the_round_trip_is_from_the_passing_of_a_report_to_its_naming_without_the_phones_delay() {
        let mut reports = Reports::default();
        let sent = [sender_report(0xaabb_ccdd), description()].concat();
        assert_eq!(
            reports.passed(1_000_000, Side::Caller, &sent, HEARD),
            Found::default()
        );
        // Two seconds later the callee's phone, which had it for 1.9375 s.
        let answer = receiver_report(HEARD.ssrc, 0, 0, 0xaabb_ccdd, 0x1_f000);
        let found = reports.passed(3_000_000, Side::Callee, &answer, HEARD);
        assert_eq!(found.round_trip_micros, Some(62_500));
        // The caller's own phone cannot have had it.
        let found = reports.passed(3_000_000, Side::Caller, &answer, HEARD);
        assert_eq!(found.round_trip_micros, None);
    }

    #[test]
    fn wrong_clocks_and_unknown_reports_tell_no_round_trip() {
        let mut reports = Reports::default();
        reports.passed(0, Side::Caller, &sender_report(5), HEARD);
        for (name, delay, at) in [
            (6, 0, 1000),
            (0, 0, 1000),
            (5, 0xffff_ffff, 1000),
            (5, 0, 60_000_000),
        ] {
            let answer = receiver_report(HEARD.ssrc, 0, 0, name, delay);
            let found = reports.passed(at, Side::Callee, &answer, HEARD);
            assert_eq!(found.round_trip_micros, None, "{name} {delay} {at}");
        }
        for other in 10..14 {
            reports.passed(0, Side::Caller, &sender_report(other), HEARD);
        }
        let answer = receiver_report(HEARD.ssrc, 0, 0, 5, 0);
        assert_eq!(
            reports
                .passed(9, Side::Callee, &answer, HEARD)
                .round_trip_micros,
            None
        );
    }

    #[test]
    fn what_the_phone_misses_is_read_with_its_sign() {
        let mut reports = Reports::default();
        let report = receiver_report(HEARD.ssrc, 0x40ff_fffe, 80, 0, 0);
        let found = reports.passed(0, Side::Callee, &report, HEARD).reported;
        let expected = Reported {
            lost: -2,
            lost_of_256: 0x40,
            jitter_micros: 10_000,
        };
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn of_several_blocks_the_one_of_the_heard_stream_counts() {
        let mut report = receiver_report(HEARD.ssrc, 3, 0, 0, 0);
        report[0] = 0x82;
        report[3] = 13;
        report.extend(words(&[99, 5, 0, 0, 0, 0]));
        let found = Reports::default().passed(0, Side::Callee, &report, HEARD);
        assert_eq!(found.reported.map(|reported| reported.lost), Some(3));
    }

    #[test]
    fn what_is_encrypted_or_damaged_tells_nothing() {
        let mut reports = Reports::default();
        reports.passed(0, Side::Caller, &sender_report(5), HEARD);
        let report = receiver_report(HEARD.ssrc, 3, 0, 5, 0);
        assert_ne!(
            reports.passed(9, Side::Callee, &report, HEARD),
            Found::default()
        );
        let encrypted = [&report[..], &[0x80, 0, 0, 1], &[0x5a; 10]].concat();
        let longer_tag = [&report[..], &[0x80, 0, 0, 1], &[0x5a; 16]].concat();
        for datagram in [
            &encrypted[..],
            &longer_tag,
            &report[..31],
            &report[..4],
            &[],
            &[0x80],
        ] {
            assert_eq!(
                reports.passed(9, Side::Callee, datagram, HEARD),
                Found::default()
            );
        }
    }

    #[test]
    fn no_bytes_upset_it() {
        let mut state = 1_u64;
        let mut reports = Reports::default();
        for _ in 0..20_000 {
            let mut datagram = Vec::new();
            for _ in 0..12 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                datagram.extend([
                    0x80 | (state >> 40) as u8 & 0x1f,
                    200 + (state >> 50) as u8 % 3,
                ]);
                datagram.extend([0, (state >> 60) as u8 % 8]);
                datagram.extend((state as u32).to_be_bytes());
            }
            datagram.truncate((state >> 30) as usize % 97);
            reports.passed(state >> 20, Side::Caller, &datagram, HEARD);
        }
    }
}
