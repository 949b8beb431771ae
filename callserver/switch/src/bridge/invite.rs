//! The relay has given ports: the phones of the callee are invited, all at once.

use std::time::Instant;

use bytes::Bytes;
use sdp::SessionDescription;
use sip::{HeaderName, Headers, NameAddr, StatusCode, Text};

use super::Bridge;
use super::call::{AwaitingPorts, Branch, Phone, Ringing, Stage};
use super::description::{Told, expect_media, is_behind_nat};
use super::end::{ABSENT, Ending};
use crate::desk::Desk;
use crate::refusal::Refusals;
use crate::registrar::{Reachable, Registrar, Target};
use crate::timetable::Timer;
use crate::{CallEnd, CallId, MediaPorts, RelayAddress, Side};

impl Bridge {
    /// Invites the callee's phones, or ends the call if the relay has no ports.
    pub(crate) fn ports_answered(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        call_id: CallId,
        ports: Option<MediaPorts>,
    ) {
        let Some(call) = self.calls.get_mut(&call_id) else {
            return;
        };
        let Stage::AwaitingPorts(awaiting) = &mut call.stage else {
            return;
        };
        let Some(ports) = ports else {
            let ending = Ending::by_server(CallEnd::NoMedia, StatusCode::SERVICE_UNAVAILABLE);
            return self.end(now, desk, call_id, ending);
        };
        let AwaitingPorts {
            offer,
            takes_early_offer,
            caller_device,
            headers,
            ..
        } = awaiting;
        let (offer, caller_device) = (offer.take(), *caller_device);
        let headers = std::mem::take(headers);
        let takes_early_offer = *takes_early_offer;
        let callee = call.callee.account;
        let phones = registrar.reachable(callee, Some(caller_device));
        let is_single = phones.len() == 1;
        let has_caller_spoken = offer.is_some();
        if let Some(offer) = &offer {
            expect_media(desk, call_id, Side::Caller, offer, &mut call.caller_phone);
        }
        let mut invitation = Invitation {
            from: call.caller.address(&desk.config.domain),
            to: call.callee.address(&desk.config.domain),
            headers,
            told: Told::new(self.first_session + 2 * call_id.0 + 1),
            offer,
            relay: ports.callee,
        };
        if !(is_single && takes_early_offer) {
            invitation.ask_for_no_early_offer();
        }
        let mut branches = Vec::new();
        for Reachable { first, others } in phones {
            let phone = invitation.send(now, desk, &first);
            self.legs.insert(phone.leg, (call_id, Side::Callee));
            branches.push(Branch {
                phone,
                account: callee,
                binding: first.binding,
                others,
            });
        }
        let nobody_is_left = branches.is_empty();
        call.stage = Stage::Ringing(Box::new(Ringing {
            ports,
            since: now,
            timer: desk
                .timetable
                .set(now + desk.config.ring_timeout, Timer::RingsTooLong(call_id)),
            is_single,
            branches,
            refusals: Refusals::default(),
            last_progress: None,
            has_rung: false,
            has_caller_spoken,
            takes_early_offer,
            exchange: None,
            is_settled: false,
            picked_up: None,
            early_answer: Bytes::new(),
            caller_device,
            invited: vec![call.callee.clone()],
            redirections: 0,
            lookups: 0,
            invitation,
        }));
        if nobody_is_left {
            let ending = Ending::refused(CallEnd::Unreachable, StatusCode::TEMPORARILY_UNAVAILABLE);
            self.end(now, desk, call_id, ending.because(ABSENT));
        }
    }
}

/// What all phones of the callee are sent.
#[derive(Debug)]
pub(super) struct Invitation {
    pub(super) from: NameAddr,
    pub(super) to: NameAddr,
    pub(super) headers: Headers,
    /// All phones are told the same, but for the relay's address; what they answer is kept apart from then on.
    pub(super) told: Told,
    /// What the caller offers; `None` if the phones shall.
    pub(super) offer: Option<SessionDescription>,
    pub(super) relay: RelayAddress,
}

impl Invitation {
    /// A phone that is to make the offer shall not do so before it is picked up. In a reliable provisional answer it could,
    /// and then it waits for an answer in the PRACK: which a phone that calls cannot give if it does not acknowledge such
    /// answers, and can give only once, if several phones ring.
    pub(super) fn ask_for_no_early_offer(&mut self) {
        if self.offer.is_none() {
            self.headers
                .set(HeaderName::Supported, Text::from_static("timer"));
        }
    }

    /// Invites one phone over one way.
    pub(super) fn send(&self, now: Instant, desk: &mut Desk, target: &Target) -> Phone {
        let leg = desk.endpoint.next_leg();
        let mut headers = self.headers.clone();
        target.push_route(&mut headers);
        let mut told = self.told.clone();
        let offer = self.offer.clone();
        let body = offer.map(|offer| told.tell(offer, self.relay.towards(&target.flow)));
        let invite = sip::Input::Invite {
            leg,
            flow: target.flow,
            uri: target.contact.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            headers,
            body: body.unwrap_or_default(),
            credential: None,
        };
        desk.endpoint.handle(now, invite);
        Phone {
            leg,
            device: target.device,
            flow: target.flow,
            receives_at: None,
            is_behind_nat: is_behind_nat(Some(&target.contact), target.flow),
            told,
        }
    }
}
