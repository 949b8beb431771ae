//! The tables `voicemails`, `voicemail_sounds` and `voicemail_greetings`.
//!
//! Somebody's messages are those of the own account and those of the groups that one is a member of.

use std::time::SystemTime;

use api::AccountId;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, Transaction, flag, unix_millis};

/// A message that somebody has left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VoicemailRow {
    /// The immutable id.
    pub id: i64,
    /// For whom it was left.
    pub account: AccountId,
    /// Who has called, as they were then.
    pub caller: VoicemailBy,
    /// Unix milliseconds.
    pub left_at: i64,
    /// How long it is, in ms.
    pub millis: i64,
    /// Whether it was heard.
    pub is_heard: bool,
}

/// Who has left a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VoicemailBy {
    /// The account; none of one who hid.
    pub account: Option<AccountId>,
    /// The number of that day.
    pub number: Option<String>,
    /// The name of that day.
    pub name: String,
}

/// A message to be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewVoicemail {
    /// For whom.
    pub account: AccountId,
    /// Of whom.
    pub caller: VoicemailBy,
    /// Unix milliseconds.
    pub left_at: i64,
    /// In ms.
    pub millis: i64,
    /// What no other recording is called.
    pub recording: String,
}

/// How many messages there are for somebody.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct VoicemailCount {
    /// Not heard yet.
    pub new: u32,
    /// Heard.
    pub old: u32,
}

/// Those of the account `$1`.
macro_rules! mine {
    () => {
        "(v.account_id = $1 OR v.account_id IN (SELECT m.group_id FROM ring_group_members m WHERE m.account_id = $1))"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT v.voicemail_id, v.account_id, v.caller_id, v.caller_number, v.caller_name, v.left_at, v.millis, v.is_heard
             FROM voicemails v WHERE ",
            mine!(),
            $rest
        )
    };
}

fn read(row: &AnyRow) -> Result<VoicemailRow, StoreError> {
    Ok(VoicemailRow {
        id: row.try_get("voicemail_id")?,
        account: AccountId(row.try_get("account_id")?),
        caller: VoicemailBy {
            account: row.try_get::<Option<i64>, _>("caller_id")?.map(AccountId),
            number: row.try_get("caller_number")?,
            name: row.try_get("caller_name")?,
        },
        left_at: row.try_get("left_at")?,
        millis: row.try_get("millis")?,
        is_heard: flag(row, "is_heard")?,
    })
}

impl Store {
    /// The same database, with so many messages at most for each account.
    #[must_use]
    pub fn with_most_voicemails(mut self, most: u32) -> Self {
        self.most_voicemails = most.into();
        self
    }

    /// Somebody's messages, the newest first, from before this one on.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn voicemails(
        &self,
        account: AccountId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<VoicemailRow>, StoreError> {
        let select = sqlx::query(select!(
            " AND v.voicemail_id < $2 ORDER BY v.voicemail_id DESC LIMIT $3"
        ));
        let select = select.bind(account.0).bind(before.unwrap_or(i64::MAX));
        let rows = select.bind(limit).fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    /// One of somebody's messages.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn voicemail(
        &self,
        account: AccountId,
        id: i64,
    ) -> Result<Option<VoicemailRow>, StoreError> {
        let select = sqlx::query(select!(" AND v.voicemail_id = $2"));
        let select = select.bind(account.0).bind(id);
        let row = select.fetch_optional(&self.readers).await?;
        row.as_ref().map(read).transpose()
    }

    /// The sound of a message, whoever it is for: Opus in an Ogg file.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn voicemail_sound(&self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let select = "SELECT content FROM voicemail_sounds WHERE voicemail_id = $1";
        let select = sqlx::query(select).bind(id);
        let row = select.fetch_optional(&self.readers).await?;
        Ok(row.map(|row| row.try_get("content")).transpose()?)
    }

    /// How many messages there are for somebody.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn voicemail_count(&self, account: AccountId) -> Result<VoicemailCount, StoreError> {
        let select = sqlx::query(concat!(
            "SELECT v.is_heard, count(*) AS many FROM voicemails v WHERE ",
            mine!(),
            " GROUP BY v.is_heard"
        ));
        let rows = select.bind(account.0).fetch_all(&self.readers).await?;
        let mut count = VoicemailCount::default();
        for row in &rows {
            let many = u32::try_from(row.try_get::<i64, _>("many")?).unwrap_or(u32::MAX);
            match flag(row, "is_heard")? {
                true => count.old = many,
                false => count.new = many,
            }
        }
        Ok(count)
    }

    /// Whether nobody can leave another message for this account.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn voicemail_is_full(&self, account: AccountId) -> Result<bool, StoreError> {
        let count =
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM voicemails WHERE account_id = $1");
        let count = count.bind(account.0).fetch_one(&self.readers).await?;
        Ok(count >= self.most_voicemails)
    }

    /// What callers of somebody hear first, if it is something of their own.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn voicemail_greeting(
        &self,
        account: AccountId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let select = "SELECT content FROM voicemail_greetings WHERE account_id = $1";
        let select = sqlx::query(select).bind(account.0);
        let row = select.fetch_optional(&self.readers).await?;
        Ok(row.map(|row| row.try_get("content")).transpose()?)
    }
}

impl Transaction {
    /// Keeps a message; returns its id, which is that of before if it is kept already.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_voicemail(
        &mut self,
        new: &NewVoicemail,
        sound: &[u8],
    ) -> Result<i64, StoreError> {
        // Who is no more has left it all the same.
        let insert = sqlx::query(
            "INSERT INTO voicemails (account_id, caller_id, caller_number, caller_name, left_at, millis, recording)
             VALUES ($1, (SELECT a.account_id FROM accounts a WHERE a.account_id = $2), $3, $4, $5, $6, $7)
             ON CONFLICT (recording) DO NOTHING RETURNING voicemail_id",
        );
        let row = insert
            .bind(new.account.0)
            .bind(new.caller.account.map(|account| account.0))
            .bind(new.caller.number.clone())
            .bind(new.caller.name.clone())
            .bind(new.left_at)
            .bind(new.millis)
            .bind(new.recording.clone())
            .fetch_optional(&mut *self.inner)
            .await?;
        let Some(row) = row else {
            let known =
                sqlx::query_scalar("SELECT voicemail_id FROM voicemails WHERE recording = $1");
            let known = known.bind(new.recording.clone());
            return Ok(known.fetch_one(&mut *self.inner).await?);
        };
        let id: i64 = row.try_get("voicemail_id")?;
        let insert =
            sqlx::query("INSERT INTO voicemail_sounds (voicemail_id, content) VALUES ($1, $2)");
        let insert = insert.bind(id).bind(sound.to_vec());
        insert.execute(&mut *self.inner).await?;
        Ok(id)
    }

    /// One of somebody's messages, as this write sees it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn voicemail(
        &mut self,
        account: AccountId,
        id: i64,
    ) -> Result<Option<VoicemailRow>, StoreError> {
        let select = sqlx::query(select!(" AND v.voicemail_id = $2"));
        let select = select.bind(account.0).bind(id);
        let row = select.fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(read).transpose()
    }

    /// Writes down whether a message was heard.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn mark_voicemail(&mut self, id: i64, is_heard: bool) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE voicemails SET is_heard = $2 WHERE voicemail_id = $1");
        let update = update.bind(id).bind(i64::from(is_heard));
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Deletes a message with its sound.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_voicemail(&mut self, id: i64) -> Result<(), StoreError> {
        for delete in [
            "DELETE FROM voicemail_sounds WHERE voicemail_id = $1",
            "DELETE FROM voicemails WHERE voicemail_id = $1",
        ] {
            let delete = sqlx::query(delete).bind(id);
            delete.execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// Messages that were left before this time, a few at once: their ids, and whose they are.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn voicemails_before(
        &mut self,
        unix_millis: i64,
        limit: i64,
    ) -> Result<Vec<(i64, AccountId)>, StoreError> {
        let select = sqlx::query(
            "SELECT voicemail_id, account_id FROM voicemails WHERE left_at < $1 ORDER BY left_at LIMIT $2",
        );
        let select = select.bind(unix_millis).bind(limit);
        let rows = select.fetch_all(&mut *self.inner).await?;
        let read = |row: &AnyRow| -> Result<_, StoreError> {
            let account = AccountId(row.try_get("account_id")?);
            Ok((row.try_get("voicemail_id")?, account))
        };
        rows.iter().map(read).collect()
    }

    /// All messages of an account alone, with their sounds, for whoever takes them along.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn voicemail_sounds(
        &mut self,
        account: AccountId,
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let select = sqlx::query(
            "SELECT s.voicemail_id, s.content FROM voicemail_sounds s
             JOIN voicemails v ON v.voicemail_id = s.voicemail_id WHERE v.account_id = $1 ORDER BY s.voicemail_id",
        );
        let rows = select.bind(account.0).fetch_all(&mut *self.inner).await?;
        let read = |row: &AnyRow| -> Result<_, StoreError> {
            Ok((row.try_get("voicemail_id")?, row.try_get("content")?))
        };
        rows.iter().map(read).collect()
    }

    /// The own greeting, as this write sees it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn voicemail_greeting(
        &mut self,
        account: AccountId,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let select = "SELECT content FROM voicemail_greetings WHERE account_id = $1";
        let select = sqlx::query(select).bind(account.0);
        let row = select.fetch_optional(&mut *self.inner).await?;
        Ok(row.map(|row| row.try_get("content")).transpose()?)
    }

    /// Sets what callers of somebody hear first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_voicemail_greeting(
        &mut self,
        account: AccountId,
        content: &[u8],
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let upsert = sqlx::query(
            "INSERT INTO voicemail_greetings (account_id, content, changed_at) VALUES ($1, $2, $3)
             ON CONFLICT (account_id) DO UPDATE SET content = excluded.content, changed_at = excluded.changed_at",
        );
        let upsert = upsert.bind(account.0).bind(content.to_vec());
        upsert
            .bind(unix_millis(now))
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Removes the own greeting; tells whether there was one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_voicemail_greeting(
        &mut self,
        account: AccountId,
    ) -> Result<bool, StoreError> {
        let delete = sqlx::query("DELETE FROM voicemail_greetings WHERE account_id = $1");
        let delete = delete.bind(account.0).execute(&mut *self.inner).await?;
        Ok(delete.rows_affected() > 0)
    }

    /// Who is to hear of messages for this account: the account itself, or the members of the group that it is.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn who_hears_voicemails(
        &mut self,
        account: AccountId,
    ) -> Result<Vec<AccountId>, StoreError> {
        let select = "SELECT account_id FROM ring_group_members WHERE group_id = $1";
        let rows = sqlx::query(select)
            .bind(account.0)
            .fetch_all(&mut *self.inner)
            .await?;
        let mut people = vec![account];
        for row in &rows {
            people.push(AccountId(row.try_get("account_id")?));
        }
        Ok(people)
    }
}
