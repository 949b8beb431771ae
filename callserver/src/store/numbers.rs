//! The tables `numbers` and `number_history`: who holds which number, and who did.

use std::time::SystemTime;

use api::{AccountId, Number};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::accounts::read_number;
use super::{Store, StoreError, Transaction, flag, unix_millis};

/// What a number is at present.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NumberState {
    /// Anybody can be given it.
    Free,
    /// An account holds it.
    Assigned,
    /// An administrator keeps it back.
    Reserved,
    /// A guest has borrowed it.
    Guest,
    /// It was given back lately and rests.
    Quarantined,
}

/// One number that has ever been touched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberRow {
    /// The number.
    pub number: Number,
    /// What it is.
    pub state: NumberState,
    /// Who holds it, or in quarantine: held it.
    pub account: Option<AccountId>,
    /// That account's name.
    pub username: Option<String>,
    /// Whether it is the one that others see when that account calls.
    pub is_primary: bool,
    /// How many owners it has had, this one included.
    pub epoch: i64,
    /// When the state last changed, Unix milliseconds.
    pub changed_at: i64,
}

/// One line of a number's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberHistoryRow {
    /// What it became.
    pub state: NumberState,
    /// The epoch that began or went on.
    pub epoch: i64,
    /// The account's name, as it was then.
    pub username: Option<String>,
    /// Unix milliseconds.
    pub happened_at: i64,
    /// Why, in words.
    pub reason: String,
}

impl NumberState {
    /// The word in the table and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Assigned => "assigned",
            Self::Reserved => "reserved",
            Self::Guest => "guest",
            Self::Quarantined => "quarantined",
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, StoreError> {
        let all = [
            Self::Free,
            Self::Assigned,
            Self::Reserved,
            Self::Guest,
            Self::Quarantined,
        ];
        let found = all.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| StoreError::Corrupt {
            what: "state of a number",
            value: text.to_owned(),
        })
    }
}

macro_rules! select_numbers {
    ($rest:literal) => {
        concat!(
            "SELECT n.number, n.state, n.account_id, a.username, n.is_primary, n.epoch, n.changed_at
             FROM numbers n LEFT JOIN accounts a ON a.account_id = n.account_id ",
            $rest
        )
    };
}

fn read(row: &AnyRow) -> Result<NumberRow, StoreError> {
    let number = read_number(row)?.ok_or(StoreError::Corrupt {
        what: "number",
        value: String::new(),
    })?;
    Ok(NumberRow {
        number,
        state: NumberState::parse(row.try_get("state")?)?,
        account: row.try_get::<Option<i64>, _>("account_id")?.map(AccountId),
        username: row.try_get("username")?,
        is_primary: flag(row, "is_primary")?,
        epoch: row.try_get("epoch")?,
        changed_at: row.try_get("changed_at")?,
    })
}

/// How many digits a number has: numbers of one length are in order as texts.
pub(super) fn digits(number: &Number) -> i64 {
    number.as_str().trim_start_matches('+').len() as i64
}

impl Store {
    /// All numbers that have a row, or those in one state, shortest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn numbers(&self, state: Option<NumberState>) -> Result<Vec<NumberRow>, StoreError> {
        let select = sqlx::query(select_numbers!(
            "WHERE $1 IS NULL OR n.state = $1 ORDER BY n.digits, n.number"
        ));
        let rows = select
            .bind(state.map(NumberState::as_str))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// What happened to a number, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn number_history(
        &self,
        number: &Number,
    ) -> Result<Vec<NumberHistoryRow>, StoreError> {
        let select = sqlx::query(
            "SELECT state, epoch, username, happened_at, reason FROM number_history WHERE number = $1 ORDER BY entry_id",
        );
        let rows = select
            .bind(number.as_str())
            .fetch_all(&self.readers)
            .await?;
        let read = |row: &AnyRow| {
            Ok(NumberHistoryRow {
                state: NumberState::parse(row.try_get("state")?)?,
                epoch: row.try_get("epoch")?,
                username: row.try_get("username")?,
                happened_at: row.try_get("happened_at")?,
                reason: row.try_get("reason")?,
            })
        };
        rows.iter().map(read).collect()
    }
}

impl Transaction {
    /// One number, if it has a row.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn number(&mut self, number: &Number) -> Result<Option<NumberRow>, StoreError> {
        let select = sqlx::query(select_numbers!("WHERE n.number = $1")).bind(number.as_str());
        select
            .fetch_optional(&mut *self.inner)
            .await?
            .as_ref()
            .map(read)
            .transpose()
    }

    /// The numbers that an account holds, the primary one first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn numbers_of(&mut self, account: AccountId) -> Result<Vec<NumberRow>, StoreError> {
        let select = sqlx::query(select_numbers!(
            "WHERE n.account_id = $1 AND n.state = 'assigned' ORDER BY n.is_primary DESC, n.digits, n.number"
        ));
        let rows = select.bind(account.0).fetch_all(&mut *self.inner).await?;
        rows.iter().map(read).collect()
    }

    /// Gives a number to an account, if it is free or has never been used; tells whether it did.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn assign_number(
        &mut self,
        number: &Number,
        account: AccountId,
        is_primary: bool,
        reason: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        // The condition and the write are one statement: nobody can come between.
        let upsert = sqlx::query(
            "INSERT INTO numbers (number, digits, state, account_id, is_primary, changed_at)
             VALUES ($1, $2, 'assigned', $3, $4, $5)
             ON CONFLICT (number) DO UPDATE SET state = 'assigned', account_id = $3, is_primary = $4, changed_at = $5,
                 epoch = numbers.epoch + 1, lease_ends_at = NULL, note = NULL
             WHERE numbers.state = 'free'",
        );
        let upsert = upsert
            .bind(number.as_str())
            .bind(digits(number))
            .bind(account.0)
            .bind(i64::from(is_primary))
            .bind(unix_millis(now));
        let is_done = upsert.execute(&mut *self.inner).await?.rows_affected() == 1;
        if is_done {
            self.remember(number, reason, now).await?;
        }
        Ok(is_done)
    }

    /// Frees a number.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn free_number(
        &mut self,
        number: &Number,
        reason: &str,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE numbers SET state = 'free', account_id = NULL, is_primary = 0, changed_at = $2, lease_ends_at = NULL,
                 on_call = NULL, forward_to = NULL, note = NULL
             WHERE number = $1",
        );
        update
            .bind(number.as_str())
            .bind(unix_millis(now))
            .execute(&mut *self.inner)
            .await?;
        self.remember(number, reason, now).await
    }

    /// Makes a number the one that others see. Its account has no other primary number.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_primary_number(&mut self, number: &Number) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE numbers SET is_primary = 1 WHERE number = $1 AND state = 'assigned'",
        );
        update
            .bind(number.as_str())
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    pub(super) async fn remember(
        &mut self,
        number: &Number,
        reason: &str,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO number_history (number, epoch, state, account_id, username, happened_at, reason)
             SELECT n.number, n.epoch, n.state, n.account_id, a.username, $2, $3
             FROM numbers n LEFT JOIN accounts a ON a.account_id = n.account_id WHERE n.number = $1",
        );
        insert
            .bind(number.as_str())
            .bind(unix_millis(now))
            .bind(reason)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }
}
