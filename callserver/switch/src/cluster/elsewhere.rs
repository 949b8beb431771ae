//! Phones that are registered with other servers.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::SocketAddr;

use sip::{Text, Transport, Uri};

use super::Neighbours;
use crate::registrar::{Reachable, Target};
use crate::{AccountId, BindingId, DeviceId, Reached};

/// A phone that is reached through another server, as the directory knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Elsewhere {
    /// The device.
    pub device: DeviceId,
    /// The contact URI that the phone wants to be called at.
    pub contact: Text,
    /// Preference among the account's phones in thousandths, 0 to 1000.
    pub q: u16,
    /// The phone's own unchanging name, as in [`StoredBinding::instance`](crate::StoredBinding::instance).
    pub instance: Option<Text>,
    /// What that server calls the flow to the phone: [`StoredBinding::token`](crate::StoredBinding::token).
    pub token: Text,
    /// How that server is reached.
    pub transport: Transport,
    /// Where.
    pub server: SocketAddr,
}

impl Neighbours {
    fn target(&self, phone: &Elsewhere) -> Option<Target> {
        let Elsewhere {
            transport, server, ..
        } = phone;
        let route = format!(
            "<sip:{}@{server};transport={};lr>",
            phone.token,
            transport.as_str().to_ascii_lowercase()
        );
        Some(Target {
            // No binding of this server has it.
            binding: BindingId(0),
            device: phone.device,
            contact: Uri::parse(&phone.contact).ok()?,
            flow: self.way_to((*transport, *server)),
            path: vec![Text::from(route)],
            q: phone.q,
            instance: phone.instance.clone(),
            token: Some(phone.token.clone()),
        })
    }
}

/// So many accounts with phones elsewhere are remembered: they are asked for again with each call.
const MOST_ACCOUNTS: usize = 100_000;

/// The phones at other servers of accounts that were called, as the directory said last.
#[derive(Default, Debug)]
pub(crate) struct OtherPhones(HashMap<AccountId, Vec<Target>>);

impl OtherPhones {
    /// Takes what the directory says of those who are called now.
    pub(crate) fn learn(&mut self, neighbours: Option<&Neighbours>, reached: &Reached) {
        let (Some(neighbours), Some(to)) = (neighbours, reached.destination()) else {
            return;
        };
        for to in std::iter::once(to).chain(&to.treatment.members) {
            let targets = to.elsewhere.iter();
            let targets: Vec<_> = targets
                .filter_map(|phone| neighbours.target(phone))
                .collect();
            if targets.is_empty() {
                self.0.remove(&to.account);
                continue;
            }
            if self.0.len() >= MOST_ACCOUNTS {
                self.0.clear();
            }
            self.0.insert(to.account, targets);
        }
    }

    /// Adds them to the phones that are registered here, the most preferred first. A phone that is registered with several
    /// servers rings over one; the others are for when that fails.
    pub(crate) fn add_to(
        &self,
        phones: &mut Vec<Reachable>,
        account: AccountId,
        except: Option<DeviceId>,
    ) {
        let Some(others) = self.0.get(&account) else {
            return;
        };
        for target in others.iter().filter(|other| Some(other.device) != except) {
            let mut known = phones.iter_mut();
            match known.find(|known| known.first.is_same_phone(target)) {
                Some(known) => known.others.push(target.clone()),
                None => phones.push(Reachable {
                    first: target.clone(),
                    others: Vec::new(),
                }),
            }
        }
        phones.sort_by_key(|phone| Reverse(phone.first.q));
    }
}

impl Target {
    /// Whether both are ways to one phone. Whoever has no name of its own is known by its credential.
    fn is_same_phone(&self, other: &Target) -> bool {
        let is_named_alike = match (&self.instance, &other.instance) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        self.device == other.device && is_named_alike
    }
}
