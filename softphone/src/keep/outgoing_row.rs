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
    attachment: Option<AttachmentRow>,
}

/// [`Attachment`] as it is written down.
#[derive(Serialize, Deserialize)]
struct AttachmentRow {
    path: String,
    modified_millis: i64,
    is_ours: bool,
    upload: Option<String>,
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
                OutgoingState::Waiting | OutgoingState::Uploading => None,
            },
            is_uploading: outgoing.state == OutgoingState::Uploading,
            attachment: outgoing.attachment.clone().map(|one| AttachmentRow {
                path: one.path,
                modified_millis: one.modified_millis,
                is_ours: one.is_ours,
                upload: one.upload,
            }),
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
                None => OutgoingState::Waiting,
            },
            attachment: self.attachment.map(|row| Attachment {
                path: row.path,
                modified_millis: row.modified_millis,
                is_ours: row.is_ours,
                upload: row.upload,
            }),
        })
    }
}
