//! A REGISTER comes in: who sent it?

use std::time::Instant;

use sip::{Flow, Headers, Request, RequestId, Scheme, StatusCode, ToHeader};

use super::Registrar;
use crate::authentication::{Authentication, Door, is_their_address};
use crate::desk::{Desk, retry_after};
use crate::questions::{Purpose, Waiting};
use crate::{AuthenticationFailure, Credential, Event};

impl Registrar {
    /// Challenges an anonymous REGISTER, and asks for the credential that one with a login claims to have.
    pub(crate) fn arrive(
        now: Instant,
        desk: &mut Desk,
        authentication: &mut Authentication,
        request: RequestId,
        flow: Flow,
        message: Request,
    ) {
        if desk.is_draining {
            // Phones may have another server to go to.
            return desk.respond(
                now,
                request,
                StatusCode::SERVICE_UNAVAILABLE,
                retry_after(10),
            );
        }
        // RFC 3261 10.2: what is registered is a SIP address; RFC 4475 3.3.4 names the answer to others.
        let to = message.headers.typed::<ToHeader>().ok().flatten();
        if !to.is_some_and(|to| matches!(to.uri.scheme, Scheme::Sip | Scheme::Sips)) {
            return desk.respond(now, request, StatusCode::BAD_REQUEST, Headers::new());
        }
        let way = (Door::Registrar, flow);
        authentication.ask_for_sender(now, desk, way, request, message, Purpose::Register);
    }

    /// The credential is known, or there is none.
    pub(crate) fn identified(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        authentication: &mut Authentication,
        waiting: Waiting,
        owner: Option<Credential>,
    ) {
        let Some(owner) = authentication.sender(now, desk, Door::Registrar, &waiting, owner) else {
            return;
        };
        let Waiting {
            request,
            flow,
            message,
            ..
        } = waiting;
        match message.headers.typed::<ToHeader>() {
            Ok(Some(to)) if is_their_address(&to, &owner) => {
                self.register(now, desk, request, flow, &message, &owner);
            }
            Ok(Some(_)) => {
                desk.respond(now, request, StatusCode::FORBIDDEN, Headers::new());
                desk.emit(Event::AuthenticationFailed {
                    flow,
                    login: owner.login,
                    why: AuthenticationFailure::NotTheirAddress,
                });
            }
            Ok(None) | Err(_) => {
                desk.respond(now, request, StatusCode::BAD_REQUEST, Headers::new())
            }
        }
    }
}
