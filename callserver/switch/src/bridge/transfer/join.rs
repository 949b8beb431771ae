//! The newcomer and the phone that stays agree on a session, and the transferor is let go.

use std::time::Instant;

use bytes::Bytes;
use sdp::SessionDescription;
use sip::{LegId, StatusCode};

use super::ring::transferred;
use super::{Joining, Stage, Transfer};
use crate::bridge::Bridge;
use crate::bridge::call::{self, Exchange, Phone};
use crate::bridge::description::{expect_media, read};
use crate::bridge::end::Ending;
use crate::desk::Desk;
use crate::{CallEnd, CallId, Event, Party, Side};

impl Bridge {
    /// A phone of the target was picked up, and made its offer. Tells whether the leg is one of those.
    pub(in crate::bridge) fn transfer_answered(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        body: &Bytes,
    ) -> bool {
        let Some((call, _)) = self.call_of(leg) else {
            return false;
        };
        let id = call.id;
        let call::Stage::Talking(talking) = &mut call.stage else {
            return false;
        };
        let Some(transfer) = &mut talking.transfer else {
            return false;
        };
        if !transfer.rings(leg) {
            return false;
        }
        let Stage::Ringing(mut ringing) = std::mem::replace(&mut transfer.stage, Stage::LookingUp)
        else {
            return false;
        };
        let is_this = |branch: &call::Branch| branch.phone.leg == leg;
        let Some(index) = ringing.branches.iter().position(is_this) else {
            return false;
        };
        let winner = ringing.branches.swap_remove(index);
        // Of a group, the member who picked up.
        let is_theirs = |party: &Party| party.account == winner.account;
        transfer.target = ringing.whom.iter().find(|party| is_theirs(party)).cloned();
        for loser in ringing.stop(now, desk, true) {
            self.legs.remove(&loser);
        }
        self.join(now, desk, id, winner.phone, None, body);
        true
    }

    /// The newcomer's offer goes to the phone that stays.
    pub(super) fn join(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        mut newcomer: Phone,
        lender: Option<CallId>,
        body: &Bytes,
    ) {
        let offer = read(body);
        let Some(by) = self.transfer_of(id).map(|transfer| transfer.by) else {
            return;
        };
        let Some(between) = self.between(id, by) else {
            return;
        };
        let (staying, relay) = (between.far, between.far_relay);
        // Somebody is changing the session at this moment, or there is none: the newcomer cannot come in.
        let failure = match (&offer, &between.exchange) {
            (Err(unusable), _) => Some(unusable.status()),
            (Ok(_), Some(_)) => Some(StatusCode::REQUEST_PENDING),
            (Ok(_), None) => None,
        };
        let is_possible = failure.is_none();
        let mut body = Bytes::new();
        let leg = staying.leg;
        if is_possible && let Ok(offer) = &offer {
            body = staying.offered(desk, &mut newcomer, offer, relay);
            *between.exchange = Some(Exchange::Joining { by: by.other() });
        }
        if let Some(transfer) = self.transfer_of(id) {
            transfer.stage = Stage::Joining(Box::new(Joining {
                phone: newcomer,
                offer: offer.ok(),
                lender,
            }));
        }
        match failure {
            Some(status) => self.transfer_fails(now, desk, id, status),
            None => desk
                .endpoint
                .handle(now, sip::Input::Reinvite { leg, body }),
        }
    }

    /// The phone that stays has answered the newcomer's offer: they are joined.
    pub(in crate::bridge) fn joined(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        body: &Bytes,
    ) {
        let Ok(answer) = read(body) else {
            // It accepted a session that nobody knows.
            let ending = Ending::by_server(CallEnd::NoMedia, StatusCode::NOT_ACCEPTABLE_HERE);
            return self.end(now, desk, id, ending);
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let call::Stage::Talking(talking) = &mut call.stage else {
            return;
        };
        talking.exchange = None;
        let Some(transfer) = talking.transfer.take() else {
            return;
        };
        let Transfer {
            subscription,
            by,
            target,
            is_left,
            stage,
            ..
        } = *transfer;
        let Stage::Joining(joining) = stage else {
            return;
        };
        let Joining {
            phone: mut newcomer,
            offer,
            lender,
        } = *joining;
        let (staying, leaving, relay) = match by {
            Side::Caller => (
                &mut talking.callee_phone,
                &mut call.caller_phone,
                talking.ports.caller,
            ),
            Side::Callee => (
                &mut call.caller_phone,
                &mut talking.callee_phone,
                talking.ports.callee,
            ),
        };
        expect_media(desk, id, by.other(), &answer, staying);
        let relay = relay.towards(&newcomer.flow);
        let told = offer.and_then(|offer| {
            expect_media(desk, id, by, &offer, &mut newcomer);
            let told = newcomer.answered(desk, staying, &offer, answer, relay);
            told.ok()
        });
        let acknowledge = sip::Input::Acknowledge {
            leg: newcomer.leg,
            body: told.unwrap_or_default(),
        };
        let newcomer_leg = newcomer.leg;
        let transferor = std::mem::replace(leaving, newcomer).leg;
        if let Some(target) = target {
            match by {
                Side::Caller => {
                    call.caller = target.clone();
                    // Whoever hid is gone.
                    call.is_anonymous = false;
                }
                Side::Callee => call.callee = target.clone(),
            }
            desk.emit(Event::CallTransferred {
                call: id,
                side: by,
                to: target,
            });
        }
        desk.endpoint.handle(now, acknowledge);
        self.legs.insert(newcomer_leg, (id, by));
        self.plan_media(desk, id);
        super::report::report(now, desk, subscription, StatusCode::OK);
        if !is_left {
            self.legs.remove(&transferor);
            desk.hang_up(now, transferor, Some(transferred()));
        }
        if let Some(lender) = lender {
            self.dissolve(now, desk, lender, newcomer_leg);
        }
    }

    /// What the newcomer offers whom the phone that stays is to be joined with.
    pub(in crate::bridge) fn newcomer_offer(&mut self, id: CallId) -> Option<SessionDescription> {
        match &self.transfer_of(id)?.stage {
            Stage::Joining(joining) => joining.offer.clone(),
            _ => None,
        }
    }

    /// The transfer of a call, if one is under way.
    pub(super) fn transfer_of(&mut self, id: CallId) -> Option<&mut Transfer> {
        match &mut self.calls.get_mut(&id)?.stage {
            call::Stage::Talking(talking) => talking.transfer.as_deref_mut(),
            _ => None,
        }
    }

    /// Takes a transfer out that comes to nothing, and stops whatever it began.
    pub(in crate::bridge) fn take_transfer(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
    ) -> Option<Box<Transfer>> {
        let call::Stage::Talking(talking) = &mut self.calls.get_mut(&id)?.stage else {
            return None;
        };
        let mut transfer = talking.transfer.take()?;
        talking
            .exchange
            .take_if(|exchange| matches!(exchange, Exchange::Joining { .. }));
        self.stop_transfer(now, desk, &mut transfer);
        Some(transfer)
    }

    /// Hangs up on those who were to come in; a borrowed phone goes on in its own call.
    pub(in crate::bridge) fn stop_transfer(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        transfer: &mut Transfer,
    ) {
        match std::mem::replace(&mut transfer.stage, Stage::LookingUp) {
            Stage::LookingUp => {}
            Stage::Ringing(ringing) => {
                for leg in ringing.stop(now, desk, false) {
                    self.legs.remove(&leg);
                }
            }
            Stage::Borrowing(lender) => self.give_phone_back(now, desk, lender, None),
            Stage::Joining(joining) => match joining.lender {
                Some(lender) => self.give_phone_back(now, desk, lender, Some(&joining.phone)),
                None => {
                    self.legs.remove(&joining.phone.leg);
                    desk.hang_up(now, joining.phone.leg, None);
                }
            },
        }
    }

    /// A transferor that had left before its transfer failed is not coming back.
    pub(super) fn transferor_is_gone(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        by: Side,
    ) {
        let ending = Ending::by_side(CallEnd::HungUp, by, None);
        self.end(now, desk, id, ending);
    }
}
