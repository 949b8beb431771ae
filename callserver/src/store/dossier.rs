//! Everything that the tables hold about one account, as JSON, for whoever wants to take it along.

use api::AccountId;
use serde_json::{Map, Value};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{StoreError, Transaction};
use crate::times::rfc_3339;

/// How a column is read and shown.
#[derive(Clone, Copy)]
enum As {
    Text,
    Integer,
    /// 0 or 1.
    Flag,
    /// Unix milliseconds, shown as RFC 3339.
    Time,
    /// A JSON text.
    Json,
}

/// One part: its name, the query with the account as `$1`, and its columns. No query reads a secret or a hash of one.
type Part = (&'static str, &'static str, &'static [(&'static str, As)]);

const PARTS: [Part; 13] = [
    (
        "rooms",
        "SELECT r.room_id, r.kind, r.name, p.role, p.joined_at, p.read_seq
         FROM room_participants p JOIN rooms r ON r.room_key = p.room_key WHERE p.account_id = $1 ORDER BY p.room_key",
        &[
            ("room_id", As::Text),
            ("kind", As::Text),
            ("name", As::Text),
            ("role", As::Text),
            ("joined_at", As::Time),
            ("read_seq", As::Integer),
        ],
    ),
    (
        "messages",
        "SELECT r.room_id, m.seq, m.message_id, m.sender_name, m.sent_at, m.edited_at, m.body
         FROM messages m JOIN rooms r ON r.room_key = m.room_key WHERE m.sender = $1 ORDER BY m.stamp",
        &[
            ("room_id", As::Text),
            ("seq", As::Integer),
            ("message_id", As::Text),
            ("sender_name", As::Text),
            ("sent_at", As::Time),
            ("edited_at", As::Time),
            ("body", As::Json),
        ],
    ),
    (
        "account",
        "SELECT account_id, kind, role, username, display_name, is_disabled, created_at, password_changed_at
         FROM accounts WHERE account_id = $1",
        &[
            ("account_id", As::Integer),
            ("kind", As::Text),
            ("role", As::Text),
            ("username", As::Text),
            ("display_name", As::Text),
            ("is_disabled", As::Flag),
            ("created_at", As::Time),
            ("password_changed_at", As::Time),
        ],
    ),
    (
        "former_usernames",
        "SELECT username, rests_until FROM former_usernames WHERE account_id = $1 ORDER BY rests_until",
        &[("username", As::Text), ("rests_until", As::Time)],
    ),
    (
        "devices",
        "SELECT device_id, label, login, realm, origin, created_at, last_seen_at
         FROM devices WHERE account_id = $1 ORDER BY device_id",
        &[
            ("device_id", As::Integer),
            ("label", As::Text),
            ("login", As::Text),
            ("realm", As::Text),
            ("origin", As::Text),
            ("created_at", As::Time),
            ("last_seen_at", As::Time),
        ],
    ),
    (
        "sessions",
        "SELECT s.session_id, s.label, d.login, s.created_at, s.refreshed_at, s.refresh_ends_at
         FROM sessions s LEFT JOIN devices d ON d.device_id = s.device_id
         WHERE s.account_id = $1 ORDER BY s.session_id",
        &[
            ("session_id", As::Integer),
            ("label", As::Text),
            ("login", As::Text),
            ("created_at", As::Time),
            ("refreshed_at", As::Time),
            ("refresh_ends_at", As::Time),
        ],
    ),
    (
        "numbers",
        "SELECT number, state, is_primary, epoch, changed_at, lease_ends_at, on_call, forward_to
         FROM numbers WHERE account_id = $1 ORDER BY is_primary DESC, digits, number",
        &[
            ("number", As::Text),
            ("state", As::Text),
            ("is_primary", As::Flag),
            ("epoch", As::Integer),
            ("changed_at", As::Time),
            ("lease_ends_at", As::Time),
            ("on_call", As::Text),
            ("forward_to", As::Text),
        ],
    ),
    (
        "number_history",
        "SELECT number, epoch, state, username, happened_at, reason
         FROM number_history WHERE account_id = $1 ORDER BY entry_id",
        &[
            ("number", As::Text),
            ("epoch", As::Integer),
            ("state", As::Text),
            ("username", As::Text),
            ("happened_at", As::Time),
            ("reason", As::Text),
        ],
    ),
    (
        "contacts",
        "SELECT contact_id, account_id, number, name, note, is_favourite, groups, is_blocked, created_at, changed_at
         FROM contacts WHERE owner_id = $1 ORDER BY contact_id",
        &[
            ("contact_id", As::Integer),
            ("account_id", As::Integer),
            ("number", As::Text),
            ("name", As::Text),
            ("note", As::Text),
            ("is_favourite", As::Flag),
            ("groups", As::Json),
            ("is_blocked", As::Flag),
            ("created_at", As::Time),
            ("changed_at", As::Time),
        ],
    ),
    (
        "presence",
        "SELECT state, note, visibility, changed_at, last_seen_at FROM presence WHERE account_id = $1",
        &[
            ("state", As::Text),
            ("note", As::Text),
            ("visibility", As::Text),
            ("changed_at", As::Time),
            ("last_seen_at", As::Time),
        ],
    ),
    (
        "call_records",
        // A caller who hid from this account stays hidden, and whom somebody has blocked does not learn it.
        "SELECT record_id, CASE WHEN is_anonymous = 0 OR caller_id = $1 THEN caller_id END AS caller_id,
             CASE WHEN is_anonymous = 0 OR caller_id = $1 THEN caller_number END AS caller_number,
             CASE WHEN is_anonymous = 0 OR caller_id = $1 THEN caller_name ELSE 'Anonymous' END AS caller_name,
             callee_id, callee_number, callee_name, dialled, started_at, answered_at, ended_at,
             CASE WHEN cause = 'blocked' THEN 'busy' ELSE cause END AS cause, hung_up_by, codec, is_encrypted
         FROM call_records WHERE caller_id = $1 OR callee_id = $1 AND cause <> 'blocked' ORDER BY record_id",
        &[
            ("record_id", As::Integer),
            ("caller_id", As::Integer),
            ("caller_number", As::Text),
            ("caller_name", As::Text),
            ("callee_id", As::Integer),
            ("callee_number", As::Text),
            ("callee_name", As::Text),
            ("dialled", As::Text),
            ("started_at", As::Time),
            ("answered_at", As::Time),
            ("ended_at", As::Time),
            ("cause", As::Text),
            ("hung_up_by", As::Text),
            ("codec", As::Text),
            ("is_encrypted", As::Integer),
        ],
    ),
    (
        "voicemails",
        "SELECT voicemail_id, caller_id, caller_number, caller_name, left_at, millis, is_heard
         FROM voicemails WHERE account_id = $1 ORDER BY voicemail_id",
        &[
            ("voicemail_id", As::Integer),
            ("caller_id", As::Integer),
            ("caller_number", As::Text),
            ("caller_name", As::Text),
            ("left_at", As::Time),
            ("millis", As::Integer),
            ("is_heard", As::Flag),
        ],
    ),
    (
        // What the account did, and what was done to it. Where somebody else did it, that one's address is not told.
        "audit_log",
        "SELECT entry_id, happened_at, actor, actor_name, CASE WHEN actor_id = $1 THEN source END AS source, action,
             subject_kind, subject, detail
         FROM audit_log WHERE account_id = $1 OR actor_id = $1 ORDER BY entry_id",
        &[
            ("entry_id", As::Integer),
            ("happened_at", As::Time),
            ("actor", As::Text),
            ("actor_name", As::Text),
            ("source", As::Text),
            ("action", As::Text),
            ("subject_kind", As::Text),
            ("subject", As::Text),
            ("detail", As::Json),
        ],
    ),
];

fn show(row: &AnyRow, column: &str, how: As) -> Result<Value, StoreError> {
    let integer = || row.try_get::<Option<i64>, _>(column);
    let text = || row.try_get::<Option<String>, _>(column);
    Ok(match how {
        As::Integer => integer()?.into(),
        As::Flag => integer()?.map(|flag| flag != 0).into(),
        As::Text => text()?.into(),
        As::Json => {
            let text = text()?.unwrap_or_default();
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        As::Time => integer()?.map(rfc_3339).into(),
    })
}

impl Transaction {
    /// Everything about an account but its picture: the names of the parts, and their rows as a JSON list of objects.
    /// No secret, and no hash of one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn dossier(
        &mut self,
        account: AccountId,
    ) -> Result<Vec<(&'static str, Value)>, StoreError> {
        let mut parts = Vec::with_capacity(PARTS.len());
        for (name, sql, columns) in PARTS {
            let mut list = Vec::new();
            for row in sqlx::query(sql)
                .bind(account.0)
                .fetch_all(&mut *self.inner)
                .await?
            {
                let mut object = Map::new();
                for (column, how) in columns {
                    object.insert((*column).into(), show(&row, column, *how)?);
                }
                list.push(Value::Object(object));
            }
            parts.push((name, Value::Array(list)));
        }
        Ok(parts)
    }
}
