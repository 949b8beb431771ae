//! RTCP from our side: when to report, and what the reports of the other side tell us.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::reception::Reception;
use crate::rtcp::{self, Control, ControlError, Report, ReportBlock, SenderInfo};
use crate::rtp::{Ssrc, Timestamp};

/// Least time between reports (RFC 3550 §6.2). With two parties the bandwidth rule never asks for more.
const INTERVAL: Duration = Duration::from_secs(5);
/// Corrects what the randomization does to the mean (§6.3.1: e - 3/2).
const COMPENSATION: f64 = 1.218_28;
/// Our NTP times begin here: a session has no wall clock and gives relative times, as §4 allows. Not
/// zero, which would read as no time at all.
const NTP_START: u64 = 1 << 32;
/// A longer round trip is a wrong one.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(30);

/// The reporting side of one session.
#[derive(Debug)]
pub(crate) struct Reports {
    ssrc: Ssrc,
    cname: String,
    random: u64,
    /// When the session came to life; the schedule starts there.
    start: Option<Instant>,
    next: Option<Instant>,
    reported_packets: u64,
    /// The other side's last sender report: the middle of its NTP time, and when it came.
    last_sender_report: Option<(u32, Instant)>,
    round_trip: Option<Duration>,
    remote_loss: Option<f64>,
}

/// What we have sent, for a sender report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) packets: u64,
    /// Payload only (§6.4.1).
    pub(crate) bytes: u64,
    /// Time of the last packet, by its clock and by ours.
    pub(crate) timestamp: Timestamp,
    pub(crate) at: Instant,
    pub(crate) clock_rate: u32,
}

/// What a compound of the other side said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Learnt {
    /// How our packets arrive.
    pub(crate) about_us: bool,
    /// That it leaves.
    pub(crate) goodbye: bool,
}

impl Reports {
    pub(crate) fn new(ssrc: Ssrc, cname: String, random: u64) -> Self {
        Reports {
            ssrc,
            cname,
            random,
            start: None,
            next: None,
            reported_packets: 0,
            last_sender_report: None,
            round_trip: None,
            remote_loss: None,
        }
    }

    /// Starts the schedule, once. The first report comes after half an interval (§6.2).
    pub(crate) fn start(&mut self, now: Instant) {
        if self.start.is_none() {
            self.start = Some(now);
            self.next = Some(now + self.randomized(INTERVAL / 2));
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.next
    }

    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    pub(crate) fn remote_loss(&self) -> Option<f64> {
        self.remote_loss
    }

    /// Half to one and a half of the interval, so that parties do not fall into step (§6.3.1).
    fn randomized(&mut self, interval: Duration) -> Duration {
        // One step of splitmix64; the quality of the numbers does not matter here.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let fraction = (mixed >> 11) as f64 / (1u64 << 53) as f64;
        interval.mul_f64((0.5 + fraction) / COMPENSATION)
    }

    /// The report that is due at `now`, if one is.
    pub(crate) fn due(
        &mut self,
        now: Instant,
        sent: Option<Sent>,
        reception: Option<&mut Reception>,
    ) -> Option<Bytes> {
        if self.next.is_none_or(|next| now < next) {
            return None;
        }
        self.next = Some(now + self.randomized(INTERVAL));
        Some(self.print(now, sent, reception, false))
    }

    /// The last report, with a goodbye; none come after it.
    pub(crate) fn goodbye(
        &mut self,
        now: Instant,
        sent: Option<Sent>,
        reception: Option<&mut Reception>,
    ) -> Bytes {
        self.next = None;
        self.print(now, sent, reception, true)
    }

    fn print(
        &mut self,
        now: Instant,
        sent: Option<Sent>,
        reception: Option<&mut Reception>,
        goodbye: bool,
    ) -> Bytes {
        let sender = sent
            .filter(|sent| sent.packets > self.reported_packets)
            .map(|sent| {
                self.reported_packets = sent.packets;
                let since = now.saturating_duration_since(sent.at).as_secs_f64();
                let ticks = (since * f64::from(sent.clock_rate)) as u32;
                SenderInfo {
                    ntp: self.ntp(now),
                    timestamp: sent.timestamp.plus(ticks).0,
                    packets: sent.packets as u32,
                    bytes: sent.bytes as u32,
                }
            });
        let blocks = reception
            .map(|reception| {
                let (last_report, delay_since_last) = match self.last_sender_report {
                    Some((ntp, came)) => (ntp, in_65536ths(now.saturating_duration_since(came))),
                    None => (0, 0),
                };
                ReportBlock {
                    last_report,
                    delay_since_last,
                    ..reception.report()
                }
            })
            .into_iter()
            .collect();
        rtcp::print(self.ssrc, &Report { sender, blocks }, &self.cname, goodbye)
    }

    fn ntp(&self, now: Instant) -> u64 {
        let elapsed = self
            .start
            .map_or(Duration::ZERO, |start| now.saturating_duration_since(start));
        let fraction = (u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000;
        NTP_START + (elapsed.as_secs() << 32) + fraction
    }

    /// Takes a compound of the other side.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        datagram: &[u8],
    ) -> Result<Learnt, ControlError> {
        let mut learnt = Learnt::default();
        for control in rtcp::parse(datagram)? {
            match control {
                Control::Report { report, .. } => {
                    if let Some(sender) = report.sender {
                        self.last_sender_report = Some(((sender.ntp >> 16) as u32, now));
                    }
                    let ours = self.ssrc;
                    for block in report.blocks.iter().filter(|block| block.ssrc == ours) {
                        self.remote_loss = Some(f64::from(block.fraction_lost) / 256.0);
                        self.measure_round_trip(now, block);
                        learnt.about_us = true;
                    }
                }
                Control::Goodbye { .. } => learnt.goodbye = true,
                Control::Name { .. } => {}
            }
        }
        Ok(learnt)
    }

    /// §6.4.1, "delay since last SR".
    fn measure_round_trip(&mut self, now: Instant, block: &ReportBlock) {
        if block.last_report == 0 {
            return;
        }
        let arrival = (self.ntp(now) >> 16) as u32;
        let away = arrival.wrapping_sub(block.last_report);
        let round_trip = away.wrapping_sub(block.delay_since_last) as i32;
        // Rounding may make it a little negative; nonsense makes it long.
        let round_trip = Duration::from_secs_f64(f64::from(round_trip.max(0)) / 65_536.0);
        if round_trip < LONGEST_ROUND_TRIP {
            self.round_trip = Some(round_trip);
        }
    }
}

fn in_65536ths(duration: Duration) -> u32 {
    (duration.as_secs_f64() * 65_536.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::{Packet, Sequence};

    fn reception(ssrc: Ssrc) -> Reception {
        let mut reception = Reception::new(ssrc, Sequence(1), 48_000);
        for n in [1u16, 2, 4] {
            let packet = Packet {
                marker: false,
                payload_type: 111,
                sequence: Sequence(n),
                timestamp: Timestamp(u32::from(n) * 960),
                ssrc,
                payload: Bytes::new(),
            };
            reception.count(&packet, i64::from(n) * 20_000);
        }
        reception
    }

    #[test]
    fn reports_measure_round_trip_and_loss() {
        let start = Instant::now();
        let (here_ssrc, there_ssrc) = (Ssrc(1), Ssrc(2));
        let mut here = Reports::new(here_ssrc, "here".into(), 1);
        let mut there = Reports::new(there_ssrc, "there".into(), 2);
        here.start(start);
        there.start(start + Duration::from_secs(100));
        let due = here.next().unwrap();
        assert!(due - start > Duration::from_millis(900) && due - start < Duration::from_secs(4));
        assert!(here.due(start, None, None).is_none());
        let sent = Sent {
            packets: 4,
            bytes: 280,
            timestamp: Timestamp(3_840),
            at: due,
            clock_rate: 48_000,
        };
        let report = here.due(due, Some(sent), None).unwrap();
        // 30 ms there; the answer leaves 500 ms later and takes 50 ms.
        let arrival = due + Duration::from_millis(30);
        assert_eq!(there.receive(arrival, &report), Ok(Learnt::default()));
        let leaves = arrival + Duration::from_millis(500);
        let answer = there.goodbye(leaves, None, Some(&mut reception(here_ssrc)));
        let learnt = here.receive(leaves + Duration::from_millis(50), &answer);
        assert_eq!(
            learnt,
            Ok(Learnt {
                about_us: true,
                goodbye: true
            })
        );
        let round_trip = here.round_trip().unwrap().as_secs_f64();
        assert!((round_trip - 0.08).abs() < 0.001, "{round_trip}");
        assert_eq!(here.remote_loss(), Some(0.25));
        assert!(there.next().is_none());
    }

    #[test]
    fn rubbish_changes_nothing() {
        let mut reports = Reports::new(Ssrc(1), String::new(), 1);
        assert!(reports.receive(Instant::now(), &[1, 2, 3]).is_err());
        assert_eq!(reports.round_trip(), None);
    }
}
