//! An attended transfer: the transferor has two calls, and those at their other ends are joined.

use std::time::Instant;

use bytes::Bytes;
use sip::{LegId, Params, Replaces, StatusCode};

use super::Stage;
use super::ring::transferred;
use crate::bridge::Bridge;
use crate::bridge::call::{self, Exchange, Phone};
use crate::bridge::end::Ending;
use crate::desk::Desk;
use crate::{CallEnd, CallId, Event, Side};

impl Bridge {
    /// The call that Refer-To names lends the phone at its other end.
    pub(super) fn borrow(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        replaces: &Replaces,
    ) {
        match self.lend(now, desk, id, replaces) {
            Ok(()) => {}
            Err(status) => self.transfer_fails(now, desk, id, status),
        }
    }

    fn lend(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        replaces: &Replaces,
    ) -> Result<(), StatusCode> {
        let gone = StatusCode::CALL_DOES_NOT_EXIST;
        // Some phones write the tags as they see them themselves.
        let leg = desk
            .endpoint
            .leg_of(replaces)
            .or_else(|| desk.endpoint.leg_of(&turned(replaces)))
            .ok_or(gone)?;
        let (lender, side) = self.legs.get(&leg).copied().ok_or(gone)?;
        let transferor = self.transfer_of(id).map(|transfer| transfer.by);
        let transferor = transferor.and_then(|by| Some(self.calls.get(&id)?.party(by).account));
        let call = self.calls.get_mut(&lender).ok_or(gone)?;
        // Who knows the name of somebody else's call may not take it.
        if lender == id || transferor != Some(call.party(side).account) {
            return Err(StatusCode::FORBIDDEN);
        }
        let target = call.party(side.other()).clone();
        let lending = match &mut call.stage {
            call::Stage::Talking(talking) => talking,
            // Nobody has picked up over there: the target rings anew, for the party that stays.
            call::Stage::Ringing(_) | call::Stage::AwaitingPorts(_) if side == Side::Caller => {
                let dialled = target.number.clone().ok_or(gone)?;
                let cause =
                    Ending::by_side(CallEnd::Transferred, Side::Caller, Some(transferred()));
                self.end(now, desk, lender, cause);
                self.look_up_target(now, desk, id, dialled, None);
                return Ok(());
            }
            _ => return Err(StatusCode::REQUEST_PENDING),
        };
        let is_busy =
            lending.exchange.is_some() || lending.transfer.is_some() || lending.lent_to.is_some();
        if is_busy {
            return Err(StatusCode::REQUEST_PENDING);
        }
        lending.lent_to = Some(id);
        lending.exchange = Some(Exchange::Lent { by: side });
        let lent = match side {
            Side::Caller => lending.callee_phone.leg,
            Side::Callee => call.caller_phone.leg,
        };
        if let Some(transfer) = self.transfer_of(id) {
            transfer.target = Some(target);
            transfer.stage = Stage::Borrowing(lender);
        }
        let body = Bytes::new();
        let ask = sip::Input::Reinvite { leg: lent, body };
        desk.endpoint.handle(now, ask);
        Ok(())
    }

    /// The phone that `lender` lends has made its offer.
    pub(in crate::bridge) fn lent_phone_offers(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        lender: CallId,
        phone: Phone,
        body: &Bytes,
    ) {
        match self.borrower_of(lender) {
            Some(borrower) => self.join(now, desk, borrower, phone, Some(lender), body),
            None => self.give_phone_back(now, desk, lender, Some(&phone)),
        }
    }

    /// The phone that `lender` lends makes no offer.
    pub(in crate::bridge) fn lent_phone_refuses(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        lender: CallId,
        status: StatusCode,
    ) {
        match self.borrower_of(lender) {
            Some(borrower) => self.transfer_fails(now, desk, borrower, status),
            None => self.give_phone_back(now, desk, lender, None),
        }
    }

    fn borrower_of(&self, lender: CallId) -> Option<CallId> {
        match &self.calls.get(&lender)?.stage {
            call::Stage::Talking(talking) => talking.lent_to,
            _ => None,
        }
    }

    /// The transfer came to nothing. A phone that has made its offer gets the session that it had as the answer.
    pub(super) fn give_phone_back(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        lender: CallId,
        asked: Option<&Phone>,
    ) {
        if let Some(phone) = asked {
            let (leg, body) = (phone.leg, phone.told.last());
            let acknowledge = sip::Input::Acknowledge { leg, body };
            desk.endpoint.handle(now, acknowledge);
        }
        let Some(call) = self.calls.get_mut(&lender) else {
            return;
        };
        let call::Stage::Talking(talking) = &mut call.stage else {
            return;
        };
        talking.lent_to = None;
        if let Some(Exchange::Lent { by }) = talking.exchange {
            talking.exchange = None;
            let transferor = match by {
                Side::Caller => call.caller_phone.leg,
                Side::Callee => talking.callee_phone.leg,
            };
            // It has hung up meanwhile, trusting that the transfer would go well.
            if !self.legs.contains_key(&transferor) {
                let ending = Ending::by_side(CallEnd::HungUp, by, None);
                self.end(now, desk, lender, ending);
            }
        }
    }

    /// The lender's phone has gone over into the other call: what is left of the lender ends.
    pub(super) fn dissolve(&mut self, now: Instant, desk: &mut Desk, lender: CallId, moved: LegId) {
        let Some(mut call) = self.calls.remove(&lender) else {
            return;
        };
        let mut legs = call.callee_legs();
        legs.push(call.caller_phone.leg);
        for leg in legs.into_iter().filter(|leg| *leg != moved) {
            self.legs.remove(&leg);
            desk.hang_up(now, leg, Some(transferred()));
        }
        self.give_back(desk, &mut call);
        desk.emit(Event::CallEnded {
            call: lender,
            cause: CallEnd::Transferred,
            hung_up_by: None,
        });
    }
}

/// The same call as its other end names it.
fn turned(replaces: &Replaces) -> Replaces {
    let params = Params::new()
        .with("to-tag", Some(replaces.from_tag()))
        .with("from-tag", Some(replaces.to_tag()));
    Replaces {
        call_id: replaces.call_id.clone(),
        params,
    }
}
