//! Who sent a request that belongs to no call?

use std::time::Instant;

use sip::{Flow, Request, RequestId};

use super::{Authentication, Door};
use crate::desk::Desk;
use crate::questions::{Purpose, Waiting};
use crate::{Credential, Question};

impl Authentication {
    /// Challenges the anonymous, and asks for the credential that somebody with a login claims to have; `purpose` says
    /// who goes on with the answer.
    pub(crate) fn ask_for_sender(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (door, flow): (Door, Flow),
        request: RequestId,
        message: Request,
        purpose: impl FnOnce(Box<Waiting>) -> Purpose,
    ) {
        match self.claim(now, desk, (door, flow), &message) {
            Err(challenge) => desk.respond(now, request, door.status(), challenge),
            Ok(credentials) => {
                let login = credentials.username.clone();
                let waiting = Box::new(Waiting {
                    request,
                    flow,
                    message,
                    credentials,
                });
                desk.ask(now, Question::Credential { login }, purpose(waiting));
            }
        }
    }

    /// Whom the request comes from, now that the credential is known, or that there is none. `None`: it was challenged.
    pub(crate) fn sender(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        door: Door,
        waiting: &Waiting,
        owner: Option<Credential>,
    ) -> Option<Credential> {
        let (way, claimed) = ((door, waiting.flow), &waiting.credentials);
        let proof = self.prove(now, desk, way, claimed, &waiting.message, owner.as_ref());
        if let Err(challenge) = proof {
            desk.respond(now, waiting.request, door.status(), challenge);
            return None;
        }
        owner
    }
}
