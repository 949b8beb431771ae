//! Which phones of an account can be reached, and where (RFC 3261 section 10).
//!
//! A binding belongs to one device and names one contact URI; an account has as many as its phones registered. Requests
//! to a phone go to the flow that its REGISTER came over, whatever host its contact names, so phones behind NAT are
//! reached.

mod binding;
mod challenge;
mod contacts;
mod leave;
mod moving;
mod outbound;
mod register;
mod restore;
mod target;

use std::collections::{BTreeSet, HashMap};

use binding::Binding;
use moving::BrokenWay;
pub(crate) use moving::{Move, flow_recovery};
use sip::Flow;
pub(crate) use target::{Reachable, Target};

use crate::cluster::OtherPhones;
use crate::{AccountId, BindingId, DeviceId};

/// All bindings.
#[derive(Debug, Default)]
pub(crate) struct Registrar {
    accounts: HashMap<AccountId, Vec<Binding>>,
    /// Whose bindings hang on a flow, so that a broken connection does not need a walk through all accounts.
    /// A trunk or another server in front may bring thousands over one flow.
    flows: HashMap<Flow, BTreeSet<AccountId>>,
    /// Ways to phones in calls that broke a moment ago.
    broken: HashMap<DeviceId, Vec<BrokenWay>>,
    /// Phones that have registered over another flow than before, to be told on.
    moves: Vec<Move>,
    last_binding: u64,
    /// Phones that are registered with other servers.
    pub(crate) other_phones: OtherPhones,
}

impl Registrar {
    /// The bindings of `account`, the most preferred first.
    fn bindings(&self, account: AccountId) -> &[Binding] {
        self.accounts.get(&account).map_or(&[], Vec::as_slice)
    }

    /// How many contacts `account` has registered.
    pub(crate) fn count(&self, account: AccountId) -> usize {
        self.bindings(account).len()
    }

    /// Whether `account` can be reached at all.
    pub(crate) fn has_phones(&self, account: AccountId) -> bool {
        self.count(account) > 0
    }

    pub(crate) fn len(&self) -> usize {
        self.accounts.values().map(Vec::len).sum()
    }

    fn next_binding(&mut self) -> BindingId {
        self.last_binding += 1;
        BindingId(self.last_binding)
    }

    /// Remembers that `account` has a binding on `flow`.
    fn link(&mut self, account: AccountId, flow: Flow) {
        self.flows.entry(flow).or_default().insert(account);
    }

    /// Forgets the link, unless another binding of `account` hangs on `flow`.
    fn unlink(&mut self, account: AccountId, flow: Flow) {
        if self
            .bindings(account)
            .iter()
            .any(|binding| binding.flow == flow)
        {
            return;
        }
        if let Some(accounts) = self.flows.get_mut(&flow) {
            accounts.remove(&account);
            if accounts.is_empty() {
                self.flows.remove(&flow);
            }
        }
    }
}
