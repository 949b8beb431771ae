//! What can be done to accounts, devices and numbers: the one implementation behind HTTP, `callctl` with a server and
//! `callctl` without one.
//!
//! Each method checks, writes in one transaction, and tells the exchange what it must forget before it returns: when
//! the caller reads "done", the next call sees it.

mod accounts;
mod actor;
mod administrators;
mod audit;
mod call_settings;
mod change;
mod cleaning;
mod contacts;
mod devices;
mod erasure;
mod error;
mod export;
mod guests;
mod interventions;
mod invitations;
mod login;
mod names;
mod notices;
mod numbers;
mod password_costs;
mod presence;
mod profile;
mod ring_groups;
mod rooms;
mod sessions;
mod sign_up;
mod voicemails;

use std::sync::Arc;
use std::time::SystemTime;

use api::Username;
use tokio::sync::{broadcast, mpsc, oneshot};

pub(crate) use accounts::parse_number;
pub use accounts::{AddedOrRefused, NewAccount};
pub use actor::{Actor, ActorKind};
pub use change::{Announcement, Change, PersonChanged, WhatChanged};
pub use cleaning::Swept;
pub use devices::Credential;
pub use error::OfficeError;
pub use export::Export;
pub use invitations::{Invitation, InvitationWish};
pub use login::LoggedIn;
pub use notices::Heard;
pub use numbers::{
    Holder, ImportLine, ImportReport, LeasesEnded, NumberChanged, PlanError, RefusedLine, Right,
    Wish,
};
pub use sessions::Session;

use crate::config::NumbersSection;
use crate::passwords::Passwords;
use crate::store::{AccountRow, AuditEntry, Store, Transaction};

/// Does what administrators and account holders ask for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Office {
    store: Store,
    domain: Arc<str>,
    passwords: Passwords,
    announcements: Option<mpsc::Sender<Announcement>>,
    changes: broadcast::Sender<Arc<Change>>,
    actor: Arc<Actor>,
    is_rehearsing: bool,
    plan: Arc<NumbersSection>,
}

/// So many changes may wait for a slow listener; after that it is told that it has missed some.
const CHANGES_KEPT: usize = 256;

impl Office {
    /// An office over an open database. `announcements` leads to the exchange; without one nobody needs to know.
    pub fn new(
        store: Store,
        domain: &str,
        announcements: Option<mpsc::Sender<Announcement>>,
    ) -> Self {
        Self {
            store,
            domain: domain.into(),
            passwords: Passwords::default(),
            announcements,
            changes: broadcast::Sender::new(CHANGES_KEPT),
            actor: Arc::new(Actor::SYSTEM),
            is_rehearsing: false,
            plan: Arc::default(),
        }
    }

    /// The same office, with the operator's settings for numbers.
    #[must_use]
    pub fn with_plan(self, plan: NumbersSection) -> Self {
        Self {
            plan: Arc::new(plan),
            ..self
        }
    }

    /// The same office, at the service of somebody else: what it does from now on stands in the audit log under this name.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self {
            actor: Arc::new(actor),
            ..self.clone()
        }
    }

    /// The same office, which checks and does everything and then undoes it: nothing is changed or announced.
    #[must_use]
    pub fn rehearsing(&self) -> Self {
        Self {
            is_rehearsing: true,
            ..self.clone()
        }
    }

    /// Everything that changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The SIP domain, which is the realm of all credentials.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Writes into the audit log what is being done, by whoever this office serves.
    async fn audit(&self, tx: &mut Transaction, entry: AuditEntry) -> Result<(), OfficeError> {
        Ok(tx.audit(&self.actor, &entry, SystemTime::now()).await?)
    }

    /// Makes a write durable and returns when nobody remembers what was before; or undoes it, in a rehearsal.
    async fn finish(&self, mut tx: Transaction, change: Change) -> Result<(), OfficeError> {
        if self.is_rehearsing {
            return Ok(tx.roll_back().await?);
        }
        for notice in self.notices(&change) {
            tx.notify(&notice).await?;
        }
        // Whoever asked may go away at any moment, and this with them; but what is committed is announced.
        let office = self.clone();
        let finishing = tokio::spawn(async move {
            tx.commit().await?;
            office.announce(change).await;
            Ok(())
        });
        match finishing.await {
            Ok(finished) => finished,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The server stops.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Makes what was said about servers durable, and has the others look at it if it is news.
    pub(crate) async fn tell_of_nodes(
        &self,
        tx: Transaction,
        is_news: bool,
    ) -> Result<(), OfficeError> {
        let change = Change {
            nodes: is_news,
            ..Change::default()
        };
        self.finish(tx, change).await
    }

    async fn announce(&self, change: Change) {
        if change.is_empty() {
            return;
        }
        if let Some(announcements) = &self.announcements {
            let (done, is_done) = oneshot::channel();
            let change = change.clone();
            if announcements
                .send(Announcement { change, done })
                .await
                .is_ok()
            {
                // An error means that the exchange has stopped: nobody remembers anything.
                let _ = is_done.await;
            }
        }
        // Nobody may be listening.
        let _ = self.changes.send(Arc::new(change));
    }

    /// Everything that may be remembered about an account.
    async fn all_about(tx: &mut Transaction, account: &AccountRow) -> Result<Change, OfficeError> {
        // Those that rest lead to the account too, and so does what was forwarded to any of them.
        let numbers = tx.numbers_that_belong_to(account.account).await?;
        let mut numbers: Vec<_> = numbers.into_iter().map(|row| row.number).collect();
        numbers.extend(tx.numbers_that_lead_to(&numbers).await?);
        let mut dialled = vec![account.username.clone()];
        dialled.extend(numbers.into_iter().map(String::from));
        Ok(Change {
            logins: tx.logins(account.account).await?,
            dialled,
            ..Change::default()
        })
    }

    async fn find(tx: &mut Transaction, name: &str) -> Result<AccountRow, OfficeError> {
        let missing = || OfficeError::NoSuchAccount {
            name: name.to_owned(),
        };
        // A name that breaks the rule cannot exist; "no such account" says more than the rule would.
        let username = Username::existing(name).map_err(|_| missing())?;
        tx.account_by_name(&username).await?.ok_or_else(missing)
    }
}

#[cfg(test)]
mod call_settings_tests;
#[cfg(test)]
mod cleaning_tests;
#[cfg(test)]
mod guest_tests;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod voicemail_tests;
