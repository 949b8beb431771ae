//! Somebody takes a call that rings at another one's phone: `**NUMBER`, or `*8` for the group.
//!
//! Both phones have made an offer then, the caller's and the one that picks up. So the second one is answered with a session
//! in which nothing flows, and as soon as it has acknowledged that, it is offered what the caller wants: its answer to that
//! is the answer to the call, as that of any phone that rang.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sdp::{SessionDescription, Transport};
use sip::{Contact, Headers, LegId, StatusCode};

use super::Bridge;
use super::audio::{Audio, Shape, propose};
use super::call::{Branch, Call, Phone, Ringing, Stage};
use super::call_back::silent_answer;
use super::description::{Told, is_behind_nat, read};
use crate::config::PickUp;
use crate::desk::Desk;
use crate::reached::{Callee, refused_in_words};
use crate::reception::PickUpWish;
use crate::registrar::Registrar;
use crate::stored_call::Seal;
use crate::timetable::Timer;
use crate::{AccountId, BindingId, CallId, Credential, Party, Side, Treatment};

/// A phone that takes the call, until it has agreed with the caller's on a session.
#[derive(Debug)]
pub(super) struct Picker {
    pub(super) phone: Phone,
    party: Party,
    /// What it has offered.
    offer: SessionDescription,
}

/// Longer than two phones need to agree: meanwhile the call does not count as unanswered.
const AGREEING: Duration = Duration::from_secs(4);

impl Bridge {
    /// A proved person wants to take a call that rings.
    pub(crate) fn pick_up(&mut self, now: Instant, desk: &mut Desk, wish: PickUpWish) {
        let meant = self.ringing_for(desk.config.pick_up, &wish);
        self.pick_up_meant(now, desk, meant, wish);
    }

    /// The same with a call that it names (RFC 3891).
    pub(super) fn pick_up_named(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        wish: PickUpWish,
    ) {
        let rule = desk.config.pick_up;
        let rings = self.calls.get(&id).and_then(Call::rings_for);
        let meant = match rings {
            Some((ringing, callee)) => {
                let account = wish.by.account;
                let is_own = callee.party.account == account || ringing.rings(account);
                let may = is_own || rule == PickUp::Everybody || is_in_group_of(&wish, callee);
                match (may, ringing.can_be_picked_up()) {
                    (false, _) => Err(StatusCode::FORBIDDEN),
                    (true, false) => Err(StatusCode::REQUEST_PENDING),
                    (true, true) => Ok(id),
                }
            }
            None => Err(StatusCode::CALL_DOES_NOT_EXIST),
        };
        self.pick_up_meant(now, desk, meant, wish);
    }

    fn pick_up_meant(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        meant: Result<CallId, StatusCode>,
        wish: PickUpWish,
    ) {
        let (leg, domain) = (wish.leg, desk.config.domain.clone());
        let taken = meant.and_then(|id| self.try_pick_up(now, desk, id, wish));
        if let Err(refusal) = taken {
            let headers = match refusal {
                StatusCode::FORBIDDEN => refused_in_words("You may not take this call", &domain),
                StatusCode::NOT_FOUND => refused_in_words("No call rings there", &domain),
                _ => Headers::new(),
            };
            desk.reject(now, leg, refusal, headers);
        }
    }

    fn try_pick_up(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        wish: PickUpWish,
    ) -> Result<(), StatusCode> {
        let offer = read(&wish.invite.body).map_err(|unusable| unusable.status())?;
        self.last_call += 1;
        let mut told = Told::new(self.first_session + 2 * self.last_call);
        let call = self.calls.get_mut(&id).ok_or(StatusCode::NOT_FOUND)?;
        let ringing = call.ringing().ok_or(StatusCode::NOT_FOUND)?;
        let mut audio = Audio::new();
        let relay = ringing.ports.callee.towards(&wish.flow);
        let accept = sip::Input::Accept {
            leg: wish.leg,
            headers: Headers::new(),
            body: silent_answer(desk, &mut audio, &mut told, &offer, relay)?,
        };
        let contact = wish.invite.headers.typed::<Contact>().ok().flatten();
        let contact = contact.as_ref().and_then(Contact::address);
        ringing.picker = Some(Box::new(Picker {
            phone: Phone {
                leg: wish.leg,
                device: wish.by.device,
                flow: wish.flow,
                receives_at: None,
                is_behind_nat: is_behind_nat(contact.map(|address| &address.uri), wish.flow),
                server: None,
                told,
                audio: Box::new(audio),
            },
            party: wish.by.party(),
            offer,
        }));
        self.legs.insert(wish.leg, (id, Side::Callee));
        desk.endpoint.handle(now, accept);
        Ok(())
    }

    /// The call that has rung longest of those that are meant.
    fn ringing_for(&self, rule: PickUp, wish: &PickUpWish) -> Result<CallId, StatusCode> {
        let own = &wish.by;
        let mut may_not = false;
        let mut found: Option<(Instant, CallId)> = None;
        for (id, call) in &self.calls {
            let Some((ringing, callee)) = call.rings_for() else {
                continue;
            };
            let account = callee.party.account;
            let is_of_group = is_in_group_of(wish, callee);
            let is_meant = match &wish.whom {
                Some(whom) => whom.account == account || ringing.rings(whom.account),
                None => is_of_group && call.caller.account != own.account,
            };
            if !is_meant {
                continue;
            }
            let is_shared = wish
                .whom
                .as_ref()
                .is_some_and(|whom| whom.account == own.account || shares(own, &whom.treatment));
            if !(is_of_group || is_shared || rule == PickUp::Everybody) {
                may_not = true;
            } else if ringing.can_be_picked_up()
                && found.is_none_or(|(since, last)| (ringing.since, *id) < (since, last))
            {
                found = Some((ringing.since, *id));
            }
        }
        match found {
            Some((_, id)) => Ok(id),
            None if may_not => Err(StatusCode::FORBIDDEN),
            None => Err(StatusCode::NOT_FOUND),
        }
    }

    /// The phone that takes a call has acknowledged: it is offered what the caller wants. Tells whether the leg is that of one.
    pub(crate) fn picker_acknowledged(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
    ) -> bool {
        let Some((ringing, caller)) = self.picking(leg) else {
            return false;
        };
        let relay = ringing.ports.callee;
        let offer = ringing.invitation.offer.clone();
        let Some(Picker {
            phone, offer: own, ..
        }) = ringing.picker.as_deref_mut()
        else {
            return false;
        };
        let body = match offer {
            Some(offer) => {
                phone.audio.shape = shape(&offer, caller.transport.is_secure(), own, phone);
                let mut offer = propose(&mut desk.key_maker, &mut phone.audio, &offer);
                // RFC 3264 section 8: a stream that was there keeps its place.
                for stream in own.media.iter().skip(offer.media.len()) {
                    let mut given_up = stream.clone();
                    given_up.port = 0;
                    offer.media.push(given_up);
                }
                phone.told.tell(offer, relay.towards(&phone.flow))
            }
            None => Bytes::new(),
        };
        desk.endpoint
            .handle(now, sip::Input::Reinvite { leg, body });
        true
    }

    /// The phone that takes a call has answered what the caller wants: from now on it is one that rang, and was picked up.
    pub(super) fn picker_answered(&mut self, leg: LegId) {
        let Some((ringing, _)) = self.picking(leg) else {
            return;
        };
        if let Some(picker) = ringing.picker.take() {
            let Picker { phone, party, .. } = *picker;
            ringing.branches.push(Branch {
                phone,
                account: party.account,
                // It was not invited, so nothing can be said about a registration.
                binding: BindingId(0),
                others: Vec::new(),
            });
            if ringing
                .invited
                .iter()
                .all(|one| one.account != party.account)
            {
                ringing.invited.push(party);
            }
        }
    }

    /// The phone that wanted the call does not take what the caller wants. Tells whether the leg is that of one.
    pub(crate) fn picker_refused(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        leg: LegId,
    ) -> bool {
        let Some((ringing, _)) = self.picking(leg) else {
            return false;
        };
        ringing.picker = None;
        let id = self.legs.remove(&leg).map(|(id, _)| id);
        desk.hang_up(now, leg, None);
        if let Some(id) = id {
            self.end_if_nobody_rings(now, desk, registrar, id);
        }
        true
    }

    /// The phone that wanted the call is gone. Tells whether the leg was that of one; `id` is the call.
    pub(super) fn picker_ended(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        (id, leg): (CallId, LegId),
    ) -> bool {
        let Some(ringing) = self.calls.get_mut(&id).and_then(Call::ringing) else {
            return false;
        };
        if !ringing.is_picked_up_by(leg) {
            return false;
        }
        ringing.picker = None;
        self.end_if_nobody_rings(now, desk, registrar, id);
        true
    }

    fn picking(&mut self, leg: LegId) -> Option<(&mut Ringing, sip::Flow)> {
        let (id, _) = self.legs.get(&leg)?;
        let call = self.calls.get_mut(id)?;
        let caller = call.caller_phone.flow;
        let ringing = call
            .ringing()
            .filter(|ringing| ringing.is_picked_up_by(leg))?;
        Some((ringing, caller))
    }
}

impl Ringing {
    fn is_picked_up_by(&self, leg: LegId) -> bool {
        let picker = self.picker.as_ref();
        picker.is_some_and(|picker| picker.phone.leg == leg)
    }

    /// Whether a phone of this account rings.
    fn rings(&self, account: AccountId) -> bool {
        self.branches.iter().any(|branch| branch.account == account)
    }

    /// Not while the caller agrees on something with the phone that rings, or another one picks up.
    fn can_be_picked_up(&self) -> bool {
        self.picker.is_none()
            && self.picked_up.is_none()
            && self.exchange.is_none()
            && !self.is_settled
            && !self.branches.is_empty()
    }

    /// Gives the phone that picks up the time to agree with the caller's. Tells whether there is one.
    pub(super) fn waits_for_picker(&mut self, now: Instant, desk: &mut Desk, id: CallId) -> bool {
        let is_there = self.picker.is_some();
        if is_there {
            let due = now + AGREEING;
            self.timer = desk.timetable.set(due, Timer::RingsTooLong(id));
        }
        is_there
    }

    /// Another phone has the call: the leg of the one that was about to take it.
    pub(super) fn drop_picker(&mut self) -> Option<LegId> {
        self.picker.take().map(|picker| picker.phone.leg)
    }
}

impl Call {
    fn rings_for(&self) -> Option<(&Ringing, &Callee)> {
        match (&self.stage, &self.search) {
            (Stage::Ringing(ringing), Some(search)) => Some((ringing, &search.callee)),
            _ => None,
        }
    }
}

/// Whether the one who picks up is in a ring group with this callee, or in this group.
fn is_in_group_of(wish: &PickUpWish, callee: &Callee) -> bool {
    wish.by.groups.contains(&callee.party.account) || shares(&wish.by, &callee.treatment)
}

fn shares(own: &Credential, treatment: &Treatment) -> bool {
    let mut groups = treatment.groups.iter();
    groups.any(|group| own.groups.contains(group))
}

/// How a phone that has offered `own` is offered what the caller wants, so that it can take it.
fn shape(
    offer: &SessionDescription,
    is_caller_secure: bool,
    own: &SessionDescription,
    phone: &Phone,
) -> Shape {
    let both_secure = is_caller_secure && phone.flow.transport.is_secure();
    let (theirs, own) = (offer.audio(), own.audio());
    let transports = theirs.zip(own).map(|(a, b)| (a.transport(), b.transport()));
    let seal = match transports {
        Some((Transport::Srtp, Transport::Srtp)) if !both_secure => Seal::ByServer,
        Some((Transport::Rtp, Transport::Srtp)) => Seal::ByServer,
        Some((Transport::Srtp, Transport::Rtp)) => Seal::Open,
        _ => Seal::AsTheOther,
    };
    let speaks = |audio: &sdp::Media, codec| audio.speech().iter().any(|(has, _)| *has == codec);
    let shares = theirs.zip(own).is_some_and(|(theirs, own)| {
        let mut codecs = own.speech().into_iter();
        codecs.any(|(codec, _)| speaks(theirs, codec))
    });
    Shape {
        seal,
        adds_codecs: !shares,
    }
}
