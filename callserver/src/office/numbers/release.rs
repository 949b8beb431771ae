//! Giving a number up without another one in its place.

use std::time::SystemTime;

use api::{AfterChange, Number, NumberState};

use super::super::{Change, Office, OfficeError};
use super::{Holder, PlanError, Right};
use crate::store::{AccountRow, AuditEntry, Lease, NumberRow, Subject, Transaction};

impl Office {
    /// Frees a number at once, whatever it was: held, lent, reserved or resting. If it was somebody's primary number,
    /// the next one that they hold becomes it. For administrators.
    ///
    /// # Errors
    /// If it is free anyway.
    pub async fn release_number(&self, number: &Number) -> Result<NumberRow, OfficeError> {
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let row = tx.number(number).await?;
        let row = row
            .filter(|row| row.state != NumberState::Free)
            .ok_or_else(|| OfficeError::NumberNotAssigned {
                number: number.clone(),
            })?;
        let (account, before) = Self::owner_before(&mut tx, &row).await?;
        let reason = "released by an administrator";
        Self::set(&mut tx, number, Some(&row), &Lease::Free, reason, now).await?;
        let entry = AuditEntry {
            action: "number.release",
            subject: Subject::Number(number.clone()),
            account: row.account,
            detail: serde_json::json!({ "was": row.state, "username": row.username }),
        };
        self.audit(&mut tx, entry).await?;
        let change = match account {
            Some(account) => {
                Self::replace_primary(&mut tx, &account, &row).await?;
                Self::numbers_changed(&mut tx, &account, before).await?
            }
            None => before,
        };
        let row = Self::written(&mut tx, number).await?;
        self.finish(tx, change).await?;
        Ok(row)
    }

    /// Lets a number rest that its owner gives up; callers get what `after` says.
    ///
    /// # Errors
    /// If the account does not hold it, or it is an owner's only one.
    pub async fn give_up_number(
        &self,
        holder: impl Into<Holder>,
        number: &Number,
        after: &AfterChange,
        right: Right,
    ) -> Result<NumberRow, OfficeError> {
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let account = Self::holder(&mut tx, &holder.into()).await?;
        let row = Self::held(&mut tx, &account, number).await?;
        if row.state == NumberState::Guest {
            return Err(PlanError::Lent { number: row.number }.into());
        }
        let before = Self::all_about(&mut tx, &account).await?;
        self.rest_number(&mut tx, &row, after, "given up by its owner", now)
            .await?;
        Self::replace_primary(&mut tx, &account, &row).await?;
        if right == Right::Owner && tx.numbers_of(account.account).await?.is_empty() {
            return Err(PlanError::OnlyNumber { number: row.number }.into());
        }
        Self::check_after(&mut tx, number, after).await?;
        Self::check_resting(&mut tx, account.account, right).await?;
        let entry = AuditEntry {
            action: "number.give_up",
            subject: Subject::Number(number.clone()),
            account: Some(account.account),
            detail: serde_json::json!({ "on_call": after.on_call }),
        };
        self.audit(&mut tx, entry).await?;
        let row = Self::written(&mut tx, number).await?;
        let change = Self::numbers_changed(&mut tx, &account, before).await?;
        self.finish(tx, change).await?;
        Ok(row)
    }

    /// Whose number it is, and everything that is remembered about them and about the number itself.
    pub(super) async fn owner_before(
        tx: &mut Transaction,
        row: &NumberRow,
    ) -> Result<(Option<AccountRow>, Change), OfficeError> {
        let account = match row.account {
            Some(account) => tx.account_by_id(account).await?,
            None => None,
        };
        let mut before = match &account {
            Some(account) => Self::all_about(tx, account).await?,
            None => Change::default(),
        };
        before.dialled.push(row.number.to_string());
        Ok((account, before))
    }

    /// Makes the next number of an account its primary one, if this was and is not held any more.
    pub(super) async fn replace_primary(
        tx: &mut Transaction,
        account: &AccountRow,
        gone: &NumberRow,
    ) -> Result<(), OfficeError> {
        if gone.is_primary
            && let Some(next) = tx.numbers_of(account.account).await?.first()
        {
            tx.set_primary_number(account.account, &next.number).await?;
        }
        Ok(())
    }
}
