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
    path: Vec<Text>,
}

impl Target {
    fn of(binding: &Binding) -> Self {
        Target {
            binding: binding.id,
            device: binding.device,
            contact: binding.contact.clone(),
            flow: binding.flow,
            path: binding.path.clone(),
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
    /// The phones of `account`, the most preferred first, but not the device that asks for them.
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
        phones
            .into_iter()
            .filter_map(|mut flows| {
                flows.sort_by_key(|binding| Reverse(binding.registered_at));
                let mut ways = flows.into_iter().map(Target::of);
                let first = ways.next()?;
                let others = ways.collect();
                Some(Reachable { first, others })
            })
            .collect()
    }
}
