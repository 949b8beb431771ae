//! Where the subscriptions are found.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use smallvec::SmallVec;

use super::{Notifier, Subscriber};
use crate::Flow;
use crate::dialog::Dialog;
use crate::endpoint::{LegId, SubscriptionId};
use crate::transaction::{KeyMap, TransactionKey};

/// All subscriptions, ours and theirs.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    pub(crate) subscribers: BTreeMap<SubscriptionId, Subscriber>,
    pub(crate) notifiers: BTreeMap<SubscriptionId, Notifier>,
    /// By Call-ID and our tag.
    by_key: KeyMap<SmallVec<[SubscriptionId; 1]>>,
    /// How many subscriptions each peer has with us.
    by_peer: HashMap<IpAddr, usize>,
    /// The dialogs of calls that are over while subscriptions in them are not (RFC 5057).
    pub(crate) orphans: HashMap<LegId, Orphan>,
}

/// What is left of a call.
#[derive(Debug)]
pub(crate) struct Orphan {
    pub(crate) flow: Flow,
    pub(crate) dialog: Dialog,
}

impl Subscriptions {
    pub(crate) fn len(&self) -> usize {
        self.subscribers.len() + self.notifiers.len()
    }

    pub(crate) fn of_peer(&self, peer: IpAddr) -> usize {
        self.by_peer.get(&peer).copied().unwrap_or_default()
    }

    /// The subscriptions of a dialog.
    pub(crate) fn of_dialog(&self, key: TransactionKey) -> &[SubscriptionId] {
        self.by_key.get(&key).map_or(&[], |found| found.as_slice())
    }

    pub(crate) fn add_subscriber(&mut self, id: SubscriptionId, subscriber: Subscriber) {
        self.by_key.entry(subscriber.key).or_default().push(id);
        self.subscribers.insert(id, subscriber);
    }

    pub(crate) fn add_notifier(&mut self, id: SubscriptionId, notifier: Notifier) {
        self.by_key.entry(notifier.key).or_default().push(id);
        *self.by_peer.entry(notifier.peer).or_default() += 1;
        self.notifiers.insert(id, notifier);
    }

    pub(crate) fn remove_subscriber(&mut self, id: SubscriptionId) -> Option<Subscriber> {
        let subscriber = self.subscribers.remove(&id)?;
        self.forget(id, subscriber.key, subscriber.carrier);
        Some(subscriber)
    }

    pub(crate) fn remove_notifier(&mut self, id: SubscriptionId) -> Option<Notifier> {
        let notifier = self.notifiers.remove(&id)?;
        if let Some(count) = self.by_peer.get_mut(&notifier.peer) {
            *count -= 1;
            if *count == 0 {
                self.by_peer.remove(&notifier.peer);
            }
        }
        self.forget(id, notifier.key, notifier.leg);
        Some(notifier)
    }

    /// Whether subscriptions live in the dialog of this call.
    pub(crate) fn lives_in(&self, leg: LegId, key: TransactionKey) -> bool {
        self.of_dialog(key).iter().any(|id| {
            self.subscribers.get(id).and_then(|one| one.carrier) == Some(leg)
                || self.notifiers.get(id).and_then(|one| one.leg) == Some(leg)
        })
    }

    fn forget(&mut self, id: SubscriptionId, key: TransactionKey, leg: Option<LegId>) {
        if let Some(ids) = self.by_key.get_mut(&key) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_key.remove(&key);
            }
        }
        if let Some(leg) = leg
            && !self.lives_in(leg, key)
        {
            self.orphans.remove(&leg);
        }
    }
}
