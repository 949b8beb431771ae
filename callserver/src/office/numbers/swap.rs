//! Two owners exchange their numbers.

use std::time::SystemTime;

use api::{Number, NumberState};

use super::super::{Office, OfficeError};
use super::PlanError;
use crate::store::{AccountRow, AuditEntry, Lease, NumberRow, Subject, Transaction};

impl Office {
    /// Exchanges two numbers between the two accounts that hold them, in one transaction; each takes the place of the
    /// other, as primary number or as one more. Nothing rests: both have an owner all the time.
    ///
    /// # Errors
    /// If nobody holds one of them, both have one owner, or one is only lent.
    pub async fn swap_numbers(
        &self,
        a: &Number,
        b: &Number,
    ) -> Result<(NumberRow, NumberRow), OfficeError> {
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let (row_a, owner_a) = Self::held_by_anybody(&mut tx, a).await?;
        let (row_b, owner_b) = Self::held_by_anybody(&mut tx, b).await?;
        if owner_a.account == owner_b.account {
            return Err(PlanError::OneOwner {
                name: owner_a.username,
            }
            .into());
        }
        let before_a = Self::all_about(&mut tx, &owner_a).await?;
        let before_b = Self::all_about(&mut tx, &owner_b).await?;
        let (reason_a, reason_b) = (format!("swapped for {b}"), format!("swapped for {a}"));
        let held = |account: &AccountRow, is_primary| Lease::Assigned {
            account: account.account,
            is_primary,
        };
        // One after the other, so that no account has two primary numbers in between.
        let lease = held(&owner_b, false);
        Self::set(&mut tx, a, Some(&row_a), &lease, &reason_a, now).await?;
        let lease = held(&owner_a, row_a.is_primary);
        Self::set(&mut tx, b, Some(&row_b), &lease, &reason_b, now).await?;
        if row_b.is_primary {
            tx.set_primary_number(owner_b.account, a).await?;
        }
        for (number, other, owner) in [(a, b, &owner_b), (b, a, &owner_a)] {
            let entry = AuditEntry {
                action: "number.swap",
                subject: Subject::Number(number.clone()),
                account: Some(owner.account),
                detail: serde_json::json!({ "for": other }),
            };
            self.audit(&mut tx, entry).await?;
        }
        let change_a = Self::numbers_changed(&mut tx, &owner_a, before_a).await?;
        let change_b = Self::numbers_changed(&mut tx, &owner_b, before_b).await?;
        let rows = (
            Self::written(&mut tx, a).await?,
            Self::written(&mut tx, b).await?,
        );
        self.finish(tx, change_a.and(change_b)).await?;
        Ok(rows)
    }

    async fn held_by_anybody(
        tx: &mut Transaction,
        number: &Number,
    ) -> Result<(NumberRow, AccountRow), OfficeError> {
        let nobody = || OfficeError::NumberNotAssigned {
            number: number.clone(),
        };
        let row = tx.number(number).await?.ok_or_else(nobody)?;
        match (row.state, row.account) {
            (NumberState::Assigned, Some(account)) => {
                let owner = tx.account_by_id(account).await?.ok_or_else(nobody)?;
                Ok((row, owner))
            }
            (NumberState::Guest, _) => Err(PlanError::Lent { number: row.number }.into()),
            _ => Err(nobody()),
        }
    }
}
