//! A call ends: every leg that is still there is told, everything that was held is given back.

use std::time::Instant;

use sip::{HeaderName, Headers, StatusCode, Text};

use super::Bridge;
use super::call::{Call, Exchange, Stage};
use crate::desk::Desk;
use crate::{CallEnd, CallId, Event, House, Side};

/// `Reason` of refusals and CANCELs (RFC 3326, RFC 6432), so that phones can say in words what the code leaves open.
pub(super) const ABSENT: &str = "Q.850;cause=20;text=\"Nobody is registered\"";
pub(super) const NO_ANSWER: &str = "Q.850;cause=19;text=\"No answer\"";
pub(super) const ANSWERED_ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";
const BY_OPERATOR: &str = "Q.850;cause=16;text=\"Ended by the operator\"";
/// Q.850 cause 102: recovery on timer expiry.
pub(super) const NO_AUDIO: &str = "Q.850;cause=102;text=\"No audio came from either phone\"";
const SERVER_STOPS: &str = "SIP;cause=503;text=\"The server stops\"";

/// How a call ends.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) cause: CallEnd,
    pub(super) by: Option<Side>,
    /// What the caller hears if nobody has answered yet.
    pub(super) status: StatusCode,
    /// Value of the `Reason` header for all legs.
    pub(super) reason: Option<Text>,
    /// Where the caller is sent instead.
    pub(super) contacts: Headers,
}

impl Ending {
    /// The server's own decision.
    pub(super) fn by_server(cause: CallEnd, status: StatusCode) -> Self {
        Ending {
            cause,
            by: None,
            status,
            reason: None,
            contacts: Headers::new(),
        }
    }

    /// The callee's side refused, or is not there.
    pub(super) fn refused(cause: CallEnd, status: StatusCode) -> Self {
        Ending {
            by: Some(Side::Callee),
            ..Ending::by_server(cause, status)
        }
    }

    /// `side` ended it, in one way or another.
    pub(super) fn by_side(cause: CallEnd, side: Side, reason: Option<Text>) -> Self {
        Ending {
            cause,
            by: Some(side),
            status: StatusCode::TEMPORARILY_UNAVAILABLE,
            reason,
            contacts: Headers::new(),
        }
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Ending { status, ..self }
    }

    /// With the places that a redirection names.
    pub(super) fn with_contacts(mut self, headers: &Headers) -> Self {
        for contact in headers.all(&HeaderName::Contact) {
            self.contacts.push(HeaderName::Contact, contact.clone());
        }
        self
    }

    pub(super) fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(Text::from_static(reason));
        self
    }

    pub(super) fn headers(&self) -> Headers {
        let mut headers = self.contacts.clone();
        if let Some(reason) = &self.reason {
            headers.push(HeaderName::Reason, reason.clone());
        }
        headers
    }
}

impl Call {
    /// Whoever hangs up there, nobody has spoken to anybody in a call that came to the voicemail.
    fn ends_as(&self, cause: CallEnd) -> CallEnd {
        match (&self.stage, cause) {
            (Stage::Hosted(hosted), CallEnd::HungUp | CallEnd::Lost)
                if matches!(hosted.host.house(), House::Voicemail { .. }) =>
            {
                CallEnd::Voicemail
            }
            _ => cause,
        }
    }
}

impl Bridge {
    /// Ends a call in whatever stage it is. Legs that are gone already are left out by the core.
    pub(super) fn end(&mut self, now: Instant, desk: &mut Desk, call: CallId, ending: Ending) {
        let Some(mut call) = self.calls.remove(&call) else {
            return;
        };
        let cause = call.ends_as(ending.cause);
        if let Stage::Hosted(hosted) = &call.stage
            && let House::Parked { slot, .. } = hosted.host.house()
        {
            self.leave_slot(now, desk, slot);
        }
        let mut borrower = None;
        if let Stage::Talking(talking) = &mut call.stage {
            borrower = talking.lent_to.take();
            if let Some(Exchange::TakingOver { newcomer, .. }) = talking.exchange.take() {
                self.legs.remove(&newcomer.leg);
                let status = StatusCode::CALL_DOES_NOT_EXIST;
                desk.reject(now, newcomer.leg, status, Headers::new());
            }
            if let Some(transfer) = talking.transfer.take() {
                self.abandon_transfer(now, desk, *transfer);
            }
        }
        if let Stage::AwaitingPorts(awaiting) = &call.stage
            && let Some(House::Parked { slot, .. }) = awaiting.house
        {
            self.leave_slot(now, desk, slot);
        }
        let is_answered = matches!(call.stage, Stage::Talking(_) | Stage::Hosted(_));
        for leg in call.callee_legs() {
            self.legs.remove(&leg);
            desk.hang_up(now, leg, ending.reason.clone());
        }
        let leg = call.caller_phone.leg;
        self.legs.remove(&leg);
        // While an offer of the caller's is open, a refusal means the offer; the call is refused behind it.
        if let Stage::Ringing(ringing) = &call.stage
            && let Some(Exchange::Offered {
                by: Side::Caller, ..
            }) = ringing.exchange
        {
            let status = StatusCode::REQUEST_TERMINATED;
            desk.reject(now, leg, status, Headers::new());
        }
        if is_answered || call.standing.is_some() {
            desk.hang_up(now, leg, ending.reason.clone());
        } else {
            desk.reject(now, leg, ending.status, ending.headers());
        }
        self.give_back(desk, &mut call);
        desk.emit(Event::CallEnded {
            call: call.id,
            cause,
            hung_up_by: ending.by,
        });
        // The phone that another call was to get is gone with this one.
        if let Some(borrower) = borrower {
            let status = StatusCode::TEMPORARILY_UNAVAILABLE;
            self.transfer_fails(now, desk, borrower, status);
        }
    }

    pub(super) fn give_back(&mut self, desk: &mut Desk, call: &mut Call) {
        if let Some(load) = self.load.get_mut(&call.charged) {
            *load -= 1;
            if *load == 0 {
                self.load.remove(&call.charged);
            }
        }
        match &mut call.stage {
            Stage::AwaitingPorts(awaiting) => {
                if let Some(ask) = awaiting.ask {
                    desk.abandon_ports(ask);
                }
                return;
            }
            Stage::Ringing(ringing) => desk.timetable.cancel(ringing.timer),
            Stage::Talking(_) => self.forget_kept(desk, call.id),
            Stage::Hosted(hosted) => {
                hosted.forget_timer(desk);
                self.forget_kept(desk, call.id);
            }
        }
        desk.emit(Event::MediaClosed { call: call.id });
    }

    /// The operator's wish.
    pub(crate) fn end_by_operator(&mut self, now: Instant, desk: &mut Desk, call: CallId) {
        let ending = Ending::by_server(CallEnd::ByOperator, StatusCode::TEMPORARILY_UNAVAILABLE);
        self.end(now, desk, call, ending.because(BY_OPERATOR));
    }

    /// The server stops.
    pub(crate) fn end_all(&mut self, now: Instant, desk: &mut Desk) {
        self.stop_call_backs(now, desk);
        let mut calls: Vec<CallId> = self.calls.keys().copied().collect();
        calls.sort_unstable();
        for call in calls {
            let ending = Ending::by_server(CallEnd::ServerStopped, StatusCode::SERVICE_UNAVAILABLE);
            self.end(now, desk, call, ending.because(SERVER_STOPS));
        }
    }
}
