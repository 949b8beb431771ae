//! What is left to say of a call that has ended.

use std::time::Duration;

use crate::engine::{CallStatistics, EndReason};
use crate::window::call::clock;
use crate::window::desk::{Call, Party, Stage};

/// What became of a call, for a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Both spoke.
    Spoken,
    /// Somebody called and was not answered.
    Missed,
    /// Declined, busy, not reached, or broken.
    Unsuccessful,
}

/// What is left to say of a call that has ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) party: Party,
    pub(crate) incoming: bool,
    pub(crate) outcome: Outcome,
    /// Why it ended, in one sentence.
    pub(crate) sentence: String,
    /// How long both spoke and how it sounded; `None` when they did not.
    pub(crate) summary: Option<String>,
}

impl Ended {
    pub(crate) fn new(
        call: &Call,
        reason: &EndReason,
        sentence: String,
        statistics: CallStatistics,
    ) -> Self {
        let spoken = matches!(call.stage, Stage::Connected(_));
        let outcome = match reason {
            _ if spoken => Outcome::Spoken,
            EndReason::Cancelled | EndReason::NoAnswer if call.incoming => Outcome::Missed,
            _ => Outcome::Unsuccessful,
        };
        Self {
            party: call.party.clone(),
            incoming: call.incoming,
            outcome,
            sentence,
            summary: spoken.then(|| summary(&statistics)),
        }
    }

    pub(crate) fn heading(&self) -> &'static str {
        match self.outcome {
            Outcome::Missed => "Missed call",
            Outcome::Spoken => "Call ended",
            Outcome::Unsuccessful if self.incoming => "Call not answered",
            Outcome::Unsuccessful => "Call not connected",
        }
    }
}

fn summary(statistics: &CallStatistics) -> String {
    let length = clock(Duration::try_from_secs_f64(statistics.seconds).unwrap_or_default());
    // After ITU-T G.107 annex B: 4.0 and more satisfies most, 3.6 many, below 3.1 nearly nobody.
    let sound = match statistics.mos {
        mos if mos <= 0.0 => return format!("{length}, nothing was heard"),
        mos if mos >= 4.0 => "good",
        mos if mos >= 3.6 => "fair",
        mos if mos >= 3.1 => "poor",
        _ => "bad",
    };
    let sent = statistics.received + statistics.lost;
    let lost = if sent == 0 {
        0.0
    } else {
        100.0 * statistics.lost as f64 / sent as f64
    };
    format!("{length}, {sound} sound, {lost:.1} % lost on the way")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_how_long_and_how_well() {
        let statistics = CallStatistics {
            seconds: 63.2,
            sent: 3160,
            received: 3120,
            lost: 40,
            jitter_millis: 3.0,
            mos: 4.2,
        };
        assert_eq!(
            summary(&statistics),
            "1:03, good sound, 1.3 % lost on the way"
        );
        assert_eq!(
            summary(&CallStatistics {
                seconds: 5.0,
                ..Default::default()
            }),
            "0:05, nothing was heard"
        );
        assert_eq!(
            summary(&CallStatistics {
                seconds: f64::NAN,
                mos: 2.0,
                ..statistics
            }),
            "0:00, bad sound, 1.3 % lost on the way"
        );
    }
}
