//! The table `number_history`: who had which number when, and why that changed.

use api::{AccountId, Number, NumberState};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::numbers::read_state;
use super::{Store, StoreError};

/// One line of a number's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberHistoryRow {
    /// What it became.
    pub state: NumberState,
    /// The epoch that began or went on.
    pub epoch: i64,
    /// Whose it was.
    pub account: Option<AccountId>,
    /// The account's name, as it was then.
    pub username: Option<String>,
    /// Unix milliseconds.
    pub happened_at: i64,
    /// Why, in words.
    pub reason: String,
}

impl Store {
    /// What happened to a number, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn number_history(
        &self,
        number: &Number,
    ) -> Result<Vec<NumberHistoryRow>, StoreError> {
        let select = sqlx::query(
            "SELECT state, epoch, account_id, username, happened_at, reason FROM number_history WHERE number = $1
             ORDER BY entry_id",
        );
        let rows = select
            .bind(number.as_str())
            .fetch_all(&self.readers)
            .await?;
        let read = |row: &AnyRow| {
            Ok(NumberHistoryRow {
                state: read_state(&row.try_get::<String, _>("state")?)?,
                epoch: row.try_get("epoch")?,
                account: row.try_get::<Option<i64>, _>("account_id")?.map(AccountId),
                username: row.try_get("username")?,
                happened_at: row.try_get("happened_at")?,
                reason: row.try_get("reason")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
