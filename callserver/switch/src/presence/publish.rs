//! PUBLISH: what a phone says that its owner does (RFC 3903 section 6).

use std::time::Instant;

use sip::{
    Change, ContentType, EventHeader, Flow, HeaderName, Headers, NameAddr, Request, RequestId,
    StatusCode, Text, Warning,
};

use super::notice::What;
use super::pidf::Published;
use super::{PUBLISHED, Package, Presence, key};
use crate::authentication::{Authentication, Door, is_their_address};
use crate::desk::{Desk, retry_after, with_header};
use crate::questions::{Purpose, Waiting};
use crate::registrar::Registrar;
use crate::timetable::Timer;
use crate::{AccountId, AuthenticationFailure, Credential, Event};

/// A presence document has one or two kilobytes.
const LONGEST_BODY: usize = 16 * 1024;

impl Presence {
    /// Refuses what is not for us, challenges the anonymous, and asks who the others are.
    pub(crate) fn published(
        now: Instant,
        desk: &mut Desk,
        authentication: &mut Authentication,
        (request, flow, message): (RequestId, Flow, Request),
    ) {
        let refuse = |desk: &mut Desk, status, headers| desk.respond(now, request, status, headers);
        if desk.is_draining {
            return refuse(desk, StatusCode::SERVICE_UNAVAILABLE, retry_after(10));
        }
        let event = message.headers.typed::<EventHeader>().ok().flatten();
        if event.is_none_or(|event| event.package != PUBLISHED) {
            let packages = with_header(HeaderName::AllowEvents, PUBLISHED);
            return refuse(desk, StatusCode::BAD_EVENT, packages);
        }
        let way = (Door::Calls, flow);
        authentication.ask_for_sender(now, desk, way, request, message, Purpose::Publisher);
    }

    /// The publisher's credential is known, or there is none.
    pub(crate) fn publisher_known(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (authentication, registrar): (&mut Authentication, &Registrar),
        waiting: Waiting,
        owner: Option<Credential>,
    ) {
        let Some(owner) = authentication.sender(now, desk, Door::Calls, &waiting, owner) else {
            return;
        };
        let Waiting {
            request,
            flow,
            mut message,
            ..
        } = waiting;
        if !is_their_address(&NameAddr::new(message.uri.clone()), &owner) {
            desk.emit(Event::AuthenticationFailed {
                flow,
                login: owner.login,
                why: AuthenticationFailure::NotTheirAddress,
            });
            return desk.respond(now, request, StatusCode::FORBIDDEN, Headers::new());
        }
        if let Err((status, headers)) = shorten(&mut message, &desk.config.domain) {
            return desk.respond(now, request, status, headers);
        }
        let account = owner.account;
        let done = self
            .publications
            .publish(now, &key(account), PUBLISHED, &message);
        match done {
            Ok(published) => {
                desk.respond(now, request, StatusCode::OK, published.headers());
                self.plan_expiry(desk);
                if published.change != Change::Refreshed {
                    self.changed(now, desk, registrar, account, What::Presence);
                }
            }
            Err(error) => desk.respond(now, request, error.status(), error.headers()),
        }
    }

    /// Publications expire.
    pub(crate) fn expire(&mut self, now: Instant, desk: &mut Desk, registrar: &Registrar) {
        self.expiry = None;
        for (key, _) in self.publications.expire(now) {
            if let Ok(account) = key.parse() {
                let account = AccountId(account);
                self.changed(now, desk, registrar, account, What::Presence);
            }
        }
        self.plan_expiry(desk);
    }

    fn plan_expiry(&mut self, desk: &mut Desk) {
        let next = self.publications.next_expiry();
        if self.expiry.map(|(at, _)| at) == next {
            return;
        }
        if let Some((_, timer)) = self.expiry.take() {
            desk.timetable.cancel(timer);
        }
        self.expiry = next.map(|at| (at, desk.timetable.set(at, Timer::PublicationExpires)));
    }
}

/// Reads the body, and leaves of it what is kept.
fn shorten(message: &mut Request, domain: &Text) -> Result<(), (StatusCode, Headers)> {
    if message.body.is_empty() {
        return Ok(());
    }
    if message.body.len() > LONGEST_BODY {
        return Err((StatusCode::REQUEST_ENTITY_TOO_LARGE, Headers::new()));
    }
    let kind = message.headers.typed::<ContentType>().ok().flatten();
    if !kind.is_some_and(|kind| kind.is("application", "pidf+xml")) {
        let accept = with_header(HeaderName::Accept, Package::Presence.content_type());
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, accept));
    }
    match Published::read(&message.body) {
        Ok(published) => {
            message.body = published.kept();
            Ok(())
        }
        Err(problem) => {
            let mut headers = Headers::new();
            headers.push_typed(&Warning {
                code: 399,
                agent: domain.clone(),
                text: Text::from(format!("The published state {problem}")),
            });
            Err((StatusCode::BAD_REQUEST, headers))
        }
    }
}
