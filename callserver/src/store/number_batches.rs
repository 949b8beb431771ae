//! Many numbers in a few statements, for files of a hundred thousand lines.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use api::{AccountId, Number, NumberState};
use sqlx::{AssertSqlSafe, Row};

use super::accounts::read_number;
use super::numbers::{epoch_after, read, select_numbers};
use super::slot::Slot;
use super::{Lease, NumberRow, StoreError, Transaction, rows_of, unix_millis, with_list};

/// So many values are asked for in one statement.
const ASKED: usize = 100;

/// So many rows are written in one statement. SQLite looks every placeholder up in a list, so that much longer
/// statements take longer for each row.
const WRITTEN: usize = 32;

/// One number of many that becomes something else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberWrite {
    /// The number.
    pub number: Number,
    /// What it was, read in the same transaction.
    pub before: Option<NumberRow>,
    /// What it becomes.
    pub lease: Lease,
    /// The name of whoever holds it then.
    pub username: Option<String>,
}

/// What giving numbers to an account must know about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnerRow {
    /// The account.
    pub account: AccountId,
    /// How many numbers it holds.
    pub held: i64,
    /// Its primary number.
    pub primary: Option<Number>,
}

impl Transaction {
    /// Those of the numbers that have a row.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn numbers_among(
        &mut self,
        numbers: &[&Number],
    ) -> Result<HashMap<Number, NumberRow>, StoreError> {
        let mut found = HashMap::new();
        for part in numbers.chunks(ASKED) {
            let select = with_list(select_numbers!("WHERE n.number IN ({})"), 1, part.len());
            let mut select = sqlx::query(select);
            for number in part {
                select = select.bind(number.as_str());
            }
            for row in select.fetch_all(&mut *self.inner).await? {
                let row = read(&row)?;
                found.insert(row.number.clone(), row);
            }
        }
        Ok(found)
    }

    /// The persons of these names, by their names. Guests and deleted accounts are not among them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn owners_among(
        &mut self,
        names: &[&str],
    ) -> Result<HashMap<String, OwnerRow>, StoreError> {
        let mut found = HashMap::new();
        for part in names.chunks(ASKED) {
            let sql = "SELECT a.account_id, a.username,
                    (SELECT count(*) FROM numbers h WHERE h.account_id = a.account_id
                         AND h.state IN ('assigned', 'guest')) AS held,
                    (SELECT p.number FROM numbers p WHERE p.account_id = a.account_id AND p.is_primary = 1) AS number
                FROM accounts a WHERE a.kind = 'person' AND a.username IN ({})";
            let mut select = sqlx::query(with_list(sql, 1, part.len()));
            for name in part {
                select = select.bind(*name);
            }
            for row in select.fetch_all(&mut *self.inner).await? {
                let owner = OwnerRow {
                    account: AccountId(row.try_get("account_id")?),
                    held: row.try_get("held")?,
                    primary: read_number(&row)?,
                };
                found.insert(row.try_get("username")?, owner);
            }
        }
        Ok(found)
    }

    /// The logins of all devices of these accounts.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn logins_among(
        &mut self,
        accounts: &[AccountId],
    ) -> Result<Vec<String>, StoreError> {
        let mut logins = Vec::new();
        for part in accounts.chunks(ASKED) {
            let sql = "SELECT login FROM devices WHERE account_id IN ({})";
            let mut select = sqlx::query_scalar::<_, String>(with_list(sql, 1, part.len()));
            for account in part {
                select = select.bind(account.0);
            }
            logins.extend(select.fetch_all(&mut *self.inner).await?);
        }
        Ok(logins)
    }

    /// The numbers in quarantine that name one of these as the one that reslots them, directly or over others.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn numbers_that_lead_to(
        &mut self,
        numbers: &[Number],
    ) -> Result<Vec<Number>, StoreError> {
        let (mut found, mut next) = (HashSet::new(), numbers.to_vec());
        while !next.is_empty() {
            let asked = std::mem::take(&mut next);
            for part in asked.chunks(ASKED) {
                let sql = "SELECT number FROM numbers WHERE forward_to IN ({})";
                let mut select = sqlx::query(with_list(sql, 1, part.len()));
                for number in part {
                    select = select.bind(number.as_str());
                }
                for row in select.fetch_all(&mut *self.inner).await? {
                    if let Some(number) = read_number(&row)?
                        && found.insert(number.clone())
                    {
                        next.push(number);
                    }
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Makes numbers no longer the primary ones of their accounts, before others are.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn demote_numbers(&mut self, numbers: &[Number]) -> Result<(), StoreError> {
        for number in numbers {
            let update = "UPDATE numbers SET is_primary = 0 WHERE number = $1";
            sqlx::query(update)
                .bind(number.as_str())
                .execute(&mut *self.inner)
                .await?;
        }
        Ok(())
    }

    /// Does to many numbers what [`Transaction::set_number`] does to one. What they were must have been read in this
    /// transaction, and each number come once.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_numbers(
        &mut self,
        writes: &[NumberWrite],
        reason: &str,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        for part in writes.chunks(WRITTEN) {
            self.upsert(part, now).await?;
            self.remember(part, reason, now).await?;
        }
        let was_free = |write: &&NumberWrite| {
            let before = write.before.as_ref();
            before.is_none_or(|row| row.state == NumberState::Free)
        };
        let taken = writes
            .iter()
            .filter(was_free)
            .filter(|write| write.lease != Lease::Free);
        let mut taken: Vec<_> = taken.map(|write| Slot::of(&write.number)).collect();
        taken.sort_unstable();
        // Numbers in a row are taken in one go.
        for run in taken.chunk_by(|a, b| a.at(a.value + 1) == *b) {
            if let [first, .., last] | [first @ last] = run {
                self.take_from_pools(*first, last.value).await?;
            }
        }
        let freed = writes
            .iter()
            .filter(|write| !was_free(write) && write.lease == Lease::Free);
        for write in freed {
            self.give_back_to_pool(Slot::of(&write.number)).await?;
        }
        Ok(())
    }

    async fn upsert(&mut self, writes: &[NumberWrite], now: SystemTime) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO numbers (number, digits, state, account_id, is_primary, epoch, changed_at, lease_ends_at, on_call,
                 forward_to, note)
             VALUES {} ON CONFLICT (number) DO UPDATE SET state = excluded.state, account_id = excluded.account_id,
                 is_primary = excluded.is_primary, epoch = excluded.epoch, changed_at = excluded.changed_at,
                 lease_ends_at = excluded.lease_ends_at, on_call = excluded.on_call, forward_to = excluded.forward_to,
                 note = excluded.note",
            rows_of(11, writes.len())
        );
        // Only placeholders were put in.
        let mut upsert = sqlx::query(AssertSqlSafe(sql));
        for write in writes {
            let after = write.lease.after();
            let forward_to = after.and_then(|after| after.forward_to.as_ref());
            upsert = upsert
                .bind(write.number.as_str())
                .bind(Slot::of(&write.number).digits)
                .bind(write.lease.state().as_str())
                .bind(write.lease.account().map(|account| account.0))
                .bind(i64::from(write.lease.is_primary()))
                .bind(epoch_after(write.before.as_ref(), &write.lease))
                .bind(unix_millis(now))
                .bind(write.lease.ends_at())
                .bind(after.map(|after| after.on_call.as_str()))
                .bind(forward_to.map(Number::as_str))
                .bind(write.lease.note());
        }
        upsert.execute(&mut *self.inner).await?;
        Ok(())
    }

    async fn remember(
        &mut self,
        writes: &[NumberWrite],
        reason: &str,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO number_history (number, epoch, state, account_id, username, happened_at, reason) VALUES {}",
            rows_of(7, writes.len())
        );
        let mut insert = sqlx::query(AssertSqlSafe(sql));
        for write in writes {
            insert = insert
                .bind(write.number.as_str())
                .bind(epoch_after(write.before.as_ref(), &write.lease))
                .bind(write.lease.state().as_str())
                .bind(write.lease.account().map(|account| account.0))
                .bind(write.username.as_deref())
                .bind(unix_millis(now))
                .bind(reason);
        }
        insert.execute(&mut *self.inner).await?;
        Ok(())
    }
}
