//! The two engines under one roof: how each is opened, and how each gives one writer at a time.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Once;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{AnyPool, Executor};

use super::{Store, StoreError, Transaction};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// What keeps the tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// A file in the data folder.
    Sqlite,
    /// A PostgreSQL server, which several call servers may share.
    Postgres,
}

/// Of the lock that gives PostgreSQL one writer at a time: "carillon" in ASCII.
const WRITERS_LOCK: i64 = 0x6361_7269_6c6c_6f6e;

fn install_drivers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(sqlx::any::install_default_drivers);
}

/// The URL of a file, whatever characters its path has.
fn sqlite_url(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    let escaped = path.as_os_str().as_bytes().iter().map(|byte| match byte {
        plain if is_plain(*plain) => char::from(*plain).to_string(),
        other => format!("%{other:02X}"),
    });
    format!("sqlite://{}", escaped.collect::<String>())
}

impl Store {
    /// Opens the file, makes it if it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// If the file is no database, comes from a newer version, or may not be written.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        // SQLite gives its side files the mode of the database.
        let created = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path);
        created.map_err(|error| failed(&place, error))?;
        let absolute = std::path::absolute(path).map_err(|error| failed(&place, error))?;
        let pool = |connections| {
            AnyPoolOptions::new()
                .max_connections(connections)
                .after_connect(|connection, _| {
                    Box::pin(async move {
                        // What was acknowledged survives a power cut (synchronous). Only a backup program could hold
                        // the file; it does not hold it for long (busy_timeout).
                        let settings = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
                        connection.execute(settings).await?;
                        Ok(())
                    })
                })
        };
        Self::connect(Engine::Sqlite, place, &sqlite_url(&absolute), pool).await
    }

    /// Opens a database of a PostgreSQL server, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, and brings its tables up
    /// to date.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses, or the database comes from a newer version.
    pub async fn connect_postgres(url: &str) -> Result<Self, StoreError> {
        // Without the part that may hold a password.
        let place = url.rsplit('@').next().unwrap_or_default().to_owned();
        let pool = |connections| {
            AnyPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(Duration::from_secs(10))
        };
        Self::connect(Engine::Postgres, place, url, pool).await
    }

    async fn connect(
        engine: Engine,
        place: String,
        url: &str,
        pool: impl Fn(u32) -> AnyPoolOptions,
    ) -> Result<Self, StoreError> {
        install_drivers();
        let options = AnyConnectOptions::from_str(url).map_err(|error| failed(&place, error))?;
        let (writers, readers, migrations) = match engine {
            // SQLite has one writer at a time: waiting for a connection is fairer than waiting for a locked file.
            Engine::Sqlite => (1, 2, &SQLITE_MIGRATIONS),
            Engine::Postgres => (2, 4, &POSTGRES_MIGRATIONS),
        };
        let writer = pool(writers).connect_with(options.clone()).await;
        let writer: AnyPool = writer.map_err(|error| failed(&place, error))?;
        migrations
            .run(&writer)
            .await
            .map_err(|error| failed(&place, error))?;
        let readers = pool(readers).connect_with(options).await;
        let readers = readers.map_err(|error| failed(&place, error))?;
        Ok(Self {
            engine,
            readers,
            writer,
        })
    }

    /// What keeps the tables.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Begins a write. There is one at a time, also when several servers share the database: what it reads stays true
    /// until it commits.
    ///
    /// # Errors
    /// If the database is locked by another program or out of order.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(Transaction {
            inner: match self.engine {
                // Taking the write lock at once avoids finding out at the first write that somebody else has it.
                Engine::Sqlite => self.writer.begin_with("BEGIN IMMEDIATE").await?,
                Engine::Postgres => {
                    let mut inner = self.writer.begin().await?;
                    sqlx::query("SELECT pg_advisory_xact_lock($1)")
                        .bind(WRITERS_LOCK)
                        .execute(&mut *inner)
                        .await?;
                    inner
                }
            },
        })
    }

    /// Closes all connections; SQLite folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn failed(place: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Open {
        place: place.to_owned(),
        source: source.into(),
    }
}
