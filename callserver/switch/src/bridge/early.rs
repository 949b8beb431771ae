//! Sessions that are made or changed before the call is answered (RFC 3262 section 5, RFC 3311, RFC 6337 section 3).
//!
//! Offers pass between the caller's phone and the one phone that rings. Where several ring they do not: the caller's phone
//! knows one other end and one session, so what it offers could not be answered by each of them, and what one of them
//! offers would be taken from all.

use std::time::Instant;

use bytes::Bytes;
use sdp::SessionDescription;
use sip::{HeaderName, Headers, LegId, Method, StatusCode};

use super::Bridge;
use super::call::{Exchange, Phone, Ringing};
use super::description::read;
use crate::desk::{Desk, retry_after};
use crate::{CallId, MediaPorts, Side};

/// Who offers something that cannot be passed on while it rings may come again after so many seconds, the longest time
/// that RFC 3311 section 5.2 knows: it takes a person about that long to pick up.
const COME_AGAIN: u32 = 10;

impl Bridge {
    /// The other phone took what was offered in an UPDATE.
    pub(crate) fn early_offer_answered(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        body: Bytes,
    ) {
        let Some((call, answerer)) = self.legs.get(&leg).copied() else {
            return;
        };
        match self.ringing(call) {
            Some(ringing) if ringing.exchange.is_none() => self.restore(now, desk, call, answerer),
            _ => self.reoffer_answered(now, desk, call, answerer, body),
        }
    }

    /// The phone on `side` has taken an offer whose sender waits for no answer any more: it is offered what held before.
    fn restore(&mut self, now: Instant, desk: &mut Desk, id: CallId, side: Side) {
        let Some(ringing) = self.ringing(id) else {
            return;
        };
        let agreed = match side {
            Side::Caller => read(&ringing.early_answer).ok(),
            Side::Callee => ringing.invitation.offer.clone(),
        };
        let Some((agreed, between)) = agreed.zip(self.between(id, side)) else {
            return;
        };
        let before = between.near.told.last();
        let relay = between.near_relay;
        let body = between.near.offered(desk, between.far, &agreed, relay);
        // Once is enough, and its answer comes here, too.
        if body != before {
            let leg = between.near.leg;
            desk.endpoint
                .handle(now, sip::Input::Reinvite { leg, body });
        }
    }

    /// An offer needs no answer any more: its sender took it back, or has waited too long. The other phone may still take
    /// it, and is set right then.
    pub(crate) fn offer_withdrawn(&mut self, now: Instant, desk: &mut Desk, leg: LegId) {
        let Some((id, side)) = self.legs.get(&leg).copied() else {
            return;
        };
        if let Some(ringing) = self.ringing(id)
            && matches!(ringing.exchange, Some(Exchange::Offered { by, .. }) if by == side)
        {
            ringing.exchange = None;
            self.answer_if_kept(now, desk, id);
        }
    }

    /// Both phones agree on what `by` offered, and the other has answered with `answer`. Does nothing in an answered call.
    pub(super) fn settled_early(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        by: Side,
        offer: SessionDescription,
        answer: Bytes,
    ) {
        let Some(ringing) = self.ringing(id) else {
            return;
        };
        ringing.is_settled = true;
        // What the callee's phone said last, should it say nothing in its 2xx.
        ringing.early_answer = match by {
            Side::Caller => answer,
            Side::Callee => Bytes::from(offer.to_string()),
        };
        if let Some((_, body)) = &mut ringing.picked_up {
            *body = ringing.early_answer.clone();
        }
        // Phones that ring later get the session as it is now.
        if by == Side::Caller {
            ringing.invitation.offer = Some(offer);
        }
        self.answer_if_kept(now, desk, id);
    }

    /// The caller's phone has answered the offer of the phone that rings. From then on it is as if its INVITE had carried
    /// that: other phones that ring later, because this one is gone, are offered it.
    pub(super) fn caller_has_spoken(&mut self, id: CallId, answer: SessionDescription) {
        if let Some(ringing) = self.ringing(id) {
            ringing.is_settled = true;
            ringing.has_caller_spoken = true;
            ringing.invitation.offer = Some(answer);
        }
    }

    /// A phone was picked up while an offer was open. The caller hears of it when that is settled: answers to the call and
    /// to the offer must not be mixed up (RFC 6337 section 3.1.1), and it takes no longer than a message there and back.
    pub(super) fn keep_answer(&mut self, id: CallId, leg: LegId, body: Bytes) {
        if let Some(ringing) = self.ringing(id) {
            ringing.picked_up = Some((leg, body));
        }
    }

    /// The offer is settled: what had to wait for it goes on.
    pub(super) fn answer_if_kept(&mut self, now: Instant, desk: &mut Desk, id: CallId) {
        if let Some((leg, body)) = self
            .ringing(id)
            .and_then(|ringing| ringing.picked_up.take())
        {
            self.picked_up(now, desk, id, leg, body);
        }
    }

    /// The only phone that rang is gone, and with it the offer that was under way to it or from it. Tells whether the
    /// caller's phone has an offer of it that no other phone can take up: then the call cannot go on with another one.
    pub(super) fn lose_exchange(&mut self, now: Instant, desk: &mut Desk, id: CallId) -> bool {
        let Some(call) = self.calls.get_mut(&id) else {
            return false;
        };
        let caller = call.caller_phone.leg;
        let Some(ringing) = call.ringing() else {
            return false;
        };
        match ringing.exchange.take() {
            Some(Exchange::Offered { by, .. }) => {
                if by == Side::Caller {
                    postpone(now, desk, caller, &Method::Update);
                }
                false
            }
            other => other.is_some(),
        }
    }

    fn ringing(&mut self, id: CallId) -> Option<&mut Ringing> {
        self.calls.get_mut(&id)?.ringing()
    }
}

impl Ringing {
    /// The one phone that rings, if there was never another one, with whom the caller's phone can agree on something.
    pub(super) fn only_phone(&mut self) -> Option<(MediaPorts, &mut Phone, &mut Option<Exchange>)> {
        match &mut self.branches[..] {
            [only] if self.is_single => Some((self.ports, &mut only.phone, &mut self.exchange)),
            _ => None,
        }
    }
}

/// Refuses an offer that cannot be passed on as long as it rings: several phones ring, or the one that does has not
/// settled the first offer reliably, or does not know UPDATE.
///
/// Not with 491: that is glare, and who hears it comes again every few seconds, in vain. And not with 488, for the session
/// may be perfectly acceptable. The other phone owes an answer, to the call or to the first offer, and for that RFC 3311
/// section 5.2 has 500 with Retry-After. Only a PRACK cannot come again, because what it acknowledges is acknowledged:
/// there 488 says that the offer in it is void, and the session as before.
pub(super) fn postpone(now: Instant, desk: &mut Desk, leg: LegId, method: &Method) {
    let (status, headers) = match method {
        Method::Prack => (StatusCode::NOT_ACCEPTABLE_HERE, Headers::new()),
        _ => (StatusCode::SERVER_INTERNAL_ERROR, retry_after(COME_AGAIN)),
    };
    desk.reject(now, leg, status, headers);
}

/// A phone's refusal of an offer, as the other phone may hear it. Some would say something of the other phone's own dialog
/// with us: a challenge is nothing that it could answer, and 408 and 481 would end its call (RFC 3261 section 12.2.1.2).
pub(super) fn passable(status: StatusCode) -> StatusCode {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            StatusCode::FORBIDDEN
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::CALL_DOES_NOT_EXIST => {
            StatusCode::NOT_ACCEPTABLE_HERE
        }
        status => status,
    }
}

/// Whether a phone that calls with these headers acknowledges provisional answers (RFC 3262).
pub(super) fn acknowledges_progress(headers: &Headers) -> bool {
    names_reliable_progress(headers, &HeaderName::Supported)
        || names_reliable_progress(headers, &HeaderName::Require)
}

/// Whether the sender of a provisional answer waits for its acknowledgement.
pub(super) fn is_reliable(headers: &Headers) -> bool {
    headers.has(&HeaderName::RSeq) && names_reliable_progress(headers, &HeaderName::Require)
}

fn names_reliable_progress(headers: &Headers, list: &HeaderName) -> bool {
    let mut tags = headers.all(list).flat_map(|value| value.split(','));
    tags.any(|tag| tag.trim().eq_ignore_ascii_case("100rel"))
}
