//! Administrators: accounts that may do everything over HTTP.
//!
//! Whoever may use `callctl` on the machine can always make one, so there may be none. But an administrator cannot
//! leave the server without one over HTTP, by mistake or in anger: the last one who could log in stays one.

use api::{AccountKind, Role};

use super::{ActorKind, Office, OfficeError, PersonChanged, WhatChanged};
use crate::store::{AccountRow, AuditEntry, Subject, Transaction};

impl Office {
    /// Makes an account an administrator, or an ordinary one again.
    ///
    /// # Errors
    /// If there is none of this name, it is a guest, or it is the last administrator and none with `callctl` asks.
    pub async fn set_role(&self, name: &str, role: Role) -> Result<AccountRow, OfficeError> {
        let mut tx = self.store.begin().await?;
        let row = Self::find(&mut tx, name).await?;
        if row.role == role {
            // Asked for twice, done once.
            return Ok(row);
        }
        if row.kind != AccountKind::Person {
            return Err(OfficeError::IsGuest { name: row.username });
        }
        if role == Role::User {
            self.keep_an_administrator(&mut tx, &row).await?;
        }
        tx.set_role(row.account, role).await?;
        let entry = AuditEntry {
            action: "account.role",
            subject: Subject::Account(row.username.clone()),
            account: Some(row.account),
            detail: serde_json::json!({ "old": row.role.as_str(), "new": role.as_str() }),
        };
        self.audit(&mut tx, entry).await?;
        let mut change = Self::all_about(&mut tx, &row).await?;
        change.people.push(PersonChanged {
            account: row.account,
            what: WhatChanged::Name,
        });
        self.finish(tx, change).await?;
        Ok(AccountRow { role, ..row })
    }

    /// Refuses what would leave the server without an administrator, unless somebody on the machine asks.
    pub(super) async fn keep_an_administrator(
        &self,
        tx: &mut Transaction,
        row: &AccountRow,
    ) -> Result<(), OfficeError> {
        let is_on_the_machine = matches!(self.actor.kind, ActorKind::Operator | ActorKind::System);
        if is_on_the_machine || row.role != Role::Admin || row.is_disabled {
            return Ok(());
        }
        match tx.other_administrators(row.account).await? {
            0 => Err(OfficeError::LastAdministrator),
            _ => Ok(()),
        }
    }
}
