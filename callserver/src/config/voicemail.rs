//! Messages that callers leave.

use std::time::Duration;

use serde::Deserialize;
use switch::RecordingLimits;

use crate::store::USUAL_MOST_VOICEMAILS;

/// `[voicemail]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VoicemailSection {
    /// The longest message, in seconds.
    pub longest_seconds: u16,
    /// The longest greeting, in seconds.
    pub longest_greeting_seconds: u16,
    /// A recording ends when nothing was said for so many seconds.
    pub silence_seconds: u16,
    /// With so many messages an account takes no further one.
    pub most_messages: u32,
    /// After so many days a message is deleted, heard or not; 0: never.
    pub keep_days: u32,
}

impl Default for VoicemailSection {
    fn default() -> Self {
        let usual = RecordingLimits::default();
        let seconds = |time: Duration| u16::try_from(time.as_secs()).unwrap_or(u16::MAX);
        Self {
            longest_seconds: seconds(usual.message),
            longest_greeting_seconds: seconds(usual.greeting),
            silence_seconds: seconds(usual.silence),
            most_messages: USUAL_MOST_VOICEMAILS,
            keep_days: 0,
        }
    }
}

/// Nothing that is recorded takes longer than this: it has to fit into memory.
const LONGEST: u16 = 600;

impl VoicemailSection {
    /// How long recordings may be, as the switch takes it: a second to ten minutes.
    pub fn limits(&self) -> RecordingLimits {
        let seconds = |seconds: u16| Duration::from_secs(seconds.clamp(1, LONGEST).into());
        RecordingLimits {
            message: seconds(self.longest_seconds),
            greeting: seconds(self.longest_greeting_seconds),
            silence: seconds(self.silence_seconds),
        }
    }
}
