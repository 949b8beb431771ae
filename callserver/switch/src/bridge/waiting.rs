//! A call whose callee's phone is in a call already, with the server, and goes over from there: nobody rings.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::{Headers, LegId, StatusCode};

use super::Bridge;
use super::audio::{is_about_the_offer, propose};
use super::call::{Branch, Call, Phone, Ringing, Stage};
use super::description::{Told, expect_media};
use super::invite::Invitation;
use crate::cluster::Sender;
use crate::desk::Desk;
use crate::questions::Purpose;
use crate::refusal::Refusals;
use crate::timetable::Timer;
use crate::{BindingId, CallId, MediaPorts, Question, Side};

/// Longer than two phones need to agree.
const AGREEING: Duration = Duration::from_secs(10);

/// Of a phone that was in a call already: nothing can be said about a registration.
const NOT_INVITED: BindingId = BindingId(0);

impl Bridge {
    /// A call begins whose callee's phone is in a call already: all that is missing is ports.
    pub(super) fn let_in(&mut self, now: Instant, desk: &mut Desk, id: CallId, phone: Box<Phone>) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        self.legs.insert(phone.leg, (id, Side::Callee));
        let question = Question::MediaPorts {
            call: id,
            caller: call.caller_phone.flow,
            callees: vec![phone.flow],
        };
        if let Stage::AwaitingPorts(awaiting) = &mut call.stage {
            awaiting.waiting = Some(phone);
            awaiting.ask = Some(desk.ask(now, question, Purpose::Ports(id)));
        }
    }

    /// There are ports: that phone is offered what the caller wants. From here on it is as if it rang.
    pub(super) fn offer_to_waiting(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        mut phone: Phone,
        ports: MediaPorts,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Stage::AwaitingPorts(awaiting) = &mut call.stage else {
            return;
        };
        let (offer, caller_device) = (awaiting.offer.take(), awaiting.caller_device);
        let caller = &mut call.caller_phone;
        let relay = ports.callee.towards(&phone.flow);
        let body = match &offer {
            Some(offer) => {
                expect_media(desk, id, Side::Caller, offer, caller);
                phone.offered(desk, caller, offer, relay)
            }
            None => Bytes::new(),
        };
        let leg = phone.leg;
        let until = now + AGREEING;
        let flow = call.caller_phone.flow;
        call.stage = Stage::Ringing(Box::new(Ringing {
            ports,
            since: now,
            until,
            timer: desk.timetable.set(until, Timer::RingsTooLong(id)),
            branches: vec![Branch {
                phone,
                account: call.callee.account,
                binding: NOT_INVITED,
                others: Vec::new(),
            }],
            is_single: true,
            refusals: Refusals::default(),
            last_progress: None,
            has_rung: false,
            has_caller_spoken: offer.is_some(),
            takes_early_offer: false,
            exchange: None,
            is_settled: false,
            picked_up: None,
            early_answer: Bytes::new(),
            caller_device,
            invited: vec![call.callee.clone()],
            redirections: 0,
            lookups: 0,
            picker: None,
            invitation: Invitation {
                sender: Sender {
                    party: call.caller.clone(),
                    device: caller_device,
                },
                from: call.caller.address(&desk.config.domain),
                to: call.callee.address(&desk.config.domain),
                headers: Headers::new(),
                told: Told::new(0),
                offer,
                relay: ports.callee,
                caller: Some(flow),
            },
        }));
        desk.endpoint
            .handle(now, sip::Input::Reinvite { leg, body });
    }

    /// A phone that comes from a slot does not take what the caller wants: it is asked once more, with more codecs, or the
    /// call ends. Tells whether the leg is that of such a phone.
    pub(super) fn waiting_refuses(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        leg: LegId,
        status: StatusCode,
    ) -> bool {
        let Some(ringing) = self.calls.get_mut(&id).and_then(Call::ringing) else {
            return false;
        };
        let relay = ringing.ports.callee;
        let offer = ringing.invitation.offer.clone();
        let [Branch { phone, binding, .. }] = &mut ringing.branches[..] else {
            return false;
        };
        if phone.leg != leg || *binding != NOT_INVITED {
            return false;
        }
        let richer = offer.filter(|offer| is_about_the_offer(status) && phone.audio.enrich(offer));
        match richer {
            Some(offer) => {
                phone.told.take_back();
                let told = propose(&mut desk.key_maker, &mut phone.audio, &offer);
                let body = phone.told.tell(told, relay.towards(&phone.flow));
                desk.endpoint
                    .handle(now, sip::Input::Reinvite { leg, body });
            }
            None => self.no_media(now, desk, id, Side::Callee),
        }
        true
    }
}
