//! The target of a blind transfer is called on behalf of the party that stays.

use std::time::{Duration, Instant};

use sip::{
    EndCause, HeaderName, Headers, LegId, MaxForwards, Reason, ReferredBy, StatusCode, Text,
    TypedHeader,
};

use super::{Ringing, Stage};
use crate::bridge::Bridge;
use crate::bridge::call::{self, Branch};
use crate::bridge::description::Told;
use crate::bridge::end::{ANSWERED_ELSEWHERE, Ending, NO_ANSWER};
use crate::bridge::invite::Invitation;
use crate::bridge::search::MOST_FORWARDS;
use crate::bridge::treat::{Calling, Decision, SendOn, instead};
use crate::cluster::Sender;
use crate::desk::Desk;
use crate::reached::{Callee, Unreached};
use crate::refusal::Refusals;
use crate::registrar::{Reachable, Registrar};
use crate::timetable::Timer;
use crate::way::{Cause, Way};
use crate::{CallEnd, CallId, Reached, Side};

impl Bridge {
    /// Where the target's number leads is known.
    pub(crate) fn transfer_target_found(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        id: CallId,
        target: Reached,
    ) {
        // The numbers of calls are enough for the sessions of newcomers, too.
        self.last_call += 1;
        let told = Told::new(self.first_session + 2 * self.last_call);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let (caller, callee) = (call.caller.clone(), call.callee.clone());
        let caller_device = call.caller_phone.device;
        let is_anonymous = call.is_anonymous;
        let shown = |side| call.shown(side, &desk.config.domain);
        let (shown_caller, shown_callee) = (shown(Side::Caller), shown(Side::Callee));
        let call::Stage::Talking(talking) = &mut call.stage else {
            return;
        };
        let Some(transfer) = &mut talking.transfer else {
            return;
        };
        if !matches!(transfer.stage, Stage::LookingUp) {
            return;
        }
        let target = match target.into_callee() {
            Ok(target) => target,
            // A caller would dial the new number; here it is looked up for them.
            Err(Unreached::Moved { to }) if transfer.sent_on < MOST_FORWARDS => {
                transfer.sent_on += 1;
                return self.look_up_target(now, desk, id, to, None);
            }
            Err(unreached) => return self.transfer_fails(now, desk, id, unreached.status()),
        };
        let way = match transfer.way.take() {
            Some((mut way, cause)) => {
                way.go_on(&target, cause);
                way
            }
            None => Way::to(&target),
        };
        let by = transfer.by;
        // Who hides from the callee hides from whoever comes in, too.
        let (staying, from, referred_by) = match by {
            Side::Caller => (callee, shown_callee, shown_caller),
            Side::Callee => (caller, shown_caller, shown_callee),
        };
        let calling = Calling {
            call: id,
            party: &staying,
            device: None,
            is_anonymous: is_anonymous && by == Side::Callee,
        };
        let rounds = match self.decide(registrar, &target, calling) {
            Decision::Ring(rounds) => rounds,
            Decision::GiveUp(ending) | Decision::Refuse(ending) => {
                return self.transfer_fails(now, desk, id, ending.status);
            }
            Decision::SendOn(SendOn {
                to,
                cause,
                otherwise,
            }) => {
                let transfer = self.transfer_of(id);
                let Some(transfer) = transfer.filter(|this| this.sent_on < MOST_FORWARDS) else {
                    return self.transfer_fails(now, desk, id, otherwise.status);
                };
                transfer.sent_on += 1;
                transfer.way = Some((way, cause));
                return self.look_up_target(now, desk, id, to, Some(target.party));
            }
        };
        // All of them at once: the person who stays has waited already.
        let phones: Vec<_> = rounds
            .iter()
            .flat_map(|round| round.phones(registrar, None))
            .collect();
        let Some(call::Stage::Talking(talking)) =
            self.calls.get_mut(&id).map(|call| &mut call.stage)
        else {
            return;
        };
        let Some(transfer) = &mut talking.transfer else {
            return;
        };
        let device = match by {
            Side::Caller => talking.callee_phone.device,
            Side::Callee => caller_device,
        };
        let domain = &desk.config.domain;
        let mut headers = Headers::new();
        headers.push_typed(&MaxForwards(MaxForwards::INITIAL.0));
        headers.push_typed(&ReferredBy(referred_by));
        headers.push(HeaderName::Supported, Text::from_static("timer"));
        way.push_history(&mut headers, domain);
        way.push_diversion(&mut headers, domain);
        let callee = target;
        let target = callee.party.clone();
        let invitation = Invitation {
            sender: Sender {
                party: staying.clone(),
                device,
            },
            from,
            to: target.address(domain),
            headers,
            told,
            // The newcomer makes the offer: nobody else knows what both can do.
            offer: None,
            caller: None,
            relay: match by {
                Side::Caller => talking.ports.caller,
                Side::Callee => talking.ports.callee,
            },
        };
        let mut branches = Vec::new();
        for (account, Reachable { first, others }) in phones {
            let phone = invitation.send(now, desk, &first);
            self.legs.insert(phone.leg, (id, by));
            branches.push(Branch {
                phone,
                account,
                binding: first.binding,
                others,
            });
        }
        transfer.target = Some(target);
        let due = now + patience(&callee, desk.config.ring_timeout);
        transfer.stage = Stage::Ringing(Box::new(Ringing {
            branches,
            callee,
            way,
            whom: rounds.into_iter().flat_map(|round| round.whom).collect(),
            invitation,
            refusals: Refusals::default(),
            since: now,
            timer: desk.timetable.set(due, Timer::TransferRingsTooLong(id)),
        }));
    }

    /// Nobody picked up.
    pub(crate) fn transfer_rang_too_long(&mut self, now: Instant, desk: &mut Desk, id: CallId) {
        let status = StatusCode::TEMPORARILY_UNAVAILABLE;
        self.transfer_goes_on(now, desk, id, (Cause::NoAnswer, status));
    }

    /// Nobody there takes the call: it goes where the target has such calls sent, or comes to nothing.
    fn transfer_goes_on(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        (cause, status): (Cause, StatusCode),
    ) {
        let Some(transfer) = self.transfer_of(id) else {
            return;
        };
        let Stage::Ringing(ringing) = &transfer.stage else {
            return self.transfer_fails(now, desk, id, status);
        };
        let ending = Ending::refused(CallEnd::NoAnswer, status);
        let Decision::SendOn(SendOn { to, .. }) = instead(&ringing.callee, cause, ending) else {
            return self.transfer_fails(now, desk, id, status);
        };
        if transfer.sent_on >= MOST_FORWARDS {
            return self.transfer_fails(now, desk, id, status);
        }
        transfer.sent_on += 1;
        let Stage::Ringing(ringing) = std::mem::replace(&mut transfer.stage, Stage::LookingUp)
        else {
            return;
        };
        transfer.way = Some((ringing.way.clone(), cause));
        let by = ringing.callee.party.clone();
        for leg in ringing.stop(now, desk, false) {
            self.legs.remove(&leg);
        }
        self.look_up_target(now, desk, id, to, Some(by));
    }

    /// A phone of the target says that it rings. Tells whether the leg is one of those.
    pub(in crate::bridge) fn transfer_progressed(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        status: StatusCode,
    ) -> bool {
        let Some((call, _)) = self.call_of(leg) else {
            return false;
        };
        let call::Stage::Talking(talking) = &mut call.stage else {
            return false;
        };
        match &mut talking.transfer {
            Some(transfer) if transfer.rings(leg) => {
                transfer.report(now, desk, status);
                true
            }
            _ => false,
        }
    }

    /// A phone of the target will not answer; `id` is the call that it would have come into. Tells whether the leg is one
    /// of those.
    pub(in crate::bridge) fn transfer_branch_ended(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &mut Registrar,
        (id, leg): (CallId, LegId),
        cause: &EndCause,
    ) -> bool {
        let Some(call) = self.calls.get_mut(&id) else {
            return false;
        };
        let call::Stage::Talking(talking) = &mut call.stage else {
            return false;
        };
        let Some(transfer) = &mut talking.transfer else {
            return false;
        };
        let by = transfer.by;
        let ringing = match &mut transfer.stage {
            Stage::Ringing(ringing) => ringing,
            // The newcomer was there already and is gone again before both were joined.
            Stage::Joining(joining) if joining.phone.leg == leg => {
                self.transfer_fails(now, desk, id, StatusCode::TEMPORARILY_UNAVAILABLE);
                return true;
            }
            _ => return false,
        };
        let is_this = |branch: &Branch| branch.phone.leg == leg;
        let Some(index) = ringing.branches.iter().position(is_this) else {
            return false;
        };
        let mut branch = ringing.branches.remove(index);
        let (status, reason) = match cause {
            EndCause::Refused { status, headers } => {
                (*status, headers.get(&HeaderName::Reason).cloned())
            }
            EndCause::Timeout => {
                registrar.unreachable(desk, branch.account, branch.binding, ringing.since);
                (StatusCode::REQUEST_TIMEOUT, None)
            }
            _ => (StatusCode::REQUEST_TIMEOUT, None),
        };
        let is_lost = matches!(
            status,
            StatusCode::FLOW_FAILED | StatusCode::REQUEST_TIMEOUT
        );
        if is_lost && !branch.others.is_empty() {
            let next = branch.others.remove(0);
            branch.phone = ringing.invitation.send(now, desk, &next);
            branch.binding = next.binding;
            self.legs.insert(branch.phone.leg, (id, by));
            ringing.branches.push(branch);
            return true;
        }
        ringing.refusals.note(status, reason);
        if ringing.branches.is_empty() || status.code() >= 600 {
            let (best, _) = std::mem::take(&mut ringing.refusals).best();
            match Cause::of(best) {
                Some(cause) => self.transfer_goes_on(now, desk, id, (cause, best)),
                None => self.transfer_fails(now, desk, id, best),
            }
        }
        true
    }
}

impl super::Transfer {
    /// Whether this is the leg of a phone of the target that rings.
    pub(super) fn rings(&self, leg: LegId) -> bool {
        match &self.stage {
            Stage::Ringing(ringing) => ringing
                .branches
                .iter()
                .any(|branch| branch.phone.leg == leg),
            _ => false,
        }
    }
}

impl Ringing {
    /// Stops the phones that ring; `was_answered` tells whether by another one.
    pub(super) fn stop(self, now: Instant, desk: &mut Desk, was_answered: bool) -> Vec<LegId> {
        desk.timetable.cancel(self.timer);
        let reason = if was_answered {
            Text::from_static(ANSWERED_ELSEWHERE)
        } else {
            Text::from_static(NO_ANSWER)
        };
        let legs: Vec<LegId> = self
            .branches
            .iter()
            .map(|branch| branch.phone.leg)
            .collect();
        for leg in &legs {
            desk.hang_up(now, *leg, Some(reason.clone()));
        }
        legs
    }
}

/// How long the target's phones ring.
fn patience(callee: &Callee, longest: Duration) -> Duration {
    let own = callee.treatment.forward_no_answer.as_ref();
    own.map_or(longest, |(_, after)| longest.min(*after))
}

/// Why a transferor is hung up on: nothing went wrong.
pub(super) fn transferred() -> Text {
    Reason::sip(200, "Call transferred").to_text()
}
