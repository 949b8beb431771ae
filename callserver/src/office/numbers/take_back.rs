//! Taking back a number that one gave up, as long as it rests.

use std::time::SystemTime;

use api::{Number, NumberState};

use super::super::{Office, OfficeError};
use super::{Holder, PlanError};
use crate::store::{AuditEntry, Lease, NumberRow, Subject};

impl Office {
    /// Gives a number that rests back to the account that gave it up, in addition to those that it holds; without any
    /// it becomes the primary number.
    ///
    /// # Errors
    /// If the account has no such number that rests, or holds as many as it may.
    pub async fn take_back_number(
        &self,
        holder: impl Into<Holder>,
        number: &Number,
    ) -> Result<NumberRow, OfficeError> {
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let account = Self::holder(&mut tx, &holder.into()).await?;
        // A number that rests for somebody else is for this account as if it were nobody's.
        let row = tx.number(number).await?.filter(|row| {
            (row.state, row.account) == (NumberState::Quarantined, Some(account.account))
        });
        let row = row.ok_or_else(|| PlanError::NotResting {
            number: number.clone(),
        })?;
        let before = Self::all_about(&mut tx, &account).await?;
        let lease = Lease::Assigned {
            account: account.account,
            is_primary: account.number.is_none(),
        };
        Self::set(
            &mut tx,
            number,
            Some(&row),
            &lease,
            "taken back by its owner",
            now,
        )
        .await?;
        self.check_count(&mut tx, &account).await?;
        let entry = AuditEntry {
            action: "number.take_back",
            subject: Subject::Number(number.clone()),
            account: Some(account.account),
            detail: serde_json::json!({}),
        };
        self.audit(&mut tx, entry).await?;
        let row = Self::written(&mut tx, number).await?;
        let change = Self::numbers_changed(&mut tx, &account, before).await?;
        self.finish(tx, change).await?;
        Ok(row)
    }
}
