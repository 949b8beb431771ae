//! Messages whose files have to be on the server before they are sent.

use api::room::{Body, FileRef, MessageId};

use super::core::Chat;
use super::event::{ChatEvent, Keep};
use super::outbox::{Outgoing, OutgoingState};
use super::{Attachment, UploadNews};

impl Chat {
    pub(super) fn send_file(&mut self, outgoing: Outgoing) {
        if !self.outbox.add(outgoing.clone()) {
            return;
        }
        self.own_typing = None;
        self.stands(outgoing.clone());
        self.tell(ChatEvent::Upload(Box::new(outgoing)));
    }

    /// After a start: what was on the way goes on.
    pub(super) fn go_on_uploading(&mut self) {
        let all: Vec<Outgoing> = self.outbox.to_upload().cloned().collect();
        for outgoing in all {
            self.tell(ChatEvent::Upload(Box::new(outgoing)));
        }
    }

    /// A person wants a refused message to be sent again. `false` if it has no file.
    pub(super) fn upload_again(&mut self, id: &MessageId) -> bool {
        let known = self.outbox.get(id);
        let Some(known) = known.filter(|known| known.attachment.is_some()) else {
            return false;
        };
        if matches!(known.state, OutgoingState::Refused(_)) {
            let again = |one: &mut Outgoing| one.state = OutgoingState::Uploading;
            if let Some(outgoing) = self.outbox.change(id, again) {
                self.stands(outgoing.clone());
                self.tell(ChatEvent::Upload(Box::new(outgoing)));
            }
        }
        true
    }

    pub(super) fn upload_is(&mut self, id: &MessageId, news: UploadNews) {
        // Of what was given up meanwhile nothing is wanted any more.
        let known = self.outbox.get(id);
        if known.is_none_or(|known| known.state != OutgoingState::Uploading) {
            return;
        }
        let is_done = news == UploadNews::Done;
        let changed = self.outbox.change(id, |outgoing| {
            let (attachment, file) = (&mut outgoing.attachment, file_of(&mut outgoing.body));
            let (Some(attachment), Some(file)) = (attachment, file) else {
                return;
            };
            match news {
                UploadNews::Measured { sha256 } => file.sha256 = sha256,
                UploadNews::Begun { upload } => attachment.upload = Some(upload),
                UploadNews::Lost => attachment.upload = None,
                UploadNews::Done => {
                    file.file = attachment.upload.clone().unwrap_or_default();
                    outgoing.state = OutgoingState::Waiting;
                }
                UploadNews::Failed { sentence } => {
                    outgoing.state = OutgoingState::Refused(sentence);
                }
            }
        });
        if let Some(outgoing) = changed {
            self.stands(outgoing.clone());
            if is_done {
                self.send_in_order(&outgoing);
            }
        }
    }

    /// It does not wait any more; its file is not needed for it.
    pub(super) fn release(&mut self, outgoing: &Outgoing, is_sent: bool) {
        if let Some(attachment) = outgoing.attachment.clone() {
            self.tell(ChatEvent::Release {
                id: outgoing.id.clone(),
                attachment: Box::<Attachment>::new(attachment),
                is_sent,
            });
        }
    }

    fn stands(&mut self, outgoing: Outgoing) {
        let outgoing = Box::new(outgoing);
        self.keep(Keep::Outgoing(outgoing.clone()));
        self.tell_and_take(ChatEvent::Outgoing(outgoing));
    }
}

fn file_of(body: &mut Body) -> Option<&mut FileRef> {
    match body {
        Body::File { file, .. } | Body::VoiceNote { file, .. } => Some(file),
        _ => None,
    }
}
