//! The phones ring, refuse, or are gone.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use sdp::SessionDescription;
use sip::{EndCause, HeaderName, Headers, LegId, Reason, StatusCode, TypedHeader};

use super::Bridge;
use super::audio::is_about_the_offer;
use super::call::{Branch, Call, Exchange, Phone, Ringing, Stage};
use super::description::{expect_media, read};
use super::early::is_reliable;
use super::end::Ending;
use crate::desk::Desk;
use crate::refusal::call_end;
use crate::registrar::Registrar;
use crate::{CallEnd, CallId, Event, Side};

impl Bridge {
    fn is_visit(&self, call: CallId) -> bool {
        self.calls.get(&call).is_some_and(Call::is_visit)
    }

    /// A phone of the callee says that it rings, or lets the caller hear something before it answers.
    pub(crate) fn progressed(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        status: StatusCode,
        headers: &Headers,
        body: Bytes,
    ) {
        if self.transfer_progressed(now, desk, leg, status) {
            return;
        }
        let Some((call, Side::Callee)) = self.call_of(leg) else {
            return;
        };
        let (id, caller) = (call.id, call.caller_phone.leg);
        let Stage::Ringing(ringing) = &mut call.stage else {
            return;
        };
        if status == StatusCode::RINGING && !ringing.has_rung {
            ringing.has_rung = true;
            desk.emit(Event::CallRinging { call: id });
        }
        let description = ringing
            .may_pass_session(headers)
            .then(|| read(&body).ok())
            .flatten();
        let (status, told) = match description {
            Some(description) => {
                if !ringing.has_caller_spoken {
                    // Where the phone hears is told with the caller's answer.
                    ringing.exchange = Some(Exchange::AwaitingAcknowledgement {
                        by: Side::Caller,
                        offer: Box::new(description.clone()),
                    });
                } else if let Some(branch) = ringing.branches.first_mut() {
                    expect_media(desk, id, Side::Callee, &description, &mut branch.phone);
                }
                ringing.early_answer = body;
                let relay = ringing.ports.caller.towards(&call.caller_phone.flow);
                let told = ringing.tell_early(desk, &mut call.caller_phone, description, relay);
                (status, told)
            }
            // Session Progress without a session only makes the caller's phone silent where it would have rung.
            None if status == StatusCode::SESSION_PROGRESS => (StatusCode::RINGING, Bytes::new()),
            None => (status, Bytes::new()),
        };
        self.plan_media(desk, id);
        let Some(ringing) = self.calls.get_mut(&id).and_then(|call| call.ringing()) else {
            return;
        };
        // Several phones ring, the caller needs to hear it once.
        if told.is_empty() && ringing.last_progress == Some(status) {
            return;
        }
        ringing.last_progress = Some(status);
        let progress = sip::Input::Progress {
            leg: caller,
            status,
            body: told,
        };
        desk.endpoint.handle(now, progress);
    }

    /// A leg is over.
    pub(crate) fn leg_ended(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &mut Registrar,
        leg: LegId,
        cause: EndCause,
    ) {
        let Some((call, side)) = self.legs.remove(&leg) else {
            return;
        };
        if self.transfer_branch_ended(now, desk, registrar, (call, leg), &cause)
            || self.newcomer_ended(now, desk, call, leg)
            || self.picker_ended(now, desk, registrar, (call, leg))
            || self.has_left(call, side, leg)
        {
            return;
        }
        let is_ringing = self
            .calls
            .get_mut(&call)
            .and_then(|call| call.ringing())
            .is_some_and(|ringing| !ringing.is_picked_up(leg));
        if side == Side::Callee && is_ringing {
            return self.branch_ended(now, desk, registrar, leg, call, cause);
        }
        let was_called_back = self
            .calls
            .get(&call)
            .is_some_and(|call| call.standing.is_some());
        let ending = match cause {
            EndCause::RemoteHangup { reason } if was_called_back => {
                Ending::by_side(CallEnd::Cancelled, side, reason)
            }
            EndCause::RemoteHangup { reason } => Ending::by_side(CallEnd::HungUp, side, reason),
            EndCause::Cancelled { reason } => Ending::by_side(CallEnd::Cancelled, side, reason),
            EndCause::LocalHangup => {
                Ending::by_server(CallEnd::HungUp, StatusCode::TEMPORARILY_UNAVAILABLE)
            }
            EndCause::Refused { .. }
            | EndCause::Timeout
            | EndCause::NoAcknowledgement
            | EndCause::FlowFailed
            | EndCause::SessionExpired
            | EndCause::Protocol(_) => Ending::by_side(CallEnd::Lost, side, None),
        };
        self.end(now, desk, call, ending);
    }

    /// One of the phones that ring will not answer.
    fn branch_ended(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &mut Registrar,
        leg: LegId,
        call_id: CallId,
        cause: EndCause,
    ) {
        let Some(call) = self.calls.get_mut(&call_id) else {
            return;
        };
        let Some(ringing) = call.ringing() else {
            return;
        };
        let Some(index) = ringing
            .branches
            .iter()
            .position(|branch| branch.phone.leg == leg)
        else {
            return;
        };
        let mut branch = ringing.branches.remove(index);
        let is_bound = self.lose_exchange(now, desk, call_id);
        let Some(ringing) = self.calls.get_mut(&call_id).and_then(|call| call.ringing()) else {
            return;
        };
        let (status, headers) = match cause {
            EndCause::Refused { status, headers } => (status, headers),
            EndCause::Timeout => {
                let since = ringing.since;
                registrar.unreachable(desk, branch.account, branch.binding, since);
                (StatusCode::REQUEST_TIMEOUT, Headers::new())
            }
            _ => (StatusCode::REQUEST_TIMEOUT, Headers::new()),
        };
        // Another offer may be liked: sealed otherwise, or with more codecs.
        if is_about_the_offer(status)
            && !is_bound
            && let Some(phone) = ringing.invitation.send_otherwise(now, desk, &branch.phone)
        {
            self.legs.insert(phone.leg, (call_id, Side::Callee));
            branch.phone = phone;
            ringing.branches.push(branch);
            return;
        }
        // RFC 5626 section 5.3: the flow is gone, but the phone may have another one.
        let is_flow_lost = matches!(
            status,
            StatusCode::FLOW_FAILED | StatusCode::REQUEST_TIMEOUT
        );
        if is_flow_lost && !is_bound && !branch.others.is_empty() {
            let next = branch.others.remove(0);
            branch.phone = ringing.invitation.send(now, desk, &next);
            branch.binding = next.binding;
            self.legs.insert(branch.phone.leg, (call_id, Side::Callee));
            ringing.branches.push(branch);
            return;
        }
        if status.is_redirection() && self.is_visit(call_id) {
            // Whether to follow is for the server to decide that knows what the caller may.
            let ending = Ending::refused(call_end(status), status).with_contacts(&headers);
            return self.end(now, desk, call_id, ending);
        }
        if status.is_redirection() && !is_bound && self.redirected(now, desk, call_id, &headers) {
            return;
        }
        let call = self.calls.get_mut(&call_id);
        let Some((ringing, search)) = call.and_then(|call| call.searching()) else {
            return;
        };
        let is_group = search.is_for_group();
        let reason = match headers.get(&HeaderName::Reason) {
            Some(reason) => Some(reason.clone()),
            // Elsewhere is outside: the caller is told in words why nobody answers.
            None if status.is_redirection() => {
                Some(Reason::sip(status.code(), status.reason()).to_text())
            }
            None => None,
        };
        ringing.refusals.note(status, reason);
        // A global refusal speaks for all phones (RFC 3261 16.7 step 5): of the one whose phone it is, not of a whole group.
        if status.code() >= 600 {
            let of_whom = branch.account;
            let speaks_for = |other: &Branch| !is_group || other.account == of_whom;
            let (silent, others): (Vec<_>, Vec<_>) = std::mem::take(&mut ringing.branches)
                .into_iter()
                .partition(speaks_for);
            ringing.branches = others;
            for branch in silent {
                self.legs.remove(&branch.phone.leg);
                desk.hang_up(now, branch.phone.leg, None);
            }
            if !is_group {
                ringing.lookups = 0;
                search.rounds.clear();
            }
        }
        self.end_if_nobody_rings(now, desk, registrar, call_id);
    }
}

impl Ringing {
    /// What the caller's phone hears of the session in a provisional answer of the one phone that rings: nothing, if that
    /// does not go with what it was offered.
    fn tell_early(
        &mut self,
        desk: &mut Desk,
        caller: &mut Phone,
        description: SessionDescription,
        relay: SocketAddr,
    ) -> Bytes {
        let Some(branch) = self.branches.first_mut() else {
            return Bytes::new();
        };
        match &self.invitation.offer {
            Some(offer) => {
                let phone = &mut branch.phone;
                let told = caller.answered(desk, phone, offer, description, relay);
                told.unwrap_or_default()
            }
            None => caller.offered(desk, &mut branch.phone, &description, relay),
        }
    }

    /// A session in a provisional answer passes only where one phone was invited: the caller's phone knows one other end,
    /// and the answers of several phones in turn would break the rule that one offer has one answer (RFC 3264 section 4).
    /// What is an offer passes only if it came reliably, so that the phone waits for the answer, and if the caller can give
    /// it (RFC 3261 section 13.2.1).
    fn may_pass_session(&self, headers: &Headers) -> bool {
        let is_news = self.exchange.is_none() && !self.is_settled;
        let is_acknowledged = || self.takes_early_offer && is_reliable(headers);
        self.is_single && is_news && (self.has_caller_spoken || is_acknowledged())
    }

    /// Whether the phone on this leg has answered already.
    fn is_picked_up(&self, leg: LegId) -> bool {
        matches!(&self.picked_up, Some((picked_up, _)) if *picked_up == leg)
    }
}
