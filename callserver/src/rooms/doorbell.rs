//! Whom somebody here waits for who is not connected: accounts with phones that get what is said to them by SIP. Others cost
//! a look into a set.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::AccountId;
use tokio::sync::Notify;

/// It rings where something is new. Cheap to clone.
#[derive(Clone, Default, Debug)]
pub(crate) struct Doorbell {
    known: Arc<Mutex<Known>>,
    rung: Arc<Notify>,
}

#[derive(Default, Debug)]
struct Known {
    /// Who has such a phone here.
    homes: HashSet<AccountId>,
    /// Who waits to hear what becomes of messages in a room.
    watchers: HashMap<i64, HashSet<AccountId>>,
    rung: HashSet<AccountId>,
}

impl Doorbell {
    fn lock(&self) -> MutexGuard<'_, Known> {
        // What is in it is whole after each step.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It rings for this account from now on.
    pub(crate) fn hang(&self, account: AccountId) {
        self.lock().homes.insert(account);
    }

    /// It rings for this account when somebody has got or read something in a room.
    pub(crate) fn watch(&self, room: i64, account: AccountId) {
        let mut known = self.lock();
        known.watchers.entry(room).or_default().insert(account);
    }

    /// Whether it rings for anybody.
    pub(super) fn is_used(&self) -> bool {
        !self.lock().homes.is_empty()
    }

    /// Something was said to these.
    pub(crate) fn ring(&self, accounts: impl IntoIterator<Item = AccountId>) {
        let mut known = self.lock();
        if known.homes.is_empty() {
            return;
        }
        let accounts: Vec<_> = accounts
            .into_iter()
            .filter(|account| known.homes.contains(account))
            .collect();
        if !accounts.is_empty() {
            known.rung.extend(accounts);
            drop(known);
            self.rung.notify_one();
        }
    }

    /// Somebody has got or read something in a room.
    pub(super) fn ring_for_receipts(&self, room: i64) {
        let watchers = self.lock().watchers.get(&room).cloned();
        self.ring(watchers.unwrap_or_default());
    }

    /// Something may have been said to anybody.
    pub(super) fn ring_for_all(&self) {
        let homes = self.lock().homes.clone();
        self.ring(homes);
    }

    /// For whom it has rung; waits until it does.
    pub(crate) async fn heard(&self) -> Vec<AccountId> {
        loop {
            let rung: Vec<AccountId> = self.lock().rung.drain().collect();
            if !rung.is_empty() {
                return rung;
            }
            self.rung.notified().await;
        }
    }
}
