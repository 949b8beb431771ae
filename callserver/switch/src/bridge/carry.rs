//! Requests within a call that change nothing in it: INFO, MESSAGE, OPTIONS, and those that nobody here knows. They go to
//! the other phone, and its answer comes back.

use std::time::Instant;

use sip::{Failure, Headers, LegId, MaxForwards, Method, Request, RequestId, Response, StatusCode};

use super::Bridge;
use super::call::Stage;
use super::digits::{Dialled, Digit, dialled, knows_no_digits};
use crate::Side;
use crate::desk::Desk;
use crate::passing::passed_on;

/// Requests of one call that may be under way at once: a phone that sends more does not wait for answers.
const MOST_CARRIED: usize = 10_000;

/// A request that was passed on.
#[derive(Debug)]
pub(super) struct Carried {
    /// The request of the phone that waits for the answer.
    waiting: RequestId,
    /// The digit that it stands for.
    digit: Option<Digit>,
}

impl Bridge {
    /// A request came in within a call.
    pub(crate) fn carry(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        request: RequestId,
        message: Request,
    ) {
        if self.house_carries(now, desk, leg, request, &message) {
            return;
        }
        let refuse = |desk: &mut Desk, status| desk.respond(now, request, status, Headers::new());
        let Some(other) = self.other_leg(leg) else {
            // Nobody is there to take it: the call is in the making.
            return refuse(desk, StatusCode::TEMPORARILY_UNAVAILABLE);
        };
        if self.carried.len() >= MOST_CARRIED {
            return refuse(desk, StatusCode::SERVER_INTERNAL_ERROR);
        }
        let digit = match dialled(&message) {
            Dialled::Nothing => None,
            Dialled::Key(key, millis) => self.legs.get(&leg).map(|(call, side)| Digit {
                call: *call,
                to: side.other(),
                key,
                millis,
            }),
            Dialled::Malformed => return refuse(desk, StatusCode::BAD_REQUEST),
        };
        if let Some(digit) = digit
            && self
                .phone_on(other)
                .is_some_and(|phone| phone.audio.refuses_digits)
            && self.sound_digit(desk, digit)
        {
            return desk.respond(now, request, StatusCode::OK, Headers::new());
        }
        let hops = message.headers.typed::<MaxForwards>().ok().flatten();
        let hops = hops.unwrap_or(MaxForwards::INITIAL).0;
        if hops == 0 && message.method != Method::Options {
            return refuse(desk, StatusCode::TOO_MANY_HOPS);
        }
        let mut headers = passed_on(&message.headers);
        headers.push_typed(&MaxForwards(hops.saturating_sub(1)));
        let passed = desk.endpoint.next_request();
        let waiting = request;
        self.carried.insert(passed, Carried { waiting, digit });
        let send = sip::Input::SendInDialog {
            leg: other,
            request: passed,
            method: message.method,
            headers,
            body: message.body,
        };
        desk.endpoint.handle(now, send);
    }

    /// The leg of the phone that the one at `leg` speaks with.
    fn other_leg(&mut self, leg: LegId) -> Option<LegId> {
        let (call, side) = self.call_of(leg)?;
        match (&call.stage, side) {
            (_, Side::Callee) => Some(call.caller_phone.leg),
            (Stage::Talking(talking), Side::Caller) => Some(talking.callee_phone.leg),
            (Stage::Ringing(ringing), Side::Caller) => match &ringing.branches[..] {
                [only] => Some(only.phone.leg),
                _ => None,
            },
            (Stage::AwaitingPorts(_) | Stage::Hosted(_), Side::Caller) => None,
        }
    }

    /// The other phone answered. Tells whether it was asked here.
    pub(crate) fn carried_back(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        request: RequestId,
        response: &Response,
    ) -> bool {
        if !response.status.is_final() {
            return self.carried.contains_key(&request);
        }
        let Some(Carried { waiting, digit }) = self.carried.remove(&request) else {
            return false;
        };
        if let Some(digit) = digit
            && knows_no_digits(response.status)
            && self.sound_digit(desk, digit)
        {
            if let Some(phone) = self.phone_of(digit.call, digit.to) {
                phone.audio.refuses_digits = true;
            }
            desk.respond(now, waiting, StatusCode::OK, Headers::new());
            return true;
        }
        let status = match response.status {
            // A challenge of a phone is nothing that the other one could answer.
            StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                StatusCode::FORBIDDEN
            }
            status => status,
        };
        let respond = sip::Input::Respond {
            request: waiting,
            status,
            headers: passed_on(&response.headers),
            body: response.body.clone(),
        };
        desk.endpoint.handle(now, respond);
        true
    }

    /// The other phone did not answer. Tells whether it was asked here.
    pub(crate) fn not_carried(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        request: RequestId,
        cause: Failure,
    ) -> bool {
        let Some(Carried { waiting, .. }) = self.carried.remove(&request) else {
            return false;
        };
        let status = match cause {
            Failure::Timeout => StatusCode::REQUEST_TIMEOUT,
            // The other leg cannot carry it yet, or no more.
            _ => StatusCode::TEMPORARILY_UNAVAILABLE,
        };
        desk.respond(now, waiting, status, Headers::new());
        true
    }
}
