//! A phone is picked up.

use std::time::Instant;

use bytes::Bytes;
use sip::{Headers, LegId, StatusCode, Text};

use super::Bridge;
use super::call::{Branch, Exchange, Stage, Standing, Talking};
use super::description::{expect_media, read};
use super::end::{ANSWERED_ELSEWHERE, Ending};
use crate::desk::Desk;
use crate::{CallEnd, CallId, Event, Side};

impl Bridge {
    /// A 2xx: the first of the callee's phones, or the answer to a re-INVITE.
    pub(crate) fn answered(&mut self, now: Instant, desk: &mut Desk, leg: LegId, body: Bytes) {
        if self.transfer_answered(now, desk, leg, &body) {
            return;
        }
        self.picker_answered(leg);
        let Some((call, side)) = self.call_of(leg) else {
            return;
        };
        let id = call.id;
        match &call.stage {
            Stage::Ringing(ringing) if side == Side::Callee => match &ringing.exchange {
                // The phone has answered both: the call, and then in a re-INVITE what was to be changed before.
                Some(Exchange::Offered { .. }) if ringing.picked_up.is_some() => {
                    self.reoffer_answered(now, desk, id, side, body)
                }
                Some(Exchange::Offered { .. }) => self.keep_answer(id, leg, body),
                _ => self.picked_up(now, desk, id, leg, body),
            },
            Stage::Talking(_) => self.reoffer_answered(now, desk, id, side, body),
            // The answer to an offer of ours.
            Stage::Hosted(_) => {
                self.house_acknowledged(now, desk, leg, &body);
            }
            Stage::AwaitingPorts(_) | Stage::Ringing(_) => {}
        }
    }

    /// The first phone that is picked up has the call; the others stop ringing.
    pub(super) fn picked_up(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        leg: LegId,
        body: Bytes,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(ringing) = call.ringing() else {
            return;
        };
        // A phone that gave its answer with early media may leave it out here (RFC 6337 section 2.1).
        let body = if body.is_empty() {
            ringing.early_answer.clone()
        } else {
            body
        };
        let Ok(description) = read(&body) else {
            // Nobody can speak with a phone that answers without a usable session.
            let ending = Ending::by_side(CallEnd::NoMedia, Side::Callee, None);
            return self.end(
                now,
                desk,
                id,
                ending.with_status(StatusCode::NOT_ACCEPTABLE_HERE),
            );
        };
        let Some(index) = ringing
            .branches
            .iter()
            .position(|branch| branch.phone.leg == leg)
        else {
            return;
        };
        let Branch {
            phone: mut winner,
            account,
            ..
        } = ringing.branches.swap_remove(index);
        // Somebody else than the callee, if a phone has sent the caller on to them.
        let mut invited = std::mem::take(&mut ringing.invited).into_iter();
        let answering = invited.find(|party| party.account == account);
        let others = std::mem::take(&mut ringing.branches);
        let others: Vec<LegId> = others
            .into_iter()
            .map(|branch| branch.phone.leg)
            .chain(ringing.drop_picker())
            .collect();
        let (ports, has_caller_spoken) = (ringing.ports, ringing.has_caller_spoken);
        let (offer, is_settled) = (ringing.invitation.offer.take(), ringing.is_settled);
        desk.timetable.cancel(ringing.timer);

        let exchange = if has_caller_spoken {
            expect_media(desk, id, Side::Callee, &description, &mut winner);
            None
        } else {
            Some(Exchange::AwaitingAcknowledgement {
                by: Side::Caller,
                offer: Box::new(description.clone()),
            })
        };
        let relay = ports.caller.towards(&call.caller_phone.flow);
        let caller_phone = &mut call.caller_phone;
        let told = match &offer {
            // Caller and callee agreed before, and the caller has been told the last of it.
            _ if is_settled => Ok(caller_phone.told.last()),
            Some(offer) => caller_phone.answered(desk, &mut winner, offer, description, relay),
            None => Ok(caller_phone.offered(desk, &mut winner, &description, relay)),
        };
        let (leg, body) = (caller_phone.leg, told.clone().unwrap_or_default());
        let accept = match call.standing.take() {
            Some(Standing::Answering) => sip::Input::Acknowledge { leg, body },
            // It has answered a call of ours, and hears nothing yet.
            Some(Standing::Waits(_) | Standing::InCall) => sip::Input::Reinvite { leg, body },
            None => sip::Input::Accept {
                leg,
                headers: Headers::new(),
                body,
            },
        };
        let search = call.search.take();
        let is_group = search.is_some_and(|search| search.is_for_group());
        call.stage = Stage::Talking(Box::new(Talking {
            ports,
            callee_phone: winner,
            exchange,
            transfer: None,
            lent_to: None,
        }));
        if let Some(to) = answering.filter(|party| party.account != call.callee.account) {
            call.callee = to.clone();
            desk.emit(if is_group {
                Event::CallTaken { call: id, by: to }
            } else {
                let side = Side::Callee;
                Event::CallTransferred { call: id, side, to }
            });
        }
        if told.is_ok() {
            self.plan_media(desk, id);
            desk.endpoint.handle(now, accept);
        }
        for other in others {
            self.legs.remove(&other);
            let reason = Text::from_static(ANSWERED_ELSEWHERE);
            desk.hang_up(now, other, Some(reason));
        }
        if told.is_err() {
            let ending = Ending::by_side(CallEnd::NoMedia, Side::Callee, None);
            return self.end(
                now,
                desk,
                id,
                ending.with_status(StatusCode::NOT_ACCEPTABLE_HERE),
            );
        }
        desk.emit(Event::CallAnswered { call: id });
    }
}
