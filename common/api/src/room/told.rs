//! What the server tells over `/ws/rooms`, and the answers over HTTP that have no other shape.

use serde::{Deserialize, Serialize};

use super::{Message, MessageId, Receipt, Room, RoomError, RoomId};
use crate::{AccountId, Number, PresenceView};

/// The answer to `USER_CONNECT`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Connected {
    /// Who one is.
    pub account: AccountId,
    /// One's number of today; `null` if there is none.
    pub number: Option<Number>,
    /// What one is called here.
    pub display_name: String,
    /// What this connection is known by.
    pub session_id: MessageId,
    /// The largest file that the server takes, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_file: Option<u64>,
}

/// One's rooms, a page of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomsList {
    /// The rooms, those where something happened last first.
    pub rooms: Vec<Room>,
    /// What to send as `after` to get the page after this one; missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Something was said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewMessage {
    /// Where.
    pub room: RoomId,
    /// By whom; `null` for the server.
    pub sender: Option<AccountId>,
    /// Its beginning, 100 characters at most.
    pub preview: String,
    /// When (RFC 3339).
    pub time: String,
    /// The whole of it.
    pub message: Message,
}

/// A message is on disk. Sent again with the same id it is answered the same.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stored {
    /// Where. A conversation of two that was just made is known by it from now on.
    pub room: RoomId,
    /// Which.
    pub id: MessageId,
    /// Its place in the room.
    pub sequence: i64,
    /// When it was stored (RFC 3339).
    pub sent: String,
}

/// What a [`Notification`] is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// What was asked for is done.
    Done,
    /// One is not in the room any more.
    RoomGone,
    /// Name, description, picture, settings or participants are others: ask for the room anew.
    RoomChanged,
    /// On another device one has deleted one's copy of the conversation, up to `sequence`.
    CopyDeleted,
    /// What a newer server tells.
    #[serde(other)]
    Unknown,
}

/// Something that is worth knowing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notification {
    /// What it is about.
    pub about: NotificationKind,
    /// The room, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// The sequence number, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
}

/// Somebody has, or has read, everything up to a sequence number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReceiptTold {
    /// Where.
    pub room: RoomId,
    /// Who. One's own tell of one's other devices.
    pub account: AccountId,
    /// What.
    pub receipt: Receipt,
    /// The last of them.
    pub sequence: i64,
    /// How many one has not read, if it is one's own receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<i64>,
}

/// Somebody writes, or has stopped to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TypingTold {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub account: AccountId,
    /// Whether they write.
    pub is_typing: bool,
}

/// Another one's device says something that the server does not understand.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignalTold {
    /// A room in which both are.
    pub room: RoomId,
    /// Whose device.
    pub from: AccountId,
    /// Which of them: what to answer to.
    pub session_id: MessageId,
    /// The public key that this device told with `USER_CONNECT`, if it told one: the server's word on whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub peer_key: Option<String>,
    /// What.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub signal: serde_json::Value,
}

/// A part of a room's history, the oldest entry first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryPage {
    /// Which room.
    pub room: RoomId,
    /// The entries, without a gap.
    pub messages: Vec<Message>,
    /// The first sequence number that the reader may read.
    pub first_sequence: i64,
    /// The last sequence number of the room.
    pub last_sequence: i64,
}

/// What happened in all of one's rooms since a cursor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Synced {
    /// The entries, in the order in which the server stored them.
    pub messages: Vec<Message>,
    /// What to send as `since` the next time. It says nothing else.
    pub cursor: String,
    /// Whether there is more at once.
    pub is_more: bool,
}

/// What a search has found, the newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundMessages {
    /// The messages.
    pub messages: Vec<Message>,
    /// What to send as `before` to find older ones; missing if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
}

/// What the server tells: `type` and `data` of its envelopes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", content = "data")]
pub enum Told {
    /// One is connected.
    #[serde(rename = "SYS_CONNECTED")]
    Connected(Connected),
    /// The room that one wanted is open.
    #[serde(rename = "SYS_ROOM_CREATED")]
    RoomCreated(Room),
    /// One is in a room in which one was not before.
    #[serde(rename = "SYS_NEW_ROOM_AVAILABLE")]
    NewRoom(Room),
    /// One's rooms.
    #[serde(rename = "SYS_ROOMS_LIST")]
    RoomsList(RoomsList),
    /// Something was said. In each room they come in the order of their sequence numbers, none twice and none left out.
    #[serde(rename = "SYS_NEW_MESSAGE")]
    NewMessage(Box<NewMessage>),
    /// One's own message is on disk.
    #[serde(rename = "SYS_MESSAGE_STORED")]
    Stored(Stored),
    /// Something that is worth knowing.
    #[serde(rename = "SYS_NOTIFICATION")]
    Notification(Notification),
    /// How far somebody has come.
    #[serde(rename = "SYS_RECEIPT")]
    Receipt(ReceiptTold),
    /// Somebody writes.
    #[serde(rename = "SYS_TYPING")]
    Typing(TypingTold),
    /// Somebody among one's contacts is seen as something else now.
    #[serde(rename = "SYS_PRESENCE")]
    Presence(PresenceView),
    /// Another device says something.
    #[serde(rename = "SYS_SIGNAL")]
    Signal(SignalTold),
    /// A part of a room's history.
    #[serde(rename = "SYS_HISTORY")]
    History(HistoryPage),
    /// Something went wrong. The connection goes on, unless the status is 401, 408 or 409 with `ERR_005`.
    #[serde(rename = "SYS_ERROR")]
    Error(RoomError),
}

impl Told {
    /// Its `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connected(_) => "SYS_CONNECTED",
            Self::RoomCreated(_) => "SYS_ROOM_CREATED",
            Self::NewRoom(_) => "SYS_NEW_ROOM_AVAILABLE",
            Self::RoomsList(_) => "SYS_ROOMS_LIST",
            Self::NewMessage(_) => "SYS_NEW_MESSAGE",
            Self::Stored(_) => "SYS_MESSAGE_STORED",
            Self::Notification(_) => "SYS_NOTIFICATION",
            Self::Receipt(_) => "SYS_RECEIPT",
            Self::Typing(_) => "SYS_TYPING",
            Self::Presence(_) => "SYS_PRESENCE",
            Self::Signal(_) => "SYS_SIGNAL",
            Self::History(_) => "SYS_HISTORY",
            Self::Error(_) => "SYS_ERROR",
        }
    }
}
