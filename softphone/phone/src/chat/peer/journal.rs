//! The journal: what two devices have told each other, until the server has it.

use api::AccountId;
use api::room::{Body, Message, MessageKind, PeerMessage, RoomId};

use crate::chat::Attachment;

/// What one device has told the other one, as both of them keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalEntry {
    /// In which conversation.
    pub room: RoomId,
    /// What was said, by whom, and the proof of it.
    pub message: PeerMessage,
    /// Whether the person here has seen it.
    pub is_read: bool,
    /// Why the server does not take it, in one sentence. Then it stays with the two devices.
    pub refused: Option<String>,
    /// The file that it sends, on this computer: where its sender has it, or where it came to.
    pub attachment: Option<Attachment>,
    /// Whether this device has brought the file to the server.
    pub is_file_there: bool,
    /// Of one's own: whether the other person has read it.
    pub was_read: bool,
}

impl JournalEntry {
    /// What it says.
    #[must_use]
    pub fn body(&self) -> Body {
        self.message.said().unwrap_or(Body::Unknown)
    }

    /// Whether it is something to read, and not only something that becomes of another message.
    #[must_use]
    pub fn is_to_read(&self) -> bool {
        self.body().is_to_read()
    }

    /// Whether this account has said it.
    #[must_use]
    pub fn is_from(&self, account: AccountId) -> bool {
        self.message.sender == account
    }

    /// As it is shown among the entries of the room: with no place yet, which is 0, and the time when it was written.
    #[must_use]
    pub fn shown(&self) -> Message {
        self.placed(0, self.message.written.clone())
    }

    /// The entry of the room that it becomes at a place.
    pub(super) fn placed(&self, sequence: i64, sent: String) -> Message {
        Message {
            room: self.room.clone(),
            sequence,
            id: self.message.id.clone(),
            kind: MessageKind::User,
            sender: Some(self.message.sender),
            sender_name: String::new(),
            sent,
            body: self.body(),
            edited: None,
            reactions: Vec::new(),
        }
    }
}
