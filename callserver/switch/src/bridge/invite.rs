//! The relay has given ports: phones can be invited.

use std::time::Instant;

use bytes::Bytes;
use sdp::SessionDescription;
use sip::{Flow, HeaderName, Headers, Method, NameAddr, StatusCode, Text};

use super::Bridge;
use super::audio::{Audio, ladder, propose};
use super::call::{AwaitingPorts, Phone, Ringing, Stage, Standing};
use super::description::{Told, expect_media, is_behind_nat};
use super::end::Ending;
use crate::cluster::Sender;
use crate::desk::Desk;
use crate::refusal::Refusals;
use crate::registrar::{Registrar, Target};
use crate::timetable::Timer;
use crate::{CallEnd, CallId, MediaPorts, RelayAddress, Side};

impl Bridge {
    /// Lets phones ring, or ends the call if the relay has no ports.
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
        if let Some(Standing::Waits(wants)) = &call.standing {
            let relay = ports.caller.towards(&call.caller_phone.flow);
            let phone = &mut call.caller_phone;
            let leg = phone.leg;
            match phone.waits(desk, wants, relay) {
                Ok(body) => desk
                    .endpoint
                    .handle(now, sip::Input::Acknowledge { leg, body }),
                Err(status) => {
                    let ending = Ending::by_side(CallEnd::NoMedia, Side::Caller, None);
                    // The ports came with the stage before.
                    desk.emit(crate::Event::MediaClosed { call: call_id });
                    return self.end(now, desk, call_id, ending.with_status(status));
                }
            }
        }
        if let Some(phone) = awaiting.waiting.take() {
            return self.offer_to_waiting(now, desk, call_id, *phone, ports);
        }
        if let Some(house) = awaiting.house {
            let offer = awaiting.offer.take();
            return self.open_house(now, desk, call_id, (house, ports), offer, false);
        }
        let AwaitingPorts {
            offer,
            takes_early_offer,
            caller_device,
            headers,
            ..
        } = &mut **awaiting;
        let (offer, caller_device) = (offer.take(), *caller_device);
        let mut headers = std::mem::take(headers);
        if call.is_anonymous {
            headers.push(HeaderName::Privacy, Text::from_static("id"));
        }
        let takes_early_offer = *takes_early_offer;
        let has_caller_spoken = offer.is_some();
        if let Some(offer) = &offer {
            expect_media(desk, call_id, Side::Caller, offer, &mut call.caller_phone);
        }
        let invitation = Invitation {
            sender: Sender {
                party: call.caller.clone(),
                device: caller_device,
            },
            from: call.shown(Side::Caller, &desk.config.domain),
            to: call.callee.address(&desk.config.domain),
            headers,
            told: Told::new(self.first_session + 2 * call_id.0 + 1),
            offer,
            relay: ports.callee,
            caller: Some(call.caller_phone.flow),
        };
        let longest = desk.config.ring_timeout;
        let search = call.search.as_ref();
        let until = now + search.map_or(longest, |search| search.patience(longest));
        call.stage = Stage::Ringing(Box::new(Ringing {
            ports,
            since: now,
            until,
            timer: desk.timetable.set(until, Timer::RingsTooLong(call_id)),
            is_single: false,
            branches: Vec::new(),
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
            invited: Vec::new(),
            redirections: 0,
            lookups: 0,
            picker: None,
            invitation,
        }));
        self.ring_next(now, desk, registrar, call_id);
    }
}

/// What all phones of the callee are sent.
#[derive(Debug)]
pub(super) struct Invitation {
    /// Who calls: other servers are told.
    pub(super) sender: Sender,
    pub(super) from: NameAddr,
    pub(super) to: NameAddr,
    pub(super) headers: Headers,
    /// All phones are told the same, but for the relay's address; what they answer is kept apart from then on.
    pub(super) told: Told,
    /// What the caller offers; `None` if the phones shall.
    pub(super) offer: Option<SessionDescription>,
    pub(super) relay: RelayAddress,
    /// The way to the phone that offers it, if one does.
    pub(super) caller: Option<Flow>,
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
        self.send_in_shape(now, desk, target, 0)
    }

    /// Invites a phone once more that has refused what it was offered, with another offer, if there is one.
    pub(super) fn send_otherwise(
        &self,
        now: Instant,
        desk: &mut Desk,
        phone: &Phone,
    ) -> Option<Phone> {
        let (target, refused) = phone.audio.invited.as_deref()?;
        let offer = self.offer.as_ref()?;
        let next = refused + 1;
        let is_left = next < ladder(offer, self.caller?, target.flow).len();
        is_left.then(|| self.send_in_shape(now, desk, target, next))
    }

    fn send_in_shape(
        &self,
        now: Instant,
        desk: &mut Desk,
        target: &Target,
        refused: usize,
    ) -> Phone {
        let leg = desk.endpoint.next_leg();
        let mut headers = self.headers.clone();
        target.push_route(&mut headers);
        let mut told = self.told.clone();
        let mut audio = Audio::new();
        audio.invited = Some(Box::new((target.clone(), refused)));
        let body = self.offer.as_ref().map(|offer| {
            let shapes = self.caller.map(|caller| ladder(offer, caller, target.flow));
            if let Some(shape) = shapes.as_ref().and_then(|shapes| shapes.get(refused)) {
                audio.shape = *shape;
            }
            let offer = propose(&mut desk.key_maker, &mut audio, offer);
            told.tell(offer, self.relay.towards(&target.flow))
        });
        let body = body.unwrap_or_default();
        let parties = (&self.sender, &self.from, &self.to);
        desk.vouch(now, &mut headers, &Method::Invite, target, parties, &body);
        let invite = sip::Input::Invite {
            leg,
            flow: target.flow,
            uri: target.contact.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            headers,
            body,
            credential: None,
        };
        desk.endpoint.handle(now, invite);
        Phone {
            leg,
            device: target.device,
            flow: target.flow,
            server: target.token.is_some().then_some(target.flow),
            receives_at: None,
            is_behind_nat: target.token.is_none()
                && is_behind_nat(Some(&target.contact), target.flow),
            told,
            audio: Box::new(audio),
        }
    }
}
