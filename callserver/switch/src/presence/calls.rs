//! The calls of each account, as the switch tells of them: for busy lamps, and for who speaks to somebody.

use std::collections::HashMap;

use sip::Text;

use crate::park::is_slot;
use crate::{AccountId, CallId, Event, Side, StoredCall};

/// The calls at present.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: HashMap<CallId, Call>,
    of_account: HashMap<AccountId, Vec<CallId>>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Call {
    caller: AccountId,
    callee: AccountId,
    dialled: Text,
    is_ringing: bool,
    is_answered: bool,
}

/// Where a call stands, as RFC 4235 section 3.7.1 calls it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Trying,
    Early,
    Confirmed,
}

/// What an event has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Touched {
    pub(super) account: AccountId,
    /// Whether the account may have begun or ceased to speak to somebody.
    pub(super) speaks: bool,
}

impl Call {
    pub(super) fn phase(&self) -> Phase {
        match (self.is_answered, self.is_ringing) {
            (true, _) => Phase::Confirmed,
            (false, true) => Phase::Early,
            (false, false) => Phase::Trying,
        }
    }

    /// What `account` dialled, if it made the call. Who calls it may be hidden, and who answered it is not told here.
    pub(super) fn dialled_by(&self, account: AccountId) -> Option<&Text> {
        (self.caller == account).then_some(&self.dialled)
    }
}

impl Calls {
    /// Takes note of what happened to a call; tells of whom that is something new.
    pub(super) fn note(&mut self, event: &Event) -> [Option<Touched>; 3] {
        match event {
            Event::CallStarted {
                call,
                caller,
                callee,
                dialled,
                ..
            } => {
                let begun = Call {
                    caller: caller.account,
                    callee: callee.account,
                    dialled: dialled.clone(),
                    is_ringing: false,
                    is_answered: false,
                };
                let touched = both(&begun, false);
                self.insert(*call, begun);
                touched
            }
            Event::CallRinging { call } => {
                let Some(known) = self.calls.get_mut(call) else {
                    return [None; 3];
                };
                known.is_ringing = true;
                both(known, false)
            }
            Event::CallAnswered { call } => {
                let Some(known) = self.calls.get_mut(call) else {
                    return [None; 3];
                };
                known.is_answered = true;
                both(known, true)
            }
            // Nobody but the caller speaks, and to the server.
            Event::CallHosted { call, .. } => {
                let Some(known) = self.calls.get_mut(call) else {
                    return [None; 3];
                };
                known.is_answered = true;
                // The lamp of its slot is lit.
                if is_slot(known.callee) {
                    return both(known, true);
                }
                let caller = known.caller;
                self.replace(*call, Side::Callee, caller)
            }
            Event::CallTransferred { call, side, to } => self.replace(*call, *side, to.account),
            Event::CallForwarded { call, to } => self.replace(*call, Side::Callee, to.account),
            Event::CallTaken { call, by } => self.replace(*call, Side::Callee, by.account),
            Event::CallEnded { call, .. } => {
                let Some(ended) = self.calls.remove(call) else {
                    return [None; 3];
                };
                self.unlink(ended.caller, *call);
                self.unlink(ended.callee, *call);
                both(&ended, ended.is_answered)
            }
            _ => [None; 3],
        }
    }

    /// The calls of an account, the oldest first.
    pub(super) fn of(&self, account: AccountId) -> impl Iterator<Item = (CallId, &Call)> {
        let calls = self.of_account.get(&account).map_or(&[][..], Vec::as_slice);
        calls
            .iter()
            .filter_map(|id| Some((*id, self.calls.get(id)?)))
    }

    pub(super) fn people(&self, call: CallId) -> Option<([AccountId; 2], &Text)> {
        let call = self.calls.get(&call)?;
        Some(([call.caller, call.callee], &call.dialled))
    }

    pub(super) fn is_answered(&self, call: CallId) -> bool {
        self.calls.get(&call).is_some_and(|call| call.is_answered)
    }

    pub(super) fn count(&self, account: AccountId) -> usize {
        self.of_account.get(&account).map_or(0, Vec::len)
    }

    pub(super) fn speaks(&self, account: AccountId) -> bool {
        self.of(account).any(|(_, call)| call.is_answered)
    }

    /// Takes back an answered call of the process before.
    pub(super) fn recall(&mut self, stored: &StoredCall) {
        let call = Call {
            caller: stored.caller.account,
            callee: match stored.house {
                Some(_) => stored.caller.account,
                None => stored.callee.account,
            },
            dialled: stored.callee.number.clone().unwrap_or(Text::EMPTY),
            is_ringing: true,
            is_answered: true,
        };
        self.insert(stored.call, call);
    }

    fn insert(&mut self, id: CallId, call: Call) {
        self.link(call.caller, id);
        self.link(call.callee, id);
        self.calls.insert(id, call);
    }

    /// Somebody else is on one side now.
    fn replace(&mut self, id: CallId, side: Side, by: AccountId) -> [Option<Touched>; 3] {
        let Some(call) = self.calls.get_mut(&id) else {
            return [None; 3];
        };
        let place = match side {
            Side::Caller => &mut call.caller,
            Side::Callee => &mut call.callee,
        };
        let left = std::mem::replace(place, by);
        let speaks = call.is_answered;
        let [caller, callee, _] = both(call, speaks);
        let stays = left == call.caller || left == call.callee;
        if !stays {
            self.unlink(left, id);
        }
        self.link(by, id);
        let left = Touched {
            account: left,
            speaks,
        };
        [caller, callee, (!stays).then_some(left)]
    }

    fn link(&mut self, account: AccountId, call: CallId) {
        let calls = self.of_account.entry(account).or_default();
        if !calls.contains(&call) {
            calls.push(call);
        }
    }

    fn unlink(&mut self, account: AccountId, call: CallId) {
        if let Some(calls) = self.of_account.get_mut(&account) {
            calls.retain(|other| *other != call);
            if calls.is_empty() {
                self.of_account.remove(&account);
            }
        }
    }
}

fn both(call: &Call, speaks: bool) -> [Option<Touched>; 3] {
    let touched = |account| Some(Touched { account, speaks });
    [touched(call.caller), touched(call.callee), None]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CallEnd, Party};

    fn party(account: i64) -> Party {
        Party {
            account: AccountId(account),
            number: None,
            display_name: "x".into(),
            is_guest: false,
        }
    }

    #[test]
    fn whoever_hands_a_call_over_speaks_no_more_and_nothing_is_left_of_it_in_the_end() {
        let mut calls = Calls::default();
        let call = CallId(1);
        calls.note(&Event::CallStarted {
            call,
            caller: party(1),
            callee: party(2),
            dialled: "2".into(),
            is_visit: false,
            is_anonymous: false,
            call_id: "c".into(),
        });
        assert!(!calls.speaks(AccountId(1)));
        calls.note(&Event::CallAnswered { call });
        assert!(calls.speaks(AccountId(1)) && calls.speaks(AccountId(2)));
        let side = Side::Caller;
        let to = party(3);
        let touched = calls.note(&Event::CallTransferred { call, side, to });
        assert_eq!(touched.iter().flatten().count(), 3);
        assert!(!calls.speaks(AccountId(1)) && calls.speaks(AccountId(3)));
        calls.note(&Event::CallEnded {
            call,
            cause: CallEnd::HungUp,
            hung_up_by: None,
        });
        assert!(calls.calls.is_empty() && calls.of_account.is_empty());
    }
}
