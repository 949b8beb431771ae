//! The table `presence`: what people tell about themselves, and who may see it.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use api::{AccountId, AccountKind, ChosenState, Visibility};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Engine, Store, StoreError, Transaction, flag, parts, unix_millis, with_list};

/// What somebody tells, and to whom.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PresenceRow {
    /// What they have chosen to be.
    pub state: ChosenState,
    /// What stands beside it.
    pub note: String,
    /// Who may see it.
    pub visibility: Visibility,
    /// When they chose it, in Unix milliseconds.
    pub changed_at: Option<i64>,
    /// When their last phone went, in Unix milliseconds; while they are invisible: before they hid.
    pub last_seen_at: Option<i64>,
}

/// Somebody's presence, as somebody else may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenBy {
    /// What they tell.
    pub presence: PresenceRow,
    /// Whether the other one is among their contacts.
    pub is_contact: bool,
    /// Whether they have blocked the other one.
    pub is_blocked: bool,
    /// Whether the other one is a guest.
    pub is_for_guest: bool,
}

impl SeenBy {
    /// Whether the other one may see it; `sees_everyone` of those who may look at people whom they do not know: not
    /// of guests who may not.
    pub fn may_see(&self, sees_everyone: bool) -> bool {
        let is_shown = match self.presence.visibility {
            Visibility::Everyone => sees_everyone || self.is_contact,
            Visibility::Contacts => self.is_contact,
            Visibility::Nobody => false,
        };
        is_shown && !self.is_blocked
    }
}

macro_rules! select_seen {
    ($rest:literal) => {
        concat!(
            "SELECT a.account_id, p.state, p.note, p.visibility, p.changed_at, p.last_seen_at,
                 coalesce(s.do_not_disturb, 0) AS do_not_disturb,
                 (SELECT w.kind FROM accounts w WHERE w.account_id = $1) AS kind,
                 CASE WHEN c.contact_id IS NULL THEN 0 ELSE 1 END AS is_contact,
                 coalesce(c.is_blocked, 0) AS is_blocked
             FROM accounts a LEFT JOIN presence p ON p.account_id = a.account_id
             LEFT JOIN call_settings s ON s.account_id = a.account_id ",
            $rest
        )
    };
}

/// What accounts tell, with whether they want no calls: that stands among their call settings alone.
macro_rules! select_told {
    ($rest:literal) => {
        concat!(
            "SELECT a.account_id, p.state, p.note, p.visibility, p.changed_at, p.last_seen_at,
                 coalesce(s.do_not_disturb, 0) AS do_not_disturb
             FROM accounts a LEFT JOIN presence p ON p.account_id = a.account_id
             LEFT JOIN call_settings s ON s.account_id = a.account_id ",
            $rest
        )
    };
}

const TOLD_BY_ONE: &str = select_told!("WHERE a.account_id = $1");

fn read(row: &AnyRow) -> Result<PresenceRow, StoreError> {
    let mut presence = read_told(row)?;
    // Whoever hides does not show by this that they are there.
    if flag(row, "do_not_disturb")? && presence.state != ChosenState::Invisible {
        presence.state = ChosenState::DoNotDisturb;
    }
    Ok(presence)
}

fn read_told(row: &AnyRow) -> Result<PresenceRow, StoreError> {
    let corrupt = |what, value| StoreError::Corrupt { what, value };
    let Some(state) = row.try_get::<Option<String>, _>("state")? else {
        return Ok(PresenceRow::default());
    };
    let visibility: String = row.try_get("visibility")?;
    let changed_at: i64 = row.try_get("changed_at")?;
    Ok(PresenceRow {
        state: ChosenState::parse(&state).ok_or_else(|| corrupt("state", state))?,
        note: row.try_get("note")?,
        visibility: Visibility::parse(&visibility)
            .ok_or_else(|| corrupt("visibility", visibility))?,
        changed_at: (changed_at > 0).then_some(changed_at),
        last_seen_at: row.try_get("last_seen_at")?,
    })
}

fn read_seen(row: &AnyRow, presence: PresenceRow) -> Result<(AccountId, SeenBy), StoreError> {
    let kind: Option<String> = row.try_get("kind")?;
    let seen = SeenBy {
        presence,
        is_contact: flag(row, "is_contact")?,
        is_blocked: flag(row, "is_blocked")?,
        is_for_guest: kind.as_deref() == Some(AccountKind::Guest.as_str()),
    };
    Ok((AccountId(row.try_get("account_id")?), seen))
}

impl Store {
    /// What an account tells about itself.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn presence(&self, account: AccountId) -> Result<PresenceRow, StoreError> {
        let select = sqlx::query(TOLD_BY_ONE);
        let row = select.bind(account.0).fetch_optional(&self.readers).await?;
        row.as_ref()
            .map_or_else(|| Ok(PresenceRow::default()), read)
    }

    /// What these accounts tell about themselves.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn presences(
        &self,
        accounts: &[AccountId],
    ) -> Result<HashMap<AccountId, PresenceRow>, StoreError> {
        let mut found = HashMap::new();
        for part in parts(accounts, 1) {
            let sql = with_list(select_told!("WHERE a.account_id IN ({})"), 1, part.len());
            let mut select = sqlx::query(sql);
            for account in part {
                select = select.bind(account.0);
            }
            for row in select.fetch_all(&self.readers).await? {
                found.insert(AccountId(row.try_get("account_id")?), read(&row)?);
            }
        }
        Ok(found)
    }

    /// What these accounts tell about themselves, with what each of them thinks of `watcher`. Those that are no more are
    /// not among them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn seen_by(
        &self,
        watcher: AccountId,
        accounts: &[AccountId],
    ) -> Result<HashMap<AccountId, SeenBy>, StoreError> {
        if accounts.is_empty() {
            return Ok(HashMap::new());
        }
        let sql = with_list(
            select_seen!(
                "LEFT JOIN contacts c ON c.owner_id = a.account_id AND c.account_id = $1
                 WHERE a.kind <> 'erased' AND a.account_id IN ({})"
            ),
            2,
            accounts.len(),
        );
        let mut select = sqlx::query(sql).bind(watcher.0);
        for account in accounts {
            select = select.bind(account.0);
        }
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().map(|row| read_seen(row, read(row)?)).collect()
    }

    /// What an account tells about itself, and what it thinks of each of these watchers.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn seen_by_each(
        &self,
        account: AccountId,
        watchers: &[AccountId],
    ) -> Result<HashMap<AccountId, SeenBy>, StoreError> {
        let presence = self.presence(account).await?;
        let mut all: HashMap<AccountId, SeenBy> = HashMap::new();
        for part in parts(watchers, 1) {
            let sql = with_list(
                "SELECT a.account_id, a.kind, CASE WHEN c.contact_id IS NULL THEN 0 ELSE 1 END AS is_contact,
                     coalesce(c.is_blocked, 0) AS is_blocked
                 FROM accounts a LEFT JOIN contacts c ON c.owner_id = $1 AND c.account_id = a.account_id
                 WHERE a.account_id IN ({})",
                2,
                part.len(),
            );
            let mut select = sqlx::query(sql).bind(account.0);
            for watcher in part {
                select = select.bind(watcher.0);
            }
            for row in select.fetch_all(&self.readers).await? {
                let (watcher, seen) = read_seen(&row, presence.clone())?;
                all.insert(watcher, seen);
            }
        }
        Ok(all)
    }
}

impl Store {
    /// Those of these accounts that have phones at other servers on the same database.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn registered_elsewhere(
        &self,
        accounts: &[AccountId],
        now: SystemTime,
    ) -> Result<HashSet<AccountId>, StoreError> {
        let mut found = HashSet::new();
        // With SQLite there are no others.
        if self.engine() == Engine::Sqlite {
            return Ok(found);
        }
        for part in parts(accounts, 1) {
            let sql = with_list(
                "SELECT DISTINCT account_id FROM bindings WHERE node <> $1 AND expires_at > $2 AND account_id IN ({})",
                3,
                part.len(),
            );
            let mut select = sqlx::query(sql)
                .bind(self.node.to_string())
                .bind(unix_millis(now));
            for account in part {
                select = select.bind(account.0);
            }
            for row in select.fetch_all(&self.readers).await? {
                found.insert(AccountId(row.try_get("account_id")?));
            }
        }
        Ok(found)
    }

    /// Who has each of these accounts among their contacts; those whom nobody knows are left out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn known_to(
        &self,
        accounts: &[AccountId],
    ) -> Result<HashMap<AccountId, Vec<AccountId>>, StoreError> {
        let mut all: HashMap<AccountId, Vec<AccountId>> = HashMap::new();
        for part in parts(accounts, 1) {
            let sql = with_list(
                "SELECT account_id, owner_id FROM contacts WHERE account_id IN ({})",
                1,
                part.len(),
            );
            let mut select = sqlx::query(sql);
            for account in part {
                select = select.bind(account.0);
            }
            for row in select.fetch_all(&self.readers).await? {
                let account = AccountId(row.try_get("account_id")?);
                let owner = AccountId(row.try_get("owner_id")?);
                all.entry(account).or_default().push(owner);
            }
        }
        Ok(all)
    }
}

impl Transaction {
    /// What an account tells about itself.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn presence(&mut self, account: AccountId) -> Result<PresenceRow, StoreError> {
        let select = sqlx::query(TOLD_BY_ONE);
        let row = select
            .bind(account.0)
            .fetch_optional(&mut *self.inner)
            .await?;
        row.as_ref()
            .map_or_else(|| Ok(PresenceRow::default()), read)
    }

    /// Writes what an account tells about itself, but whether it wants no calls: see
    /// [`Transaction::set_do_not_disturb`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_presence(
        &mut self,
        account: AccountId,
        presence: &PresenceRow,
    ) -> Result<(), StoreError> {
        let state = match presence.state {
            ChosenState::DoNotDisturb => ChosenState::Available,
            state => state,
        };
        let upsert = sqlx::query(
            "INSERT INTO presence (account_id, state, note, visibility, changed_at, last_seen_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (account_id) DO UPDATE SET state = excluded.state, note = excluded.note,
                 visibility = excluded.visibility, changed_at = excluded.changed_at,
                 last_seen_at = excluded.last_seen_at",
        );
        let upsert = upsert
            .bind(account.0)
            .bind(state.as_str().to_owned())
            .bind(presence.note.clone())
            .bind(presence.visibility.as_str().to_owned())
            .bind(presence.changed_at.unwrap_or_default())
            .bind(presence.last_seen_at);
        upsert.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// The last phone of an account has gone. Of those who hide nothing is noted, nor of those who are no more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_account_seen(
        &mut self,
        account: AccountId,
        at: SystemTime,
    ) -> Result<(), StoreError> {
        let upsert = sqlx::query(
            "INSERT INTO presence (account_id, last_seen_at)
             SELECT account_id, $2 FROM accounts WHERE account_id = $1 AND kind <> 'erased'
             ON CONFLICT (account_id) DO UPDATE SET last_seen_at = excluded.last_seen_at
                 WHERE presence.state <> 'invisible'",
        );
        let upsert = upsert.bind(account.0).bind(unix_millis(at));
        upsert.execute(&mut *self.inner).await?;
        Ok(())
    }
}
