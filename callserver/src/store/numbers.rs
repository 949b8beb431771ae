//! The table `numbers`: who holds which number. Every change goes through [`Transaction::set_number`], which keeps the
//! history and the free ranges of the pools in step.

use std::time::SystemTime;

use api::{AccountId, AfterChange, Number, NumberState, OnCall};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::accounts::read_number;
use super::slot::Slot;
use super::{Store, StoreError, Transaction, flag, unix_millis};

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
    /// When a guest's lease or the quarantine ends, Unix milliseconds.
    pub lease_ends_at: Option<i64>,
    /// What callers get, in quarantine.
    pub after: Option<AfterChange>,
    /// Why it is reserved.
    pub note: Option<String>,
}

/// What a number becomes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lease {
    /// Anybody can be given it.
    Free,
    /// An account holds it.
    Assigned {
        /// The account.
        account: AccountId,
        /// Whether it is the one that others see. An account has one such number.
        is_primary: bool,
    },
    /// An administrator keeps it back.
    Reserved {
        /// Why.
        note: Option<String>,
    },
    /// A guest borrows it.
    Guest {
        /// The guest.
        account: AccountId,
        /// Until when, unless the lease is renewed.
        ends_at: SystemTime,
    },
    /// It rests.
    Quarantined {
        /// Whose it was.
        account: Option<AccountId>,
        /// Until when.
        ends_at: SystemTime,
        /// What callers get.
        after: AfterChange,
    },
}

macro_rules! select_numbers {
    ($rest:literal) => {
        concat!(
            "SELECT n.number, n.state, n.account_id, a.username, n.is_primary, n.epoch, n.changed_at, n.lease_ends_at,
                 n.on_call, n.forward_to, n.note
             FROM numbers n LEFT JOIN accounts a ON a.account_id = n.account_id ",
            $rest
        )
    };
}
pub(super) use select_numbers;

pub(super) fn read_state(word: &str) -> Result<NumberState, StoreError> {
    NumberState::from_word(word).ok_or_else(|| StoreError::Corrupt {
        what: "state of a number",
        value: word.to_owned(),
    })
}

pub(super) fn read_after(row: &AnyRow) -> Result<Option<AfterChange>, StoreError> {
    let Some(word) = row.try_get::<Option<String>, _>("on_call")? else {
        return Ok(None);
    };
    let forward_to: Option<String> = row.try_get("forward_to")?;
    let corrupt = |what, value: &str| StoreError::Corrupt {
        what,
        value: value.to_owned(),
    };
    let forward_to = forward_to
        .map(|text| Number::parse(&text).map_err(|_| corrupt("number", &text)))
        .transpose()?;
    Ok(Some(AfterChange {
        on_call: OnCall::from_word(&word).ok_or_else(|| corrupt("choice for callers", &word))?,
        forward_to,
    }))
}

pub(super) fn read(row: &AnyRow) -> Result<NumberRow, StoreError> {
    let number = read_number(row)?.ok_or(StoreError::Corrupt {
        what: "number",
        value: String::new(),
    })?;
    Ok(NumberRow {
        number,
        state: read_state(&row.try_get::<String, _>("state")?)?,
        account: row.try_get::<Option<i64>, _>("account_id")?.map(AccountId),
        username: row.try_get("username")?,
        is_primary: flag(row, "is_primary")?,
        epoch: row.try_get("epoch")?,
        changed_at: row.try_get("changed_at")?,
        lease_ends_at: row.try_get("lease_ends_at")?,
        after: read_after(row)?,
        note: row.try_get("note")?,
    })
}

impl Lease {
    /// The state.
    pub fn state(&self) -> NumberState {
        match self {
            Self::Free => NumberState::Free,
            Self::Assigned { .. } => NumberState::Assigned,
            Self::Reserved { .. } => NumberState::Reserved,
            Self::Guest { .. } => NumberState::Guest,
            Self::Quarantined { .. } => NumberState::Quarantined,
        }
    }

    /// Who holds the number, or in quarantine: held it.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Free | Self::Reserved { .. } => None,
            Self::Assigned { account, .. } | Self::Guest { account, .. } => Some(*account),
            Self::Quarantined { account, .. } => *account,
        }
    }

    /// Until when, Unix milliseconds.
    pub(super) fn ends_at(&self) -> Option<i64> {
        match self {
            Self::Guest { ends_at, .. } | Self::Quarantined { ends_at, .. } => {
                Some(unix_millis(*ends_at))
            }
            _ => None,
        }
    }

    pub(super) fn is_primary(&self) -> bool {
        match self {
            Self::Assigned { is_primary, .. } => *is_primary,
            // A guest has the one number that it was lent.
            Self::Guest { .. } => true,
            _ => false,
        }
    }

    pub(super) fn after(&self) -> Option<&AfterChange> {
        match self {
            Self::Quarantined { after, .. } => Some(after),
            _ => None,
        }
    }

    pub(super) fn note(&self) -> Option<&str> {
        match self {
            Self::Reserved { note } => note.as_deref(),
            _ => None,
        }
    }
}

/// The epoch of a number after a change: it counts owners, so it grows when somebody else than before begins to hold it.
pub(super) fn epoch_after(before: Option<&NumberRow>, lease: &Lease) -> i64 {
    let epoch = before.map_or(0, |row| row.epoch);
    let is_held = matches!(lease, Lease::Assigned { .. } | Lease::Guest { .. });
    let begins = is_held && before.and_then(|row| row.account) != lease.account();
    epoch + i64::from(begins)
}

impl Store {
    /// All numbers that have a row, or those in one state, shortest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn numbers(&self, state: Option<NumberState>) -> Result<Vec<NumberRow>, StoreError> {
        let rows = match state {
            Some(state) => {
                let select = select_numbers!("WHERE n.state = $1 ORDER BY n.digits, n.number");
                let select = sqlx::query(select).bind(state.as_str());
                select.fetch_all(&self.readers).await?
            }
            None => {
                let select = select_numbers!("ORDER BY n.digits, n.number");
                sqlx::query(select).fetch_all(&self.readers).await?
            }
        };
        rows.iter().map(read).collect()
    }

    /// Up to `limit` numbers that have a row, in the order of their texts, after this one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn numbers_after(
        &self,
        after: Option<&Number>,
        limit: u32,
    ) -> Result<Vec<NumberRow>, StoreError> {
        let select = select_numbers!("WHERE n.number > $1 ORDER BY n.number LIMIT $2");
        let select = sqlx::query(select)
            .bind(after.map_or("", Number::as_str))
            .bind(i64::from(limit));
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    /// The numbers that belong to an account, those in quarantine too, the primary one first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn numbers_that_belong_to(
        &self,
        account: AccountId,
    ) -> Result<Vec<NumberRow>, StoreError> {
        let select = select_numbers!(
            "WHERE n.account_id = $1 ORDER BY n.is_primary DESC, n.digits, n.number"
        );
        let rows = sqlx::query(select)
            .bind(account.0)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// One number, if it has a row.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn number(&self, number: &Number) -> Result<Option<NumberRow>, StoreError> {
        let select = sqlx::query(select_numbers!("WHERE n.number = $1")).bind(number.as_str());
        let row = select.fetch_optional(&self.readers).await?;
        row.as_ref().map(read).transpose()
    }
}

impl Transaction {
    /// One number, if it has a row.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn number(&mut self, number: &Number) -> Result<Option<NumberRow>, StoreError> {
        let select = sqlx::query(select_numbers!("WHERE n.number = $1")).bind(number.as_str());
        let row = select.fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(read).transpose()
    }

    /// The numbers that an account holds, the primary one first. Those in quarantine are not among them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn numbers_of(&mut self, account: AccountId) -> Result<Vec<NumberRow>, StoreError> {
        let mut rows = self.numbers_that_belong_to(account).await?;
        rows.retain(|row| row.state != NumberState::Quarantined);
        Ok(rows)
    }

    /// The numbers that belong to an account, those in quarantine too, the primary one first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn numbers_that_belong_to(
        &mut self,
        account: AccountId,
    ) -> Result<Vec<NumberRow>, StoreError> {
        let select = select_numbers!(
            "WHERE n.account_id = $1 ORDER BY n.is_primary DESC, n.digits, n.number"
        );
        let rows = sqlx::query(select)
            .bind(account.0)
            .fetch_all(&mut *self.inner)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Makes a number something else, if it still is what `before` says (`None`: it has no row); tells whether it did.
    /// Writes the line of its history and keeps the pools' free ranges.
    ///
    /// # Errors
    /// If the database fails, or the account has another primary number already.
    pub async fn set_number(
        &mut self,
        number: &Number,
        before: Option<&NumberRow>,
        lease: &Lease,
        reason: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        // The condition and the write are one statement: nobody can come between.
        let upsert = sqlx::query(
            "INSERT INTO numbers (number, digits, state, account_id, is_primary, epoch, changed_at, lease_ends_at, on_call,
                 forward_to, note)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (number) DO UPDATE SET state = excluded.state, account_id = excluded.account_id,
                 is_primary = excluded.is_primary, epoch = excluded.epoch, changed_at = excluded.changed_at,
                 lease_ends_at = excluded.lease_ends_at, on_call = excluded.on_call, forward_to = excluded.forward_to,
                 note = excluded.note
             WHERE numbers.state = $12 AND numbers.epoch = $13",
        );
        let slot = Slot::of(number);
        let epoch = epoch_after(before, lease);
        let account = lease.account().map(|account| account.0);
        let after = lease.after();
        let forward_to = after.and_then(|after| after.forward_to.as_ref());
        let upsert = upsert
            .bind(number.as_str())
            .bind(slot.digits)
            .bind(lease.state().as_str())
            .bind(account)
            .bind(i64::from(lease.is_primary()))
            .bind(epoch)
            .bind(unix_millis(now))
            .bind(lease.ends_at())
            .bind(after.map(|after| after.on_call.as_str()))
            .bind(forward_to.map(Number::as_str))
            .bind(lease.note())
            .bind(before.map_or("", |row| row.state.as_str()))
            .bind(before.map_or(-1, |row| row.epoch));
        if upsert.execute(&mut *self.inner).await?.rows_affected() != 1 {
            return Ok(false);
        }
        let was_free = before.is_none_or(|row| row.state == NumberState::Free);
        match (was_free, *lease == Lease::Free) {
            (true, false) => self.take_from_pools(slot, slot.value).await?,
            (false, true) => self.give_back_to_pool(slot).await?,
            _ => {}
        }
        let line = sqlx::query(
            "INSERT INTO number_history (number, epoch, state, account_id, username, happened_at, reason)
             VALUES ($1, $2, $3, $4, (SELECT username FROM accounts WHERE account_id = $4), $5, $6)",
        );
        let line = line
            .bind(number.as_str())
            .bind(epoch)
            .bind(lease.state().as_str())
            .bind(account)
            .bind(unix_millis(now))
            .bind(reason);
        line.execute(&mut *self.inner).await?;
        Ok(true)
    }

    /// Gives a number to an account, if it is free or has never been used; tells whether it did.
    ///
    /// # Errors
    /// If the database fails, or the account has another primary number already.
    pub async fn assign_number(
        &mut self,
        number: &Number,
        account: AccountId,
        is_primary: bool,
        reason: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let before = self.number(number).await?;
        let lease = Lease::Assigned {
            account,
            is_primary,
        };
        match before {
            Some(row) if row.state != NumberState::Free => Ok(false),
            before => {
                self.set_number(number, before.as_ref(), &lease, reason, now)
                    .await
            }
        }
    }

    /// Frees a number, whatever it was.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn free_number(
        &mut self,
        number: &Number,
        reason: &str,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        if let Some(row) = self.number(number).await?
            && row.state != NumberState::Free
        {
            self.set_number(number, Some(&row), &Lease::Free, reason, now)
                .await?;
        }
        Ok(())
    }

    /// Makes one of an account's numbers the one that others see, in the slot of the one that was. Whose number it is
    /// does not change, so its history says nothing about it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_primary_number(
        &mut self,
        account: AccountId,
        number: &Number,
    ) -> Result<(), StoreError> {
        // First none, then this one: at no moment are there two.
        let clear = "UPDATE numbers SET is_primary = 0 WHERE account_id = $1 AND is_primary = 1 AND number <> $2";
        let set = "UPDATE numbers SET is_primary = 1 WHERE account_id = $1 AND number = $2 AND state IN ('assigned', 'guest')";
        for update in [clear, set] {
            let update = sqlx::query(update).bind(account.0).bind(number.as_str());
            update.execute(&mut *self.inner).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(account: Option<i64>, epoch: i64) -> NumberRow {
        NumberRow {
            number: Number::parse("1000").expect("a number"),
            state: NumberState::Free,
            account: account.map(AccountId),
            username: None,
            is_primary: false,
            epoch,
            changed_at: 0,
            lease_ends_at: None,
            after: None,
            note: None,
        }
    }

    #[test]
    fn the_epoch_counts_owners_and_nothing_else() {
        let held = |account| Lease::Assigned {
            account: AccountId(account),
            is_primary: true,
        };
        for (before, lease, epoch) in [
            (None, held(1), 1),
            (None, Lease::Reserved { note: None }, 0),
            (Some(row(None, 4)), held(1), 5),
            (Some(row(Some(1), 4)), held(1), 4),
            (Some(row(Some(2), 4)), held(1), 5),
            (Some(row(Some(2), 4)), Lease::Free, 4),
        ] {
            assert_eq!(epoch_after(before.as_ref(), &lease), epoch);
        }
    }
}
