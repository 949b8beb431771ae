//! An INVITE comes in.

use std::time::Instant;

use sip::{Flow, HeaderName, LegId, Request, StatusCode};

use super::{Arrival, Reception, Stage};
use crate::Question;
use crate::authentication::{Authentication, Door};
use crate::desk::{Desk, retry_after, with_header};
use crate::questions::Purpose;

impl Reception {
    /// Refuses what cannot become a call, challenges the anonymous, and asks who the others are. `calls` is the number
    /// of calls that go on already.
    pub(crate) fn arrive(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        authentication: &mut Authentication,
        (leg, flow, invite, replaces): (LegId, Flow, Request, Option<LegId>),
        calls: usize,
    ) {
        if desk.is_draining || calls + self.len() >= desk.config.max_calls {
            return desk.reject(now, leg, StatusCode::SERVICE_UNAVAILABLE, retry_after(10));
        }
        let credentials = match authentication.claim(now, desk, (Door::Calls, flow), &invite) {
            Ok(credentials) => credentials,
            Err(challenge) => return desk.reject(now, leg, Door::Calls.status(), challenge),
        };
        if !is_session_description(&invite) {
            let accept = with_header(HeaderName::Accept, "application/sdp");
            return desk.reject(now, leg, StatusCode::UNSUPPORTED_MEDIA_TYPE, accept);
        }
        let login = credentials.username.clone();
        let ask = desk.ask(now, Question::Credential { login }, Purpose::Caller(leg));
        let stage = Stage::Authenticating(Box::new(credentials));
        self.arrivals.insert(
            leg,
            Arrival {
                flow,
                invite,
                ask,
                stage,
                replaces,
            },
        );
    }

    /// The caller gave up, or is gone. Tells whether the leg was waiting here.
    pub(crate) fn leave(&mut self, desk: &mut Desk, leg: LegId) -> bool {
        let Some(arrival) = self.arrivals.remove(&leg) else {
            return false;
        };
        desk.close_question(arrival.ask);
        true
    }

    /// The server stops.
    pub(crate) fn close(&mut self, now: Instant, desk: &mut Desk) {
        let mut legs: Vec<LegId> = self.arrivals.keys().copied().collect();
        legs.sort_unstable();
        for leg in legs {
            self.leave(desk, leg);
            desk.reject(now, leg, StatusCode::SERVICE_UNAVAILABLE, retry_after(10));
        }
    }
}

/// Whether the body is an offer that can be read here, or there is none (RFC 3261 8.2.3).
fn is_session_description(invite: &Request) -> bool {
    let kind = invite.headers.get(&HeaderName::ContentType);
    invite.body.is_empty()
        || kind.is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default();
            kind.trim().eq_ignore_ascii_case("application/sdp")
        })
}
