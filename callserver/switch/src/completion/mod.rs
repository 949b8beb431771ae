//! Call completion: whoever has called in vain is called back when the one they called is free, and then the call is made
//! (RFC 6910 has the nouns; ETSI calls it CCBS and CCNR).
//!
//! A [`Wish`] waits until its callee has ended its calls, or, if it was in none, until it has used its phone. Then the
//! directory is asked again where the number leads: what the callee wants today counts. If that is somebody who can be
//! called, the phones of the one who waits ring ([`due`]), and the call begins when one of them is picked up. Several who
//! wait for the same callee have their turn one after the other. Whoever is blocked waits like everybody, and in vain.

mod due;
mod limits;
mod wish;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

pub use limits::CompletionLimits;
use sip::Text;
pub(crate) use wish::{Asked, By};
pub use wish::{Completion, NotCompleted};

use crate::desk::Desk;
use crate::presence::Presence;
use crate::timetable::TimerId;
use crate::{AccountId, CallEnd, CallId, CompletionId, Event, House, Party};

/// All wishes to be called back, and what could still be wished.
#[derive(Debug, Default)]
pub(crate) struct Completions {
    /// The oldest first.
    wishes: BTreeMap<CompletionId, Wish>,
    /// The last call of each account that nobody took.
    missed: HashMap<AccountId, Missed>,
    /// Callees that will be looked at.
    planned: HashSet<AccountId>,
    last: u64,
}

/// Somebody wants to be called back.
#[derive(Debug)]
struct Wish {
    caller: Party,
    callee: Party,
    /// What was dialled.
    dialled: Text,
    until: Instant,
    expiry: TimerId,
    waits_for: WaitsFor,
    /// The callee does not want to hear from this caller, who shall not learn that.
    is_in_vain: bool,
    stage: Stage,
}

/// What shows that a callee can be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum WaitsFor {
    /// The end of its calls.
    End,
    /// The end of a call in which it has used its phone.
    Use,
}

impl WaitsFor {
    fn of(is_engaged: bool) -> Self {
        match is_engaged {
            true => WaitsFor::End,
            false => WaitsFor::Use,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// For the callee, or, if that is free (`is_due`), for its own turn.
    Waiting { is_due: bool },
    /// The directory is asked where the number leads now.
    Asking,
    /// The phones of the one who waits ring.
    Ringing,
    /// The call goes out.
    Calling(CallId),
}

/// A call that nobody took.
#[derive(Debug)]
struct Missed {
    dialled: Text,
    at: Instant,
    /// The callee was in other calls.
    was_engaged: bool,
}

/// So many last calls are remembered before old ones are looked for.
const MANY_MISSED: usize = 4096;

impl Completions {
    pub(crate) fn len(&self) -> usize {
        self.wishes.len()
    }

    /// What happens to calls, as long as `presence` does not know of it yet.
    pub(crate) fn note(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        presence: &Presence,
        event: &Event,
    ) {
        match event {
            Event::CallEnded { call, cause, .. } => {
                let Some((people, dialled)) = presence.call(*call) else {
                    return;
                };
                let [caller, callee] = people;
                let is_answered = presence.is_answered(*call);
                let was_missed = matches!(
                    cause,
                    CallEnd::Busy | CallEnd::NoAnswer | CallEnd::Unreachable
                );
                if was_missed && !is_answered {
                    let was_engaged = presence.calls_of(callee) > 1;
                    self.note_missed(now, desk, caller, dialled.clone(), was_engaged);
                }
                let is_engaged = presence.calls_of(callee) > 1;
                self.call_over(now, desk, (*call, *cause), is_engaged);
                for account in people {
                    // This call is the last one.
                    if presence.calls_of(account) <= 1 {
                        let has_used = account == caller || is_answered;
                        self.freed(now, desk, account, has_used);
                    }
                }
            }
            Event::CallAnswered { call } => self.connected(desk, *call),
            // Whoever comes to the voicemail has called in vain, too.
            Event::CallHosted {
                call,
                house: House::Voicemail { .. },
            } => {
                if let Some(([caller, callee], dialled)) = presence.call(*call) {
                    let was_engaged = presence.calls_of(callee) > 1;
                    self.note_missed(now, desk, caller, dialled.clone(), was_engaged);
                }
            }
            Event::CallTransferred { call, side, .. } => {
                let leaves = presence.call(*call).map(|(people, _)| match side {
                    crate::Side::Caller => people[0],
                    crate::Side::Callee => people[1],
                });
                if let Some(account) = leaves.filter(|account| presence.calls_of(*account) <= 1) {
                    self.freed(now, desk, account, true);
                }
            }
            Event::CallBlocked {
                caller, dialled, ..
            } => {
                self.note_missed(now, desk, caller.account, dialled.clone(), true);
            }
            // A phone that comes is used.
            Event::DeviceRegistered {
                binding,
                is_refresh: false,
                ..
            } if presence.calls_of(binding.account) == 0 => {
                self.freed(now, desk, binding.account, true);
            }
            Event::CallBackEnded { completion, call } => {
                self.call_back_over(now, desk, *completion, *call);
            }
            _ => {}
        }
    }

    fn note_missed(
        &mut self,
        now: Instant,
        desk: &Desk,
        caller: AccountId,
        dialled: Text,
        was_engaged: bool,
    ) {
        let lasts = desk.config.completion.remembered;
        if lasts.is_zero() {
            return;
        }
        if self.missed.len() >= MANY_MISSED && self.missed.len().is_power_of_two() {
            self.missed
                .retain(|_, missed| now.saturating_duration_since(missed.at) < lasts);
        }
        let missed = Missed {
            dialled,
            at: now,
            was_engaged,
        };
        self.missed.insert(caller, missed);
    }
}
