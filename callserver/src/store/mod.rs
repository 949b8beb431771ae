//! The database. All SQL of the server is in this folder, one file a table group.
//!
//! Reads are methods of [`Store`] and may run side by side; writes are methods of [`Transaction`], of which there is
//! one at a time, and nothing is true before [`Transaction::commit`] has returned.
//!
//! The same statements run on SQLite and on PostgreSQL: placeholders are `$1`, whole numbers are `i64`, truth values are
//! 0 and 1 (see [`flag`]). PostgreSQL gives up a transaction in which a statement failed, so nothing is tried and then
//! mended: `ON CONFLICT` says beforehand what shall happen.

mod accounts;
mod asked;
mod audit;
mod bindings;
mod call_records;
mod call_settings;
mod contacts;
mod devices;
mod dossier;
mod engine;
mod erasure;
mod files;
mod free_ranges;
mod guests;
mod idempotent;
mod invitations;
mod leases;
mod letters;
mod message_words;
mod message_writes;
mod messages;
mod names;
mod nodes;
mod notices;
mod number_batches;
mod number_history;
mod numbers;
mod participants;
mod peer_keys;
mod pictures;
mod place;
mod pools;
mod presence;
mod reached;
mod ring_groups;
mod rooms;
mod sessions;
mod settings;
mod slot;
mod snapshot;
#[cfg(test)]
pub(crate) mod tests;
mod voicemails;

use std::sync::Arc;
use std::time::SystemTime;

use sqlx::any::{Any, AnyRow};
use sqlx::{AnyPool, AssertSqlSafe, Row};

pub use api::NumberState;

pub use accounts::AccountRow;
pub use audit::{AuditEntry, AuditFilter, AuditRow, Subject};
pub(crate) use bindings::expires_at as binding_expires_at;
pub use call_records::{CallFilter, CallRecord, CallRecordRow, RecordedParty};
pub use call_settings::CallSettingsRow;
pub use contacts::ContactDraft;
pub use devices::{CredentialRow, DeviceRow, NewDevice, Origin};
pub use engine::Engine;
pub use erasure::ERASED_DISPLAY_NAME;
pub use files::{ContentTurn, FileRow, FilesHeld};
pub use free_ranges::Choice;
pub use idempotent::{Claim, KeptAnswer};
pub use invitations::{InvitationRow, NewInvitation};
pub use letters::{LetterPhone, LetterRow, ReportRow};
pub use message_words::{Places, WORD_BLOCK};
pub use messages::MessageRow;
pub use names::NameUse;
pub use nodes::{NodeRow, OtherBinding};
pub use notices::{LONGEST_NOTICE, Notices};
pub use number_batches::{NumberWrite, OwnerRow};
pub use number_history::NumberHistoryRow;
pub use numbers::{Lease, NumberRow};
pub use participants::ParticipantRow;
pub use peer_keys::PeerKeyRow;
pub use pictures::PictureRow;
pub use place::{DatabasePlace, PlaceRefused, PostgresUrl};
pub use pools::PoolRow;
pub use presence::{PresenceRow, SeenBy};
pub use reached::{Reached, ReachedAccount};
pub use ring_groups::{MemberRow, RingingMember};
pub use rooms::RoomRow;
pub use sessions::{RefreshedBy, SessionOwner, SessionRow, TokenHash, TokenHashes};
pub use snapshot::SnapshotError;
pub(crate) use snapshot::last_line;
pub use voicemails::{NewVoicemail, VoicemailBy, VoicemailCount, VoicemailRow};

/// The open database.
#[derive(Clone, Debug)]
pub struct Store {
    place: Arc<DatabasePlace>,
    // Tells this opening of the database from all others.
    opening: u64,
    // Whose registrations are read and written.
    node: Arc<str>,
    readers: AnyPool,
    writer: AnyPool,
    // Of SQLite: what copies the write-ahead log into the file.
    folder: Option<AnyPool>,
    // With so many messages an account takes no further one.
    most_voicemails: i64,
}

/// So many messages an account takes if nothing else is said.
pub const USUAL_MOST_VOICEMAILS: u32 = 100;

/// A write in progress. Dropping it without [`Transaction::commit`] undoes it.
pub struct Transaction {
    engine: Engine,
    node: Arc<str>,
    inner: sqlx::Transaction<'static, Any>,
}

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file cannot be opened or brought up to date.
    #[error(
        "The database {place} cannot be opened ({source}); check that it is a Carillon database of this or an older version, and its permissions."
    )]
    Open {
        /// The file.
        place: String,
        /// What the database said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The PostgreSQL server does not answer, or does not let us in.
    #[error(
        "The database {place} cannot be reached ({source}); check that PostgreSQL runs there, and the user, password and database in --database."
    )]
    Unreachable {
        /// The database, without its password.
        place: String,
        /// What the database or the system said.
        source: sqlx::Error,
    },
    /// The tables of a PostgreSQL database cannot be made or brought up to date.
    #[error(
        "The tables of the database {place} cannot be made ({source}); check that it is empty or a Carillon database of this or an older version, and that its user owns it."
    )]
    Tables {
        /// The database, without its password.
        place: String,
        /// What the database said.
        source: sqlx::migrate::MigrateError,
    },
    /// The PostgreSQL database cannot hold everybody's name.
    #[error(
        "The database {place} has the encoding {encoding}, which cannot hold everybody's name; make one with `createdb --encoding=UTF8 --template=template0`."
    )]
    Encoding {
        /// The database, without its password.
        place: String,
        /// Its encoding.
        encoding: String,
    },
    /// A query failed.
    #[error(
        "The database failed ({0}); look for free disk space and permissions of the data folder, or, if it is PostgreSQL, whether it runs."
    )]
    Query(#[from] sqlx::Error),
    /// The file is damaged.
    #[error("The database {place} is damaged ({damage}); restore a backup.")]
    Damaged {
        /// The file.
        place: String,
        /// What SQLite found.
        damage: String,
    },
    /// A row holds what the server would never write.
    #[error("The database holds a {what} that cannot be understood: {value:?}.")]
    Corrupt {
        /// What the value should have been.
        what: &'static str,
        /// What it is.
        value: String,
    },
}

impl StoreError {
    /// Whether the database is only too busy at the moment: the same may work soon.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Query(sqlx::Error::PoolTimedOut))
    }
}

impl Transaction {
    /// Makes the write durable.
    ///
    /// # Errors
    /// If it could not be written; then nothing of it is.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit().await?)
    }

    /// Undoes the write.
    ///
    /// # Errors
    /// If the database failed; nothing is written then either.
    pub async fn roll_back(self) -> Result<(), StoreError> {
        Ok(self.inner.rollback().await?)
    }
}

/// Milliseconds since 1970, as the tables hold times.
pub(crate) fn unix_millis(at: SystemTime) -> i64 {
    let since = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A truth value of a row, which both engines keep as 0 or 1.
fn flag(row: &AnyRow, column: &'static str) -> Result<bool, StoreError> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

/// A statement about as many values as there are, such as `… IN ($2, $3, $4)`: `{}` in `sql` becomes the list of
/// placeholders from `$first` on.
fn with_list(sql: &str, first: usize, count: usize) -> AssertSqlSafe<String> {
    let list: Vec<String> = (first..first + count)
        .map(|index| format!("${index}"))
        .collect();
    // Only placeholders come in, never a value.
    AssertSqlSafe(sql.replace("{}", &list.join(", ")))
}

/// `($1, $2), ($3, $4)`: the placeholders of so many rows of so many columns.
fn rows_of(columns: usize, rows: usize) -> String {
    let row = |row: usize| {
        let first = row * columns + 1;
        let places: Vec<_> = (first..first + columns)
            .map(|place| format!("${place}"))
            .collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// So many values one statement takes: each is found by its name among those before it, which is slow when there are many.
const VALUES: usize = 256;

/// Rows for statements with so many columns each: full parts, and then parts whose lengths are powers of two, so that few
/// different statements are ever prepared.
fn parts<T>(rows: &[T], columns: usize) -> impl Iterator<Item = &[T]> {
    let full = VALUES.checked_div(columns).unwrap_or(1).max(1);
    let mut rest = rows;
    std::iter::from_fn(move || {
        let most = rest.len().min(full);
        let length = 1 << most.checked_ilog2()?;
        let (part, after) = rest.split_at(length);
        rest = after;
        Some(part)
    })
}
