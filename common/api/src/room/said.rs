//! What a client says over `/ws/rooms`: `type` and `data` of its envelopes.

use serde::{Deserialize, Serialize};

use super::{
    AddParticipants, ChangeParticipant, Connect, CreateRoom, GetHistory, GetRooms, JoinRoom,
    LeaveRoom, ReceiptEntry, RoomChangeEntry, SendMessage, Signal, Typing,
};

/// A wish. Each is answered by one envelope with the same `id`, but [`Said::Typing`], which is answered only if it is
/// refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", content = "data")]
pub enum Said {
    /// Who is there; the first of each connection. Answered by `SYS_CONNECTED`; then follows `SYS_ROOMS_LIST`.
    #[serde(rename = "USER_CONNECT")]
    Connect(Connect),
    /// Opens a room. Answered by `SYS_ROOM_CREATED`.
    #[serde(rename = "USER_CREATE_ROOM")]
    CreateRoom(CreateRoom),
    /// Goes into an open room. Answered by `SYS_NEW_ROOM_AVAILABLE`.
    #[serde(rename = "USER_JOIN_ROOM")]
    JoinRoom(JoinRoom),
    /// Says something. Answered by `SYS_MESSAGE_STORED` when it is on disk.
    #[serde(rename = "USER_MESSAGE")]
    Message(SendMessage),
    /// Leaves a room. Answered by `SYS_NOTIFICATION`.
    #[serde(rename = "USER_LEAVE_ROOM")]
    LeaveRoom(LeaveRoom),
    /// Asks for one's rooms. Answered by `SYS_ROOMS_LIST`.
    #[serde(rename = "USER_GET_ROOMS")]
    GetRooms(#[serde(default)] GetRooms),
    /// Adds people. Answered by `SYS_NOTIFICATION`.
    #[serde(rename = "USER_ADD_PARTICIPANTS")]
    AddParticipants(AddParticipants),
    /// Gives somebody another role, or removes them. Answered by `SYS_NOTIFICATION`.
    #[serde(rename = "USER_CHANGE_PARTICIPANT")]
    ChangeParticipant(ChangeParticipant),
    /// Changes name, description, picture or settings. Answered by `SYS_NOTIFICATION`.
    #[serde(rename = "USER_CHANGE_ROOM")]
    ChangeRoom(RoomChangeEntry),
    /// Says how much one has or has read. Answered by `SYS_NOTIFICATION`.
    #[serde(rename = "USER_RECEIPT")]
    Receipt(ReceiptEntry),
    /// Writes, or has stopped to.
    #[serde(rename = "USER_TYPING")]
    Typing(Typing),
    /// Tells another one's devices something. Answered by `SYS_NOTIFICATION`.
    #[serde(rename = "USER_SIGNAL")]
    Signal(Signal),
    /// Asks for a part of the history. Answered by `SYS_HISTORY`.
    #[serde(rename = "USER_GET_HISTORY")]
    GetHistory(GetHistory),
}

impl Said {
    /// Its `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connect(_) => "USER_CONNECT",
            Self::CreateRoom(_) => "USER_CREATE_ROOM",
            Self::JoinRoom(_) => "USER_JOIN_ROOM",
            Self::Message(_) => "USER_MESSAGE",
            Self::LeaveRoom(_) => "USER_LEAVE_ROOM",
            Self::GetRooms(_) => "USER_GET_ROOMS",
            Self::AddParticipants(_) => "USER_ADD_PARTICIPANTS",
            Self::ChangeParticipant(_) => "USER_CHANGE_PARTICIPANT",
            Self::ChangeRoom(_) => "USER_CHANGE_ROOM",
            Self::Receipt(_) => "USER_RECEIPT",
            Self::Typing(_) => "USER_TYPING",
            Self::Signal(_) => "USER_SIGNAL",
            Self::GetHistory(_) => "USER_GET_HISTORY",
        }
    }
}
