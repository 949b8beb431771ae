//! The table `idempotent_answers`: what was answered to requests that must not be done twice.

use std::time::SystemTime;

use sqlx::Row;

use super::{Store, StoreError, Transaction, unix_millis};

/// An answer that is kept, or the place for one while the request is being done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptAnswer {
    /// SHA-256 of the request.
    pub request: [u8; 32],
    /// The HTTP status; 0 while the request is being done.
    pub status: i64,
    /// The body, sealed.
    pub body: Vec<u8>,
    /// Unix milliseconds.
    pub created_at: i64,
}

/// What a request with a key finds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Claim {
    /// The key is new: it is to be done, and the place is taken.
    Ours,
    /// The key was used before.
    Theirs(KeptAnswer),
    /// So many keys of this scope are kept that there is no place for another one.
    TooMany,
}

/// Old answers that a new one takes away with it: more than one, so that the table shrinks by itself.
const SWEPT: i64 = 20;

impl Transaction {
    /// Takes the place for the answer to a request. What was kept before `oldest` is gone, what is still being done since
    /// before `stuck` too: its server died with it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn claim_answer(
        &mut self,
        scope: &str,
        key: &str,
        request: &[u8; 32],
        most: i64,
        (now, oldest, stuck): (SystemTime, SystemTime, SystemTime),
    ) -> Result<Claim, StoreError> {
        let select = sqlx::query(
            "SELECT request_sha256, status, body, created_at FROM idempotent_answers WHERE scope = $1 AND key = $2",
        );
        let row = select
            .bind(scope.to_owned())
            .bind(key.to_owned())
            .fetch_optional(&mut *self.inner)
            .await?;
        if let Some(row) = row {
            let request: Vec<u8> = row.try_get("request_sha256")?;
            let kept = KeptAnswer {
                request: request
                    .try_into()
                    .map_err(|bytes: Vec<u8>| StoreError::Corrupt {
                        what: "request_sha256",
                        value: format!("{} bytes", bytes.len()),
                    })?,
                status: row.try_get("status")?,
                body: row.try_get("body")?,
                created_at: row.try_get("created_at")?,
            };
            let good_since = if kept.status == 0 { stuck } else { oldest };
            if kept.created_at >= unix_millis(good_since) {
                return Ok(Claim::Theirs(kept));
            }
            self.forget_answer(scope, key).await?;
        }
        sqlx::query(
            "DELETE FROM idempotent_answers WHERE (scope, key) IN
                 (SELECT scope, key FROM idempotent_answers WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
        )
        .bind(unix_millis(oldest))
        .bind(SWEPT)
        .execute(&mut *self.inner)
        .await?;
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM idempotent_answers WHERE scope = $1")
                .bind(scope.to_owned())
                .fetch_one(&mut *self.inner)
                .await?;
        if count >= most {
            return Ok(Claim::TooMany);
        }
        let insert = sqlx::query(
            "INSERT INTO idempotent_answers (scope, key, request_sha256, status, body, created_at)
             VALUES ($1, $2, $3, 0, $4, $5)",
        );
        insert
            .bind(scope.to_owned())
            .bind(key.to_owned())
            .bind(request.to_vec())
            .bind(Vec::<u8>::new())
            .bind(unix_millis(now))
            .execute(&mut *self.inner)
            .await?;
        Ok(Claim::Ours)
    }

    /// Keeps the answer in the place that was taken for it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn keep_answer(
        &mut self,
        scope: &str,
        key: &str,
        status: u16,
        body: Vec<u8>,
    ) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE idempotent_answers SET status = $3, body = $4 WHERE scope = $1 AND key = $2",
        );
        update
            .bind(scope.to_owned())
            .bind(key.to_owned())
            .bind(i64::from(status))
            .bind(body)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Gives the place back: nothing was done.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_answer(&mut self, scope: &str, key: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM idempotent_answers WHERE scope = $1 AND key = $2")
            .bind(scope.to_owned())
            .bind(key.to_owned())
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }
}

impl Store {
    /// How many answers are kept.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn kept_answers(&self) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar("SELECT count(*) FROM idempotent_answers");
        Ok(count.fetch_one(&self.readers).await?)
    }
}
