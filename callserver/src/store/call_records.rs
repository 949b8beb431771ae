//! The table `call_records`: who called whom, with the names and numbers of that day.

use api::AccountId;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, Transaction, flag};

/// One side of a call that is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordedParty {
    /// The account, for ever the same; it may be gone by now.
    pub account: AccountId,
    /// The number that it had then.
    pub number: Option<String>,
    /// The name that it had then.
    pub name: String,
}

impl RecordedParty {
    /// What the callee sees of a caller who hid.
    pub fn anonymous() -> Self {
        Self {
            account: AccountId(0),
            number: None,
            name: "Anonymous".into(),
        }
    }
}

/// A call that is over, or the part of one that ended when somebody was handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallRecord {
    /// Who called.
    pub caller: RecordedParty,
    /// Who was called.
    pub callee: RecordedParty,
    /// What the caller dialled: a number that may have led to another one, or a name.
    pub dialled: String,
    /// Unix milliseconds.
    pub started_at: i64,
    /// Unix milliseconds; `None` if nobody answered.
    pub answered_at: Option<i64>,
    /// Unix milliseconds.
    pub ended_at: i64,
    /// Why it ended, in a word of a short list: `hung-up`, `cancelled`, `busy`, `declined`, `no-answer`, `unreachable`,
    /// `refused`, `lost`, `no-media`, `forwarded`, `transferred`, `by-operator`, `server-stopped`.
    pub cause: String,
    /// Whether the callee was not to learn who called.
    pub is_anonymous: bool,
}

/// A record with its place in the history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallRecordRow {
    /// Its id; later records have higher ones.
    pub record: i64,
    /// What it says.
    pub call: CallRecord,
}

macro_rules! select_records {
    ($rest:literal) => {
        concat!(
            "SELECT record_id, caller_id, caller_number, caller_name, callee_id, callee_number, callee_name, dialled,
                 started_at, answered_at, ended_at, cause, is_anonymous FROM call_records ",
            $rest
        )
    };
}

fn read(row: &AnyRow) -> Result<CallRecordRow, StoreError> {
    let party = |id, number, name| -> Result<RecordedParty, StoreError> {
        Ok(RecordedParty {
            account: AccountId(row.try_get::<Option<i64>, &str>(id)?.unwrap_or_default()),
            number: row.try_get::<Option<String>, &str>(number)?,
            name: row.try_get::<String, &str>(name)?,
        })
    };
    Ok(CallRecordRow {
        record: row.try_get("record_id")?,
        call: CallRecord {
            caller: party("caller_id", "caller_number", "caller_name")?,
            callee: party("callee_id", "callee_number", "callee_name")?,
            dialled: row.try_get("dialled")?,
            started_at: row.try_get("started_at")?,
            answered_at: row.try_get("answered_at")?,
            ended_at: row.try_get("ended_at")?,
            cause: row.try_get("cause")?,
            is_anonymous: flag(row, "is_anonymous")?,
        },
    })
}

impl Store {
    /// Up to `limit` calls of an account, whichever side it was on, the latest first: those before the record `before`,
    /// or the latest of all.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn calls_of(
        &self,
        account: AccountId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<CallRecordRow>, StoreError> {
        // Each half is a walk down one index, however long the history is. A call to oneself stands in both.
        let select = select_records!(
            "WHERE record_id IN (
                 SELECT record_id FROM (
                     SELECT record_id FROM call_records WHERE caller_id = $1 AND record_id < $2
                     ORDER BY record_id DESC LIMIT $3) AS made
                 UNION
                 SELECT record_id FROM (
                     SELECT record_id FROM call_records WHERE callee_id = $1 AND record_id < $2
                     ORDER BY record_id DESC LIMIT $3) AS got)
             ORDER BY record_id DESC LIMIT $3"
        );
        let select = sqlx::query(select)
            .bind(account.0)
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit));
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    /// Up to `limit` calls of everybody, the latest first: those before the record `before`, or the latest of all.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn calls(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<CallRecordRow>, StoreError> {
        let select = select_records!("WHERE record_id < $1 ORDER BY record_id DESC LIMIT $2");
        let select = sqlx::query(select)
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit));
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }
}

impl Transaction {
    /// Adds calls to the history, in their order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_call_records(&mut self, records: &[CallRecord]) -> Result<(), StoreError> {
        // Prepared once and run for each.
        let insert = "INSERT INTO call_records (caller_id, caller_number, caller_name, callee_id, callee_number,
                 callee_name, dialled, started_at, answered_at, ended_at, cause, is_anonymous)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        for record in records {
            sqlx::query(insert)
                .bind(record.caller.account.0)
                .bind(record.caller.number.clone())
                .bind(record.caller.name.as_str())
                .bind(record.callee.account.0)
                .bind(record.callee.number.clone())
                .bind(record.callee.name.as_str())
                .bind(record.dialled.as_str())
                .bind(record.started_at)
                .bind(record.answered_at)
                .bind(record.ended_at)
                .bind(record.cause.as_str())
                .bind(i64::from(record.is_anonymous))
                .execute(&mut *self.inner)
                .await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::ground::{Ground, on_both_engines};

    fn party(account: i64) -> RecordedParty {
        RecordedParty {
            account: AccountId(account),
            number: (account != 9).then(|| format!("100{account}")),
            name: format!("person {account}"),
        }
    }

    fn call(caller: i64, callee: i64, started_at: i64) -> CallRecord {
        CallRecord {
            caller: party(caller),
            callee: party(callee),
            dialled: format!("100{callee}"),
            started_at,
            answered_at: (started_at % 2 == 0).then_some(started_at + 1),
            ended_at: started_at + 2,
            cause: "hung-up".into(),
            is_anonymous: caller == 3,
        }
    }

    on_both_engines!(the_history_of_an_account_holds_both_sides_and_is_read_in_pages);

    async fn the_history_of_an_account_holds_both_sides_and_is_read_in_pages(ground: Ground) {
        let store = ground.store().await;
        let calls = [
            call(1, 2, 10),
            call(3, 1, 11),
            call(2, 3, 12),
            call(1, 1, 13),
            call(9, 1, 14),
        ];
        let mut tx = store.begin().await.unwrap();
        tx.add_call_records(&calls).await.unwrap();
        tx.commit().await.unwrap();

        let first = store.calls_of(AccountId(1), None, 3).await.unwrap();
        let said: Vec<&CallRecord> = first.iter().map(|row| &row.call).collect();
        assert_eq!(said, [&calls[4], &calls[3], &calls[1]]);
        let before = first.last().map(|row| row.record);
        let second = store.calls_of(AccountId(1), before, 3).await.unwrap();
        assert_eq!(second.len(), 1);
        assert_eq!(second[0].call, calls[0]);

        let all = store.calls(None, 2).await.unwrap();
        assert_eq!(all.len(), 2);
        let rest = store.calls(Some(all[1].record), 10).await.unwrap();
        assert_eq!(rest.len(), 3);
        assert!(
            store
                .calls_of(AccountId(7), None, 9)
                .await
                .unwrap()
                .is_empty()
        );
    }
}
