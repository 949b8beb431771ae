//! Giving an account one more number.

use std::time::SystemTime;

use api::NumberState;

use super::super::{Office, OfficeError};
use super::{Holder, Right, Wish};
use crate::store::{AuditEntry, Lease, NumberRow, Subject};

impl Office {
    /// Gives an account one more number; the first becomes its primary number. Asked for a number that the account
    /// holds already, it does nothing; for one of the account's that rests, it takes that back.
    ///
    /// # Errors
    /// If the number is not to be had (with the nearest free ones), no number fits the wish, or the account holds as
    /// many as it may.
    pub async fn assign_number(
        &self,
        wish: &Wish,
        holder: impl Into<Holder>,
        right: Right,
    ) -> Result<NumberRow, OfficeError> {
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let account = Self::holder(&mut tx, &holder.into()).await?;
        let number = Self::wished(&mut tx, wish).await?;
        let row = tx.number(&number).await?;
        if let Some(row) = &row
            && row.account == Some(account.account)
            && row.state == NumberState::Assigned
        {
            return Ok(row.clone());
        }
        Self::check_available(&mut tx, &number, row.as_ref(), account.account, right).await?;
        let before = Self::all_about(&mut tx, &account).await?;
        let lease = Lease::Assigned {
            account: account.account,
            is_primary: account.number.is_none(),
        };
        let reason = match right {
            Right::Owner => "asked for by its owner",
            Right::Administrator => "assigned by an administrator",
        };
        Self::set(&mut tx, &number, row.as_ref(), &lease, reason, now).await?;
        self.check_count(&mut tx, &account).await?;
        let entry = AuditEntry {
            action: "number.assign",
            subject: Subject::Number(number.clone()),
            account: Some(account.account),
            detail: serde_json::json!({ "primary": account.number.is_none() }),
        };
        self.audit(&mut tx, entry).await?;
        let row = Self::written(&mut tx, &number).await?;
        let change = Self::numbers_changed(&mut tx, &account, before).await?;
        self.finish(tx, change).await?;
        Ok(row)
    }
}
