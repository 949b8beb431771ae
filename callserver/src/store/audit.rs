//! The table `audit_log`: who did what to which account or number, from where. Rows are added and never changed.

use std::net::IpAddr;
use std::time::SystemTime;

use api::{AccountId, Number};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::asked::Asked;
use super::{Store, StoreError, Transaction, rows_of, unix_millis};
use crate::office::{Actor, ActorKind};

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditEntry {
    /// `SUBJECT.VERB`, such as `number.change`.
    pub action: &'static str,
    /// What it was done to.
    pub subject: Subject,
    /// Whose account it concerns.
    pub account: Option<AccountId>,
    /// More about it, a JSON object without secrets.
    pub detail: serde_json::Value,
}

/// What something was done to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// An account, by its username of that moment.
    Account(String),
    /// A device, by its login.
    Device(String),
    /// A number.
    Number(Number),
    /// A pool, by its range.
    Pool(String),
    /// An invitation, by its id.
    Invitation(i64),
    /// A login over HTTP, by its id.
    Session(i64),
    /// The server itself.
    Server,
}

/// Which lines of the log are wanted: those that fit everything that is said.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct AuditFilter {
    /// Done by this account or about it; or by or about one that had `name`.
    pub account: Option<AccountId>,
    /// Done by or about an account that had this username then.
    pub name: Option<String>,
    /// About this number, or another one because of it.
    pub number: Option<Number>,
    /// Not before, Unix milliseconds.
    pub since: Option<i64>,
    /// Only lines after this one: then the oldest are wanted and not the newest.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: i64,
}

/// One line of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditRow {
    /// Grows with each line.
    pub entry: i64,
    /// Unix milliseconds.
    pub happened_at: i64,
    /// `account`, `operator`, `system` or `stranger`.
    pub actor: String,
    /// The actor's name, as it was then.
    pub actor_name: Option<String>,
    /// From where; `None`: from this machine.
    pub source: Option<String>,
    /// `SUBJECT.VERB`
    pub action: String,
    /// The kind of what it was done to.
    pub subject_kind: String,
    /// Its name, as it was then.
    pub subject: String,
    /// Whose account it concerns.
    pub account: Option<AccountId>,
    /// A JSON object.
    pub detail: String,
}

impl Subject {
    fn kind(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Device(_) => "device",
            Self::Number(_) => "number",
            Self::Pool(_) => "pool",
            Self::Invitation(_) => "invitation",
            Self::Session(_) => "session",
            Self::Server => "server",
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Account(name) | Self::Device(name) | Self::Pool(name) => name.clone(),
            Self::Number(number) => number.to_string(),
            Self::Invitation(id) | Self::Session(id) => id.to_string(),
            Self::Server => "server".into(),
        }
    }
}

fn read(row: &AnyRow) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        entry: row.try_get("entry_id")?,
        happened_at: row.try_get("happened_at")?,
        actor: row.try_get("actor")?,
        actor_name: row.try_get("actor_name")?,
        source: row.try_get("source")?,
        action: row.try_get("action")?,
        subject_kind: row.try_get("subject_kind")?,
        subject: row.try_get("subject")?,
        account: row.try_get::<Option<i64>, _>("account_id")?.map(AccountId),
        detail: row.try_get("detail")?,
    })
}

impl Store {
    /// At most `limit` lines before the line `before`, the newest first: of one account, about one subject (a number,
    /// a login, a username), or all.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn audit(
        &self,
        account: Option<AccountId>,
        subject: Option<&str>,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let mut asked = Asked::default();
        if let Some(account) = account {
            let account = asked.whole(account.0);
            asked.and(format!("account_id = {account}"));
        }
        if let Some(subject) = subject {
            let subject = asked.text(subject);
            asked.and(format!("subject = {subject}"));
        }
        if let Some(before) = before {
            let before = asked.whole(before);
            asked.and(format!("entry_id < {before}"));
        }
        let limit = asked.whole(limit);
        let end = format!("ORDER BY entry_id DESC LIMIT {limit}");
        let statement = asked.statement("SELECT * FROM audit_log", &end);
        let rows = asked.fetch(statement, &self.readers).await?;
        rows.iter().map(read).collect()
    }

    /// The lines that fit, the oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn audit_log(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let mut asked = Asked::default();
        let mut by_or_about = Vec::new();
        if let Some(account) = filter.account {
            let account = asked.whole(account.0);
            by_or_about.push(format!("account_id = {account} OR actor_id = {account}"));
        }
        if let Some(name) = &filter.name {
            let name = asked.text(name);
            by_or_about.push(format!(
                "subject_kind = 'account' AND subject = {name} OR actor = 'account' AND actor_name = {name}"
            ));
        }
        if !by_or_about.is_empty() {
            asked.and(format!("({})", by_or_about.join(" OR ")));
        }
        if let Some(number) = &filter.number {
            // A number is of digits and a plus sign: nothing of it means something else in JSON or in a pattern.
            let subject = asked.text(number.to_string());
            let detail = asked.text(format!("%\"{number}\"%"));
            asked.and(format!(
                "(subject_kind = 'number' AND subject = {subject} OR detail LIKE {detail})"
            ));
        }
        if let Some(since) = filter.since {
            let since = asked.whole(since);
            asked.and(format!("happened_at >= {since}"));
        }
        if let Some(after) = filter.after {
            let after = asked.whole(after);
            asked.and(format!("entry_id > {after}"));
        }
        let limit = asked.whole(filter.limit);
        let statement = match filter.after {
            Some(_) => {
                let end = format!("ORDER BY entry_id LIMIT {limit}");
                asked.statement("SELECT * FROM audit_log", &end)
            }
            None => {
                let end = format!("ORDER BY entry_id DESC LIMIT {limit}");
                let newest = asked.statement("SELECT * FROM audit_log", &end);
                format!("SELECT * FROM ({newest}) AS newest ORDER BY entry_id")
            }
        };
        let rows = asked.fetch(statement, &self.readers).await?;
        rows.iter().map(read).collect()
    }
}

/// So many lines are written in one statement.
const WRITTEN: usize = 32;

impl Actor {
    fn word(&self) -> &'static str {
        match self.kind {
            ActorKind::Account => "account",
            ActorKind::Operator => "operator",
            ActorKind::System => "system",
            ActorKind::Stranger => "stranger",
        }
    }
}

impl Transaction {
    /// Adds a line to the log; it stands there if the rest of the write does.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn audit(
        &mut self,
        actor: &Actor,
        entry: &AuditEntry,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        self.audit_all(actor, std::slice::from_ref(entry), now)
            .await
    }

    /// Adds many lines to the log.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn audit_all(
        &mut self,
        actor: &Actor,
        entries: &[AuditEntry],
        now: SystemTime,
    ) -> Result<(), StoreError> {
        for part in entries.chunks(WRITTEN) {
            let sql = format!(
                "INSERT INTO audit_log (happened_at, actor, actor_id, actor_name, source, action, subject_kind, subject,
                     account_id, detail)
                 VALUES {}",
                rows_of(10, part.len())
            );
            // Only placeholders were put in.
            let mut insert = sqlx::query(AssertSqlSafe(sql));
            for entry in part {
                insert = insert
                    .bind(unix_millis(now))
                    .bind(actor.word())
                    .bind(actor.account.map(|account| account.0))
                    .bind(actor.name.clone())
                    .bind(actor.source.as_ref().map(IpAddr::to_string))
                    .bind(entry.action)
                    .bind(entry.subject.kind())
                    .bind(entry.subject.name())
                    .bind(entry.account.map(|account| account.0))
                    .bind(entry.detail.to_string());
            }
            insert.execute(&mut *self.inner).await?;
        }
        Ok(())
    }
}
