//! Bindings end: expired, unregistered, revoked, or with their connection.

use std::time::Instant;

use sip::Flow;

use super::{Binding, Registrar};
use crate::desk::Desk;
use crate::{AccountId, BindingId, Unregistration};

impl Registrar {
    /// Takes a binding out, and says so.
    pub(super) fn remove(
        &mut self,
        desk: &mut Desk,
        account: AccountId,
        binding: BindingId,
        why: Unregistration,
    ) {
        if let Some(binding) = self.take(desk, account, binding) {
            desk.emit(binding.unregistered(account, why));
        }
    }

    /// Takes a binding out in silence.
    pub(super) fn take(
        &mut self,
        desk: &mut Desk,
        account: AccountId,
        binding: BindingId,
    ) -> Option<Binding> {
        let bindings = self.accounts.get_mut(&account)?;
        let index = bindings.iter().position(|other| other.id == binding)?;
        let taken = bindings.remove(index);
        if bindings.is_empty() {
            self.accounts.remove(&account);
        }
        desk.timetable.cancel(taken.timer);
        self.unlink(account, taken.flow);
        Some(taken)
    }

    /// Nobody refreshed it.
    pub(crate) fn expire(&mut self, desk: &mut Desk, account: AccountId, binding: BindingId) {
        self.remove(desk, account, binding, Unregistration::Expired);
    }

    /// A phone did not react at all to an INVITE sent at `since`: unless it has registered again meanwhile, it is gone.
    pub(crate) fn unreachable(
        &mut self,
        desk: &mut Desk,
        account: AccountId,
        binding: BindingId,
        since: Instant,
    ) {
        let is_gone = self
            .bindings(account)
            .iter()
            .any(|other| other.id == binding && other.registered_at <= since);
        if is_gone {
            self.remove(desk, account, binding, Unregistration::Unreachable);
        }
    }

    /// A connection broke: whoever registered over it cannot be reached (RFC 5626 section 4.2.2).
    pub(crate) fn flow_failed(&mut self, now: Instant, desk: &mut Desk, flow: Flow) {
        let is_in_call = !desk.endpoint.legs_on(flow).is_empty();
        for account in self.flows.remove(&flow).unwrap_or_default() {
            let lost: Vec<BindingId> = self
                .bindings(account)
                .iter()
                .filter(|binding| binding.flow == flow)
                .map(|binding| binding.id)
                .collect();
            for binding in lost {
                if is_in_call {
                    self.remember(now, desk, account, binding);
                }
                self.remove(desk, account, binding, Unregistration::FlowFailed);
            }
        }
    }

    /// A credential was revoked. Rare, so a walk through everything is good enough.
    pub(crate) fn forget_login(&mut self, desk: &mut Desk, login: &str) {
        let mut revoked: Vec<(AccountId, BindingId)> = self
            .accounts
            .iter()
            .flat_map(|(account, bindings)| bindings.iter().map(|binding| (*account, binding)))
            .filter(|(_, binding)| binding.login == *login)
            .map(|(account, binding)| (account, binding.id))
            .collect();
        revoked.sort_unstable();
        for (account, binding) in revoked {
            self.remove(desk, account, binding, Unregistration::Revoked);
        }
    }
}
