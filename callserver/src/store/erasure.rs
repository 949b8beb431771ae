//! What deleting an account does to the tables.

use api::{AccountId, Username};

use super::{StoreError, Transaction};

/// What people see of an account that was deleted.
pub const ERASED_DISPLAY_NAME: &str = "Deleted account";

/// What belongs to an account alone. Sessions and registrations go with the devices that they came with; those that
/// came without one are named.
const ALONE: &[&str] = &[
    NOBODY_ELSES_ROOMS,
    NEXT_OWNER,
    "DELETE FROM room_participants WHERE account_id = $1",
    "DELETE FROM message_reactions WHERE account_id = $1",
    "DELETE FROM sessions WHERE account_id = $1",
    "DELETE FROM bindings WHERE account_id = $1",
    "DELETE FROM devices WHERE account_id = $1",
    "DELETE FROM account_pictures WHERE account_id = $1",
    "DELETE FROM voicemail_sounds WHERE voicemail_id IN (SELECT voicemail_id FROM voicemails WHERE account_id = $1)",
    "DELETE FROM voicemails WHERE account_id = $1",
    "DELETE FROM voicemail_greetings WHERE account_id = $1",
    "DELETE FROM contacts WHERE owner_id = $1",
    "DELETE FROM files WHERE owner_id = $1
         AND NOT EXISTS (SELECT 1 FROM room_files s WHERE s.file_id = files.file_id)",
    "DELETE FROM presence WHERE account_id = $1",
    "DELETE FROM peer_keys WHERE account_id = $1",
    "DELETE FROM call_settings WHERE account_id = $1",
    "DELETE FROM ring_group_members WHERE account_id = $1 OR group_id = $1",
    "DELETE FROM ring_groups WHERE group_id = $1",
];

/// Rooms in which nobody else is.
const NOBODY_ELSES_ROOMS: &str = "DELETE FROM rooms
     WHERE room_key IN (SELECT room_key FROM room_participants WHERE account_id = $1)
       AND NOT EXISTS (SELECT 1 FROM room_participants p WHERE p.room_key = rooms.room_key AND p.account_id <> $1)";

/// Rooms whose only owner it was are the next one's, as if it had left.
const NEXT_OWNER: &str = "UPDATE room_participants SET role = 'owner'
     WHERE room_key IN (SELECT room_key FROM room_participants WHERE account_id = $1 AND role = 'owner')
       AND NOT EXISTS (SELECT 1 FROM room_participants o
           WHERE o.room_key = room_participants.room_key AND o.role = 'owner' AND o.account_id <> $1)
       AND account_id = (SELECT p.account_id FROM room_participants p
           WHERE p.room_key = room_participants.room_key AND p.account_id <> $1
           ORDER BY CASE p.role WHEN 'moderator' THEN 0 ELSE 1 END, p.joined_at, p.account_id LIMIT 1)";

/// Calls in which nobody else who is still here took part.
const NOBODY_ELSES_CALLS: &str = "DELETE FROM call_records
     WHERE (caller_id = $1 OR callee_id = $1)
       AND NOT EXISTS (SELECT 1 FROM accounts a
           WHERE (a.account_id = call_records.caller_id OR a.account_id = call_records.callee_id)
             AND a.account_id <> $1 AND a.kind <> 'erased')";

impl Transaction {
    /// Deletes everything of an account that holds no number any more, but for a row that others can point at.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn erase_account(&mut self, account: AccountId) -> Result<(), StoreError> {
        for &sql in ALONE {
            sqlx::query(sql)
                .bind(account.0)
                .execute(&mut *self.inner)
                .await?;
        }
        sqlx::query(NOBODY_ELSES_CALLS)
            .bind(account.0)
            .execute(&mut *self.inner)
            .await?;
        let update = sqlx::query(
            "UPDATE accounts SET kind = 'erased', role = 'user', username = $2, username_skeleton = NULL, display_name = $3,
                 password_hash = NULL, password_changed_at = NULL, is_disabled = 0
             WHERE account_id = $1",
        );
        let update = update
            .bind(account.0)
            .bind(Username::erased(account).to_string())
            .bind(ERASED_DISPLAY_NAME);
        update.execute(&mut *self.inner).await?;
        Ok(())
    }
}

#[cfg(test)]
impl super::Store {
    /// Runs a statement that no part of the server runs, to make a state that a test needs.
    pub(crate) async fn run_raw(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::query(sql)
            .execute(&self.writer)
            .await
            .expect("a statement");
    }

    /// The one whole number that a query of a test yields.
    pub(crate) async fn count_raw(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::query_scalar(sql)
            .fetch_one(&self.writer)
            .await
            .expect("a number")
    }
}
