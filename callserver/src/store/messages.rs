//! The table `messages` and what hangs on it: what happens in rooms.

use api::AccountId;
use api::room::{MessageId, MessageKind};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, Transaction, parts, rows_of, with_list};

/// One entry of a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageRow {
    /// The room's key.
    pub room: i64,
    /// Its place in the room.
    pub seq: i64,
    /// Its place among the entries of all rooms.
    pub stamp: i64,
    /// What its sender calls it.
    pub id: MessageId,
    /// Who speaks.
    pub kind: MessageKind,
    /// Who sent it.
    pub sender: Option<AccountId>,
    /// What the sender was called then.
    pub sender_name: String,
    /// The only account that gets to see it.
    pub visible_to: Option<AccountId>,
    /// In Unix milliseconds.
    pub sent_at: i64,
    /// In Unix milliseconds.
    pub edited_at: Option<i64>,
    /// Whether it counts as unread.
    pub is_to_read: bool,
    /// How many entries up to this one count as unread.
    pub reads: i64,
    /// The entry that it does something to.
    pub target_seq: Option<i64>,
    /// What it says, as JSON.
    pub body: String,
}

macro_rules! columns {
    () => {
        "m.room_key, m.seq, m.stamp, m.message_id, m.kind, m.sender, m.sender_name, m.visible_to, m.sent_at, m.edited_at,
         m.is_to_read, m.reads, m.target_seq, m.body"
    };
}

macro_rules! select_messages {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM messages m ", $rest)
    };
}

fn read(row: &AnyRow) -> Result<MessageRow, StoreError> {
    let corrupt = |what, value| StoreError::Corrupt { what, value };
    let (id, kind): (String, String) = (row.try_get("message_id")?, row.try_get("kind")?);
    let account =
        |column| Ok::<_, StoreError>(row.try_get::<Option<i64>, _>(column)?.map(AccountId));
    Ok(MessageRow {
        room: row.try_get("room_key")?,
        seq: row.try_get("seq")?,
        stamp: row.try_get("stamp")?,
        id: MessageId::parse(&id).map_err(|_| corrupt("id of a message", id))?,
        kind: match kind.as_str() {
            "user" => MessageKind::User,
            "system" => MessageKind::System,
            "notification" => MessageKind::Notification,
            _ => return Err(corrupt("kind of message", kind)),
        },
        sender: account("sender")?,
        sender_name: row.try_get("sender_name")?,
        visible_to: account("visible_to")?,
        sent_at: row.try_get("sent_at")?,
        edited_at: row.try_get("edited_at")?,
        is_to_read: super::flag(row, "is_to_read")?,
        reads: row.try_get("reads")?,
        target_seq: row.try_get("target_seq")?,
        body: row.try_get("body")?,
    })
}

impl Store {
    /// Entries of a room after a sequence number, the oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn messages_after(
        &self,
        room: i64,
        after: i64,
        most: i64,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let select = sqlx::query(select_messages!(
            "WHERE m.room_key = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3"
        ));
        let select = select.bind(room).bind(after).bind(most);
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    /// Entries of a room before a sequence number and not before another one: the newest of them, the oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn messages_before(
        &self,
        room: i64,
        before: i64,
        from: i64,
        most: i64,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let select = sqlx::query(select_messages!(
            "WHERE m.room_key = $1 AND m.seq < $2 AND m.seq >= $3 ORDER BY m.seq DESC LIMIT $4"
        ));
        let select = select.bind(room).bind(before).bind(from).bind(most);
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().rev().map(read).collect()
    }

    /// The rooms of an account, hidden ones too, in which something happened after a stamp; the first sequence number
    /// that the account may read in each.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn rooms_with_news(
        &self,
        account: AccountId,
        after: i64,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        let select = sqlx::query(
            "SELECT p.room_key, p.visible_from FROM room_participants p JOIN rooms r ON r.room_key = p.room_key
             WHERE p.account_id = $1 AND r.last_stamp > $2",
        );
        let select = select.bind(account.0).bind(after);
        let rows = select.fetch_all(&self.readers).await?;
        let read = |row: &AnyRow| Ok((row.try_get("room_key")?, row.try_get("visible_from")?));
        rows.iter().map(read).collect()
    }

    /// Entries of a room after a stamp and not before a sequence number, the oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn messages_after_stamp(
        &self,
        room: i64,
        after: i64,
        from: i64,
        most: i64,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let select = sqlx::query(select_messages!(
            "WHERE m.room_key = $1 AND m.stamp > $2 AND m.seq >= $3 ORDER BY m.stamp LIMIT $4"
        ));
        let select = select.bind(room).bind(after).bind(from).bind(most);
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    /// The entries of a room with these sequence numbers, the newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn messages_at(
        &self,
        room: i64,
        seqs: &[i64],
    ) -> Result<Vec<MessageRow>, StoreError> {
        let mut messages = Vec::with_capacity(seqs.len());
        for part in parts(seqs, 1) {
            let sql = with_list(
                select_messages!("WHERE m.room_key = $1 AND m.seq IN ({})"),
                2,
                part.len(),
            );
            let mut select = sqlx::query(sql).bind(room);
            for seq in part {
                select = select.bind(*seq);
            }
            for row in select.fetch_all(&self.readers).await? {
                messages.push(read(&row)?);
            }
        }
        messages.sort_unstable_by_key(|row: &MessageRow| -row.seq);
        Ok(messages)
    }

    /// Who has added which emoji to which of these entries: sequence number, emoji, account, in this order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn reactions(
        &self,
        room: i64,
        seqs: &[i64],
    ) -> Result<Vec<(i64, String, AccountId)>, StoreError> {
        let mut found = Vec::new();
        for part in parts(seqs, 1) {
            let sql = with_list(
                "SELECT seq, emoji, account_id FROM message_reactions WHERE room_key = $1 AND seq IN ({})
                 ORDER BY seq, emoji, account_id",
                2,
                part.len(),
            );
            let mut select = sqlx::query(sql).bind(room);
            for seq in part {
                select = select.bind(*seq);
            }
            for row in select.fetch_all(&self.readers).await? {
                let account = AccountId(row.try_get("account_id")?);
                found.push((row.try_get("seq")?, row.try_get("emoji")?, account));
            }
        }
        Ok(found)
    }
}

impl Transaction {
    /// Of these pairs of a room and an id, the entries that there are.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn messages_by_id(
        &mut self,
        ids: &[(i64, MessageId)],
    ) -> Result<Vec<MessageRow>, StoreError> {
        let mut places: Vec<(i64, i64)> = Vec::new();
        for part in parts(ids, 2) {
            // One look at the index for each pair, whatever the database takes the tables for: a join would rather read all
            // entries of the rooms where it believes that they have few.
            let sql = format!(
                "WITH v (room, id) AS (VALUES {}) SELECT room, seq FROM (SELECT room,
                     (SELECT seq FROM messages WHERE room_key = v.room AND message_id = v.id) AS seq FROM v) AS found
                 WHERE seq IS NOT NULL",
                rows_of(2, part.len())
            );
            let mut select = sqlx::query_as::<_, (i64, i64)>(sqlx::AssertSqlSafe(sql));
            for (room, id) in part {
                select = select.bind(*room).bind(id.as_str().to_owned());
            }
            places.extend(select.fetch_all(&mut *self.inner).await?);
        }
        // Most are new, so these are few.
        let mut found = Vec::with_capacity(places.len());
        for (room, seq) in places {
            let select = sqlx::query(select_messages!("WHERE m.room_key = $1 AND m.seq = $2"));
            let select = select.bind(room).bind(seq);
            if let Some(row) = select.fetch_optional(&mut *self.inner).await? {
                found.push(read(&row)?);
            }
        }
        Ok(found)
    }
}
