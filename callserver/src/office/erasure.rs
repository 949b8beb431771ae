//! Deleting accounts: everything that is the owner's goes, and what others have stays readable.
//!
//! What stays is a row without anything of the person: kind `erased`, a name that says only which account it was, and
//! "Deleted account" for people to see. The call records, contacts and conversations of others point at that row, so
//! they know that it is the same one, and that it is no more. Call records keep the name and number of their day for
//! those who took part in the call; those in which nobody else has a part are deleted. The numbers rest, and callers
//! hear that they are gone. The name rests. The history of numbers and the audit log are the administrators' account
//! of what happened and stay as they are.

use std::time::SystemTime;

use api::AccountId;

use super::{Change, Office, OfficeError, PersonChanged, WhatChanged};
use crate::store::{AccountRow, AuditEntry, Subject, Transaction};

impl Office {
    /// Deletes the account of whoever asks. A person says the password again.
    ///
    /// # Errors
    /// If the password is wrong, or it is the last administrator.
    pub async fn erase_own_account(
        &self,
        account: AccountId,
        password: Option<&str>,
    ) -> Result<(), OfficeError> {
        let row = self.account_by_id(account).await?;
        // A guest has none, and proves itself by its token.
        if row.has_password {
            self.check_password(&row, password.unwrap_or_default())
                .await?;
        }
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        let change = self.erase(&mut tx, &row, SystemTime::now()).await?;
        self.finish(tx, change).await
    }

    /// Deletes an account, because an administrator wants it.
    ///
    /// # Errors
    /// If there is none of this name, or it is the last administrator and none with `callctl` asks.
    pub async fn remove_account(&self, name: &str) -> Result<AccountRow, OfficeError> {
        let mut tx = self.store.begin().await?;
        let row = Self::find(&mut tx, name).await?;
        let change = self.erase(&mut tx, &row, SystemTime::now()).await?;
        self.finish(tx, change).await?;
        Ok(row)
    }

    /// Deletes an account in the middle of a write. What is returned is to be announced.
    pub(super) async fn erase(
        &self,
        tx: &mut Transaction,
        row: &AccountRow,
        now: SystemTime,
    ) -> Result<Change, OfficeError> {
        self.keep_an_administrator(tx, row).await?;
        let mut change = Self::all_about(tx, row).await?;
        change
            .dialled
            .extend(tx.former_usernames(row.account, now).await?);
        change.revoked = change.logins.clone();
        change.people.push(PersonChanged {
            account: row.account,
            what: WhatChanged::Removed,
        });
        let mut numbers = Vec::new();
        for number in tx.numbers_that_belong_to(row.account).await? {
            self.leave_number(tx, &number, "account deleted", now)
                .await?;
            numbers.push(number.number);
        }
        Self::rest_name(tx, row, now).await?;
        let entry = AuditEntry {
            action: "account.erase",
            subject: Subject::Account(row.username.clone()),
            account: Some(row.account),
            detail: serde_json::json!({ "kind": row.kind.as_str(), "numbers": numbers }),
        };
        self.audit(tx, entry).await?;
        tx.erase_account(row.account).await?;
        Ok(change)
    }
}
