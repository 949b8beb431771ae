//! The audit log: what an administrator can ask, and what comes back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Answer, Failure, Operator};
use crate::office::Office;
use crate::store::{AuditFilter, AuditRow};
use crate::times::rfc_3339_seconds;

/// What can be asked about the audit log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditCommand {
    /// The last lines that fit all conditions, the oldest first. Answered with `Vec<AuditView>`.
    List {
        /// Done by this account or about it: its username.
        account: Option<String>,
        /// About this number.
        number: Option<String>,
        /// Not before, Unix milliseconds.
        since: Option<i64>,
        /// Only lines after this one, and the oldest of them.
        after: Option<i64>,
        /// At most so many lines.
        limit: u32,
    },
}

/// One line of the audit log.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AuditView {
    /// Grows with each line.
    pub entry: i64,
    /// RFC 3339.
    pub at: String,
    /// `account`, `operator` (of `callctl`), `system` (the server itself) or `stranger`.
    pub actor: String,
    /// The actor's name at that moment.
    pub actor_name: Option<String>,
    /// From where; none: from the server's machine.
    pub source: Option<String>,
    /// What was done, such as `number.change`.
    pub action: String,
    /// What kind of thing it was done to: `account`, `device`, `number`, `pool`, `invitation`, `session` or `server`.
    pub subject_kind: String,
    /// Which one: a username, login, number, range or id, as it was at that moment.
    pub subject: String,
    /// The id of the account that it concerns.
    pub account: Option<i64>,
    /// More about it.
    pub detail: Map<String, Value>,
}

impl From<AuditRow> for AuditView {
    fn from(row: AuditRow) -> Self {
        Self {
            entry: row.entry,
            at: rfc_3339_seconds(row.happened_at),
            actor: row.actor,
            actor_name: row.actor_name,
            source: row.source,
            action: row.action,
            subject_kind: row.subject_kind,
            subject: row.subject,
            account: row.account.map(|account| account.0),
            // The log is shown even if somebody has written into the database by hand.
            detail: serde_json::from_str(&row.detail).unwrap_or_default(),
        }
    }
}

/// Who did something, in a word or two: a username, `operator NAME`, `the server`, `stranger`.
pub(super) fn who(actor: &str, name: Option<&str>) -> String {
    match (actor, name) {
        ("account", Some(name)) => name.to_owned(),
        ("system", _) => "the server".into(),
        (kind, Some(name)) => format!("{kind} {name}"),
        (kind, None) => kind.to_owned(),
    }
}

impl AuditView {
    /// Who did it, in a word or two.
    pub fn who(&self) -> String {
        who(&self.actor, self.actor_name.as_deref())
    }
}

impl Operator {
    pub(super) async fn audit(office: &Office, command: AuditCommand) -> Result<Answer, Failure> {
        let AuditCommand::List {
            account,
            number,
            since,
            after,
            limit,
        } = command;
        let filter = AuditFilter {
            since,
            after,
            limit: limit.into(),
            ..AuditFilter::default()
        };
        let rows = office
            .audit_log(account.as_deref(), number.as_deref(), filter)
            .await?;
        Answer::of(&rows.into_iter().map(AuditView::from).collect::<Vec<_>>())
    }
}
