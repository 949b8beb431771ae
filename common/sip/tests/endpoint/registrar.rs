//! A registrar for the tests, on top of an endpoint: manners that check digests.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::{
    Authenticator, Contact, Event, Expires, Ha1, Headers, Input, MinExpires, Request, StatusCode,
    TypedHeader, Verdict, WwwAuthenticate,
};

use crate::party::Manners;

/// What the registrar has seen and how it behaves.
pub(crate) struct Registrar {
    authenticator: Authenticator,
    ha1: Ha1,
    /// The registrar's clock; only differences count.
    pub(crate) now: Instant,
    pub(crate) least_seconds: u32,
    /// Refuses this many requests with 503 before it works.
    pub(crate) broken: u32,
    pub(crate) registered: bool,
    pub(crate) asked: u32,
    pub(crate) challenged: u32,
}

impl Registrar {
    pub(crate) fn new(now: Instant) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            authenticator: Authenticator::new("example.com", [3; 32]),
            ha1: Ha1::new("alice", "example.com", "secret"),
            now,
            least_seconds: 60,
            broken: 0,
            registered: false,
            asked: 0,
            challenged: 0,
        }))
    }

    pub(crate) fn manners(registrar: &Rc<RefCell<Self>>) -> Manners {
        let registrar = Rc::clone(registrar);
        Box::new(move |event| match event {
            Event::Request {
                request, message, ..
            } => {
                let (status, headers) = registrar.borrow_mut().answer(message);
                let (request, body) = (*request, Bytes::new());
                vec![(
                    Duration::ZERO,
                    Input::Respond {
                        request,
                        status,
                        headers,
                        body,
                    },
                )]
            }
            _ => Vec::new(),
        })
    }

    fn answer(&mut self, message: &Request) -> (StatusCode, Headers) {
        let mut headers = Headers::new();
        self.asked += 1;
        if self.broken > 0 {
            self.broken -= 1;
            return (StatusCode::SERVICE_UNAVAILABLE, headers);
        }
        let credentials = self.authenticator.credentials(&message.headers);
        let verdict = credentials.as_ref().map(|credentials| {
            self.authenticator
                .check(self.now, credentials, message, &self.ha1)
        });
        if verdict != Some(Verdict::Accepted) {
            self.challenged += 1;
            let stale = matches!(verdict, Some(Verdict::Stale | Verdict::Replayed));
            for challenge in self.authenticator.challenges(self.now, stale) {
                headers.push_typed(&WwwAuthenticate(challenge));
            }
            return (StatusCode::UNAUTHORIZED, headers);
        }
        let Expires(seconds) = message.headers.required().unwrap();
        if seconds > 0 && seconds < self.least_seconds {
            headers.push_typed(&MinExpires(self.least_seconds));
            return (StatusCode::INTERVAL_TOO_BRIEF, headers);
        }
        self.registered = seconds > 0;
        if self.registered {
            let mut contact: Contact = message.headers.required().unwrap();
            if let Contact::Address(address) = &mut contact {
                address.params.set("expires", Some(&seconds.to_string()));
            }
            headers.push(Contact::NAME, contact.to_text());
        }
        (StatusCode::OK, headers)
    }
}
