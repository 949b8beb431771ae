//! Calls: the leg of the caller, the legs of the phones that ring, and what passes between them.
//!
//! The switch is the far end for both sides (a B2BUA): each leg is a call of its own in the SIP core, and the verbs here,
//! one a file, turn what happens on one leg into what shall happen on the other. Media always goes over the relay, so each
//! session description that passes is led there.
//!
//! The life of a call: [`begin`], [`treat`] (what the callee wants to be done with it), [`call_back`] (the caller was called first), [`search`] (who rings next, where it goes
//! on to), [`invite`], [`ring`] (18x, refusals),
//! [`early`] (sessions that change while it rings), [`answer`], [`reoffer`] (hold, resume, new codecs), [`transfer`] (REFER), [`park`] (calls that wait in slots), [`take_over`] (Replaces), [`moving`] (phones that come over another
//! flow), [`house`] (the server itself is the other side), [`keeping`] (calls that outlive the process), [`end`]. What is said about audio to each phone, and what both come to, is in
//! [`audio`], [`settle`] and [`plan`].

mod answer;
mod audio;
mod begin;
mod call;
mod call_back;
mod carry;
mod description;
mod digits;
mod early;
mod end;
mod house;
mod house_session;
mod invite;
mod keeping;
mod moving;
mod park;
mod pickup;
mod plan;
mod redirect;
mod reoffer;
mod ring;
mod search;
mod settle;
mod silence;
mod take_over;
mod transfer;
mod treat;
mod waiting;

use std::collections::{BTreeMap, HashMap};

use call::Call;
use call_back::Recall;
pub(crate) use call_back::{CallBack, RecallId};
use carry::Carried;
use park::Parked;
use sip::{LegId, RequestId};

use crate::{AccountId, CallId, Side};

/// All calls.
#[derive(Debug)]
pub(crate) struct Bridge {
    calls: HashMap<CallId, Call>,
    /// Which call, and which side of it, a leg of the core belongs to.
    legs: HashMap<LegId, (CallId, Side)>,
    /// How many calls each account has begun that go on.
    load: HashMap<AccountId, usize>,
    /// Requests that were passed on within a call, and the request of the other phone that waits for the answer.
    carried: HashMap<RequestId, Carried>,
    /// Those who are called back, while their phones ring.
    recalls: HashMap<RecallId, Recall>,
    /// The calls that wait in slots.
    parked: BTreeMap<u32, Parked>,
    last_call: u64,
    /// Session ids in descriptions count from here, so that they differ from those before a restart.
    first_session: u64,
}

impl Bridge {
    pub(crate) fn new(first_session: u64) -> Self {
        Bridge {
            calls: HashMap::new(),
            legs: HashMap::new(),
            load: HashMap::new(),
            carried: HashMap::new(),
            recalls: HashMap::new(),
            parked: BTreeMap::new(),
            last_call: 0,
            first_session,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    pub(crate) fn legs(&self) -> usize {
        let called_back = self.recalls.values().map(Recall::legs);
        self.legs.len() + called_back.sum::<usize>()
    }

    /// The call that a leg belongs to.
    pub(crate) fn call_with(&self, leg: LegId) -> Option<CallId> {
        self.legs.get(&leg).map(|(call, _)| *call)
    }

    fn call_of(&mut self, leg: LegId) -> Option<(&mut Call, Side)> {
        let (call, side) = self.legs.get(&leg)?;
        Some((self.calls.get_mut(call)?, *side))
    }
}
