//! A REGISTER comes in: who sent it?

use std::time::Instant;

use sip::{Flow, Headers, Request, RequestId, StatusCode, ToHeader};

use super::Registrar;
use crate::authentication::{Authentication, Denial, Door, is_their_address};
use crate::desk::{Desk, retry_after};
use crate::questions::{Purpose, WaitingRegister};
use crate::{AuthenticationFailure, Credential, Event, Question};

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
        match authentication.credentials(&message.headers) {
            None => {
                let headers = authentication.challenge(now, Door::Registrar, None, &message);
                desk.respond(now, request, Door::Registrar.status(), headers);
            }
            Some(credentials) => {
                let login = credentials.username.clone();
                let waiting = WaitingRegister {
                    request,
                    flow,
                    message,
                    credentials,
                };
                desk.ask(
                    now,
                    Question::Credential { login },
                    Purpose::Register(Box::new(waiting)),
                );
            }
        }
    }

    /// The credential is known, or there is none.
    pub(crate) fn identified(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        authentication: &mut Authentication,
        waiting: WaitingRegister,
        owner: Option<Credential>,
    ) {
        let WaitingRegister {
            request,
            flow,
            message,
            credentials,
        } = waiting;
        let verdict = match &owner {
            None => Err(Denial::Failed(AuthenticationFailure::UnknownLogin)),
            Some(owner) => authentication.check(now, &credentials, &message, owner),
        };
        if let Err(denial) = verdict {
            let headers = authentication.challenge(now, Door::Registrar, Some(denial), &message);
            desk.respond(now, request, Door::Registrar.status(), headers);
            if let Denial::Failed(why) = denial {
                let login = credentials.username;
                desk.emit(Event::AuthenticationFailed { flow, login, why });
            }
            return;
        }
        let Some(owner) = owner else { return };
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
