//! What clients ask of rooms. The same shapes are bodies over HTTP and `data` over WebSocket.

use serde::{Deserialize, Serialize};

use super::{Body, Cursors, MessageId, RoomId, RoomRole, RoomSettings};
use crate::{AccountId, Number};

/// The first message of each connection: who is there.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Connect {
    /// The access token of a person or of a guest.
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub token: String,
    /// The number that the client believes to have. If it is given, it must be the account's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub number: Option<String>,
    /// What this connection calls itself instead of the account's display name, 1 to 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub display_name: Option<String>,
    /// A name for this client that stays the same when it connects again, such as a UUID. An older connection of the
    /// same session id ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub session_id: Option<MessageId>,
    /// The public key with which this device signs what it tells other devices without the server: Ed25519, 64
    /// hexadecimal digits. It belongs to the account from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub peer_key: Option<String>,
    /// What the client has: of each of these rooms everything that comes after it is sent again.
    #[serde(default, skip_serializing_if = "Cursors::is_empty")]
    pub cursors: Cursors,
}

/// Somebody, as people name them: exactly one of the three is given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Addressee {
    /// By account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// By number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub number: Option<String>,
    /// By username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub name: Option<String>,
}

impl Addressee {
    /// By account.
    pub fn account(account: AccountId) -> Self {
        Self {
            account: Some(account),
            ..Self::default()
        }
    }

    /// By number.
    pub fn number(number: &Number) -> Self {
        Self {
            number: Some(number.as_str().to_owned()),
            ..Self::default()
        }
    }

    /// By username.
    pub fn name(name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::default()
        }
    }
}

/// Opens a room of several people. Whoever asks is its owner.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateRoom {
    /// Its name, up to 100 characters; composed of the participants' names if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 100))]
    pub name: Option<String>,
    /// What it is about, up to 1,000 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    pub description: String,
    /// The id of its picture in the store of files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 128))]
    pub picture: Option<String>,
    /// Who is in it from the beginning, besides whoever asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub participants: Vec<Addressee>,
    /// How it behaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<RoomSettings>,
}

/// Changes a room. What is missing stays.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomChange {
    /// Its name; empty to have it composed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 100))]
    pub name: Option<String>,
    /// What it is about; empty for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    pub description: Option<String>,
    /// The id of its picture in the store of files; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 128))]
    pub picture: Option<String>,
    /// How it behaves, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<RoomSettings>,
}

/// [`RoomChange`] over WebSocket.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomChangeEntry {
    /// Which room.
    pub room: RoomId,
    /// What becomes of it.
    #[serde(flatten)]
    pub change: RoomChange,
}

/// Goes into an open room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JoinRoom {
    /// Which.
    pub room: RoomId,
}

/// Leaves a room. One cannot leave the conversation of two; one may delete one's copy of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeaveRoom {
    /// Which.
    pub room: RoomId,
}

/// Asks for one's rooms, those where something happened last first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GetRooms {
    /// `next` of the page before; missing for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 100))]
    pub after: Option<String>,
    /// At most so many, 1 to 200; 50 if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 200))]
    pub limit: Option<u16>,
}

/// Adds people to a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddParticipants {
    /// Which. Over HTTP the path says it, and it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// Whom, 100 at most at a time.
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub participants: Vec<Addressee>,
}

/// What somebody may do from now on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ParticipantRoleChange {
    /// What.
    pub role: RoomRole,
}

/// Changes what somebody in a room may do, or removes them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeParticipant {
    /// Which room.
    pub room: RoomId,
    /// Whom.
    pub account: AccountId,
    /// What they may do from now on; missing to remove them from the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoomRole>,
}

/// Says something: to a room, or to one person, whose conversation is made if there is none yet. Exactly one of `room`
/// and `to` is given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendMessage {
    /// Where. Over HTTP below a room the path says it, and it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// To whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Addressee>,
    /// The id that the sender gives it, best a UUID: sent again with the same id it is the same message.
    pub id: MessageId,
    /// What is said.
    pub body: Body,
}

/// How far a message has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Receipt {
    /// A device of the reader has it.
    Delivered,
    /// The reader has seen it.
    Read,
}

/// Says how much of a room one has: everything up to a sequence number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReceiptEntry {
    /// Which room. Over HTTP the path says it, and it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// What became of them.
    pub receipt: Receipt,
    /// The last of them.
    #[cfg_attr(feature = "openapi", schema(minimum = 0))]
    pub sequence: i64,
}

/// Somebody writes, or has stopped to. It is told to those who are connected, and stored nowhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Typing {
    /// Where.
    pub room: RoomId,
    /// Whether they write.
    pub is_typing: bool,
}

/// Something that the devices of one account are told and the server does not understand, such as an offer for a direct
/// connection. Both are in one room. It is stored nowhere: devices that are not connected do not get it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Signal {
    /// A room in which both are.
    pub room: RoomId,
    /// Whose devices.
    pub to: AccountId,
    /// One of them: the session id that it connected with; missing for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<MessageId>,
    /// What they are told, up to 3,500 bytes as JSON.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub signal: serde_json::Value,
}

/// Asks for a part of a room's history. With neither `after` nor `before`: the end of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GetHistory {
    /// Which room.
    pub room: RoomId,
    /// What comes after this sequence number, the oldest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// What comes before this sequence number, the newest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// At most so many, 1 to 200; 50 if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 200))]
    pub limit: Option<u16>,
}
