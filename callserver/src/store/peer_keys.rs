//! The table `peer_keys`: with which keys devices sign what they tell each other without the server.

use api::{AccountId, SessionId};
use sqlx::Row;

use super::{Store, StoreError, Transaction, parts, with_list};

/// Whose key it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PeerKeyRow {
    /// The account.
    pub account: AccountId,
    /// When its device connected with it last, in Unix milliseconds.
    pub seen_at: i64,
}

impl Store {
    /// Whose keys these are; those that are nobody's are left out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn peer_keys(&self, keys: &[&str]) -> Result<Vec<(String, PeerKeyRow)>, StoreError> {
        let mut found = Vec::new();
        for part in parts(keys, 1) {
            let sql = with_list(
                "SELECT public_key, account_id, seen_at FROM peer_keys WHERE public_key IN ({})",
                1,
                part.len(),
            );
            let mut select = sqlx::query(sql);
            for key in part {
                select = select.bind((*key).to_owned());
            }
            for row in select.fetch_all(&self.readers).await? {
                let key = PeerKeyRow {
                    account: AccountId(row.try_get("account_id")?),
                    seen_at: row.try_get("seen_at")?,
                };
                found.push((row.try_get("public_key")?, key));
            }
        }
        Ok(found)
    }
}

impl Transaction {
    /// Notes that the device of a session signs with this key; `false` if it is another account's. Of an account's keys
    /// the `most` that were seen last stay.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn tell_peer_key(
        &mut self,
        key: &str,
        session: SessionId,
        now: i64,
        most: i64,
    ) -> Result<bool, StoreError> {
        let upsert = sqlx::query_scalar(
            "INSERT INTO peer_keys (public_key, account_id, device_id, told_at, seen_at)
             SELECT $1, s.account_id, s.device_id, $3, $3 FROM sessions s WHERE s.session_id = $2
             ON CONFLICT (public_key) DO UPDATE SET seen_at = excluded.seen_at, device_id = excluded.device_id
             WHERE peer_keys.account_id = excluded.account_id
             RETURNING account_id",
        );
        let upsert = upsert.bind(key.to_owned()).bind(session.0).bind(now);
        let account: Option<i64> = upsert.fetch_optional(&mut *self.inner).await?;
        let Some(account) = account else {
            return Ok(false);
        };
        let delete = sqlx::query(
            "DELETE FROM peer_keys WHERE account_id = $1 AND public_key NOT IN
                 (SELECT public_key FROM peer_keys WHERE account_id = $1 ORDER BY seen_at DESC, public_key LIMIT $2)",
        );
        let delete = delete.bind(account).bind(most);
        delete.execute(&mut *self.inner).await?;
        Ok(true)
    }
}
