//! The database. All SQL of the server is in this folder, one file a table group.
//!
//! Reads are methods of [`Store`] and may run side by side; writes are methods of [`Transaction`], of which there is
//! one at a time, and nothing is true before [`Transaction::commit`] has returned.

mod accounts;
mod bindings;
mod devices;
mod numbers;
mod pools;
mod settings;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sqlx::Sqlite;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

pub use accounts::AccountRow;
pub(crate) use bindings::expires_at as binding_expires_at;
pub use devices::{CredentialRow, DeviceRow, NewDevice, Origin};
pub use numbers::{NumberHistoryRow, NumberRow, NumberState};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// The open database.
#[derive(Clone, Debug)]
pub struct Store {
    readers: SqlitePool,
    // SQLite has one writer at a time: waiting for a connection is fairer than waiting for a locked file.
    writer: SqlitePool,
}

/// A write in progress. Dropping it without [`Transaction::commit`] undoes it.
pub struct Transaction {
    inner: sqlx::Transaction<'static, Sqlite>,
}

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or brought up to date.
    #[error("The database {} cannot be opened ({source}); check that it is a Carillon database of this or an older version, and its permissions.", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A query failed.
    #[error(
        "The database failed ({0}); look for free disk space and permissions of the data folder."
    )]
    Query(#[from] sqlx::Error),
    /// A row holds what the server would never write.
    #[error("The database holds a {what} that cannot be understood: {value:?}.")]
    Corrupt {
        /// What the value should have been.
        what: &'static str,
        /// What it is.
        value: String,
    },
}

impl Store {
    /// Opens the file, makes it if it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// If the file is no database, comes from a newer version, or may not be written.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Open {
            path: path.to_owned(),
            source,
        };
        // SQLite gives its side files the mode of the database.
        let created = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path);
        created.map_err(|error| failed(error.into()))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // What was acknowledged survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // Only a backup program could hold the file; it does not hold it for long.
            .busy_timeout(Duration::from_secs(5));
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await;
        let writer = writer.map_err(|error| failed(error.into()))?;
        MIGRATIONS
            .run(&writer)
            .await
            .map_err(|error| failed(error.into()))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(2)
            .connect_with(options)
            .await;
        let readers = readers.map_err(|error| failed(error.into()))?;
        Ok(Self { readers, writer })
    }

    /// Begins a write.
    ///
    /// # Errors
    /// If the database is locked by another program or out of order.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        // Taking the write lock at once avoids finding out at the first write that somebody else has it.
        Ok(Transaction {
            inner: self.writer.begin_with("BEGIN IMMEDIATE").await?,
        })
    }

    /// Closes all connections and folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
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
}

/// Milliseconds since 1970, as the tables hold times.
pub(crate) fn unix_millis(at: SystemTime) -> i64 {
    let since = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.is_unique_violation())
}
