//! Past calls, with the names and numbers of their day.

use serde::{Deserialize, Serialize};

use crate::{AccountId, CallQuality, Number};

/// A call that is over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallRecord {
    /// The immutable id.
    pub id: i64,
    /// Whether the one who asks made the call, or got it.
    pub direction: Direction,
    /// The other side.
    pub peer: Peer,
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
    #[serde(default)]
    pub hung_up_by: Option<String>,
    /// The codec; missing if there was no audio.
    #[serde(default)]
    pub codec: Option<String>,
    /// Whether the audio of both sides was encrypted; missing if there was none.
    #[serde(default)]
    pub encrypted: Option<bool>,
    /// What the one who called heard and sent; missing if there was no audio.
    #[serde(default)]
    pub caller: Option<CallQuality>,
    /// The same of the one who was called.
    #[serde(default)]
    pub callee: Option<CallQuality>,
}

/// Which way a call went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To whoever asks.
    Incoming,
    /// From whoever asks.
    Outgoing,
}

/// The other side of a call: who it was then, and how to reach them now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Peer {
    /// Whose account it was, if it was one.
    pub account: Option<AccountId>,
    /// The number at that time.
    pub number: Option<Number>,
    /// The name at that time.
    pub name: String,
    /// The account's number of today, if it holds one.
    pub number_now: Option<Number>,
}
