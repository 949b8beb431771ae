//! Messages that callers have left when nobody answered, and what is told about them.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Number};

/// Where the messages of whoever asks are: a page at a time, the newest first. Below it `/{id}` takes
/// [`VoicemailChange`] and is deleted, and `/{id}/audio` is the recording, as Ogg Opus (RFC 7845).
pub const VOICEMAILS_PATH: &str = "/api/v1/me/voicemails";

/// Where one's own greeting is read, written and deleted, as Ogg Opus (RFC 7845).
pub const VOICEMAIL_GREETING_PATH: &str = "/api/v1/me/voicemail-greeting";

/// A message that somebody has left.
///
/// ```
/// let voicemail: api::Voicemail = serde_json::from_str(
///     r#"{"id": 12, "caller": {"account": 7, "number": "1001", "display_name": "Ann"},
///         "at": "2026-11-21T21:05:00Z", "seconds": 42, "is_heard": false}"#,
/// )?;
/// assert_eq!(voicemail.caller.display_name, "Ann");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Voicemail {
    /// The immutable id.
    pub id: i64,
    /// Who has called.
    pub caller: VoicemailCaller,
    /// When the recording began, RFC 3339.
    pub at: String,
    /// How long it is, in seconds, rounded up.
    pub seconds: u32,
    /// Whether it was heard, on whichever phone.
    pub is_heard: bool,
}

/// Who has left a message: with the name and number of that day. All but the name is missing of callers who hid who they are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoicemailCaller {
    /// Whose account it was, if it still is one.
    #[serde(default)]
    pub account: Option<AccountId>,
    /// The number at that time.
    #[serde(default)]
    pub number: Option<Number>,
    /// The name at that time.
    pub display_name: String,
}

/// What is changed about a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoicemailChange {
    /// Whether it was heard.
    pub is_heard: bool,
}

/// Whether callers can leave a message, and when. What is missing is as it is for a new account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct VoicemailSettings {
    /// Whether the server answers when one does not, is busy or cannot be reached. Where such calls are forwarded, they go
    /// there instead.
    pub is_on: bool,
    /// When nobody has answered for so many seconds: 1 to 300.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 300))]
    pub after_seconds: u16,
}

impl Default for VoicemailSettings {
    fn default() -> Self {
        VoicemailSettings {
            is_on: false,
            after_seconds: 25,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_who_hides_has_nothing_but_a_name() {
        let caller: VoicemailCaller =
            serde_json::from_str(r#"{"display_name": "Anonymous"}"#).unwrap();
        assert_eq!((caller.account, caller.number), (None, None));
    }

    #[test]
    fn what_is_missing_in_the_settings_is_as_for_a_new_account() {
        let settings: VoicemailSettings = serde_json::from_str(r#"{"is_on": true}"#).unwrap();
        let expected = VoicemailSettings {
            is_on: true,
            ..VoicemailSettings::default()
        };
        assert_eq!(settings, expected);
    }
}
