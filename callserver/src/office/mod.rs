//! What can be done to accounts, devices and numbers: the one implementation behind HTTP, `callctl` with a server and
//! `callctl` without one.
//!
//! Each method checks, writes in one transaction, and tells the exchange what it must forget before it returns: when
//! the caller reads "done", the next call sees it.

mod accounts;
mod devices;
mod error;
mod login;
mod numbers;

use std::sync::Arc;

use api::Username;
use tokio::sync::{mpsc, oneshot};

pub use accounts::{AddedOrRefused, NewAccount};
pub use devices::Credential;
pub use error::OfficeError;

use crate::passwords::Passwords;
use crate::store::{AccountRow, Store, Transaction};

/// Does what administrators and account holders ask for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Office {
    store: Store,
    domain: Arc<str>,
    passwords: Passwords,
    announcements: Option<mpsc::Sender<Announcement>>,
}

/// Something changed that others may remember wrongly.
#[derive(Debug)]
pub struct Announcement {
    /// What changed.
    pub change: Change,
    /// To be dropped or sent to when everything stale has been forgotten.
    pub done: oneshot::Sender<()>,
}

/// What changed, in the words that the exchange asks its questions with.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Change {
    /// Logins whose credential is another one now, or whose owner has another name or number.
    pub logins: Vec<String>,
    /// Names and numbers that lead somewhere else now, in their normal form.
    pub dialled: Vec<String>,
    /// Logins that are not good any more: their registrations end. They are in `logins` too.
    pub revoked: Vec<String>,
}

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
        }
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The SIP domain, which is the realm of all credentials.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    async fn announce(&self, change: Change) {
        let Some(announcements) = &self.announcements else {
            return;
        };
        let (done, is_done) = oneshot::channel();
        if announcements
            .send(Announcement { change, done })
            .await
            .is_ok()
        {
            // An error means that the exchange has stopped: nobody remembers anything.
            let _ = is_done.await;
        }
    }

    /// Everything that may be remembered about an account.
    async fn all_about(tx: &mut Transaction, account: &AccountRow) -> Result<Change, OfficeError> {
        let numbers = tx.numbers_of(account.account).await?;
        let mut dialled = vec![account.username.clone()];
        dialled.extend(numbers.into_iter().map(|row| String::from(row.number)));
        Ok(Change {
            logins: tx.logins(account.account).await?,
            dialled,
            revoked: Vec::new(),
        })
    }

    async fn find(tx: &mut Transaction, name: &str) -> Result<AccountRow, OfficeError> {
        let missing = || OfficeError::NoSuchAccount {
            name: name.to_owned(),
        };
        // A name that breaks the rule cannot exist; "no such account" says more than the rule would.
        let username = Username::parse(name).map_err(|_| missing())?;
        tx.account_by_name(&username).await?.ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests;
