//! Somebody is looked for who takes the call: round after round of phones, and from one number to the next.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::{HeaderName, Headers, StatusCode, Text};

use super::Bridge;
use super::call::{Branch, Stage};
use super::end::{Ending, NO_ANSWER};
use super::treat::{Calling, Decision, Round, SendOn, absent, instead};
use crate::desk::Desk;
use crate::questions::Purpose;
use crate::reached::{Callee, Unreached};
use crate::refusal::{Refusals, call_end};
use crate::registrar::{Reachable, Registrar};
use crate::timetable::Timer;
use crate::way::{Cause, Way};
use crate::{
    AccountId, CallEnd, CallId, Event, House, Party, Question, Reached, Side, Treatment, Voicemail,
};

/// So many times may one call be sent on. Longer ways are mistakes.
pub(super) const MOST_FORWARDS: usize = 5;

/// Whom a call is for, and how it came there.
#[derive(Debug)]
pub(super) struct Search {
    /// Whom it is for at present.
    pub(super) callee: Callee,
    pub(super) way: Way,
    /// What another server says of how it came here.
    pub(super) history: Headers,
    /// Who rings when those who ring now do not answer.
    pub(super) rounds: VecDeque<Round>,
    /// Whom it was for so far: it comes to nobody twice.
    passed: Vec<AccountId>,
    forwards: usize,
    /// Where it is being sent on to.
    next: Option<(Cause, Ending)>,
    /// The voicemail of the first one who has one and had the call go on.
    mailbox: Option<(Party, Voicemail)>,
}

impl Search {
    pub(super) fn new(callee: Callee, history: Headers) -> Self {
        Search {
            way: Way::to(&callee),
            passed: vec![callee.party.account],
            callee,
            history,
            rounds: VecDeque::new(),
            forwards: 0,
            next: None,
            mailbox: None,
        }
    }

    /// Whether it is for several people, one of whom shall take it.
    pub(super) fn is_for_group(&self) -> bool {
        !self.callee.treatment.members.is_empty()
    }

    /// How long a call rings before it counts as unanswered.
    pub(super) fn patience(&self, longest: Duration) -> Duration {
        let Treatment {
            forward_no_answer,
            voicemail,
            ..
        } = &*self.callee.treatment;
        let forward = forward_no_answer.as_ref().map(|(_, after)| *after);
        let own = forward.or(voicemail.map(|voicemail| voicemail.after));
        own.map_or(longest, |own| own.min(longest))
    }
}

impl Bridge {
    /// Does what the present callee wants to be done with the call.
    pub(super) fn proceed(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        id: CallId,
    ) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let device = match &call.stage {
            Stage::AwaitingPorts(awaiting) => awaiting.caller_device,
            Stage::Ringing(ringing) => ringing.caller_device,
            Stage::Talking(_) | Stage::Hosted(_) => return,
        };
        let Some(search) = &call.search else {
            return;
        };
        if let Some(only) = search.callee.only {
            let round = Round::only(search.callee.party.clone(), only);
            return self.rounds_found(now, desk, registrar, id, [round].into());
        }
        let calling = Calling {
            call: id,
            party: &call.caller,
            device: Some(device),
            is_anonymous: call.is_anonymous,
        };
        match self.decide(registrar, &search.callee, calling) {
            Decision::Ring(rounds) => self.rounds_found(now, desk, registrar, id, rounds),
            Decision::SendOn(way) => self.send_on(now, desk, id, way),
            Decision::GiveUp(ending) => self.give_up(now, desk, id, ending),
            Decision::Refuse(ending) => self.end(now, desk, id, ending),
        }
    }

    /// It is known who shall ring; the ports are asked for last, so that calls which cannot come about cost none.
    fn rounds_found(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        id: CallId,
        rounds: VecDeque<Round>,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let flow = call.caller_phone.flow;
        let Some(search) = &mut call.search else {
            return;
        };
        match &mut call.stage {
            Stage::AwaitingPorts(awaiting) => {
                let device = Some(awaiting.caller_device);
                let phones = rounds
                    .iter()
                    .flat_map(|round| round.phones(registrar, device));
                let ways = phones.flat_map(|(_, Reachable { first, others })| {
                    std::iter::once(first).chain(others)
                });
                let question = Question::MediaPorts {
                    call: id,
                    caller: flow,
                    callees: ways.map(|target| target.flow).collect(),
                };
                search.rounds = rounds;
                awaiting.ask = Some(desk.ask(now, question, Purpose::Ports(id)));
            }
            Stage::Ringing(ringing) => {
                ringing.until = now + search.patience(desk.config.ring_timeout);
                search.rounds = rounds;
                self.ring_next(now, desk, registrar, id);
            }
            Stage::Talking(_) | Stage::Hosted(_) => {}
        }
    }

    /// The next round rings. When there is none, the call is over, or goes elsewhere.
    pub(super) fn ring_next(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        id: CallId,
    ) {
        let Some((ringing, search)) = self.calls.get_mut(&id).and_then(|call| call.searching())
        else {
            return;
        };
        while let Some(round) = search.rounds.pop_front() {
            let phones = round.phones(registrar, Some(ringing.caller_device));
            if phones.is_empty() {
                continue;
            }
            // One phone alone may let the caller hear something: its offer has one answer.
            ringing.is_single = ringing.invited.is_empty() && phones.len() == 1;
            if !(ringing.is_single && ringing.takes_early_offer) {
                ringing.invitation.ask_for_no_early_offer();
            }
            let headers = &mut ringing.invitation.headers;
            headers.remove(&HeaderName::HistoryInfo);
            headers.remove(&HeaderName::Diversion);
            search.way.push_history(headers, &desk.config.domain);
            search.way.push_diversion(headers, &desk.config.domain);
            headers.append(search.history.clone());
            ringing.since = now;
            ringing.invited.extend(round.whom);
            for (account, Reachable { first, others }) in phones {
                let phone = ringing.invitation.send(now, desk, &first);
                self.legs.insert(phone.leg, (id, Side::Callee));
                ringing.branches.push(Branch {
                    phone,
                    account,
                    binding: first.binding,
                    others,
                });
            }
            let is_last = search.rounds.is_empty();
            let end_of_round = round.lasts.map(|lasts| now + lasts);
            let due = end_of_round.map_or(ringing.until, |end| end.min(ringing.until));
            // The last round is over when nobody has answered at all.
            if is_last {
                ringing.until = due;
            }
            desk.timetable.cancel(ringing.timer);
            ringing.timer = desk.timetable.set(due, Timer::RingsTooLong(id));
            return;
        }
        self.nobody_rings(now, desk, id);
    }

    /// The phones that ring have done so for long enough.
    pub(crate) fn rang_too_long(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        id: CallId,
    ) {
        let Some((ringing, search)) = self.calls.get_mut(&id).and_then(|call| call.searching())
        else {
            return;
        };
        // Somebody has picked up, and only an offer has to be settled yet.
        if ringing.picked_up.is_some() {
            return;
        }
        if ringing.waits_for_picker(now, desk, id) {
            return;
        }
        if now < ringing.until && !search.rounds.is_empty() {
            return match self.stop_ringing(now, desk, id) {
                true => self.ring_next(now, desk, registrar, id),
                false => self.give_up(now, desk, id, unanswered()),
            };
        }
        match instead(&search.callee, Cause::NoAnswer, unanswered()) {
            Decision::SendOn(way) => self.send_on(now, desk, id, way),
            _ => self.give_up(now, desk, id, unanswered()),
        }
    }

    /// All phones have refused, and no other one is being looked for.
    pub(super) fn nobody_rings(&mut self, now: Instant, desk: &mut Desk, id: CallId) {
        let Some((ringing, search)) = self.calls.get_mut(&id).and_then(|call| call.searching())
        else {
            return;
        };
        let (best, reason) = std::mem::take(&mut ringing.refusals).best();
        let ending = match reason {
            None if ringing.branches.is_empty() && ringing.invited.is_empty() => absent(),
            reason => Ending {
                reason,
                ..Ending::refused(call_end(best), best)
            },
        };
        let Some(cause) = Cause::of(best) else {
            return self.give_up(now, desk, id, ending);
        };
        match instead(&search.callee, cause, ending) {
            Decision::SendOn(way) => self.send_on(now, desk, id, way),
            Decision::GiveUp(ending) | Decision::Refuse(ending) => {
                self.give_up(now, desk, id, ending);
            }
            Decision::Ring(_) => {}
        }
    }

    /// Nobody takes the call: the caller can leave a message, or the call is over. The one who was called last comes first;
    /// if they take no messages, whoever had the call go on to them.
    pub(super) fn give_up(&mut self, now: Instant, desk: &mut Desk, id: CallId, ending: Ending) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let mailbox = call.search.as_mut().and_then(|search| {
            let own = search.callee.treatment.voicemail;
            let own = own.map(|voicemail| (search.callee.party.clone(), voicemail));
            own.or(search.mailbox.take())
        });
        let Some((owner, voicemail)) = mailbox else {
            return self.end(now, desk, id, ending);
        };
        let of = owner.account;
        if call.callee.account != of {
            call.callee = owner.clone();
            let to = owner;
            desk.emit(Event::CallForwarded { call: id, to });
        }
        let house = House::Voicemail {
            of,
            is_full: voicemail.is_full,
        };
        self.host(now, desk, id, house, ending);
    }

    /// Stops the phones that ring. Tells whether others can ring for the caller: not if it has taken up something with one
    /// of them that no other can go on with.
    pub(super) fn stop_ringing(&mut self, now: Instant, desk: &mut Desk, id: CallId) -> bool {
        let is_bound = self.lose_exchange(now, desk, id);
        let Some(ringing) = self.calls.get_mut(&id).and_then(|call| call.ringing()) else {
            return true;
        };
        desk.timetable.cancel(ringing.timer);
        for branch in std::mem::take(&mut ringing.branches) {
            self.legs.remove(&branch.phone.leg);
            let reason = Text::from_static(NO_ANSWER);
            desk.hang_up(now, branch.phone.leg, Some(reason));
        }
        !is_bound
    }

    /// The call goes on to another number: who is there is asked for the one who sends it there.
    fn send_on(&mut self, now: Instant, desk: &mut Desk, id: CallId, way: SendOn) {
        let SendOn {
            to,
            cause,
            otherwise,
        } = way;
        if !self.stop_ringing(now, desk, id) {
            return self.give_up(now, desk, id, otherwise);
        }
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let (leg, caller) = (call.caller_phone.leg, call.caller.account);
        let Some(search) = &mut call.search else {
            return;
        };
        if search.forwards >= MOST_FORWARDS {
            return self.give_up(now, desk, id, otherwise);
        }
        search.forwards += 1;
        search.next = Some((cause, otherwise));
        let question = Question::Destination {
            dialled: to,
            caller: search.callee.party.clone(),
            on_behalf_of: Some(caller),
        };
        let ask = desk.ask(now, question, Purpose::Forward(id));
        match &mut call.stage {
            Stage::AwaitingPorts(awaiting) => awaiting.ask = Some(ask),
            Stage::Ringing(ringing) => {
                ringing.lookups += 1;
                ringing.last_progress = Some(StatusCode::CALL_IS_BEING_FORWARDED);
            }
            Stage::Talking(_) | Stage::Hosted(_) => {}
        }
        let progress = sip::Input::Progress {
            leg,
            status: StatusCode::CALL_IS_BEING_FORWARDED,
            body: Bytes::new(),
        };
        desk.endpoint.handle(now, progress);
    }

    /// Where the call goes on to is known.
    pub(crate) fn forward_found(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        id: CallId,
        reached: Reached,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        match &mut call.stage {
            Stage::AwaitingPorts(awaiting) => awaiting.ask = None,
            Stage::Ringing(ringing) => ringing.lookups = ringing.lookups.saturating_sub(1),
            Stage::Talking(_) | Stage::Hosted(_) => {}
        }
        let Some(search) = &mut call.search else {
            return;
        };
        let Some((cause, otherwise)) = search.next.take() else {
            return;
        };
        let callee = match reached.into_callee() {
            Ok(callee) if !search.passed.contains(&callee.party.account) => callee,
            // A caller would dial the new number; here it is looked up for them.
            Err(Unreached::Moved { to }) => {
                let way = SendOn {
                    to,
                    cause,
                    otherwise,
                };
                return self.send_on(now, desk, id, way);
            }
            Ok(_) | Err(_) => return self.give_up(now, desk, id, otherwise),
        };
        search.way.go_on(&callee, cause);
        search.passed.push(callee.party.account);
        let to = callee.party.clone();
        let before = std::mem::replace(&mut search.callee, callee);
        if let Some(voicemail) = before.treatment.voicemail {
            search.mailbox.get_or_insert((before.party, voicemail));
        }
        call.callee = to.clone();
        desk.emit(Event::CallForwarded { call: id, to });
        if let Some(ringing) = call.ringing() {
            ringing.refusals = Refusals::default();
            if !ringing.is_settled {
                ringing.early_answer = Bytes::new();
            }
        }
        self.proceed(now, desk, registrar, id);
    }
}

fn unanswered() -> Ending {
    Ending::by_server(CallEnd::NoAnswer, StatusCode::TEMPORARILY_UNAVAILABLE).because(NO_ANSWER)
}
