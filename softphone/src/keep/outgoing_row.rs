//! What waits to be sent, as it is written down in the file of conversations.

use api::room::{Addressee, Body, MessageId, RoomId};
use phone::chat::{Attachment, Outgoing, OutgoingState, Whom};
use serde::{Deserialize, Serialize};

/// [`Outgoing`] as it is written down.
#[derive(Serialize, Deserialize)]
pub(super) struct Row {
    id: MessageId,
    room: Option<RoomId>,
    person: Option<Addressee>,
    body: Body,
    written: String,
    refused: Option<String>,
    #[serde(default)]
    is_uploading: bool,
    #[serde(default)]
    is_passing: bool,
    #[serde(default)]
    attachment: Option<AttachmentRow>,
}

/// [`Attachment`] as it is written down.
#[derive(Serialize, Deserialize)]
pub(super) struct AttachmentRow {
    path: String,
    modified_millis: i64,
    is_ours: bool,
    upload: Option<String>,
}

impl AttachmentRow {
    pub(super) fn of(attachment: &Attachment) -> Self {
        let one = attachment.clone();
        Self {
            path: one.path,
            modified_millis: one.modified_millis,
            is_ours: one.is_ours,
            upload: one.upload,
        }
    }

    pub(super) fn attachment(self) -> Attachment {
        Attachment {
            path: self.path,
            modified_millis: self.modified_millis,
            is_ours: self.is_ours,
            upload: self.upload,
        }
    }
}

impl Row {
    pub(super) fn of(outgoing: &Outgoing) -> Self {
        let (room, person) = match outgoing.whom.clone() {
            Whom::Room(room) => (Some(room), None),
            Whom::Person(person) => (None, Some(person)),
        };
        Self {
            id: outgoing.id.clone(),
            room,
            person,
            body: outgoing.body.clone(),
            written: outgoing.written.clone(),
            refused: match &outgoing.state {
                OutgoingState::Refused(sentence) => Some(sentence.clone()),
                OutgoingState::Waiting | OutgoingState::Uploading | OutgoingState::Passing => None,
            },
            is_uploading: outgoing.state == OutgoingState::Uploading,
            is_passing: outgoing.state == OutgoingState::Passing,
            attachment: outgoing.attachment.as_ref().map(AttachmentRow::of),
        }
    }

    pub(super) fn outgoing(self) -> Option<Outgoing> {
        Some(Outgoing {
            id: self.id,
            whom: match (self.room, self.person) {
                (Some(room), _) => Whom::Room(room),
                (None, person) => Whom::Person(person?),
            },
            body: self.body,
            written: self.written,
            state: match self.refused {
                Some(sentence) => OutgoingState::Refused(sentence),
                None if self.is_uploading => OutgoingState::Uploading,
                None if self.is_passing => OutgoingState::Passing,
                None => OutgoingState::Waiting,
            },
            attachment: self.attachment.map(AttachmentRow::attachment),
        })
    }
}
