//! Usernames: is one free, taking another one, and what becomes of the old one.
//!
//! A name that somebody gives up, or whose account is deleted, rests for 45 days: nobody else gets it or one that looks
//! like it, so that nobody is taken for somebody else. Its owner may take it back. As long as it rests, calls and
//! messages to it reach its owner, as letters to an old address do; the name of a deleted account reaches nobody.
//! An administrator may give a resting name away at once.

use std::time::{Duration, SystemTime};

use api::{AccountId, Username};

use super::{Change, Office, OfficeError, PersonChanged, WhatChanged};
use crate::store::{AccountRow, AuditEntry, NameUse, Subject, Transaction};

/// As long as numbers rest by default.
const REST: Duration = Duration::from_secs(45 * 24 * 60 * 60);

/// So many names may rest for one account; who wants more of them would be collecting names.
const MOST_RESTING: usize = 3;

/// Whether names that rest can be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Resting {
    /// Somebody asks for himself.
    Kept,
    /// An administrator knows what he does.
    Given,
}

fn refusal(found: NameUse, name: &Username) -> OfficeError {
    let name = name.to_string();
    match found {
        NameUse::Taken => OfficeError::NameTaken { name },
        NameUse::LooksTaken => OfficeError::NameLooksTaken { name },
        NameUse::Resting => OfficeError::NameResting { name },
    }
}

impl Office {
    /// Whether somebody could have this name; `account`, who asks, may have it already or until lately.
    ///
    /// # Errors
    /// Why not.
    pub async fn check_username(
        &self,
        name: &str,
        account: Option<AccountId>,
    ) -> Result<Username, OfficeError> {
        let name = Username::parse(name)?;
        let found = self.store.name_use(&name, account, SystemTime::now());
        match found.await? {
            Some(found) => Err(refusal(found, &name)),
            None => Ok(name),
        }
    }

    /// Gives an account the name that it asked for.
    ///
    /// # Errors
    /// If the name breaks a rule or belongs to somebody, or three of the account's names rest already.
    pub async fn change_username(
        &self,
        account: AccountId,
        name: &str,
    ) -> Result<AccountRow, OfficeError> {
        let name = Username::parse(name)?;
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        self.rename(tx, row, name, Resting::Kept).await
    }

    /// Gives an account another name, because an administrator wants it.
    ///
    /// # Errors
    /// If there is no such account, or the new name breaks a rule or is somebody's.
    pub async fn rename_account(
        &self,
        name: &str,
        new_name: &str,
    ) -> Result<AccountRow, OfficeError> {
        let new_name = Username::parse(new_name)?;
        let mut tx = self.store.begin().await?;
        let row = Self::find(&mut tx, name).await?;
        self.rename(tx, row, new_name, Resting::Given).await
    }

    async fn rename(
        &self,
        mut tx: Transaction,
        row: AccountRow,
        name: Username,
        resting: Resting,
    ) -> Result<AccountRow, OfficeError> {
        if row.username == name.as_str() {
            // Asked for twice, done once.
            return Ok(row);
        }
        let now = SystemTime::now();
        Self::claim_name(&mut tx, &name, Some(row.account), resting, now).await?;
        let resting_names = tx.former_usernames(row.account, now).await?;
        let is_back = resting_names.iter().any(|former| former == name.as_str());
        if resting == Resting::Kept && !is_back && resting_names.len() >= MOST_RESTING {
            return Err(OfficeError::TooManyNames { most: MOST_RESTING });
        }
        tx.set_username(row.account, &name).await?;
        tx.rest_username(row.account, &row.username, now, REST)
            .await?;
        let mut change = Self::all_about(&mut tx, &row).await?;
        change.dialled.push(name.to_string());
        change.people.push(PersonChanged {
            account: row.account,
            what: WhatChanged::Name,
        });
        let entry = AuditEntry {
            action: "account.rename",
            subject: Subject::Account(name.to_string()),
            account: Some(row.account),
            detail: serde_json::json!({ "old": row.username, "new": name.as_str() }),
        };
        self.audit(&mut tx, entry).await?;
        let row = Self::find_by_id(&mut tx, row.account).await?;
        self.finish(tx, change).await?;
        Ok(row)
    }

    /// Makes sure in the middle of a write that `account` (`None`: a new one) can have a name.
    pub(super) async fn claim_name(
        tx: &mut Transaction,
        name: &Username,
        account: Option<AccountId>,
        resting: Resting,
        now: SystemTime,
    ) -> Result<(), OfficeError> {
        match tx.name_use(name, account, now).await? {
            None => Ok(()),
            Some(NameUse::Resting) if resting == Resting::Given => Ok(()),
            Some(found) => Err(refusal(found, name)),
        }
    }

    /// Lets the name of an account rest that is being erased.
    pub(super) async fn rest_name(
        tx: &mut Transaction,
        row: &AccountRow,
        now: SystemTime,
    ) -> Result<(), OfficeError> {
        Ok(tx
            .rest_username(row.account, &row.username, now, REST)
            .await?)
    }

    /// Forgets the names that have rested long enough, and the invitations that were not used in time.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_rests(&self, now: SystemTime) -> Result<(), OfficeError> {
        let mut tx = self.store.begin().await?;
        let mut change = Change {
            dialled: tx.end_rests(now).await?,
            ..Change::default()
        };
        let ended = self.end_invitations(&mut tx, now).await?;
        change.dialled.extend(ended.dialled);
        self.finish(tx, change).await
    }
}
