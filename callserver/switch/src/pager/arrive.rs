//! A MESSAGE comes in: from whom, and to whom?

use std::time::Instant;

use sip::{Flow, Headers, Request, RequestId, StatusCode};

use super::{Addressed, Pager};
use crate::authentication::{Authentication, Door};
use crate::cluster::token_in;
use crate::desk::{Desk, retry_after};
use crate::questions::{Purpose, Waiting};
use crate::reception::{Name, dialled_by};
use crate::registrar::Registrar;
use crate::{Credential, Question};

/// More messages than this at once are refused with 503; each waits half a minute at most.
const MOST_DELIVERIES: usize = 10_000;

impl Pager {
    /// Challenges the anonymous, and asks who the others are.
    pub(crate) fn arrive(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (authentication, registrar): (&mut Authentication, &Registrar),
        (request, flow, message): (RequestId, Flow, Request),
    ) {
        if desk.is_draining || self.len() >= MOST_DELIVERIES {
            let (status, headers) = (StatusCode::SERVICE_UNAVAILABLE, retry_after(10));
            return desk.respond(now, request, status, headers);
        }
        if let Some(token) = token_in(&message) {
            return match desk.visit(now, registrar, &message, &token) {
                Ok(visit) => self.visited(now, desk, registrar, (request, message), visit),
                Err(status) => desk.respond(now, request, status, Headers::new()),
            };
        }
        let way = (Door::Calls, flow);
        authentication.ask_for_sender(now, desk, way, request, message, Purpose::Sender);
    }

    /// The sender's credential is known, or there is none.
    pub(crate) fn identified(
        now: Instant,
        desk: &mut Desk,
        authentication: &mut Authentication,
        waiting: Waiting,
        owner: Option<Credential>,
    ) {
        let Some(sender) = authentication.sender(now, desk, Door::Calls, &waiting, owner) else {
            return;
        };
        let Waiting {
            request,
            flow,
            message,
            ..
        } = waiting;
        match dialled_by(desk, flow, &message, &sender, Name::Own) {
            Err(status) => desk.respond(now, request, status, Headers::new()),
            Ok(dialled) => {
                let caller = sender.party();
                let addressed = Addressed {
                    request,
                    message,
                    sender: sender.sender(),
                };
                let purpose = Purpose::Recipient(Box::new(addressed));
                let question = Question::Destination {
                    dialled,
                    caller,
                    on_behalf_of: None,
                };
                desk.ask(now, question, purpose);
            }
        }
    }
}

impl Addressed {
    /// The request that waits for its answer.
    pub(crate) fn request(&self) -> RequestId {
        self.request
    }
}
