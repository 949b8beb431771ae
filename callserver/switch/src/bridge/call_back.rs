//! Somebody who has called in vain is called back: first the own phones ring, and then, in a call of this one, the callee's.
//!
//! The phone that is picked up makes an offer, since it gets none, and is answered with a session in which nothing flows. Then
//! the callee is called as by any caller that leaves the offer to the callee; that one's offer goes to the waiting phone in a
//! re-INVITE, and the answer back in the ACK (RFC 3725 section 4.4).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sdp::{Codec, Direction, OfferConfig, SessionDescription, Transport};
use sip::{EndCause, HeaderName, Headers, LegId, MaxForwards, NameAddr, Request, StatusCode, Text};

use super::Bridge;
use super::audio::Audio;
use super::begin::Entry;
use super::call::{Branch, Phone, Standing};
use super::description::{Told, read};
use super::end::ANSWERED_ELSEWHERE;
use super::invite::Invitation;
use crate::cluster::Sender;
use crate::desk::Desk;
use crate::reached::Callee;
use crate::registrar::{Reachable, Registrar};
use crate::stored_call::Seal;
use crate::timetable::{Timer, TimerId};
use crate::{CallId, CompletionId, DeviceId, Event, Party};

/// RFC 7462 section 6.2.3: a call that was wished for.
const ALERT: &str = "<urn:alert:service:recall:callback>";

/// A phone shows for so long what became of a code that was dialled.
const CONFIRMING: Duration = Duration::from_secs(2);

/// Who is to be called back.
#[derive(Debug)]
pub(crate) struct CallBack {
    pub(crate) completion: CompletionId,
    pub(crate) caller: Party,
    /// Whom they will be connected with.
    pub(crate) callee: Callee,
    pub(crate) dialled: Text,
}

/// Why somebody's phones ring.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum RecallId {
    /// They have wished for it.
    Completion(CompletionId),
    /// Nobody has taken the call that they have parked here.
    Slot(u32),
}

/// Their phones ring.
#[derive(Debug)]
pub(super) struct Recall {
    /// Whom they will be connected with, and under what; nobody has to be called for a slot.
    back: Option<CallBack>,
    branches: Vec<Branch>,
    timer: TimerId,
}

impl Recall {
    pub(super) fn legs(&self) -> usize {
        self.branches.len()
    }

    /// Nobody picks up, or one of the phones was.
    fn stop(self, now: Instant, desk: &mut Desk, reason: Option<&'static str>) {
        desk.timetable.cancel(self.timer);
        for branch in self.branches {
            desk.hang_up(now, branch.phone.leg, reason.map(Text::from_static));
        }
    }
}

impl Bridge {
    /// Lets all phones of somebody ring who waits for a callee. Tells whether there are any;
    /// [`Event::CallBackEnded`] tells what came of it.
    pub(crate) fn call_back(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        back: CallBack,
    ) -> bool {
        let callee = back.callee.party.clone();
        let whom = match callee.display_name.as_str() {
            "" => callee.number.as_deref().unwrap_or(&back.dialled),
            name => name,
        };
        let words = format!("Call back: {whom}");
        let from = callee.address(&desk.config.domain);
        let from = from.with_display_name(words);
        let id = RecallId::Completion(back.completion);
        let ring = desk.config.completion.ring;
        let caller = back.caller.clone();
        let shown = (callee, from, ALERT);
        self.ring_again(now, desk, registrar, (id, Some(back)), &caller, shown, ring)
    }

    /// Lets all phones of somebody ring who has not called. Tells whether there are any.
    #[expect(
        clippy::too_many_arguments,
        reason = "who, why, how it is shown and for how long"
    )]
    pub(super) fn ring_again(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        (id, back): (RecallId, Option<CallBack>),
        whom: &Party,
        (party, from, alert): (Party, NameAddr, &'static str),
        lasts: Duration,
    ) -> bool {
        let phones = registrar.reachable(whom.account, None);
        if phones.is_empty() {
            return false;
        }
        self.last_call += 1;
        let mut headers = Headers::new();
        headers.push_typed(&MaxForwards(MaxForwards::INITIAL.0));
        headers.push(HeaderName::AlertInfo, Text::from_static(alert));
        headers.push(HeaderName::Supported, Text::from_static("timer"));
        let invitation = Invitation {
            from,
            to: whom.address(&desk.config.domain),
            sender: Sender {
                party,
                // None of its devices calls.
                device: DeviceId(0),
            },
            headers,
            told: Told::new(self.first_session + 2 * self.last_call),
            offer: None,
            relay: SocketAddr::from(([0, 0, 0, 0], 9)).into(),
            caller: None,
        };
        let account = whom.account;
        let ring = |Reachable { first, others }| Branch {
            phone: invitation.send(now, desk, &first),
            account,
            binding: first.binding,
            others,
        };
        let branches = phones.into_iter().map(ring).collect();
        let due = now + lasts;
        let timer = desk.timetable.set(due, Timer::CallBackRingsTooLong(id));
        let recall = Recall {
            back,
            branches,
            timer,
        };
        self.recalls.insert(id, recall);
        true
    }

    /// A phone of somebody who is called back was picked up: the callee is called. Tells whether the leg is one of those.
    pub(crate) fn called_back(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        leg: LegId,
        body: &Bytes,
    ) -> bool {
        let Some(id) = self.recall_with(leg) else {
            return false;
        };
        let Some(mut recall) = self.recalls.remove(&id) else {
            return false;
        };
        let Some(index) = recall.position(leg) else {
            return false;
        };
        let phone = recall.branches.swap_remove(index).phone;
        let back = recall.back.take();
        recall.stop(now, desk, Some(ANSWERED_ELSEWHERE));
        let offer = read(body).ok();
        let (Some(offer), Some(back)) = (offer.clone(), back) else {
            match (offer, id) {
                (Some(offer), RecallId::Slot(slot)) => {
                    self.parker_takes(now, desk, registrar, slot, (phone, offer));
                }
                _ => {
                    desk.hang_up(now, leg, None);
                    self.recall_fails(now, desk, id);
                }
            }
            return true;
        };
        let id = back.completion;
        self.last_call += 1;
        let call = CallId(self.last_call);
        desk.emit(Event::CallStarted {
            call,
            caller: back.caller.clone(),
            callee: back.callee.party.clone(),
            dialled: back.dialled,
            is_visit: false,
            is_anonymous: false,
            call_id: Text::EMPTY,
        });
        desk.emit(Event::CallBackEnded {
            completion: id,
            call: Some(call),
        });
        let mut headers = Headers::new();
        headers.push_typed(&MaxForwards(MaxForwards::INITIAL.0));
        let entry = Entry {
            call,
            phone,
            caller: back.caller,
            callee: back.callee,
            headers,
            history: Headers::new(),
            offer: None,
            takes_early_offer: false,
            is_anonymous: false,
            standing: Some(Standing::Waits(Box::new(offer))),
            house: None,
            waiting: None,
        };
        self.enter(now, desk, registrar, entry);
        true
    }

    /// A phone of somebody who is called back refuses, or is gone. Tells whether the leg is one of those.
    pub(crate) fn not_called_back(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        cause: &EndCause,
    ) -> bool {
        let Some(id) = self.recall_with(leg) else {
            return false;
        };
        let Some(recall) = self.recalls.get_mut(&id) else {
            return false;
        };
        recall.branches.retain(|branch| branch.phone.leg != leg);
        // A person who declines speaks for all phones.
        let is_declined = matches!(cause, EndCause::Refused { status, .. } if status.code() >= 600);
        if recall.branches.is_empty() || is_declined {
            self.stop_recall(now, desk, id);
            self.recall_fails(now, desk, id);
        }
        true
    }

    fn recall_fails(&mut self, now: Instant, desk: &mut Desk, id: RecallId) {
        match id {
            RecallId::Completion(completion) => desk.emit(Event::CallBackEnded {
                completion,
                call: None,
            }),
            RecallId::Slot(slot) => self.wait_on(now, desk, slot),
        }
    }

    /// Nobody was there to be called back.
    pub(crate) fn call_back_rang_too_long(&mut self, now: Instant, desk: &mut Desk, id: RecallId) {
        if self.recalls.contains_key(&id) {
            self.stop_recall(now, desk, id);
            self.recall_fails(now, desk, id);
        }
    }

    /// It is not wanted any more.
    pub(crate) fn stop_call_back(&mut self, now: Instant, desk: &mut Desk, id: CompletionId) {
        self.stop_recall(now, desk, RecallId::Completion(id));
    }

    pub(super) fn stop_recall(&mut self, now: Instant, desk: &mut Desk, id: RecallId) {
        if let Some(recall) = self.recalls.remove(&id) {
            recall.stop(now, desk, None);
        }
    }

    /// The server stops.
    pub(super) fn stop_call_backs(&mut self, now: Instant, desk: &mut Desk) {
        for (_, recall) in self.recalls.drain() {
            recall.stop(now, desk, None);
        }
    }

    fn recall_with(&self, leg: LegId) -> Option<RecallId> {
        let mut recalls = self.recalls.iter();
        let found = recalls.find(|(_, recall)| recall.position(leg).is_some());
        found.map(|(id, _)| *id)
    }

    /// A code that was dialled has done what it is for: the call is answered, nothing is to be heard in it, and it ends at once.
    pub(crate) fn confirm(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (leg, flow, invite): (LegId, sip::Flow, &Request),
    ) {
        self.last_call += 1;
        let mut told = Told::new(self.first_session + 2 * self.last_call);
        let mut audio = Audio::new();
        // RFC 863: nobody listens there.
        let nowhere = SocketAddr::new(flow.local.ip(), 9);
        let offer = read(&invite.body).map_err(|unusable| unusable.status());
        let answer =
            offer.and_then(|offer| silent_answer(desk, &mut audio, &mut told, &offer, nowhere));
        match answer {
            Ok(body) => {
                let headers = Headers::new();
                let accept = sip::Input::Accept { leg, headers, body };
                desk.endpoint.handle(now, accept);
                let timer = Timer::ConfirmationOver(leg);
                desk.timetable.set(now + CONFIRMING, timer);
            }
            // The wish was heard all the same.
            Err(status) => desk.reject(now, leg, status, Headers::new()),
        }
    }
}

impl Recall {
    fn position(&self, leg: LegId) -> Option<usize> {
        let mut branches = self.branches.iter();
        branches.position(|branch| branch.phone.leg == leg)
    }
}

impl Phone {
    /// The answer to what this phone offers while it waits for the other one.
    pub(super) fn waits(
        &mut self,
        desk: &mut Desk,
        wants: &SessionDescription,
        relay: SocketAddr,
    ) -> Result<Bytes, StatusCode> {
        let body = silent_answer(desk, &mut self.audio, &mut self.told, wants, relay)?;
        let is_sealed = { wants.audio() }.is_some_and(|audio| audio.transport() == Transport::Srtp);
        self.audio.seal = Some(match is_sealed {
            true => Seal::ByServer,
            false => Seal::Open,
        });
        Ok(body)
    }
}

/// The answer to a phone with which nothing is to be spoken yet.
pub(super) fn silent_answer(
    desk: &mut Desk,
    audio: &mut Audio,
    told: &mut Told,
    offer: &SessionDescription,
    relay: SocketAddr,
) -> Result<Bytes, StatusCode> {
    let keys = audio.offered_keys(&mut desk.key_maker);
    let config = OfferConfig {
        address: relay,
        codecs: &Codec::ALL,
        session_id: 1,
        version: 1,
        direction: Direction::Inactive,
        ptime_millis: 20,
        crypto: &keys,
    };
    let (silence, _) = sdp::answer(offer, &config).map_err(|_| StatusCode::NOT_ACCEPTABLE_HERE)?;
    Ok(told.tell(silence, relay))
}
