//! Calls as administrators see them.

use serde::{Deserialize, Serialize};

use crate::{AccountId, CallQuality};

/// A call that is over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminCall {
    /// The immutable id.
    pub id: i64,
    /// Who called.
    pub caller: CallParty,
    /// Who was called.
    pub callee: CallParty,
    /// What was dialled.
    pub dialled: String,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339; missing if nobody answered.
    pub answered_at: Option<String>,
    /// RFC 3339.
    pub ended_at: String,
    /// Why it ended, in a word or two.
    pub cause: String,
    /// `caller`, `callee` or `server`; missing where that was not written down.
    pub hung_up_by: Option<String>,
    /// The codec; missing if there was no audio.
    pub codec: Option<String>,
    /// Whether the audio of both sides was encrypted; missing if there was none.
    pub encrypted: Option<bool>,
}

/// One side of a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallParty {
    /// Whose account it was.
    pub account: Option<AccountId>,
    /// The number at that time.
    pub number: Option<String>,
    /// The name at that time.
    pub name: String,
    /// What the audio was like; missing if there was none.
    pub quality: Option<CallQuality>,
}

/// A call at present.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveCall {
    /// For hanging up. Another one after the server was started anew.
    pub id: u64,
    /// Who calls.
    pub caller: CallParty,
    /// Who is called.
    pub callee: CallParty,
    /// What was dialled.
    pub dialled: String,
    /// `calling`, `ringing`, `answered`, or `voicemail`: answered by that.
    pub state: String,
    /// RFC 3339.
    pub started_at: String,
    /// Since it began.
    pub seconds: u64,
    /// Since it was answered; missing before.
    pub answered_seconds: Option<u64>,
    /// The codec; missing while there is no audio.
    pub codec: Option<String>,
    /// Whether the audio of both sides is encrypted; missing while there is none.
    pub encrypted: Option<bool>,
    /// Whether another server on the same database has passed it on, for a phone that is registered here.
    pub passed_on: bool,
}

/// The calls at present.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveCalls {
    /// The calls, the oldest first.
    pub items: Vec<LiveCall>,
}
