//! An INVITE comes in.

use std::time::Instant;

use sip::{Flow, HeaderName, Headers, LegId, Request, StatusCode};

use super::{Admitted, Arrival, Reception, Stage, dialled};
use crate::Question;
use crate::authentication::{Authentication, Door};
use crate::cluster::token_in;
use crate::config::Emergency;
use crate::desk::{Desk, retry_after, with_header};
use crate::questions::Purpose;
use crate::registrar::Registrar;

impl Reception {
    /// Refuses what cannot become a call, challenges the anonymous, and asks who the others are. What another server has
    /// passed on is a call at once. `calls` is the number
    /// of calls that go on already.
    pub(crate) fn arrive(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (authentication, registrar): (&mut Authentication, &Registrar),
        (leg, flow, invite, replaces): (LegId, Flow, Request, Option<LegId>),
        calls: usize,
    ) -> Option<Admitted> {
        let is_full = calls + self.len() >= desk.config.max_calls && !calls_for_help(desk, &invite);
        if desk.is_draining || is_full {
            desk.reject(now, leg, StatusCode::SERVICE_UNAVAILABLE, retry_after(10));
            return None;
        }
        if let Some(token) = token_in(&invite) {
            return visit(now, desk, registrar, (leg, flow, invite), &token);
        }
        let credentials = match authentication.claim(now, desk, (Door::Calls, flow), &invite) {
            Ok(credentials) => credentials,
            Err(challenge) => {
                desk.reject(now, leg, Door::Calls.status(), challenge);
                return None;
            }
        };
        if !is_session_description(&invite) {
            refuse_media(now, desk, leg);
            return None;
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
        None
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

/// Another server calls one of our phones.
fn visit(
    now: Instant,
    desk: &mut Desk,
    registrar: &Registrar,
    (leg, flow, invite): (LegId, Flow, Request),
    token: &str,
) -> Option<Admitted> {
    if !is_session_description(&invite) {
        refuse_media(now, desk, leg);
        return None;
    }
    match desk.visit(now, registrar, &invite, token) {
        Ok(visit) => {
            let callee = visit.callee;
            Some(Admitted {
                leg,
                flow,
                invite,
                caller: visit.sender,
                dialled: callee.party.number.clone().unwrap_or_default(),
                callee,
                back: Some(visit.back),
                history: visit.history,
                is_emergency: false,
                house: None,
            })
        }
        Err(status) => {
            desk.reject(now, leg, status, Headers::new());
            None
        }
    }
}

fn refuse_media(now: Instant, desk: &mut Desk, leg: LegId) {
    let accept = with_header(HeaderName::Accept, "application/sdp");
    desk.reject(now, leg, StatusCode::UNSUPPORTED_MEDIA_TYPE, accept);
}

/// Whether somebody calls for help: that is let in, however many calls there are.
fn calls_for_help(desk: &Desk, invite: &Request) -> bool {
    let dialled = dialled(&invite.uri, &desk.config.domain);
    dialled.is_some_and(|dialled| Emergency::read(&desk.config.emergency, &dialled).is_some())
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
