//! Numbers for a time: those that guests borrow, and the end of what rests.

use std::time::SystemTime;

use api::AccountId;

use super::numbers::{NumberRow, read, select_numbers};
use super::{StoreError, Transaction, unix_millis};

impl Transaction {
    /// Up to `limit` numbers whose lease or quarantine has ended, the longest ended first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn ended_leases(
        &mut self,
        now: SystemTime,
        limit: u32,
    ) -> Result<Vec<NumberRow>, StoreError> {
        let select = select_numbers!(
            "WHERE n.lease_ends_at <= $1 ORDER BY n.lease_ends_at, n.number LIMIT $2"
        );
        let select = sqlx::query(select)
            .bind(unix_millis(now))
            .bind(i64::from(limit));
        let rows = select.fetch_all(&mut *self.inner).await?;
        rows.iter().map(read).collect()
    }

    /// Lets a guest keep its number longer; tells whether it still has one. A lease never becomes shorter.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn renew_lease(
        &mut self,
        guest: AccountId,
        ends_at: SystemTime,
    ) -> Result<bool, StoreError> {
        let update = sqlx::query(
            "UPDATE numbers SET lease_ends_at = CASE WHEN lease_ends_at < $2 THEN $2 ELSE lease_ends_at END
             WHERE account_id = $1 AND state = 'guest'",
        );
        let update = update.bind(guest.0).bind(unix_millis(ends_at));
        Ok(update.execute(&mut *self.inner).await?.rows_affected() > 0)
    }
}
