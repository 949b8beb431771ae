//! A callee is free: whoever has waited longest for it is called back.

use std::time::Instant;

use super::{Completions, Stage, WaitsFor};
use crate::bridge::{Bridge, CallBack};
use crate::desk::Desk;
use crate::presence::Presence;
use crate::questions::Purpose;
use crate::registrar::Registrar;
use crate::timetable::Timer;
use crate::{AccountId, CallEnd, CallId, CompletionId, Question, Reached};

impl Completions {
    /// An account is in no call any more. `has_used` tells whether it has used its phone.
    pub(super) fn freed(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        account: AccountId,
        has_used: bool,
    ) {
        let mut is_anybody_due = false;
        for wish in self.wishes.values_mut() {
            let is_told = has_used || wish.waits_for == WaitsFor::End;
            if let Stage::Waiting { is_due } = &mut wish.stage
                && wish.callee.account == account
                && is_told
                && !wish.is_in_vain
            {
                *is_due = true;
                is_anybody_due = true;
            }
        }
        if is_anybody_due {
            self.plan(now + desk.config.completion.pause, desk, account);
        }
    }

    /// Looks at the callee then, once.
    pub(super) fn plan(&mut self, at: Instant, desk: &mut Desk, callee: AccountId) {
        if self.planned.insert(callee) {
            desk.timetable.set(at, Timer::CalleeIsFree(callee));
        }
    }

    /// The next one has its turn, if others wait whose turn it is.
    pub(super) fn next(&mut self, now: Instant, desk: &mut Desk, callee: AccountId) {
        let mut wishes = self.wishes.values();
        let is_waiting = Stage::Waiting { is_due: true };
        if wishes.any(|wish| wish.callee.account == callee && wish.stage == is_waiting) {
            self.plan(now + desk.config.completion.pause, desk, callee);
        }
    }

    /// The time of [`Completions::plan`] has come.
    pub(crate) fn look(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        presence: &Presence,
        callee: AccountId,
    ) {
        self.planned.remove(&callee);
        // Its next end tells again.
        if presence.calls_of(callee) > 0 {
            return;
        }
        let are_theirs = |(_, wish): &(&CompletionId, &super::Wish)| wish.callee.account == callee;
        let mut due = Vec::new();
        for (id, wish) in self.wishes.iter().filter(are_theirs) {
            match wish.stage {
                Stage::Waiting { is_due: true } => due.push((*id, wish.caller.account)),
                Stage::Waiting { is_due: false } => {}
                // One after the other.
                Stage::Asking | Stage::Ringing | Stage::Calling(_) => return,
            }
        }
        let is_called_back = |account| {
            let mut wishes = self.wishes.values();
            wishes.any(|wish| wish.caller.account == account && wish.stage == Stage::Ringing)
        };
        let is_free = |(_, caller): &&(CompletionId, AccountId)| {
            presence.calls_of(*caller) == 0 && !is_called_back(*caller)
        };
        let Some(id) = due.iter().find(is_free).map(|(id, _)| *id) else {
            // All who wait speak with others.
            if !due.is_empty() {
                self.plan(now + desk.config.completion.again, desk, callee);
            }
            return;
        };
        if let Some(wish) = self.wishes.get_mut(&id) {
            wish.stage = Stage::Asking;
            let question = Question::Destination {
                dialled: wish.dialled.clone(),
                caller: wish.caller.clone(),
                on_behalf_of: None,
            };
            desk.ask(now, question, Purpose::CompletionDue(id));
        }
    }

    /// Where the number leads now.
    pub(crate) fn found(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (bridge, registrar): (&mut Bridge, &Registrar),
        presence: &Presence,
        (id, reached): (CompletionId, Reached),
    ) {
        let Some(wish) = self.wishes.get_mut(&id) else {
            return;
        };
        let account = wish.callee.account;
        wish.stage = Stage::Waiting { is_due: true };
        wish.is_in_vain = matches!(reached, Reached::Blocked(_));
        let callee = match reached.into_callee() {
            Ok(callee) if callee.party.account == account => callee,
            // Somebody else has the number now, or nobody; or nobody knows at this moment.
            Ok(_) | Err(_) => {
                wish.stage = Stage::Waiting { is_due: false };
                return self.next(now, desk, account);
            }
        };
        if !registrar.is_reachable(account) {
            // It will be told when it comes.
            wish.stage = Stage::Waiting { is_due: false };
            return self.next(now, desk, account);
        }
        let is_free = !callee.treatment.do_not_disturb && presence.calls_of(account) == 0;
        let back = CallBack {
            completion: id,
            caller: wish.caller.clone(),
            callee,
            dialled: wish.dialled.clone(),
        };
        if is_free && bridge.call_back(now, desk, registrar, back) {
            wish.stage = Stage::Ringing;
        } else {
            self.plan(now + desk.config.completion.again, desk, account);
        }
    }

    /// The phones of the one who waits ring no more; `call` is what they have picked up.
    pub(super) fn call_back_over(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CompletionId,
        call: Option<CallId>,
    ) {
        match (self.wishes.get_mut(&id), call) {
            (Some(wish), Some(call)) => wish.stage = Stage::Calling(call),
            // Who is not there, or does not want it any more, is not called again.
            (Some(_), None) => {
                if let Some(wish) = self.remove(desk, id) {
                    self.next(now, desk, wish.callee.account);
                }
            }
            (None, _) => {}
        }
    }

    /// The call that was wished for has come about.
    pub(super) fn connected(&mut self, desk: &mut Desk, call: CallId) {
        if let Some(id) = self.calling(call) {
            self.remove(desk, id);
        }
    }

    /// A call is over. If it was one that was wished for and the callee was busy again, its caller goes on waiting.
    pub(super) fn call_over(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (call, cause): (CallId, CallEnd),
        is_engaged: bool,
    ) {
        let Some(id) = self.calling(call) else {
            return;
        };
        if cause == CallEnd::Busy {
            if let Some(wish) = self.wishes.get_mut(&id) {
                wish.stage = Stage::Waiting { is_due: false };
                wish.waits_for = WaitsFor::of(is_engaged);
            }
        } else if let Some(wish) = self.remove(desk, id) {
            self.next(now, desk, wish.callee.account);
        }
    }

    fn calling(&self, call: CallId) -> Option<CompletionId> {
        let mut wishes = self.wishes.iter();
        let found = wishes.find(|(_, wish)| wish.stage == Stage::Calling(call));
        found.map(|(id, _)| *id)
    }
}
