//! A MESSAGE comes in: from whom, and to whom?

use std::time::Instant;

use sip::{Flow, Headers, Request, RequestId, StatusCode};

use super::{Addressed, Pager};
use crate::authentication::{Authentication, Door};
use crate::desk::{Desk, retry_after};
use crate::questions::{Purpose, Waiting};
use crate::reception::dialled_by;
use crate::{Credential, Question};

/// More messages than this at once are refused with 503; each waits half a minute at most.
const MOST_DELIVERIES: usize = 10_000;

impl Pager {
    /// Challenges the anonymous, and asks who the others are.
    pub(crate) fn arrive(
        &self,
        now: Instant,
        desk: &mut Desk,
        authentication: &mut Authentication,
        (request, flow, message): (RequestId, Flow, Request),
    ) {
        if desk.is_draining || self.len() >= MOST_DELIVERIES {
            let (status, headers) = (StatusCode::SERVICE_UNAVAILABLE, retry_after(10));
            return desk.respond(now, request, status, headers);
        }
        match authentication.claim(now, desk, (Door::Calls, flow), &message) {
            Err(challenge) => desk.respond(now, request, Door::Calls.status(), challenge),
            Ok(credentials) => {
                let login = credentials.username.clone();
                let waiting = Waiting {
                    request,
                    flow,
                    message,
                    credentials,
                };
                let purpose = Purpose::Sender(Box::new(waiting));
                desk.ask(now, Question::Credential { login }, purpose);
            }
        }
    }

    /// The sender's credential is known, or there is none.
    pub(crate) fn identified(
        now: Instant,
        desk: &mut Desk,
        authentication: &mut Authentication,
        waiting: Waiting,
        owner: Option<Credential>,
    ) {
        let Waiting {
            request,
            flow,
            message,
            credentials,
        } = waiting;
        let way = (Door::Calls, flow);
        if let Err(challenge) =
            authentication.prove(now, desk, way, &credentials, &message, owner.as_ref())
        {
            return desk.respond(now, request, Door::Calls.status(), challenge);
        }
        let Some(sender) = owner else { return };
        match dialled_by(desk, flow, &message, &sender) {
            Err(status) => desk.respond(now, request, status, Headers::new()),
            Ok(dialled) => {
                let addressed = Addressed {
                    request,
                    message,
                    sender,
                };
                let purpose = Purpose::Recipient(Box::new(addressed));
                desk.ask(now, Question::Destination { dialled }, purpose);
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
