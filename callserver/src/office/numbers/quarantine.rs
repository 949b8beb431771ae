//! Changing what callers get at a number that rests.

use std::time::{Duration, SystemTime};

use api::{AccountId, AfterChange, Number, NumberState};

use super::super::{Office, OfficeError};
use super::{Holder, PlanError};
use crate::store::{AuditEntry, Lease, NumberRow, Subject};

impl Office {
    /// The account that a number rests for.
    ///
    /// # Errors
    /// If it does not rest.
    pub async fn resting_owner(&self, number: &Number) -> Result<AccountId, OfficeError> {
        let row = self.store.number(number).await?;
        let row = row.filter(|row| row.state == NumberState::Quarantined);
        let not_resting = || PlanError::NotResting {
            number: number.clone(),
        };
        Ok(row.and_then(|row| row.account).ok_or_else(not_resting)?)
    }

    /// Changes what callers get at a number that this account gave up. It does not rest longer for that.
    ///
    /// # Errors
    /// If the account has no such number that rests, or the choice cannot work.
    pub async fn choose_after(
        &self,
        holder: impl Into<Holder>,
        number: &Number,
        after: &AfterChange,
    ) -> Result<NumberRow, OfficeError> {
        let mut tx = self.store.begin().await?;
        let account = Self::holder(&mut tx, &holder.into()).await?;
        let row = tx.number(number).await?.filter(|row| {
            (row.state, row.account) == (NumberState::Quarantined, Some(account.account))
        });
        let Some(row) = row else {
            return Err(PlanError::NotResting {
                number: number.clone(),
            }
            .into());
        };
        Self::check_after(&mut tx, number, after).await?;
        let (_, before) = Self::owner_before(&mut tx, &row).await?;
        let ends_at = Duration::from_millis(row.lease_ends_at.unwrap_or(0).unsigned_abs());
        let lease = Lease::Quarantined {
            account: row.account,
            ends_at: SystemTime::UNIX_EPOCH + ends_at,
            after: Self::settled(after),
        };
        let reason = format!("callers get: {}", after.on_call);
        Self::set(
            &mut tx,
            number,
            Some(&row),
            &lease,
            &reason,
            SystemTime::now(),
        )
        .await?;
        let entry = AuditEntry {
            action: "number.choose_after",
            subject: Subject::Number(number.clone()),
            account: row.account,
            detail: serde_json::json!({ "on_call": after.on_call, "forward_to": after.forward_to }),
        };
        self.audit(&mut tx, entry).await?;
        let row = Self::written(&mut tx, number).await?;
        // What was forwarded to this number may lead somewhere else now.
        let (_, now) = Self::owner_before(&mut tx, &row).await?;
        self.finish(tx, before.and(now)).await?;
        Ok(row)
    }
}
