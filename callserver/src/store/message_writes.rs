//! What is written into the table `messages` and into what hangs on it.

use api::AccountId;
use api::room::MessageKind;

use super::{MessageRow, StoreError, Transaction, WORD_BLOCK, parts, rows_of};

fn kind_text(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::User => "user",
        MessageKind::System => "system",
        MessageKind::Notification | MessageKind::Unknown => "notification",
    }
}

impl Transaction {
    /// Takes so many stamps; returns the last one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn take_stamps(&mut self, count: i64) -> Result<i64, StoreError> {
        let update = sqlx::query_scalar(
            "UPDATE room_clock SET stamp = stamp + $1 WHERE id = 1 RETURNING stamp",
        );
        Ok(update.bind(count).fetch_one(&mut *self.inner).await?)
    }

    /// Adds entries.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_messages(&mut self, rows: &[MessageRow]) -> Result<(), StoreError> {
        for part in parts(rows, 13) {
            let sql = format!(
                "INSERT INTO messages (room_key, seq, stamp, message_id, kind, sender, sender_name, visible_to, sent_at,
                     is_to_read, reads, target_seq, body) VALUES {}",
                rows_of(13, part.len())
            );
            let mut insert = sqlx::query(sqlx::AssertSqlSafe(sql));
            for row in part {
                insert = insert
                    .bind(row.room)
                    .bind(row.seq)
                    .bind(row.stamp)
                    .bind(row.id.as_str().to_owned())
                    .bind(kind_text(row.kind))
                    .bind(row.sender.map(|account| account.0))
                    .bind(row.sender_name.clone())
                    .bind(row.visible_to.map(|account| account.0))
                    .bind(row.sent_at)
                    .bind(i64::from(row.is_to_read))
                    .bind(row.reads)
                    .bind(row.target_seq)
                    .bind(row.body.clone());
            }
            insert.execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// Writes when an entry was edited.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_edited(&mut self, row: &MessageRow) -> Result<(), StoreError> {
        let update =
            sqlx::query("UPDATE messages SET edited_at = $3 WHERE room_key = $1 AND seq = $2");
        let update = update.bind(row.room).bind(row.seq).bind(row.edited_at);
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Writes how far rooms have come: for each its key, its last sequence number, how many of its entries are to be read,
    /// and the stamp of the last one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn advance_rooms(&mut self, rooms: &[[i64; 4]]) -> Result<(), StoreError> {
        for part in parts(rooms, 4) {
            let sql = format!(
                "WITH v (room, last_seq, reads, stamp) AS (VALUES {})
                 UPDATE rooms SET last_seq = v.last_seq, reads = v.reads, last_stamp = v.stamp
                 FROM v WHERE rooms.room_key = v.room",
                rows_of(4, part.len())
            );
            let mut update = sqlx::query(sqlx::AssertSqlSafe(sql));
            for value in part.as_flattened() {
                update = update.bind(*value);
            }
            update.execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// People have sent entries that others are to read: for each the room, the account, and how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn count_own(&mut self, sent: &[(i64, AccountId, i64)]) -> Result<(), StoreError> {
        for part in parts(sent, 3) {
            let sql = format!(
                "WITH v (room, account, sent) AS (VALUES {})
                 UPDATE room_participants SET own_after_read = own_after_read + v.sent
                 FROM v WHERE room_participants.room_key = v.room AND room_participants.account_id = v.account",
                rows_of(3, part.len())
            );
            let mut update = sqlx::query(sqlx::AssertSqlSafe(sql));
            for (room, account, count) in part {
                update = update.bind(*room).bind(account.0).bind(*count);
            }
            update.execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// An entry says something else from now on.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_body(
        &mut self,
        room: i64,
        seq: i64,
        body: &str,
        edited_at: Option<i64>,
    ) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE messages SET body = $3, edited_at = coalesce($4, edited_at) WHERE room_key = $1 AND seq = $2",
        );
        let update = update
            .bind(room)
            .bind(seq)
            .bind(body.to_owned())
            .bind(edited_at);
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// An entry is deleted: it, and everything that was done to it before the entry `deleted_by`, says nothing more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn blank(
        &mut self,
        room: i64,
        seq: i64,
        deleted_by: i64,
        body: &str,
    ) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE messages SET body = $4 WHERE room_key = $1 AND (seq = $2 OR (target_seq = $2 AND seq < $3))",
        );
        let update = update
            .bind(room)
            .bind(seq)
            .bind(deleted_by)
            .bind(body.to_owned());
        update.execute(&mut *self.inner).await?;
        let delete = sqlx::query("DELETE FROM message_reactions WHERE room_key = $1 AND seq = $2");
        delete
            .bind(room)
            .bind(seq)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Somebody adds an emoji to an entry, or takes it back.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_reaction(
        &mut self,
        room: i64,
        seq: i64,
        emoji: &str,
        account: AccountId,
        is_removed: bool,
    ) -> Result<(), StoreError> {
        let sql = match is_removed {
            false => {
                "INSERT INTO message_reactions (room_key, seq, emoji, account_id) VALUES ($1, $2, $3, $4)
                 ON CONFLICT DO NOTHING"
            }
            true => {
                "DELETE FROM message_reactions WHERE room_key = $1 AND seq = $2 AND emoji = $3 AND account_id = $4"
            }
        };
        let query = sqlx::query(sql).bind(room).bind(seq);
        let query = query.bind(emoji.to_owned()).bind(account.0);
        query.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Removes the entries of a room up to a sequence number. Words of the last of them stay until their block is gone.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_messages_up_to(&mut self, room: i64, seq: i64) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM message_reactions WHERE room_key = $1 AND seq <= $2",
            "DELETE FROM messages WHERE room_key = $1 AND seq <= $2",
            "UPDATE rooms SET first_seq = $2 + 1 WHERE room_key = $1 AND first_seq <= $2",
        ] {
            let query = sqlx::query(sql).bind(room).bind(seq);
            query.execute(&mut *self.inner).await?;
        }
        let delete = sqlx::query("DELETE FROM message_words WHERE room_key = $1 AND block < $2");
        let delete = delete.bind(room).bind((seq + 1).div_euclid(WORD_BLOCK));
        delete.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// How many entries of a room up to a sequence number are to be read.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn reads_up_to(&mut self, room: i64, seq: i64) -> Result<i64, StoreError> {
        let select = sqlx::query_scalar(
            "SELECT reads FROM messages WHERE room_key = $1 AND seq <= $2 ORDER BY seq DESC LIMIT 1",
        );
        let select = select.bind(room).bind(seq);
        let reads: Option<i64> = select.fetch_optional(&mut *self.inner).await?;
        Ok(reads.unwrap_or_default())
    }

    /// How many entries of a room after one sequence number and up to another are somebody's own and to be read by others.
    /// Each of them is looked at.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn own_between(
        &mut self,
        room: i64,
        (after, up_to): (i64, i64),
        account: AccountId,
    ) -> Result<i64, StoreError> {
        let select = sqlx::query_scalar(
            "SELECT count(*) FROM messages
             WHERE room_key = $1 AND seq > $2 AND seq <= $3 AND sender = $4 AND is_to_read = 1",
        );
        let select = select.bind(room).bind(after).bind(up_to).bind(account.0);
        Ok(select.fetch_one(&mut *self.inner).await?)
    }
}
