//! A person goes on with a call on another phone of theirs: an INVITE with Replaces (RFC 3891).

use std::time::Instant;

use bytes::Bytes;
use sip::{Contact, Headers, LegId, StatusCode};

use super::Bridge;
use super::audio::Audio;
use super::call::{Exchange, Phone, Stage};
use super::description::{Told, expect_media, is_behind_nat, read, read_first_offer};
use super::end::Ending;
use crate::desk::Desk;
use crate::reception::{PickUpWish, TakeOver};
use crate::{CallEnd, CallId, Side};

impl Bridge {
    /// The phone at the other end is offered the session of the new one; the old one goes on until that is settled.
    pub(crate) fn take_over(&mut self, now: Instant, desk: &mut Desk, wish: TakeOver) {
        if let Some(id) = self.rings_on(wish.replaced) {
            let TakeOver {
                leg,
                flow,
                invite,
                by,
                ..
            } = wish;
            let wish = PickUpWish {
                leg,
                flow,
                invite,
                by,
                whom: None,
            };
            return self.pick_up_named(now, desk, id, wish);
        }
        if let Err(status) = self.try_take_over(now, desk, &wish) {
            desk.reject(now, wish.leg, status, Headers::new());
        }
    }

    /// The call whose callee's phone rings on this leg.
    fn rings_on(&self, leg: LegId) -> Option<CallId> {
        let (id, side) = self.legs.get(&leg)?;
        let is_ringing = matches!(self.calls.get(id)?.stage, Stage::Ringing(_));
        (is_ringing && *side == Side::Callee).then_some(*id)
    }

    fn try_take_over(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        wish: &TakeOver,
    ) -> Result<(), StatusCode> {
        let gone = StatusCode::CALL_DOES_NOT_EXIST;
        let (id, side) = self.legs.get(&wish.replaced).copied().ok_or(gone)?;
        self.last_call += 1;
        let told = Told::new(self.first_session + 2 * self.last_call);
        let call = self.calls.get_mut(&id).ok_or(gone)?;
        // Who knows the name of somebody else's call may not take it.
        if call.party(side).account != wish.by.account {
            return Err(StatusCode::FORBIDDEN);
        }
        // RFC 3891 section 3: who has not been answered cannot be replaced by another caller.
        let Stage::Talking(talking) = &call.stage else {
            return Err(gone);
        };
        if talking.transfer.is_some() || talking.lent_to.is_some() {
            return Err(StatusCode::REQUEST_PENDING);
        }
        let offer = read_first_offer(&wish.invite.body).map_err(|unusable| unusable.status())?;
        let contact = wish.invite.headers.typed::<Contact>().ok().flatten();
        let contact = contact.as_ref().and_then(Contact::address);
        let mut newcomer = Phone {
            leg: wish.leg,
            device: wish.by.device,
            flow: wish.flow,
            server: None,
            receives_at: None,
            is_behind_nat: is_behind_nat(contact.map(|address| &address.uri), wish.flow),
            told,
            audio: Box::new(Audio::new()),
        };
        let between = self.between(id, side).ok_or(gone)?;
        if between.exchange.is_some() {
            return Err(StatusCode::REQUEST_PENDING);
        }
        let relay = between.far_relay;
        let body = between.far.offered(desk, &mut newcomer, &offer, relay);
        *between.exchange = Some(Exchange::TakingOver {
            by: side,
            newcomer: Box::new(newcomer),
            offer: Box::new(offer),
        });
        let leg = between.far.leg;
        self.legs.insert(wish.leg, (id, side));
        let reinvite = sip::Input::Reinvite { leg, body };
        desk.endpoint.handle(now, reinvite);
        Ok(())
    }

    /// The other phone has answered the new one's offer.
    pub(super) fn taken_over(&mut self, now: Instant, desk: &mut Desk, id: CallId, body: &Bytes) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Stage::Talking(talking) = &mut call.stage else {
            return;
        };
        let Some(Exchange::TakingOver {
            by,
            newcomer,
            offer,
        }) = talking.exchange.take()
        else {
            return;
        };
        let mut newcomer = *newcomer;
        let staying = match by {
            Side::Caller => &mut talking.callee_phone,
            Side::Callee => &mut call.caller_phone,
        };
        let relay = match by {
            Side::Caller => talking.ports.caller,
            Side::Callee => talking.ports.callee,
        };
        let relay = relay.towards(&newcomer.flow);
        let told = read(body).ok().and_then(|answer| {
            let told = newcomer.answered(desk, staying, &offer, answer.clone(), relay);
            expect_media(desk, id, by.other(), &answer, staying);
            told.ok()
        });
        let Some(told) = told else {
            let ending = Ending::by_side(CallEnd::NoMedia, by.other(), None);
            self.legs.remove(&newcomer.leg);
            let status = StatusCode::NOT_ACCEPTABLE_HERE;
            desk.reject(now, newcomer.leg, status, Headers::new());
            return self.end(now, desk, id, ending);
        };
        let leaving = match by {
            Side::Caller => &mut call.caller_phone,
            Side::Callee => &mut talking.callee_phone,
        };
        expect_media(desk, id, by, &offer, &mut newcomer);
        let accept = sip::Input::Accept {
            leg: newcomer.leg,
            headers: Headers::new(),
            body: told,
        };
        let old = std::mem::replace(leaving, newcomer).leg;
        desk.endpoint.handle(now, accept);
        self.legs.remove(&old);
        desk.hang_up(now, old, None);
        self.plan_media(desk, id);
    }

    /// The other phone does not want the new one's session: the old one keeps the call.
    pub(super) fn not_taken_over(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        status: StatusCode,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let caller = call.caller_phone.leg;
        let Stage::Talking(talking) = &mut call.stage else {
            return;
        };
        let callee = talking.callee_phone.leg;
        let Some(Exchange::TakingOver { by, newcomer, .. }) = talking.exchange.take() else {
            return;
        };
        self.legs.remove(&newcomer.leg);
        desk.reject(now, newcomer.leg, status, Headers::new());
        let old = match by {
            Side::Caller => caller,
            Side::Callee => callee,
        };
        // It has hung up meanwhile, trusting that the new one would have the call.
        if !self.legs.contains_key(&old) {
            let ending = Ending::by_side(CallEnd::HungUp, by, None);
            self.end(now, desk, id, ending);
        }
    }

    /// The new phone gives up before it has the call. Tells whether the leg is that of one.
    pub(super) fn newcomer_ended(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        leg: LegId,
    ) -> bool {
        let Some(call) = self.calls.get_mut(&id) else {
            return false;
        };
        let Stage::Talking(talking) = &mut call.stage else {
            return false;
        };
        let is_this = |exchange: &Exchange| matches!(exchange, Exchange::TakingOver { newcomer, .. } if newcomer.leg == leg);
        if !talking.exchange.as_ref().is_some_and(is_this) {
            return false;
        }
        // What the other phone still answers to this offer finds nobody; the session with the old one is as it was.
        self.not_taken_over(now, desk, id, StatusCode::REQUEST_TERMINATED);
        true
    }
}
