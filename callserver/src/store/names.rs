//! Usernames in `accounts` and `former_usernames`: who has one, who had it lately, and which look alike.

use std::time::{Duration, SystemTime};

use api::{AccountId, Skeleton, Username};
use sqlx::Row;

use super::{Store, StoreError, Transaction, unix_millis};

/// Why a name cannot be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameUse {
    /// An account has it.
    Taken,
    /// An account has one that looks like it.
    LooksTaken,
    /// An account had it lately, or one that looks like it.
    Resting,
}

impl Store {
    /// Notes how the names of accounts look that were made before this was noted. Where two look alike the older
    /// account is noted: from then on there is no third.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn fill_skeletons(&self) -> Result<(), StoreError> {
        const MISSING: &str = "SELECT account_id, username FROM accounts
             WHERE username_skeleton IS NULL AND kind = 'person' ORDER BY account_id";
        // Looked at first without keeping others from writing: as a rule there is nothing to do.
        if sqlx::query(MISSING)
            .fetch_optional(&self.readers)
            .await?
            .is_none()
        {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for row in sqlx::query(MISSING).fetch_all(&mut *tx.inner).await? {
            let (account, username): (i64, String) =
                (row.try_get("account_id")?, row.try_get("username")?);
            let update = sqlx::query(
                "UPDATE accounts SET username_skeleton = $2 WHERE account_id = $1
                     AND NOT EXISTS (SELECT 1 FROM accounts o WHERE o.username_skeleton = $2)",
            );
            let update = update
                .bind(account)
                .bind(Skeleton::of(&username).to_string());
            update.execute(&mut *tx.inner).await?;
        }
        tx.commit().await
    }

    /// Whether an account other than `besides` keeps this name from being taken at `now`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn name_use(
        &self,
        name: &Username,
        besides: Option<AccountId>,
        now: SystemTime,
    ) -> Result<Option<NameUse>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        name_use(&mut connection, name, besides, now).await
    }
}

async fn name_use(
    connection: &mut sqlx::AnyConnection,
    name: &Username,
    besides: Option<AccountId>,
    now: SystemTime,
) -> Result<Option<NameUse>, StoreError> {
    // Ids begin at 1: 0 is nobody.
    let besides = besides.map_or(0, |account| account.0);
    let skeleton = name.skeleton().to_string();
    let accounts = sqlx::query_scalar(
        "SELECT username FROM accounts WHERE (username = $1 OR username_skeleton = $2) AND account_id <> $3",
    );
    let accounts: Vec<String> = accounts
        .bind(name.as_str())
        .bind(skeleton.clone())
        .bind(besides)
        .fetch_all(&mut *connection)
        .await?;
    if accounts.iter().any(|taken| taken == name.as_str()) {
        return Ok(Some(NameUse::Taken));
    }
    if !accounts.is_empty() {
        return Ok(Some(NameUse::LooksTaken));
    }
    let resting = sqlx::query_scalar(
        "SELECT count(*) FROM former_usernames
         WHERE (username = $1 OR username_skeleton = $2) AND account_id <> $3 AND rests_until > $4",
    );
    let resting: i64 = resting
        .bind(name.as_str())
        .bind(skeleton)
        .bind(besides)
        .bind(unix_millis(now))
        .fetch_one(&mut *connection)
        .await?;
    Ok((resting > 0).then_some(NameUse::Resting))
}

impl Transaction {
    /// Whether an account other than `besides` keeps this name from being taken at `now`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn name_use(
        &mut self,
        name: &Username,
        besides: Option<AccountId>,
        now: SystemTime,
    ) -> Result<Option<NameUse>, StoreError> {
        name_use(&mut self.inner, name, besides, now).await
    }

    /// Gives an account another name, which nobody may have.
    ///
    /// # Errors
    /// If the database fails, or somebody has the name or one that looks like it.
    pub async fn set_username(
        &mut self,
        account: AccountId,
        name: &Username,
    ) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE accounts SET username = $2, username_skeleton = $3 WHERE account_id = $1",
        );
        let update = update
            .bind(account.0)
            .bind(name.as_str())
            .bind(name.skeleton().to_string());
        update.execute(&mut *self.inner).await?;
        // It is in use now: whoever had it before does not have it any more.
        self.forget_former_username(name).await
    }

    /// Lets a name that `account` gives up rest.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn rest_username(
        &mut self,
        account: AccountId,
        name: &str,
        now: SystemTime,
        rest: Duration,
    ) -> Result<(), StoreError> {
        let upsert = sqlx::query(
            "INSERT INTO former_usernames (username, username_skeleton, account_id, rests_until) VALUES ($1, $2, $3, $4)
             ON CONFLICT (username) DO UPDATE SET account_id = $3, rests_until = $4",
        );
        let upsert = upsert
            .bind(name)
            .bind(Skeleton::of(name).to_string())
            .bind(account.0)
            .bind(unix_millis(now + rest));
        upsert.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Ends the rest of a name, because it is in use again.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_former_username(&mut self, name: &Username) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM former_usernames WHERE username = $1");
        delete.bind(name.as_str()).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// The names that rest for `account` at `now`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn former_usernames(
        &mut self,
        account: AccountId,
        now: SystemTime,
    ) -> Result<Vec<String>, StoreError> {
        let select = sqlx::query_scalar(
            "SELECT username FROM former_usernames WHERE account_id = $1 AND rests_until > $2 ORDER BY rests_until",
        );
        let select = select.bind(account.0).bind(unix_millis(now));
        Ok(select.fetch_all(&mut *self.inner).await?)
    }

    /// Forgets the names that have rested long enough at `now`, and returns them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_rests(&mut self, now: SystemTime) -> Result<Vec<String>, StoreError> {
        let delete = sqlx::query_scalar(
            "DELETE FROM former_usernames WHERE rests_until <= $1 RETURNING username",
        );
        Ok(delete
            .bind(unix_millis(now))
            .fetch_all(&mut *self.inner)
            .await?)
    }
}
