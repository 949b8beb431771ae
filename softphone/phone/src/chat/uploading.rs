//! Messages whose files have to be on the server, or on the other person's device, before they are sent.

use std::time::Instant;

use api::room::MessageId;

use super::core::Chat;
use super::event::{ChatEvent, Keep};
use super::outbox::{Outgoing, OutgoingState};
use super::{Attachment, UploadNews, Whom};

impl Chat {
    pub(super) fn send_file(&mut self, now: Instant, outgoing: Outgoing) {
        if !self.outbox.add(outgoing.clone()) {
            return;
        }
        self.own_typing = None;
        self.begin_file(now, outgoing);
    }

    /// A file goes the way that its message says.
    fn begin_file(&mut self, now: Instant, outgoing: Outgoing) {
        self.stands(outgoing.clone());
        match (outgoing.state == OutgoingState::Passing, &outgoing.whom) {
            (true, Whom::Room(room)) => self.pass_next(now, room),
            _ => self.tell(ChatEvent::Upload(Box::new(outgoing))),
        }
    }

    /// After a start: what was on the way goes on.
    pub(super) fn go_on_uploading(&mut self) {
        self.upload_what_cannot_pass();
        let all: Vec<Outgoing> = self.outbox.to_upload().cloned().collect();
        for outgoing in all {
            self.tell(ChatEvent::Upload(Box::new(outgoing)));
        }
    }

    /// A person wants a refused message to be sent again. `false` if it has no file.
    pub(super) fn upload_again(&mut self, now: Instant, id: &MessageId) -> bool {
        let known = self.outbox.get(id);
        let Some(known) = known.filter(|known| known.attachment.is_some()) else {
            return false;
        };
        if matches!(known.state, OutgoingState::Refused(_)) {
            let state = self.file_goes(&known.whom, &known.body);
            if let Some(outgoing) = self.outbox.change(id, |one| one.state = state) {
                self.begin_file(now, outgoing);
            }
        }
        true
    }

    pub(super) fn upload_is(&mut self, now: Instant, id: &MessageId, news: UploadNews) {
        let Some(known) = self.outbox.get(id) else {
            // The other device has it, and now the server gets it.
            return self.journalled_upload_is(id, news);
        };
        let is_wanted = match known.state {
            OutgoingState::Uploading => true,
            OutgoingState::Passing => matches!(
                news,
                UploadNews::Measured { .. } | UploadNews::Failed { .. }
            ),
            // Of what was given up meanwhile nothing is wanted any more.
            OutgoingState::Waiting | OutgoingState::Refused(_) => false,
        };
        if !is_wanted {
            return;
        }
        let (is_done, passes) = (
            news == UploadNews::Done,
            known.state == OutgoingState::Passing,
        );
        let changed = self.outbox.change(id, |outgoing| {
            let (attachment, file) = (&mut outgoing.attachment, outgoing.body.file_mut());
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
            match &outgoing.whom {
                Whom::Room(room) if passes => self.pass_next(now, room),
                _ if is_done => self.send_in_order(&outgoing),
                _ => {}
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

    pub(super) fn stands(&mut self, outgoing: Outgoing) {
        let outgoing = Box::new(outgoing);
        self.keep(Keep::Outgoing(outgoing.clone()));
        self.tell_and_take(ChatEvent::Outgoing(outgoing));
    }
}
