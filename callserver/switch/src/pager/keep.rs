//! A message whose recipient is known goes into the conversation of the two, and is accepted when it is durable there.

use std::time::Instant;

use sip::{Headers, StatusCode};

use super::{Addressed, Enclosed, Pager};
use crate::desk::{Desk, retry_after};
use crate::letter::{self, NotRead};
use crate::questions::Purpose;
use crate::registrar::Registrar;
use crate::{AccountId, LetterFate, Question, Reached};

impl Pager {
    /// Where the message is to go is known.
    pub(crate) fn routed(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        addressed: Addressed,
        reached: Reached,
    ) {
        let Some(to) = correspondent(&reached) else {
            return self.pass(now, desk, registrar, addressed, reached);
        };
        match letter::read(&addressed.message) {
            Ok(letter) => {
                let question = Question::Letter {
                    from: addressed.sender.party.clone(),
                    device: addressed.sender.device,
                    to,
                    letter: Box::new(letter),
                };
                let enclosed = Enclosed { addressed, reached };
                desk.ask(now, question, Purpose::Letter(Box::new(enclosed)));
            }
            Err(NotRead::Broken) => {
                let status = StatusCode::BAD_REQUEST;
                desk.respond(now, addressed.request, status, Headers::new());
            }
            Err(NotRead::Other) => self.pass(now, desk, registrar, addressed, reached),
        }
    }

    /// What became of it is known; `None`: nobody can tell, so its sender has to send it again, which is harmless.
    pub(crate) fn kept(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        enclosed: Enclosed,
        fate: Option<LetterFate>,
    ) {
        let Enclosed { addressed, reached } = enclosed;
        let (status, headers) = match fate {
            // Nobody has read it yet, so it is not 200 (RFC 3428 section 7).
            Some(LetterFate::Kept) => (StatusCode::ACCEPTED, Headers::new()),
            Some(LetterFate::NotForConversations) => {
                return self.pass(now, desk, registrar, addressed, reached);
            }
            Some(LetterFate::Invalid) => (StatusCode::BAD_REQUEST, Headers::new()),
            Some(LetterFate::TooLong) => (StatusCode::REQUEST_ENTITY_TOO_LARGE, Headers::new()),
            Some(LetterFate::Later { seconds }) => {
                (StatusCode::SERVICE_UNAVAILABLE, retry_after(seconds))
            }
            None => (StatusCode::SERVER_INTERNAL_ERROR, Headers::new()),
        };
        desk.respond(now, addressed.request, status, headers);
    }
}

/// Whose conversation it belongs to. Who has blocked the sender is among them: the sender is to learn nothing, and the
/// conversation keeps it from them.
fn correspondent(reached: &Reached) -> Option<AccountId> {
    match reached {
        Reached::Account(to) | Reached::Forwarded { to, .. } | Reached::Blocked(to) => {
            Some(to.account)
        }
        Reached::Moved { .. } | Reached::Gone | Reached::NotAllowed | Reached::Nobody => None,
    }
}
