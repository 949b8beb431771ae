//! Calls that wait in slots until somebody takes them.
//!
//! A call that is parked is over for the one who parks it. Its other phone goes over into a call of its own, with the server,
//! and hears music there. Whoever dials the slot begins a call whose callee's phone is there already: it is offered what the
//! new caller wants, as a phone that rings. When nobody does, the phones of the one who parked ring, and picking one up is
//! the same as dialling the slot.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sdp::SessionDescription;
use sip::{
    FromHeader, HeaderName, Headers, LegId, MaxForwards, Method, Reason, Request, StatusCode, Text,
    ToHeader, TypedHeader,
};

use super::Bridge;
use super::audio::{is_about_the_offer, propose};
use super::begin::Entry;
use super::call::{Branch, Call, Phone, Ringing, Stage, Standing};
use super::call_back::RecallId;
use super::description::{Told, expect_media, read_first_offer};
use super::invite::Invitation;
use crate::cluster::Sender;
use crate::desk::Desk;
use crate::questions::Purpose;
use crate::reached::{Callee, refused_in_words};
use crate::reception::{Admitted, ServiceCall};
use crate::refusal::Refusals;
use crate::registrar::Registrar;
use crate::timetable::{Timer, TimerId};
use crate::{
    BindingId, CallEnd, CallId, DeviceId, Event, House, MediaPorts, Party, Question, Side,
};

/// A call in a slot.
#[derive(Debug)]
pub(super) struct Parked {
    call: CallId,
    by: Party,
    timer: TimerId,
}

/// RFC 7462 section 6.2.3: a call that was put on hold comes back.
const ALERT: &str = "<urn:alert:service:recall:hold>";

/// Longer than two phones need to agree.
const AGREEING: Duration = Duration::from_secs(10);

impl Bridge {
    /// The lowest free slot, or the one that is wanted if it is free.
    pub(super) fn free_slot(&self, desk: &Desk, wanted: Option<u32>) -> Option<u32> {
        let is_free = |slot: &u32| !self.parked.contains_key(slot);
        match wanted {
            Some(slot) => Some(slot).filter(is_free),
            None => (0..desk.config.park.slots).find(is_free),
        }
    }

    /// The phone on the side opposite to `by` waits from now on.
    pub(super) fn move_to_slot(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        (id, by): (CallId, Side),
        slot: u32,
    ) {
        let Some(mut call) = self.calls.remove(&id) else {
            return;
        };
        self.give_back(desk, &mut call);
        let Call {
            caller,
            callee,
            caller_phone,
            is_anonymous,
            stage,
            ..
        } = call;
        let Stage::Talking(talking) = stage else {
            return;
        };
        let callee_phone = talking.callee_phone;
        let (parker, leaving, waiting, phone, is_anonymous) = match by {
            Side::Caller => (caller, caller_phone, callee, callee_phone, false),
            Side::Callee => (callee, callee_phone, caller, caller_phone, is_anonymous),
        };
        let place = desk.config.park.party(slot);
        let dialled = desk.config.park.dialled(slot);
        self.legs.remove(&leaving.leg);
        let words = format!("Parked at {dialled}");
        desk.hang_up(now, leaving.leg, Some(Reason::sip(200, &words).to_text()));
        desk.emit(Event::CallEnded {
            call: id,
            cause: CallEnd::Transferred,
            hung_up_by: Some(by),
        });
        let whom = if is_anonymous { None } else { Some(&waiting) };
        tell_slot(
            now,
            desk,
            registrar,
            (&parker, leaving.device),
            &place,
            whom,
        );

        self.last_call += 1;
        let call = CallId(self.last_call);
        let due = now + desk.config.park.patience;
        let house = House::Parked {
            of: parker.account,
            slot,
        };
        let parked = Parked {
            call,
            by: parker,
            timer: desk.timetable.set(due, Timer::ParkedTooLong(slot)),
        };
        self.parked.insert(slot, parked);
        desk.emit(Event::CallStarted {
            call,
            caller: waiting.clone(),
            callee: place.clone(),
            dialled,
            is_visit: false,
            is_anonymous,
            call_id: Text::EMPTY,
        });
        let entry = Entry {
            call,
            caller: waiting,
            callee: Callee::alone(place),
            phone,
            headers: Headers::new(),
            history: Headers::new(),
            offer: None,
            takes_early_offer: false,
            is_anonymous,
            standing: Some(Standing::InCall),
            house: Some(house),
            waiting: None,
        };
        self.enter(now, desk, registrar, entry);
    }

    /// Somebody has dialled a slot, or the code by which calls are parked.
    pub(crate) fn take_from_slot(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        call: ServiceCall,
        slot: Option<u32>,
    ) {
        let ServiceCall {
            leg,
            flow,
            invite,
            by,
            ..
        } = call;
        let most = desk.config.max_calls_of_account;
        let load = self.load.get(&by.account).copied().unwrap_or_default();
        let offer = match &invite.body {
            empty if empty.is_empty() => Ok(()),
            body => read_first_offer(body).map(|_| ()),
        };
        let refusal = match (slot, offer) {
            (None, _) => Some((StatusCode::NOT_FOUND, "Hand a call over to this to park it")),
            (Some(slot), _) if !self.is_taken(slot) => {
                Some((StatusCode::NOT_FOUND, "No call is parked there"))
            }
            (_, Err(unusable)) => Some((unusable.status(), "The offer cannot be read")),
            _ if load >= most => Some((StatusCode::FORBIDDEN, "You have too many calls at once")),
            _ => None,
        };
        if let Some((status, words)) = refusal {
            let words = refused_in_words(words, &desk.config.domain);
            return desk.reject(now, leg, status, words);
        }
        let slot = slot.unwrap_or_default();
        let Some((waiting, phone)) = self.take_parked(now, desk, slot) else {
            // It is on its way there.
            return desk.reject(now, leg, StatusCode::REQUEST_PENDING, Headers::new());
        };
        let admitted = Admitted {
            leg,
            flow,
            invite,
            caller: by.sender(),
            callee: Callee::alone(waiting),
            dialled: desk.config.park.dialled(slot),
            back: None,
            history: Headers::new(),
            is_emergency: false,
            house: None,
        };
        self.begin_with(now, desk, registrar, admitted, Some(Box::new(phone)));
    }

    fn is_taken(&self, slot: u32) -> bool {
        self.parked.contains_key(&slot)
    }

    /// The phone that waits in a slot leaves it, if it has come there. Whoever hides goes on hiding behind the slot.
    fn take_parked(&mut self, now: Instant, desk: &mut Desk, slot: u32) -> Option<(Party, Phone)> {
        let id = self.parked.get(&slot)?.call;
        let Stage::Hosted(hosted) = &self.calls.get(&id)?.stage else {
            return None;
        };
        if hosted.offer.is_some() {
            return None;
        }
        let mut call = self.calls.remove(&id)?;
        self.leave_slot(now, desk, slot);
        self.give_back(desk, &mut call);
        self.legs.remove(&call.caller_phone.leg);
        desk.emit(Event::CallEnded {
            call: id,
            cause: CallEnd::Transferred,
            hung_up_by: None,
        });
        let party = match call.is_anonymous {
            true => desk.config.park.party(slot),
            false => call.caller,
        };
        Some((party, call.caller_phone))
    }

    /// The slot is free again.
    pub(super) fn leave_slot(&mut self, now: Instant, desk: &mut Desk, slot: u32) {
        if let Some(parked) = self.parked.remove(&slot) {
            desk.timetable.cancel(parked.timer);
            self.stop_recall(now, desk, RecallId::Slot(slot));
        }
    }

    /// A call of the process before waits in a slot.
    pub(super) fn occupy_again(&mut self, now: Instant, desk: &mut Desk, call: &Call, by: Party) {
        let Stage::Hosted(hosted) = &call.stage else {
            return;
        };
        if let House::Parked { slot, .. } = hosted.host.house() {
            let due = now + desk.config.park.patience;
            let parked = Parked {
                call: call.id,
                by,
                timer: desk.timetable.set(due, Timer::ParkedTooLong(slot)),
            };
            self.parked.insert(slot, parked);
        }
    }

    /// Who has parked this call.
    pub(super) fn parker(&self, house: Option<House>) -> Option<Party> {
        match house {
            Some(House::Parked { slot, .. }) => Some(self.parked.get(&slot)?.by.clone()),
            _ => None,
        }
    }

    /// Nobody has taken the call: the phones of whoever parked it ring.
    pub(crate) fn ring_back(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        slot: u32,
    ) {
        let Some(parked) = self.parked.get(&slot) else {
            return;
        };
        let by = parked.by.clone();
        let Some(call) = self.calls.get(&parked.call) else {
            return;
        };
        let domain = &desk.config.domain;
        let shown = call.shown(Side::Caller, domain);
        let name = shown.display_name.clone();
        let name = name.or(call.caller.number.clone()).unwrap_or(Text::EMPTY);
        let place = desk.config.park.party(slot);
        let words = format!("Parked: {name}");
        let from = place.address(domain).with_display_name(words);
        let (why, lasts) = ((RecallId::Slot(slot), None), desk.config.park.ring);
        let shown = (place, from, ALERT);
        if !self.ring_again(now, desk, registrar, why, &by, shown, lasts) {
            self.wait_on(now, desk, slot);
        }
    }

    /// The one who parked is not there, or is busy: the call goes on waiting.
    pub(super) fn wait_on(&mut self, now: Instant, desk: &mut Desk, slot: u32) {
        let due = now + desk.config.park.patience;
        if let Some(parked) = self.parked.get_mut(&slot) {
            desk.timetable.cancel(parked.timer);
            parked.timer = desk.timetable.set(due, Timer::ParkedTooLong(slot));
        }
    }

    /// The one who parked a call has picked up a phone, which has made this offer.
    pub(super) fn parker_takes(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        slot: u32,
        (phone, offer): (Phone, SessionDescription),
    ) {
        let by = self.parked.get(&slot).map(|parked| parked.by.clone());
        let taken = self.take_parked(now, desk, slot);
        let (Some(by), Some((waiting, waits))) = (by, taken) else {
            return desk.hang_up(now, phone.leg, None);
        };
        self.last_call += 1;
        let call = CallId(self.last_call);
        desk.emit(Event::CallStarted {
            call,
            caller: by.clone(),
            callee: waiting.clone(),
            dialled: desk.config.park.dialled(slot),
            is_visit: false,
            is_anonymous: false,
            call_id: Text::EMPTY,
        });
        let entry = Entry {
            call,
            caller: by,
            callee: Callee::alone(waiting),
            phone,
            headers: Headers::new(),
            history: Headers::new(),
            offer: Some(offer),
            takes_early_offer: false,
            is_anonymous: false,
            standing: Some(Standing::Answering),
            house: None,
            waiting: Some(Box::new(waits)),
        };
        self.enter(now, desk, registrar, entry);
    }

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

/// Of a phone that was in a call already: nothing can be said about a registration.
const NOT_INVITED: BindingId = BindingId(0);

/// The phone that has parked a call shows where.
fn tell_slot(
    now: Instant,
    desk: &mut Desk,
    registrar: &Registrar,
    (parker, device): (&Party, DeviceId),
    place: &Party,
    whom: Option<&Party>,
) {
    let phones = registrar.reachable(parker.account, None);
    let mut own = phones.into_iter().map(|phone| phone.first);
    // Another server's phone is told by the reason of its BYE alone.
    let Some(target) = own.find(|target| target.device == device && target.token.is_none()) else {
        return;
    };
    let number = place.number.as_deref().unwrap_or_default();
    let name = whom.map_or("somebody", |whom| match whom.display_name.as_str() {
        "" => whom.number.as_deref().unwrap_or("somebody"),
        name => name,
    });
    let domain = &desk.config.domain;
    let mut message = Request::new(Method::Message, target.contact.clone());
    let headers = &mut message.headers;
    headers.push_typed(&MaxForwards(MaxForwards::INITIAL.0));
    headers.push_typed(&FromHeader(place.address(domain)));
    headers.push_typed(&ToHeader(parker.address(domain)));
    headers.push(HeaderName::ContentType, Text::from_static("text/plain"));
    target.push_route(headers);
    message.body = Bytes::from(format!("Parked at {number}: {name}"));
    let send = sip::Input::Request {
        request: desk.endpoint.next_request(),
        flow: target.flow,
        message,
        credential: None,
    };
    desk.endpoint.handle(now, send);
}
