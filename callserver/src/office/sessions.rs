//! Sessions over HTTP: a login begins one, its tokens prove it, and whoever logs out ends it together with its device.
//!
//! A token is random and means nothing by itself; the database holds its SHA-256 only. (Nothing slow is needed: what is
//! random to 250 bits cannot be guessed from its hash.) The access token is good for minutes, so one that leaks into a
//! log is soon worthless. The refresh token is good once: if it comes a second time, two have it, and the session ends.

use std::fmt;
use std::time::{Duration, SystemTime};

use api::{AccountId, AccountKind, Role, SessionId, Tokens};
use sha2::{Digest, Sha256};

use super::devices::random_text;
use super::{Change, Office, OfficeError, PersonChanged, WhatChanged};
use crate::store::{
    AuditEntry, SessionRow, Subject, TokenHash, TokenHashes, Transaction, unix_millis,
};

/// Whoever finds an access token has it for this long at most.
const ACCESS: Duration = Duration::from_secs(15 * 60);

/// A softphone that nobody has started for this long has to log in again.
const REFRESH: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// 50 characters of 32: 250 bits.
const TOKEN_LENGTH: usize = 50;

/// Longer ones are not looked at.
const LONGEST_TOKEN: usize = 100;

/// Who asks, proved by an access token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// The session.
    pub session_id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// The username as it is today.
    pub name: String,
    /// What the account is.
    pub kind: AccountKind,
    /// What it may do.
    pub role: Role,
}

/// New tokens, and their hashes for the database.
struct Made {
    tokens: Tokens,
    hashes: TokenHashes,
}

/// What a token is for: it is written in front, so that nobody sends the wrong one and secret scanners know it.
#[derive(Clone, Copy)]
enum Purpose {
    Access,
    Refresh,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Access => "carillon-access-",
            Self::Refresh => "carillon-refresh-",
        })
    }
}

fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

impl Made {
    fn new(now: SystemTime) -> Self {
        let token = |purpose: Purpose| format!("{purpose}{}", random_text(TOKEN_LENGTH));
        let (access_token, refresh_token) = (token(Purpose::Access), token(Purpose::Refresh));
        Self {
            hashes: TokenHashes {
                access: hash(&access_token),
                access_ends_at: now + ACCESS,
                refresh: hash(&refresh_token),
                refresh_ends_at: now + REFRESH,
            },
            tokens: Tokens {
                access_token,
                access_seconds: ACCESS.as_secs(),
                refresh_token,
                refresh_seconds: REFRESH.as_secs(),
            },
        }
    }
}

impl Office {
    /// Who asks with this access token at `now`.
    ///
    /// # Errors
    /// [`OfficeError::NoSession`] if the token is not known, is too old, or its account is disabled.
    pub async fn session(&self, token: &str, now: SystemTime) -> Result<Session, OfficeError> {
        if token.len() > LONGEST_TOKEN {
            return Err(OfficeError::NoSession);
        }
        let owner = self.store.session_owner(&hash(token)).await?;
        let owner = owner
            .filter(|owner| owner.access_ends_at > unix_millis(now))
            .ok_or(OfficeError::NoSession)?;
        Ok(Session {
            session_id: owner.session,
            account: owner.account,
            name: owner.name,
            kind: owner.kind,
            role: owner.role,
        })
    }

    /// Begins a session for a device that was just made in the same write.
    pub(super) async fn begin_session(
        &self,
        tx: &mut Transaction,
        account: AccountId,
        device_login: &str,
        label: &str,
    ) -> Result<Tokens, OfficeError> {
        let now = SystemTime::now();
        let made = Made::new(now);
        tx.add_session(account, device_login, label, &made.hashes, now)
            .await?;
        Ok(made.tokens)
    }

    /// New tokens for the ones that came with `refresh_token`, which are worth nothing afterwards.
    ///
    /// # Errors
    /// [`OfficeError::NoSession`] if the token is not known or too old. If it was used before, the session ends too.
    pub async fn refresh(
        &self,
        refresh_token: &str,
        now: SystemTime,
    ) -> Result<Tokens, OfficeError> {
        if refresh_token.len() > LONGEST_TOKEN {
            return Err(OfficeError::NoSession);
        }
        let mut tx = self.store.begin().await?;
        let found = tx.session_by_refresh(&hash(refresh_token)).await?;
        let found = found.ok_or(OfficeError::NoSession)?;
        if found.is_former {
            let change = Self::end(&mut tx, &found.row).await?;
            self.note_end(&mut tx, &found.row, "session.reuse").await?;
            self.finish(tx, change).await?;
            tracing::warn!(session = %found.row.session, "a refresh token came a second time: the session is over");
            return Err(OfficeError::NoSession);
        }
        if found.row.refresh_ends_at <= unix_millis(now)
            || !self.store.has_session(found.row.session).await?
        {
            return Err(OfficeError::NoSession);
        }
        let made = Made::new(now);
        tx.renew_session(found.row.session, &made.hashes, now)
            .await?;
        self.finish(tx, Change::default()).await?;
        Ok(made.tokens)
    }

    /// The sessions of an account, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sessions(&self, account: AccountId) -> Result<Vec<SessionRow>, OfficeError> {
        Ok(self.store.sessions_of(account, SystemTime::now()).await?)
    }

    /// Ends a session of an account; its device is revoked.
    ///
    /// # Errors
    /// [`OfficeError::NoSuchSession`] if the account has none of this id.
    pub async fn end_session(
        &self,
        account: AccountId,
        session: SessionId,
    ) -> Result<(), OfficeError> {
        let mut tx = self.store.begin().await?;
        let row = tx.session(account, session).await?;
        let row = row.ok_or(OfficeError::NoSuchSession { session })?;
        let change = Self::end(&mut tx, &row).await?;
        self.note_end(&mut tx, &row, "session.end").await?;
        self.finish(tx, change).await
    }

    /// Ends all sessions of an account but one, in the middle of a write; what changed is to be announced with the rest.
    #[allow(
        dead_code,
        reason = "the routes that need it come one group after the other"
    )]
    pub(crate) async fn end_sessions(
        tx: &mut Transaction,
        account: AccountId,
        but: Option<SessionId>,
    ) -> Result<Change, OfficeError> {
        let mut change = Change::default();
        for row in tx.sessions(account).await? {
            if Some(row.session) != but {
                let ended = Self::end(tx, &row).await?;
                change.logins.extend(ended.logins);
                change.revoked.extend(ended.revoked);
                change.people = ended.people;
            }
        }
        Ok(change)
    }

    async fn end(tx: &mut Transaction, row: &SessionRow) -> Result<Change, OfficeError> {
        let revoked: Vec<String> = tx.remove_session(row).await?.into_iter().collect();
        Ok(Change {
            logins: revoked.clone(),
            revoked,
            people: vec![PersonChanged {
                account: row.account,
                what: WhatChanged::Devices,
            }],
            ..Change::default()
        })
    }

    async fn note_end(
        &self,
        tx: &mut Transaction,
        row: &SessionRow,
        action: &'static str,
    ) -> Result<(), OfficeError> {
        let entry = AuditEntry {
            action,
            subject: Subject::Session(row.session.0),
            account: Some(row.account),
            detail: serde_json::json!({ "label": row.label, "device": row.device_login }),
        };
        self.audit(tx, entry).await
    }
}
