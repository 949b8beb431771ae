//! What is shown of the call in progress.

use std::time::{Duration, Instant};

use crate::engine::{CallNumber, Encryption, Hold};
use crate::window::desk::{Call, Connected, Settling, Stage};

/// What is shown of the call in progress.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CallPanel {
    pub(crate) call: CallNumber,
    pub(crate) title: String,
    pub(crate) subtitle: Option<String>,
    /// `Calling…`, `Ringing…`, or how long both have been able to speak.
    pub(crate) words: String,
    pub(crate) talk: Option<Talk>,
    pub(crate) can_hang_up: bool,
}

/// What is shown once both can speak.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Talk {
    /// 0.0 silence … 1.0 full scale.
    pub(crate) spoken: f32,
    /// 0.0 silence … 1.0 full scale.
    pub(crate) heard: f32,
    pub(crate) muted: bool,
    pub(crate) codec: String,
    pub(crate) encryption: Encryption,
    pub(crate) hold: Hold,
    /// The last keys that the other side has pressed.
    pub(crate) keys_heard: String,
    /// When the words about the time change next.
    pub(crate) next_second: Duration,
}

impl CallPanel {
    pub(crate) fn of(call: &Call, now: Instant) -> Self {
        let talk = match &call.stage {
            Stage::Connected(connected) => Some(Talk::of(call, connected, now)),
            _ => None,
        };
        let words = match (&call.stage, call.settling) {
            (_, Some(Settling::Ending)) => "Hanging up…".into(),
            (Stage::Calling, _) => match &call.redirected_from {
                Some(before) => format!("{before} has moved. Calling the new number…"),
                None => "Calling…".into(),
            },
            (Stage::Connected(connected), _) if call.reconnecting => {
                let time = clock(now.saturating_duration_since(connected.since));
                format!("Reconnecting… {time}")
            }
            (Stage::RingingThere, _) => "Ringing…".into(),
            (Stage::RingingHere { .. }, _) => "Connecting…".into(),
            (Stage::Connected(connected), _) => {
                let time = clock(now.saturating_duration_since(connected.since));
                match (&call.handing_over, connected.hold) {
                    (Some(words), _) => words.clone(),
                    (_, Hold { by_us: true, .. }) => format!("On hold {time}"),
                    (_, Hold { by_them: true, .. }) => format!("They put you on hold {time}"),
                    _ => time,
                }
            }
        };
        Self {
            call: call.number,
            title: call.party.title().to_owned(),
            subtitle: call.party.subtitle().map(str::to_owned),
            words,
            talk,
            can_hang_up: call.settling != Some(Settling::Ending),
        }
    }
}

impl Talk {
    fn of(call: &Call, connected: &Connected, now: Instant) -> Self {
        let millis = now
            .saturating_duration_since(connected.since)
            .subsec_millis();
        Self {
            spoken: if connected.muted {
                0.0
            } else {
                fill(connected.spoken_dbfs)
            },
            heard: fill(connected.heard_dbfs),
            muted: connected.muted,
            codec: codec_words(&connected.codec),
            encryption: connected.encryption,
            hold: connected.hold,
            keys_heard: call.keys_heard.clone(),
            next_second: Duration::from_millis(u64::from(1000 - millis)),
        }
    }
}

/// The quietest sound that moves a meter, in dB relative to full scale: a quiet room.
const FLOOR_DBFS: f32 = -60.0;

/// How far a level fills a meter: 0.0 to 1.0, even steps of dB.
pub(crate) fn fill(dbfs: f32) -> f32 {
    if dbfs.is_nan() {
        0.0
    } else {
        ((dbfs - FLOOR_DBFS) / -FLOOR_DBFS).clamp(0.0, 1.0)
    }
}

/// What a codec's name means to a listener.
fn codec_words(codec: &str) -> String {
    match codec.to_ascii_lowercase().as_str() {
        "opus" => "Opus, full-band sound".into(),
        "pcmu" => "G.711 µ-law, telephone sound".into(),
        "pcma" => "G.711 A-law, telephone sound".into(),
        _ => codec.to_owned(),
    }
}

/// A length of time as `1:05` or `1:00:05`.
pub(crate) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// Seconds as [`clock`] writes them; 0 for what is no length.
pub(crate) fn clock_of(seconds: f64) -> String {
    clock(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_moves_in_even_steps_from_a_quiet_room_to_full_scale() {
        assert_eq!(fill(-127.0), 0.0);
        assert_eq!(fill(-60.0), 0.0);
        assert_eq!(fill(-30.0), 0.5);
        assert_eq!(fill(0.0), 1.0);
        assert_eq!(fill(6.0), 1.0);
        assert_eq!(fill(f32::NAN), 0.0);
    }

    #[test]
    fn long_calls_count_hours() {
        assert_eq!(clock(Duration::ZERO), "0:00");
        assert_eq!(clock(Duration::from_millis(65_999)), "1:05");
        assert_eq!(clock(Duration::from_secs(3605)), "1:00:05");
    }

    #[test]
    fn codecs_are_named_by_what_they_sound_like() {
        assert_eq!(codec_words("opus"), "Opus, full-band sound");
        assert_eq!(codec_words("PCMA"), "G.711 A-law, telephone sound");
        assert_eq!(codec_words("new-codec"), "new-codec");
    }
}
