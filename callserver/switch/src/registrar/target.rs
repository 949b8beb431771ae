//! Where the phones of an account are reached.

use std::cmp::Reverse;

use sip::{Flow, HeaderName, Headers, Text, Uri};

use super::{Binding, Registrar};
use crate::{AccountId, BindingId, DeviceId};

/// One way to one phone.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) binding: BindingId,
    pub(crate) device: DeviceId,
    /// What the phone wants to be called: the Request-URI, and nothing more. Where the request goes is the flow's business.
    pub(crate) contact: Uri,
    pub(crate) flow: Flow,
    pub(crate) path: Vec<Text>,
    /// Preference in thousandths.
    pub(crate) q: u16,
    /// The phone's own unchanging name.
    pub(crate) instance: Option<Text>,
    /// The token of the flow, if another server has it.
    pub(crate) token: Option<Text>,
}

impl Target {
    fn of(binding: &Binding) -> Self {
        Target {
            binding: binding.id,
            device: binding.device,
            contact: binding.contact.clone(),
            flow: binding.flow,
            path: binding.path.clone(),
            q: binding.q,
            instance: binding.instance.clone(),
            token: None,
        }
    }

    /// The way back over the proxies that the registration came by (RFC 3327 section 5.3).
    pub(crate) fn push_route(&self, headers: &mut Headers) {
        for hop in &self.path {
            headers.push(HeaderName::Route, hop.clone());
        }
    }
}

/// One phone with all ways to it, the newest first: the others are for when that one fails (RFC 5626 section 5.3).
#[derive(Clone, Debug)]
pub(crate) struct Reachable {
    pub(crate) first: Target,
    pub(crate) others: Vec<Target>,
}

impl Registrar {
    /// The way to one phone over one flow.
    pub(crate) fn binding(&self, account: AccountId, only: BindingId) -> Option<Reachable> {
        let mut bindings = self.bindings(account).iter();
        let binding = bindings.find(|binding| binding.id == only)?;
        Some(Reachable {
            first: Target::of(binding),
            others: Vec::new(),
        })
    }

    /// The ways to one device that does not read conversations by itself, the newest first: what has come last is the likeliest
    /// to be there, also of a phone that was started anew and calls itself something else now.
    pub(crate) fn ways_for_letters(
        &self,
        account: AccountId,
        device: DeviceId,
    ) -> Option<Reachable> {
        let bindings = self.bindings(account).iter();
        let mut ways: Vec<&Binding> = bindings
            .filter(|binding| binding.device == device && !binding.reads_rooms)
            .collect();
        ways.sort_by_key(|binding| Reverse(binding.registered_at));
        let mut ways = ways.into_iter().map(Target::of);
        let first = ways.next()?;
        let others = ways.collect();
        Some(Reachable { first, others })
    }

    /// Whether `account` has a phone, here or with another server.
    pub(crate) fn is_reachable(&self, account: AccountId) -> bool {
        self.has_phones(account) || !self.reachable(account, None).is_empty()
    }

    /// Whether this binding is there, over the flow that the token names.
    pub(crate) fn is_named(&self, account: AccountId, only: BindingId, token: &str) -> bool {
        let mut bindings = self.bindings(account).iter();
        bindings.any(|binding| binding.id == only && binding.token.as_deref() == Some(token))
    }

    /// The phones of `account`, the most preferred first, but not the device that asks for them; those at other servers are
    /// among them, as the directory said last.
    pub(crate) fn reachable(&self, account: AccountId, except: Option<DeviceId>) -> Vec<Reachable> {
        let bindings = self
            .bindings(account)
            .iter()
            .filter(|binding| Some(binding.device) != except);
        let mut phones: Vec<Vec<&Binding>> = Vec::new();
        for binding in bindings {
            match phones.iter_mut().find(|flows| {
                flows
                    .first()
                    .is_some_and(|first| first.is_same_phone(binding))
            }) {
                Some(flows) => flows.push(binding),
                None => phones.push(vec![binding]),
            }
        }
        let phones = phones
            .into_iter()
            .filter_map(|mut flows| {
                flows.sort_by_key(|binding| Reverse(binding.registered_at));
                let mut ways = flows.into_iter().map(Target::of);
                let first = ways.next()?;
                let others = ways.collect();
                Some(Reachable { first, others })
            })
            .collect();
        let mut phones: Vec<Reachable> = phones;
        self.other_phones.add_to(&mut phones, account, except);
        phones
    }
}
