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
    FromHeader, HeaderName, Headers, MaxForwards, Method, Request, StatusCode, Text, ToHeader,
};

use super::Bridge;
use super::begin::Entry;
use super::call::{Call, Phone, Stage, Standing};
use super::call_back::RecallId;
use super::description::read_first_offer;
use crate::desk::Desk;
use crate::reached::{Callee, refused_in_words};
use crate::reception::{Admitted, ServiceCall};
use crate::registrar::Registrar;
use crate::timetable::{Timer, TimerId};
use crate::{CallEnd, CallId, DeviceId, Event, House, Party, Side};

/// A call in a slot.
#[derive(Debug)]
pub(super) struct Parked {
    call: CallId,
    by: Party,
    timer: TimerId,
}

/// RFC 7462 section 6.2.3: a call that was put on hold comes back.
const ALERT: &str = "<urn:alert:service:recall:hold>";

/// A phone that has handed its call over hangs up itself, or is hung up on after this time: longer than two NOTIFYs take, and
/// shorter than a person waits.
const LETTING_GO: Duration = Duration::from_secs(1);

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
        // Not before it has heard that its transfer is done.
        let timer = Timer::ConfirmationOver(leaving.leg);
        desk.timetable.set(now + LETTING_GO, timer);
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
}

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
    // The phone of another server shows no slot; its person sees the lamps.
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
