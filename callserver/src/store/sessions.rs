//! The table `sessions`: logins over HTTP. Of their tokens only SHA-256 is kept.

use std::time::SystemTime;

use api::{AccountId, AccountKind, DeviceId, Role, SessionId};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, Transaction, unix_millis};

/// SHA-256 of a token.
pub type TokenHash = [u8; 32];

/// One session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRow {
    /// The immutable id.
    pub session: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// The device that came with the login.
    pub device: Option<DeviceId>,
    /// Its SIP login.
    pub device_login: Option<String>,
    /// What its owner called the device.
    pub label: String,
    /// Unix milliseconds.
    pub access_ends_at: i64,
    /// Unix milliseconds.
    pub refresh_ends_at: i64,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub refreshed_at: i64,
}

/// Who asks with an access token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionOwner {
    /// The session.
    pub session: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// The username as it is today.
    pub name: String,
    /// What the account is.
    pub kind: AccountKind,
    /// What it may do.
    pub role: Role,
    /// Until when the access token is good, Unix milliseconds.
    pub access_ends_at: i64,
}

/// The tokens of a session from now on.
#[derive(Clone, Copy, Debug)]
pub struct TokenHashes {
    /// Of the access token.
    pub access: TokenHash,
    /// Until when it is good.
    pub access_ends_at: SystemTime,
    /// Of the refresh token.
    pub refresh: TokenHash,
    /// Until when it is good.
    pub refresh_ends_at: SystemTime,
}

/// Whose refresh token it is, and whether it is the present one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefreshedBy {
    /// The session.
    pub row: SessionRow,
    /// Whether it was replaced already.
    pub is_former: bool,
}

macro_rules! select_sessions {
    ($rest:literal) => {
        concat!(
            "SELECT s.session_id, s.account_id, s.device_id, d.login, s.label, s.access_ends_at, s.refresh_ends_at,
                 s.created_at, s.refreshed_at, s.refresh_sha256
             FROM sessions s LEFT JOIN devices d ON d.device_id = s.device_id ",
            $rest
        )
    };
}

fn read(row: &AnyRow) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        session: SessionId(row.try_get("session_id")?),
        account: AccountId(row.try_get("account_id")?),
        device: row.try_get::<Option<i64>, _>("device_id")?.map(DeviceId),
        device_login: row.try_get("login")?,
        label: row.try_get("label")?,
        access_ends_at: row.try_get("access_ends_at")?,
        refresh_ends_at: row.try_get("refresh_ends_at")?,
        created_at: row.try_get("created_at")?,
        refreshed_at: row.try_get("refreshed_at")?,
    })
}

fn corrupt(what: &'static str, value: String) -> StoreError {
    StoreError::Corrupt { what, value }
}

impl Store {
    /// Whose access token this is, good or not, unless the account is disabled or erased.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn session_owner(
        &self,
        access: &TokenHash,
    ) -> Result<Option<SessionOwner>, StoreError> {
        let select = sqlx::query(
            "SELECT s.session_id, s.account_id, s.access_ends_at, a.username, a.kind, a.role
             FROM sessions s JOIN accounts a ON a.account_id = s.account_id
             WHERE s.access_sha256 = $1 AND a.is_disabled = 0 AND a.kind <> 'erased'",
        );
        let row = select
            .bind(access.to_vec())
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let (kind, role): (String, String) = (row.try_get("kind")?, row.try_get("role")?);
        Ok(Some(SessionOwner {
            session: SessionId(row.try_get("session_id")?),
            account: AccountId(row.try_get("account_id")?),
            name: row.try_get("username")?,
            kind: AccountKind::parse(&kind).ok_or_else(|| corrupt("kind of account", kind))?,
            role: Role::parse(&role).ok_or_else(|| corrupt("role", role))?,
            access_ends_at: row.try_get("access_ends_at")?,
        }))
    }

    /// Whether a session still is.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn has_session(&self, session: SessionId) -> Result<bool, StoreError> {
        let select = sqlx::query_scalar(
            "SELECT count(*) FROM sessions s JOIN accounts a ON a.account_id = s.account_id
             WHERE s.session_id = $1 AND a.is_disabled = 0",
        );
        let count: i64 = select.bind(session.0).fetch_one(&self.readers).await?;
        Ok(count > 0)
    }

    /// The sessions of an account that are not over, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sessions_of(
        &self,
        account: AccountId,
        now: SystemTime,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let select = sqlx::query(select_sessions!(
            "WHERE s.account_id = $1 AND s.refresh_ends_at > $2 ORDER BY s.session_id"
        ));
        let rows = select
            .bind(account.0)
            .bind(unix_millis(now))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }
}

impl Transaction {
    /// Removes sessions that have run out, so many at most. Returns whose they were, of each one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_sessions(
        &mut self,
        now: SystemTime,
        most: i64,
    ) -> Result<Vec<AccountId>, StoreError> {
        let delete = sqlx::query_scalar(
            "DELETE FROM sessions WHERE session_id IN (
                 SELECT session_id FROM sessions WHERE refresh_ends_at <= $1 ORDER BY session_id LIMIT $2)
             RETURNING account_id",
        );
        let delete = delete.bind(unix_millis(now)).bind(most);
        let ended: Vec<i64> = delete.fetch_all(&mut *self.inner).await?;
        Ok(ended.into_iter().map(AccountId).collect())
    }

    /// Adds a session, and forgets those of this account that have run out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_session(
        &mut self,
        account: AccountId,
        device_login: &str,
        label: &str,
        tokens: &TokenHashes,
        now: SystemTime,
    ) -> Result<SessionId, StoreError> {
        sqlx::query("DELETE FROM sessions WHERE account_id = $1 AND refresh_ends_at <= $2")
            .bind(account.0)
            .bind(unix_millis(now))
            .execute(&mut *self.inner)
            .await?;
        let insert = sqlx::query_scalar(
            "INSERT INTO sessions (account_id, device_id, label, access_sha256, access_ends_at, refresh_sha256,
                 refresh_ends_at, created_at, refreshed_at)
             VALUES ($1, (SELECT device_id FROM devices WHERE login = $2), $3, $4, $5, $6, $7, $8, $8)
             RETURNING session_id",
        );
        let id = insert
            .bind(account.0)
            .bind(device_login.to_owned())
            .bind(label.to_owned())
            .bind(tokens.access.to_vec())
            .bind(unix_millis(tokens.access_ends_at))
            .bind(tokens.refresh.to_vec())
            .bind(unix_millis(tokens.refresh_ends_at))
            .bind(unix_millis(now));
        Ok(SessionId(id.fetch_one(&mut *self.inner).await?))
    }

    /// The session that this refresh token belongs to, or belonged to before it was last replaced.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn session_by_refresh(
        &mut self,
        refresh: &TokenHash,
    ) -> Result<Option<RefreshedBy>, StoreError> {
        let select = sqlx::query(select_sessions!(
            "WHERE s.refresh_sha256 = $1 OR s.former_refresh_sha256 = $1"
        ));
        let row = select
            .bind(refresh.to_vec())
            .fetch_optional(&mut *self.inner)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let present: Vec<u8> = row.try_get("refresh_sha256")?;
        Ok(Some(RefreshedBy {
            row: read(&row)?,
            is_former: present != refresh,
        }))
    }

    /// One session of an account.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn session(
        &mut self,
        account: AccountId,
        session: SessionId,
    ) -> Result<Option<SessionRow>, StoreError> {
        let select = sqlx::query(select_sessions!(
            "WHERE s.account_id = $1 AND s.session_id = $2"
        ));
        let select = select.bind(account.0).bind(session.0);
        let row = select.fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(read).transpose()
    }

    /// The sessions of an account, also those that have run out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sessions(&mut self, account: AccountId) -> Result<Vec<SessionRow>, StoreError> {
        let select = sqlx::query(select_sessions!(
            "WHERE s.account_id = $1 ORDER BY s.session_id"
        ));
        let rows = select.bind(account.0).fetch_all(&mut *self.inner).await?;
        rows.iter().map(read).collect()
    }

    /// Gives a session new tokens; its present refresh token becomes the former one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn renew_session(
        &mut self,
        session: SessionId,
        tokens: &TokenHashes,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE sessions SET former_refresh_sha256 = refresh_sha256, refresh_sha256 = $2, refresh_ends_at = $3,
                 access_sha256 = $4, access_ends_at = $5, refreshed_at = $6 WHERE session_id = $1",
        );
        update
            .bind(session.0)
            .bind(tokens.refresh.to_vec())
            .bind(unix_millis(tokens.refresh_ends_at))
            .bind(tokens.access.to_vec())
            .bind(unix_millis(tokens.access_ends_at))
            .bind(unix_millis(now))
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Ends a session and removes the device that came with it. Returns the device's login.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_session(&mut self, row: &SessionRow) -> Result<Option<String>, StoreError> {
        sqlx::query("DELETE FROM sessions WHERE session_id = $1")
            .bind(row.session.0)
            .execute(&mut *self.inner)
            .await?;
        let Some(device) = row.device else {
            return Ok(None);
        };
        let delete = sqlx::query_scalar("DELETE FROM devices WHERE device_id = $1 RETURNING login");
        Ok(delete
            .bind(device.0)
            .fetch_optional(&mut *self.inner)
            .await?)
    }
}
