//! The table `call_records`: who called whom, with the names and numbers of that day.

use api::{AccountId, CallQuality, Mos};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::asked::Asked;
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
    /// What the audio of this side was like, if there was any.
    pub quality: Option<CallQuality>,
}

impl RecordedParty {
    /// What the callee sees of a caller who hid.
    pub fn anonymous() -> Self {
        Self {
            account: AccountId(0),
            number: None,
            name: "Anonymous".into(),
            quality: None,
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
    /// Why it ended, in a word of a short list: `hung-up`, `cancelled`, `busy`, `declined`, `no-answer`, `voicemail`,
    /// `unreachable`, `refused`, `lost`, `no-media`, `silent`, `forwarded`, `transferred`, `by-operator`, `server-stopped`,
    /// [`CallRecord::BLOCKED`].
    pub cause: String,
    /// Whether the callee was not to learn who called.
    pub is_anonymous: bool,
    /// `caller`, `callee` or `server`.
    pub hung_up_by: Option<String>,
    /// The codec, if there was audio.
    pub codec: Option<String>,
    /// Whether the audio of both sides was encrypted.
    pub is_encrypted: Option<bool>,
}

impl CallRecord {
    /// The cause of a call to somebody who does not want to hear from the caller. For the caller the callee was busy, and the
    /// callee learns nothing.
    pub const BLOCKED: &str = "blocked";

    /// The cause of the part of a call that went on to somebody else, because the callee wanted it.
    pub const FORWARDED: &str = "forwarded";
}

/// A record with its place in the history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallRecordRow {
    /// Its id; later records have higher ones.
    pub record: i64,
    /// What it says.
    pub call: CallRecord,
}

/// Which calls are wanted: those that fit everything that is said.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct CallFilter {
    /// Made or got by this account.
    pub account: Option<AccountId>,
    /// To or from this number, as it was then, or dialled as this.
    pub number: Option<String>,
    /// Ended in this way.
    pub cause: Option<String>,
    /// Begun at this time or later, Unix milliseconds.
    pub since: Option<i64>,
    /// Begun before this time, Unix milliseconds.
    pub until: Option<i64>,
    /// Before this record.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: i64,
}

const SELECT: &str = "SELECT record_id, caller_id, caller_number, caller_name, callee_id, callee_number, callee_name, dialled,
     started_at, answered_at, ended_at, cause, hung_up_by, codec, is_encrypted, is_anonymous,
     caller_sent, caller_received, caller_lost, caller_jitter, caller_round_trip, caller_mos,
     callee_sent, callee_received, callee_lost, callee_jitter, callee_round_trip, callee_mos FROM call_records";

/// The columns of one side.
struct Side {
    account: &'static str,
    number: &'static str,
    name: &'static str,
    /// Sent, received, lost, jitter, round trip, score.
    quality: [&'static str; 6],
}

const CALLER: Side = Side {
    account: "caller_id",
    number: "caller_number",
    name: "caller_name",
    quality: [
        "caller_sent",
        "caller_received",
        "caller_lost",
        "caller_jitter",
        "caller_round_trip",
        "caller_mos",
    ],
};

const CALLEE: Side = Side {
    account: "callee_id",
    number: "callee_number",
    name: "callee_name",
    quality: [
        "callee_sent",
        "callee_received",
        "callee_lost",
        "callee_jitter",
        "callee_round_trip",
        "callee_mos",
    ],
};

impl Side {
    fn read(&self, row: &AnyRow) -> Result<RecordedParty, StoreError> {
        let account: Option<i64> = row.try_get(self.account)?;
        Ok(RecordedParty {
            account: AccountId(account.unwrap_or_default()),
            number: row.try_get(self.number)?,
            name: row.try_get(self.name)?,
            quality: self.read_quality(row)?,
        })
    }

    fn read_quality(&self, row: &AnyRow) -> Result<Option<CallQuality>, StoreError> {
        let [sent, received, lost, jitter, round_trip, mos] = self.quality;
        let value = |column| row.try_get::<Option<i64>, &str>(column);
        let Some(sent) = value(sent)? else {
            return Ok(None);
        };
        let count = |column| Ok::<_, StoreError>(value(column)?.unwrap_or_default().unsigned_abs());
        let millis = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
        let score = |value: i64| Mos::from_hundredths(u16::try_from(value).unwrap_or_default());
        Ok(Some(CallQuality {
            sent: sent.unsigned_abs(),
            received: count(received)?,
            lost: count(lost)?,
            jitter_millis: value(jitter)?.map(millis).unwrap_or_default(),
            round_trip_millis: value(round_trip)?.map(millis),
            mos: value(mos)?.map(score),
        }))
    }
}

/// The values of one side's quality, in the order of its columns.
fn values(quality: Option<&CallQuality>) -> [Option<i64>; 6] {
    let Some(quality) = quality else {
        return [None; 6];
    };
    let count = |count: u64| Some(i64::try_from(count).unwrap_or(i64::MAX));
    [
        count(quality.sent),
        count(quality.received),
        count(quality.lost),
        Some(i64::from(quality.jitter_millis)),
        quality.round_trip_millis.map(i64::from),
        quality.mos.map(|mos| i64::from(mos.hundredths())),
    ]
}

fn read(row: &AnyRow) -> Result<CallRecordRow, StoreError> {
    let is_encrypted: Option<i64> = row.try_get("is_encrypted")?;
    Ok(CallRecordRow {
        record: row.try_get("record_id")?,
        call: CallRecord {
            caller: CALLER.read(row)?,
            callee: CALLEE.read(row)?,
            dialled: row.try_get("dialled")?,
            started_at: row.try_get("started_at")?,
            answered_at: row.try_get("answered_at")?,
            ended_at: row.try_get("ended_at")?,
            cause: row.try_get("cause")?,
            is_anonymous: flag(row, "is_anonymous")?,
            hung_up_by: row.try_get("hung_up_by")?,
            codec: row.try_get("codec")?,
            is_encrypted: is_encrypted.map(|flag| flag != 0),
        },
    })
}

impl Store {
    /// Up to `limit` calls of an account as it may see them, whichever side it was on, the latest first: those before the
    /// record `before`, or the latest of all. Callers whom it has blocked have not called.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn calls_of(
        &self,
        account: AccountId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<CallRecordRow>, StoreError> {
        self.calls_about(account, before, limit, "AND cause <> 'blocked'")
            .await
    }

    /// The same as administrators see them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn all_calls_of(
        &self,
        account: AccountId,
        limit: u32,
    ) -> Result<Vec<CallRecordRow>, StoreError> {
        self.calls_about(account, None, limit, "").await
    }

    /// `of_those_it_got` is text of the code.
    async fn calls_about(
        &self,
        account: AccountId,
        before: Option<i64>,
        limit: u32,
        of_those_it_got: &'static str,
    ) -> Result<Vec<CallRecordRow>, StoreError> {
        // Each half is a walk down one index, however long the history is. A call to oneself stands in both.
        let select = format!(
            "{SELECT} WHERE record_id IN (
                 SELECT record_id FROM (
                     SELECT record_id FROM call_records WHERE caller_id = $1 AND record_id < $2
                     ORDER BY record_id DESC LIMIT $3) AS made
                 UNION
                 SELECT record_id FROM (
                     SELECT record_id FROM call_records WHERE callee_id = $1 AND record_id < $2 {of_those_it_got}
                     ORDER BY record_id DESC LIMIT $3) AS got)
             ORDER BY record_id DESC LIMIT $3"
        );
        // Text of the code alone.
        let select = sqlx::query(AssertSqlSafe(select))
            .bind(account.0)
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit));
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    /// The calls that fit, the latest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Vec<CallRecordRow>, StoreError> {
        let mut asked = Asked::default();
        if let Some(account) = filter.account {
            let account = asked.whole(account.0);
            asked.and(format!("(caller_id = {account} OR callee_id = {account})"));
        }
        if let Some(number) = &filter.number {
            let number = asked.text(number);
            asked.and(format!(
                "(caller_number = {number} OR callee_number = {number} OR dialled = {number})"
            ));
        }
        if let Some(cause) = &filter.cause {
            let cause = asked.text(cause);
            asked.and(format!("cause = {cause}"));
        }
        if let Some(since) = filter.since {
            let since = asked.whole(since);
            asked.and(format!("started_at >= {since}"));
        }
        if let Some(until) = filter.until {
            let until = asked.whole(until);
            asked.and(format!("started_at < {until}"));
        }
        if let Some(before) = filter.before {
            let before = asked.whole(before);
            asked.and(format!("record_id < {before}"));
        }
        let limit = asked.whole(filter.limit);
        let end = format!("ORDER BY record_id DESC LIMIT {limit}");
        let statement = asked.statement(SELECT, &end);
        let rows = asked.fetch(statement, &self.readers).await?;
        rows.iter().map(read).collect()
    }
}

impl Transaction {
    /// Adds calls to the history, in their order. Returns their ids.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_call_records(
        &mut self,
        records: &[CallRecord],
    ) -> Result<Vec<i64>, StoreError> {
        // Prepared once and run for each.
        let insert = "INSERT INTO call_records (caller_id, caller_number, caller_name, callee_id, callee_number,
                 callee_name, dialled, started_at, answered_at, ended_at, cause, hung_up_by, codec, is_encrypted, is_anonymous,
                 caller_sent, caller_received, caller_lost, caller_jitter, caller_round_trip, caller_mos,
                 callee_sent, callee_received, callee_lost, callee_jitter, callee_round_trip, callee_mos)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                 $23, $24, $25, $26, $27) RETURNING record_id";
        let mut ids = Vec::with_capacity(records.len());
        for record in records {
            let mut insert = sqlx::query_scalar(insert)
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
                .bind(record.hung_up_by.clone())
                .bind(record.codec.clone())
                .bind(record.is_encrypted.map(i64::from))
                .bind(i64::from(record.is_anonymous));
            for side in [&record.caller, &record.callee] {
                for value in values(side.quality.as_ref()) {
                    insert = insert.bind(value);
                }
            }
            ids.push(insert.fetch_one(&mut *self.inner).await?);
        }
        Ok(ids)
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
            quality: (account == 1).then(|| CallQuality {
                sent: 500,
                received: 490,
                lost: 10,
                jitter_millis: 3,
                round_trip_millis: None,
                mos: Some(Mos::from_hundredths(412)),
            }),
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
            is_anonymous: caller == 3,
            cause: if started_at == 12 { "busy" } else { "hung-up" }.into(),
            hung_up_by: Some("caller".into()),
            codec: (caller == 1).then(|| "opus".into()),
            is_encrypted: (caller == 1).then_some(false),
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

        let wanted = async |filter: CallFilter| {
            let filter = CallFilter {
                limit: 10,
                ..filter
            };
            let rows = store.calls(&filter).await.unwrap();
            let began = rows.iter().map(|row| row.call.started_at);
            began.collect::<Vec<_>>()
        };
        assert_eq!(wanted(CallFilter::default()).await, [14, 13, 12, 11, 10]);
        let of = |account| CallFilter {
            account: Some(AccountId(account)),
            ..CallFilter::default()
        };
        assert_eq!(wanted(of(3)).await, [12, 11]);
        let busy = CallFilter {
            cause: Some("busy".into()),
            ..of(3)
        };
        assert_eq!(wanted(busy).await, [12]);
        let number = CallFilter {
            number: Some("1003".into()),
            ..CallFilter::default()
        };
        assert_eq!(wanted(number).await, [12, 11]);
        let times = CallFilter {
            since: Some(11),
            until: Some(14),
            ..CallFilter::default()
        };
        assert_eq!(wanted(times).await, [13, 12, 11]);
        let rest = CallFilter {
            before: first.first().map(|row| row.record - 2),
            ..CallFilter::default()
        };
        assert_eq!(wanted(rest).await, [11, 10]);
        let blocked = CallRecord {
            cause: CallRecord::BLOCKED.into(),
            ..call(5, 6, 15)
        };
        let mut tx = store.begin().await.unwrap();
        tx.add_call_records(&[blocked]).await.unwrap();
        tx.commit().await.unwrap();
        let own = async |account| {
            let own = store.calls_of(AccountId(account), None, 9).await;
            own.unwrap().len()
        };
        assert_eq!(
            (own(5).await, own(6).await),
            (1, 0),
            "who is called learns nothing"
        );
        let all = store.all_calls_of(AccountId(6), 9).await.unwrap();
        assert_eq!(all.len(), 1);
        assert!(
            store
                .calls_of(AccountId(7), None, 9)
                .await
                .unwrap()
                .is_empty()
        );
    }
}
