//! How good a call's audio is, from what the relay has counted.

use api::{CallQuality, Mos};
use sdp::Codec;

use crate::relay::{SideStatistics, Statistics};

/// Both sides of a call.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Quality {
    pub(super) caller: CallQuality,
    pub(super) callee: CallQuality,
}

/// A phone plays a frame when it is whole, and keeps one for packets that come late.
const FRAMES_MILLIS: f64 = 40.0;

impl Quality {
    /// What `passed` comes to.
    pub(super) fn of(passed: &Statistics, codec: Option<Codec>) -> Self {
        let (caller, callee) = (&passed.caller, &passed.callee);
        Self {
            caller: heard(caller, callee, codec),
            callee: heard(callee, caller, codec),
        }
    }

    /// Without what had passed when this part of the call began.
    pub(super) fn since(mut self, before: &Self) -> Self {
        for (now, then) in [
            (&mut self.caller, &before.caller),
            (&mut self.callee, &before.callee),
        ] {
            now.sent = now.sent.saturating_sub(then.sent);
            now.received = now.received.saturating_sub(then.received);
            now.lost = now.lost.saturating_sub(then.lost);
        }
        self
    }
}

/// What one side hears of the other.
fn heard(own: &SideStatistics, other: &SideStatistics, codec: Option<Codec>) -> CallQuality {
    let reported = own.reported;
    let lost = match reported {
        Some(reported) => u64::try_from(reported.lost).unwrap_or_default(),
        None => other.lost,
    };
    let jitter_micros = reported.map_or(other.jitter_micros, |reported| reported.jitter_micros);
    let round_trip_micros = own.round_trip_micros;
    let received = other.rtp_packets;
    CallQuality {
        sent: own.rtp_packets,
        received,
        lost,
        jitter_millis: jitter_micros / 1000,
        round_trip_millis: round_trip_micros.map(|micros| micros / 1000),
        mos: (received > 0).then(|| {
            // Half of each way round; a jitter buffer waits for about twice the jitter.
            let trips = [own, other].map(|side| side.round_trip_micros.unwrap_or_default());
            let on_the_way = trips.into_iter().map(f64::from).sum::<f64>() / 2000.0;
            let delay = on_the_way + f64::from(jitter_micros) / 500.0 + FRAMES_MILLIS;
            let share = ratio(lost, lost.saturating_add(received));
            score(codec, delay, share)
        }),
    }
}

/// How much of the whole.
fn ratio(part: u64, whole: u64) -> f64 {
    // Packets of a call: exact far beyond any.
    #[expect(clippy::cast_precision_loss)]
    let (part, whole) = (part as f64, whole as f64);
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn score(codec: Option<Codec>, delay_millis: f64, lost_share: f64) -> Mos {
    let codec = match codec {
        Some(Codec::Opus) => media::Codec::Opus,
        Some(Codec::G722) => media::Codec::G722,
        Some(Codec::Pcma) => media::Codec::Pcma,
        Some(Codec::Pcmu) | None => media::Codec::Pcmu,
    };
    let score = media::mean_opinion_score_of(codec, delay_millis, lost_share);
    // Between 100 and 450.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Mos::from_hundredths((score * 100.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::Reported;

    fn side(rtp_packets: u64, lost: u64) -> SideStatistics {
        SideStatistics {
            rtp_packets,
            lost,
            jitter_micros: 5_000,
            ..SideStatistics::default()
        }
    }

    #[test]
    fn each_side_is_judged_by_what_it_hears_of_the_other() {
        let passed = Statistics {
            caller: side(1000, 0),
            callee: side(900, 100),
        };
        let quality = Quality::of(&passed, Some(Codec::Pcmu));
        assert_eq!((quality.caller.sent, quality.caller.received), (1000, 900));
        assert_eq!((quality.caller.lost, quality.callee.lost), (100, 0));
        assert_eq!(quality.caller.jitter_millis, 5);
        let (caller, callee) = (quality.caller.mos.unwrap(), quality.callee.mos.unwrap());
        assert!(caller < callee, "{caller} {callee}");
        assert!(callee.hundredths() > 400, "{callee}");
    }

    #[test]
    fn what_a_phone_reports_counts_more_than_what_the_server_sees() {
        let reported = Reported {
            lost: 300,
            jitter_micros: 80_000,
            ..Reported::default()
        };
        let passed = Statistics {
            caller: SideStatistics {
                reported: Some(reported),
                round_trip_micros: Some(200_000),
                ..side(1000, 0)
            },
            callee: side(1000, 0),
        };
        let heard = Quality::of(&passed, Some(Codec::Opus)).caller;
        assert_eq!((heard.lost, heard.jitter_millis), (300, 80));
        assert_eq!(heard.round_trip_millis, Some(200));
        assert!(heard.mos.unwrap().hundredths() < 300);
        let more_came_than_were_sent = Reported {
            lost: -5,
            ..reported
        };
        let passed = Statistics {
            caller: SideStatistics {
                reported: Some(more_came_than_were_sent),
                ..passed.caller
            },
            ..passed
        };
        assert_eq!(Quality::of(&passed, None).caller.lost, 0);
    }

    #[test]
    fn who_hears_nothing_has_no_score_and_a_part_counts_from_its_beginning() {
        let silent = Quality::of(&Statistics::default(), None);
        assert_eq!((silent.caller.mos, silent.callee.mos), (None, None));
        let at = |packets| {
            let passed = Statistics {
                caller: side(packets, 0),
                callee: side(packets, packets / 10),
            };
            Quality::of(&passed, None)
        };
        let part = at(1000).since(&at(400));
        assert_eq!((part.caller.sent, part.caller.lost), (600, 60));
    }
}
