//! The relay has given ports: the phones of the callee are invited, all at once.

use std::time::Instant;

use bytes::Bytes;
use sip::{Headers, Host, MaxForwards, NameAddr, StatusCode, Text, Uri};

use super::Bridge;
use super::begin::reachable;
use super::call::{AwaitingPorts, Branch, Phone, Ringing, Stage};
use super::description::{Told, expect_media};
use super::end::{ABSENT, Ending};
use super::refusal::Refusals;
use crate::desk::Desk;
use crate::registrar::Registrar;
use crate::timetable::Timer;
use crate::{CallEnd, CallId, MediaPorts, Party, Side};

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
            caller_device,
            max_forwards,
            ..
        } = awaiting;
        let (offer, caller_device, max_forwards) = (offer.take(), *caller_device, *max_forwards);
        let caller_offers = offer.is_some();
        // All phones are told the same; what they answer is kept apart from then on.
        let mut told = Told::new(self.first_session + 2 * call_id.0 + 1);
        let mut body = Bytes::new();
        if let Some(offer) = offer {
            let signalled_from = call.caller_phone.flow.remote.ip();
            expect_media(desk, call_id, Side::Caller, &offer, signalled_from);
            body = told.tell(offer, ports.callee);
        }
        let mut headers = Headers::new();
        headers.push_typed(&MaxForwards(max_forwards));

        let mut branches = Vec::new();
        for binding in reachable(registrar.bindings(call.callee.account), caller_device) {
            let leg = desk.endpoint.next_leg();
            let invite = sip::Input::Invite {
                leg,
                flow: binding.flow,
                uri: binding.contact.clone(),
                from: address(&call.caller, &desk.config.domain),
                to: address(&call.callee, &desk.config.domain),
                headers: headers.clone(),
                body: body.clone(),
                credential: None,
            };
            self.legs.insert(leg, (call_id, Side::Callee));
            desk.endpoint.handle(now, invite);
            let phone = Phone {
                leg,
                flow: binding.flow,
                told: told.clone(),
            };
            branches.push(Branch {
                phone,
                binding: binding.id,
            });
        }
        let nobody_is_left = branches.is_empty();
        call.stage = Stage::Ringing(Ringing {
            ports,
            since: now,
            timer: desk
                .timetable
                .set(now + desk.config.ring_timeout, Timer::RingsTooLong(call_id)),
            is_single: branches.len() == 1,
            branches,
            refusals: Refusals::default(),
            last_progress: None,
            has_rung: false,
            caller_offers,
            early_answer: Bytes::new(),
        });
        if nobody_is_left {
            let ending = Ending::refused(CallEnd::Unreachable, StatusCode::TEMPORARILY_UNAVAILABLE);
            self.end(now, desk, call_id, ending.because(ABSENT));
        }
    }
}

/// How a person is shown to the other side: by the number that can be called back.
fn address(party: &Party, domain: &Text) -> NameAddr {
    let number = party.number.as_deref().unwrap_or("unknown");
    let uri = Uri::sip(Host::Name(domain.clone()), None).with_user(number);
    match party.display_name.as_str() {
        "" => NameAddr::new(uri),
        _ => NameAddr::new(uri).with_display_name(party.display_name.clone()),
    }
}
