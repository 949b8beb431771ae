//! The table `accounts`.

use std::time::SystemTime;

use api::{AccountId, AccountKind, DisplayName, Number, Role, Username};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, Transaction, flag, unix_millis};

/// One account with its primary number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountRow {
    /// The immutable id.
    pub account: AccountId,
    /// What it is.
    pub kind: AccountKind,
    /// What it may do.
    pub role: Role,
    /// The username as it is today.
    pub username: String,
    /// What people see.
    pub display_name: String,
    /// Whether it may neither log in nor call.
    pub is_disabled: bool,
    /// Whether it can log in by password.
    pub has_password: bool,
    /// The primary number.
    pub number: Option<Number>,
    /// Unix milliseconds.
    pub created_at: i64,
    /// How many devices it has.
    pub devices: i64,
}

macro_rules! select_accounts {
    ($rest:literal) => {
        concat!(
            "SELECT a.account_id, a.kind, a.role, a.username, a.display_name, a.is_disabled,
                    CASE WHEN a.password_hash IS NULL THEN 0 ELSE 1 END AS has_password, a.created_at, n.number,
                    (SELECT count(*) FROM devices d WHERE d.account_id = a.account_id) AS devices
             FROM accounts a LEFT JOIN numbers n ON n.account_id = a.account_id AND n.is_primary = 1 ",
            $rest
        )
    };
}

const BY_NAME: &str = select_accounts!("WHERE a.username = $1");
const BY_ID: &str = select_accounts!("WHERE a.account_id = $1");
// A name in use wins over one that rests; they are never the same one.
const CALLED: &str = select_accounts!(
    "WHERE a.kind <> 'erased' AND a.account_id = coalesce(
         (SELECT account_id FROM accounts WHERE username = $1),
         (SELECT account_id FROM former_usernames WHERE username = $1 AND rests_until > $2))"
);
fn read(row: &AnyRow) -> Result<AccountRow, StoreError> {
    let (kind, role): (String, String) = (row.try_get("kind")?, row.try_get("role")?);
    let corrupt = |what, value| StoreError::Corrupt { what, value };
    Ok(AccountRow {
        account: AccountId(row.try_get("account_id")?),
        kind: AccountKind::parse(&kind).ok_or_else(|| corrupt("kind of account", kind))?,
        role: Role::parse(&role).ok_or_else(|| corrupt("role", role))?,
        username: row.try_get("username")?,
        display_name: row.try_get("display_name")?,
        is_disabled: flag(row, "is_disabled")?,
        has_password: flag(row, "has_password")?,
        number: read_number(row)?,
        created_at: row.try_get("created_at")?,
        devices: row.try_get("devices")?,
    })
}

pub(super) fn read_number(row: &AnyRow) -> Result<Option<Number>, StoreError> {
    let text: Option<String> = row.try_get("number")?;
    text.map(|text| {
        Number::parse(&text).map_err(|_| StoreError::Corrupt {
            what: "number",
            value: text,
        })
    })
    .transpose()
}

impl Store {
    /// All accounts but the erased ones, in the order of their names.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        let rows = sqlx::query(select_accounts!(
            "WHERE a.kind <> 'erased' ORDER BY a.username"
        ))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read).collect()
    }

    /// At most `limit` accounts after the id `after`, in the order of their ids, the erased ones too.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn accounts_after(
        &self,
        after: AccountId,
        limit: i64,
    ) -> Result<Vec<AccountRow>, StoreError> {
        let rows = sqlx::query(select_accounts!(
            "WHERE a.account_id > $1 ORDER BY a.account_id LIMIT $2"
        ));
        let rows = rows.bind(after.0).bind(limit).fetch_all(&self.readers);
        rows.await?.iter().map(read).collect()
    }

    /// The account with this id.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn account_by_id(
        &self,
        account: AccountId,
    ) -> Result<Option<AccountRow>, StoreError> {
        let row = sqlx::query(BY_ID)
            .bind(account.0)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The account of this name.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn account_by_name(&self, name: &Username) -> Result<Option<AccountRow>, StoreError> {
        let row = sqlx::query(BY_NAME)
            .bind(name.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The account that a call to this name reaches at `now`: whoever has it, or had it until lately.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn account_called(
        &self,
        name: &Username,
        now: SystemTime,
    ) -> Result<Option<AccountRow>, StoreError> {
        let row = sqlx::query(CALLED)
            .bind(name.as_str())
            .bind(unix_millis(now))
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The argon2id hash of an account's password, if it has one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn password_hash(&self, account: AccountId) -> Result<Option<String>, StoreError> {
        let hash = sqlx::query_scalar("SELECT password_hash FROM accounts WHERE account_id = $1")
            .bind(account.0);
        Ok(hash.fetch_optional(&self.readers).await?.flatten())
    }
}

impl Transaction {
    /// Adds an account; `None` if the name, or one that looks like it, is taken.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_account(
        &mut self,
        name: &Username,
        display_name: &DisplayName,
        password_hash: Option<&str>,
        now: SystemTime,
    ) -> Result<Option<AccountId>, StoreError> {
        let insert = sqlx::query_scalar(
            "INSERT INTO accounts (username, username_skeleton, display_name, password_hash, created_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING account_id",
        );
        let insert = insert
            .bind(name.as_str())
            .bind(name.skeleton().to_string())
            .bind(display_name.as_str())
            .bind(password_hash)
            .bind(unix_millis(now));
        let account = insert.fetch_optional(&mut *self.inner).await?;
        Ok(account.map(AccountId))
    }

    /// The account of this name, as this write sees it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn account_by_name(
        &mut self,
        name: &Username,
    ) -> Result<Option<AccountRow>, StoreError> {
        let row = sqlx::query(BY_NAME)
            .bind(name.as_str())
            .fetch_optional(&mut *self.inner)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The account with this id, as this write sees it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn account_by_id(
        &mut self,
        account: AccountId,
    ) -> Result<Option<AccountRow>, StoreError> {
        let row = sqlx::query(BY_ID)
            .bind(account.0)
            .fetch_optional(&mut *self.inner)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Sets or removes the password.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_password_hash(
        &mut self,
        account: AccountId,
        hash: Option<&str>,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE accounts SET password_hash = $2, password_changed_at = $3 WHERE account_id = $1",
        );
        update
            .bind(account.0)
            .bind(hash)
            .bind(unix_millis(now))
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// The argon2id hash of an account's password, as this write sees it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn password_hash(
        &mut self,
        account: AccountId,
    ) -> Result<Option<String>, StoreError> {
        let hash = sqlx::query_scalar("SELECT password_hash FROM accounts WHERE account_id = $1");
        let hash = hash.bind(account.0).fetch_optional(&mut *self.inner);
        Ok(hash.await?.flatten())
    }

    /// Puts another hash of the same password in the place of its hash.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn replace_password_hash(
        &mut self,
        account: AccountId,
        hash: &str,
    ) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE accounts SET password_hash = $2 WHERE account_id = $1");
        let update = update.bind(account.0).bind(hash);
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Sets what people see.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_display_name(
        &mut self,
        account: AccountId,
        display_name: &DisplayName,
    ) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE accounts SET display_name = $2 WHERE account_id = $1");
        let update = update.bind(account.0).bind(display_name.as_str());
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Sets what an account may do.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_role(&mut self, account: AccountId, role: Role) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE accounts SET role = $2 WHERE account_id = $1");
        let update = update.bind(account.0).bind(role.as_str());
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// How many administrators besides `account` could log in today.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn other_administrators(&mut self, account: AccountId) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM accounts WHERE role = 'admin' AND kind = 'person' AND is_disabled = 0
                 AND password_hash IS NOT NULL AND account_id <> $1",
        );
        Ok(count.bind(account.0).fetch_one(&mut *self.inner).await?)
    }

    /// Disables or enables an account.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_disabled(
        &mut self,
        account: AccountId,
        is_disabled: bool,
    ) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE accounts SET is_disabled = $2 WHERE account_id = $1");
        update
            .bind(account.0)
            .bind(i64::from(is_disabled))
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }
}
