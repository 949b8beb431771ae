//! Changing one's number: the old one rests, the new one takes its place, in one transaction.

use std::time::SystemTime;

use api::{AfterChange, Number, NumberState};

use super::super::{Office, OfficeError};
use super::{Holder, PlanError, Right, Wish};
use crate::store::{AccountRow, AuditEntry, Lease, NumberRow, Subject, Transaction};

/// What a change came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberChanged {
    /// The account, with the primary number that it has now.
    pub account: AccountRow,
    /// The number that was given up; `None` if nothing was.
    pub old: Option<NumberRow>,
    /// The number that took its place.
    pub new: NumberRow,
}

impl Office {
    /// Gives an account another number in the place of `from` (`None`: of its primary number), which then rests and
    /// does for callers what `after` says. Registrations, calls in progress, contacts and everything else hang on the
    /// account and go on.
    ///
    /// * To a number that the account holds already: that one becomes the primary number if `from` was, and nothing is
    ///   given up.
    /// * To a number of the account that rests: it is taken back.
    ///
    /// # Errors
    /// If the account does not hold `from`, the new number is not to be had (with the nearest free ones), or the choice
    /// for callers cannot work.
    pub async fn change_number(
        &self,
        holder: impl Into<Holder>,
        from: Option<&Number>,
        to: &Wish,
        after: &AfterChange,
        right: Right,
    ) -> Result<NumberChanged, OfficeError> {
        let now = SystemTime::now();
        let holder = holder.into();
        if let Wish::Number(number) = to {
            self.look_before_the_turn(&holder, number, right).await?;
        }
        let mut tx = self.store.begin().await?;
        let account = Self::holder(&mut tx, &holder).await?;
        let from = Self::changed(&mut tx, &account, from).await?;
        let before = Self::all_about(&mut tx, &account).await?;
        let to = Self::wished(&mut tx, to).await?;
        let target = tx.number(&to).await?;
        let is_held = target.as_ref().is_some_and(|row| {
            row.account == Some(account.account) && row.state != NumberState::Quarantined
        });
        let old = if is_held {
            if from.is_primary {
                tx.set_primary_number(account.account, &to).await?;
            }
            None
        } else {
            Self::check_available(&mut tx, &to, target.as_ref(), account.account, right).await?;
            let reason = format!("changed to {to}");
            self.rest_number(&mut tx, &from, after, &reason, now)
                .await?;
            let lease = Lease::Assigned {
                account: account.account,
                is_primary: from.is_primary,
            };
            let reason = format!("changed from {}", from.number);
            Self::set(&mut tx, &to, target.as_ref(), &lease, &reason, now).await?;
            Self::check_after(&mut tx, &from.number, after).await?;
            Self::check_resting(&mut tx, account.account, right).await?;
            Some(Self::written(&mut tx, &from.number).await?)
        };
        let entry = AuditEntry {
            action: "number.change",
            subject: Subject::Number(to.clone()),
            account: Some(account.account),
            detail: serde_json::json!({ "from": from.number, "on_call": after.on_call, "kept": is_held }),
        };
        self.audit(&mut tx, entry).await?;
        let new = Self::written(&mut tx, &to).await?;
        let change = Self::numbers_changed(&mut tx, &account, before).await?;
        let account = Self::holder(&mut tx, &Holder::Id(account.account)).await?;
        self.finish(tx, change).await?;
        Ok(NumberChanged { account, old, new })
    }

    /// Of many who want one number, those who come too late hear so without waiting for their turn to write.
    async fn look_before_the_turn(
        &self,
        holder: &Holder,
        number: &Number,
        right: Right,
    ) -> Result<(), OfficeError> {
        let mut look = self.store.begin_reading().await?;
        let account = Self::holder(&mut look, holder).await?.account;
        let row = look.number(number).await?;
        if row.as_ref().is_some_and(|row| row.account == Some(account)) {
            return Ok(());
        }
        Self::check_available(&mut look, number, row.as_ref(), account, right).await
    }

    /// The number that is to be changed: the one that was named, or the primary one.
    async fn changed(
        tx: &mut Transaction,
        account: &AccountRow,
        from: Option<&Number>,
    ) -> Result<NumberRow, OfficeError> {
        let from = from.or(account.number.as_ref());
        let from = from.ok_or_else(|| PlanError::NoNumber {
            name: account.username.clone(),
        })?;
        let row = Self::held(tx, account, from).await?;
        match row.state {
            NumberState::Guest => Err(PlanError::Lent { number: row.number }.into()),
            _ => Ok(row),
        }
    }

    /// Makes one of the numbers that an account holds the one that others see.
    ///
    /// # Errors
    /// If the account does not hold it.
    pub async fn make_primary(
        &self,
        holder: impl Into<Holder>,
        number: &Number,
    ) -> Result<NumberRow, OfficeError> {
        let mut tx = self.store.begin().await?;
        let account = Self::holder(&mut tx, &holder.into()).await?;
        Self::held(&mut tx, &account, number).await?;
        let before = Self::all_about(&mut tx, &account).await?;
        tx.set_primary_number(account.account, number).await?;
        let entry = AuditEntry {
            action: "number.primary",
            subject: Subject::Number(number.clone()),
            account: Some(account.account),
            detail: serde_json::json!({ "instead_of": account.number }),
        };
        self.audit(&mut tx, entry).await?;
        let row = Self::written(&mut tx, number).await?;
        let change = Self::numbers_changed(&mut tx, &account, before).await?;
        self.finish(tx, change).await?;
        Ok(row)
    }
}
