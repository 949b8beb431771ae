//! What is left to say of a call that has ended.

use std::time::Duration;

use crate::engine::{CallStatistics, Encryption, EndReason};
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
    /// The same and more for the list of past calls.
    pub(crate) detail: Option<String>,
    /// Being called when the other side is free, where that makes sense.
    pub(crate) call_back: CallBack,
}

/// How being called back stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum CallBack {
    /// It makes no sense.
    #[default]
    Pointless,
    /// One can be.
    Offered,
    /// The server has been asked.
    Asked,
    /// What came of it, in one sentence.
    Told(String),
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
            detail: detail(call, reason, &statistics),
            call_back: match reason {
                EndReason::Busy | EndReason::NoAnswer if !call.incoming && !spoken => {
                    CallBack::Offered
                }
                _ => CallBack::Pointless,
            },
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
    let Some(sound) = sound_words(statistics.mos) else {
        return format!("{length}, nothing was heard");
    };
    let lost = percent_lost(statistics.received, statistics.lost);
    format!("{length}, {sound}, {lost:.1} % lost on the way")
}

/// How good it sounded, after ITU-T G.107 annex B: 4.0 and more satisfies most, 3.6 many, below 3.1 nearly nobody.
/// Nothing when nothing was heard.
pub(crate) fn sound_words(mos: f64) -> Option<&'static str> {
    Some(match mos {
        mos if mos <= 0.0 => return None,
        mos if mos >= 4.0 => "good sound",
        mos if mos >= 3.6 => "fair sound",
        mos if mos >= 3.1 => "poor sound",
        _ => "bad sound",
    })
}

/// How much of what the other side sent did not arrive, in percent.
pub(crate) fn percent_lost(received: u64, lost: u64) -> f64 {
    match received.saturating_add(lost) {
        0 => 0.0,
        sent => 100.0 * lost as f64 / sent as f64,
    }
}

/// What is said of the sound of a past call: how long, how good, what was lost, how it travelled and who hung up.
pub(crate) struct Sounded<'a> {
    pub(crate) seconds: f64,
    /// 0.0 when nothing was heard.
    pub(crate) mos: f64,
    pub(crate) percent_lost: f64,
    pub(crate) jitter_millis: f64,
    pub(crate) codec: Option<&'a str>,
    pub(crate) is_encrypted: Option<bool>,
    /// Who hung up, as a sentence's beginning.
    pub(crate) hung_up: Option<&'a str>,
}

impl Sounded<'_> {
    /// The whole in one line.
    pub(crate) fn words(&self) -> String {
        let mut parts = vec![clock(
            Duration::try_from_secs_f64(self.seconds).unwrap_or_default(),
        )];
        match sound_words(self.mos) {
            Some(sound) => {
                parts.push(format!("{sound} (MOS {:.1})", self.mos));
                parts.push(format!("{:.1} % lost", self.percent_lost));
                parts.push(format!("jitter {:.0} ms", self.jitter_millis));
            }
            None => parts.push("nothing was heard".into()),
        }
        parts.extend(
            self.codec
                .map(|codec| match codec.to_ascii_lowercase().as_str() {
                    "opus" => "Opus".to_owned(),
                    other => other.to_ascii_uppercase(),
                }),
        );
        parts.extend(self.is_encrypted.map(|is_encrypted| {
            if is_encrypted {
                "encrypted"
            } else {
                "not encrypted"
            }
            .to_owned()
        }));
        parts.extend(self.hung_up.map(str::to_owned));
        parts.join(" · ")
    }
}

fn detail(call: &Call, reason: &EndReason, statistics: &CallStatistics) -> Option<String> {
    let Stage::Connected(connected) = &call.stage else {
        return None;
    };
    let hung_up = match reason {
        EndReason::LocalHangup => Some("you hung up"),
        EndReason::RemoteHangup => Some("they hung up"),
        EndReason::Transferred(_) => Some("handed over"),
        _ => None,
    };
    let sounded = Sounded {
        seconds: statistics.seconds,
        mos: statistics.mos,
        percent_lost: percent_lost(statistics.received, statistics.lost),
        jitter_millis: statistics.jitter_millis,
        codec: Some(&connected.codec),
        is_encrypted: Some(connected.encryption != Encryption::None),
        hung_up,
    };
    Some(sounded.words())
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
