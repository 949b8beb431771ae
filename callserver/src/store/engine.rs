//! The two engines under one roof: how each is opened, and how each gives one writer at a time.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Once};
use std::time::Duration;

use rand::RngExt;
use serde::{Deserialize, Serialize};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AnyPool, Connection, Executor};

use super::{DatabasePlace, PostgresUrl, Store, StoreError, Transaction};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// What keeps the tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Of each connection to PostgreSQL. A writer that waits longer for its turn gives up (`lock_timeout`), and so does one
/// whose server has died with the turn in its hands (`idle_in_transaction_session_timeout`, and the keep-alives of TCP if
/// its machine has): a dead server holds up the others for half a minute at most.
///
/// Every statement looks for few rows by an index. Plans are remembered, and one that was made while a table was small
/// would read the whole of it for hours, so nothing but looking up is planned (`enable_…`).
const POSTGRES_SETTINGS: &str = "SET application_name = 'carillon'; \
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
    SET lock_timeout = '20s'; SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '15s'; \
    SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;";

/// How long a question waits for a connection while PostgreSQL does not answer, as during its restart.
const POSTGRES_PATIENCE: Duration = Duration::from_secs(30);

impl Store {
    /// Opens a file, made if it is missing, or a database of a PostgreSQL server, and brings its tables up to date.
    ///
    /// # Errors
    /// As [`Store::open`] and [`Store::connect_postgres`].
    pub async fn open_place(place: &DatabasePlace) -> Result<Self, StoreError> {
        match place {
            DatabasePlace::File(path) => Self::open(path).await,
            DatabasePlace::Postgres(url) => Self::connect_postgres(url).await,
        }
    }

    /// Opens the file, makes it if it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// If the file is no database, comes from a newer version, or may not be written.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        type Source = Box<dyn std::error::Error + Send + Sync>;
        let failed = |source: Source| StoreError::Open {
            place: path.display().to_string(),
            source,
        };
        // SQLite gives its side files the mode of the database.
        let created = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path);
        created.map_err(|error| failed(error.into()))?;
        let absolute = std::path::absolute(path).map_err(|error| failed(error.into()))?;
        let url = sqlite_url(&absolute);
        let pool = |connections| {
            AnyPoolOptions::new()
                .max_connections(connections)
                // A file does not hang up: asking it for a sign of life before each statement costs as much as
                // most statements.
                .test_before_acquire(false)
                .after_connect(|connection, _| {
                    Box::pin(async move {
                        connection.execute(SQLITE_SETTINGS).await?;
                        Ok(())
                    })
                })
        };
        let opened = async {
            // A pool would try again until its patience ends, and then not say what was wrong.
            let mut first = AnyConnection::connect_with(&options(&url)?).await?;
            first.execute(SQLITE_SETTINGS).await?;
            first.close().await?;
            // SQLite has one writer at a time: waiting for a connection is fairer than waiting for a locked file.
            let writer = pool(1).after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute(SQLITE_SETTINGS).await?;
                    connection.execute(SQLITE_WRITER_SETTINGS).await?;
                    Ok(())
                })
            });
            let writer: AnyPool = writer.connect_with(options(&url)?).await?;
            SQLITE_MIGRATIONS.run(&writer).await?;
            let readers = pool(2).connect_with(options(&url)?).await?;
            // It connects when there is much to do for the first time.
            let folder = pool(1).connect_lazy_with(options(&url)?);
            Ok::<_, Source>((writer, readers, folder))
        };
        let (writer, readers, folder) = opened.await.map_err(failed)?;
        let store = Self {
            folder: Some(folder),
            ..Self::new(DatabasePlace::File(absolute), writer, readers)
        };
        store.fill_skeletons().await?;
        Ok(store)
    }

    /// Opens a database of a PostgreSQL server and brings its tables up to date.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses, or the database comes from a newer version.
    pub async fn connect_postgres(url: &PostgresUrl) -> Result<Self, StoreError> {
        let unreachable = |source| StoreError::Unreachable {
            place: url.to_string(),
            source,
        };
        // A pool would try again until its patience ends, and then not say what was wrong.
        let mut first = reach(url).await?;
        let encoding = sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut first);
        let encoding: String = encoding.await.map_err(unreachable)?;
        let _ = first.close().await;
        if encoding != "UTF8" {
            return Err(StoreError::Encoding {
                place: url.to_string(),
                encoding,
            });
        }
        let pool = |connections| {
            AnyPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(POSTGRES_PATIENCE)
                .after_connect(|connection, _| {
                    Box::pin(async move {
                        connection.execute(POSTGRES_SETTINGS).await?;
                        Ok(())
                    })
                })
        };
        let options = || options(url.with_password()).map_err(unreachable);
        // One writes; the other stands ready to take its turn.
        let writer = pool(2).connect_with(options()?).await;
        let writer: AnyPool = writer.map_err(unreachable)?;
        POSTGRES_MIGRATIONS
            .run(&writer)
            .await
            .map_err(|source| StoreError::Tables {
                place: url.to_string(),
                source,
            })?;
        let readers = pool(4).connect_with(options()?).await;
        let readers = readers.map_err(unreachable)?;
        let place = DatabasePlace::Postgres(url.clone());
        let store = Self::new(place, writer, readers);
        store.fill_skeletons().await?;
        Ok(store)
    }

    /// Whether nobody has made anything in a PostgreSQL database yet.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses.
    pub async fn is_empty_postgres(url: &PostgresUrl) -> Result<bool, StoreError> {
        let mut connection = reach(url).await?;
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'public'",
        );
        let count: i64 = count.fetch_one(&mut connection).await?;
        let _ = connection.close().await;
        Ok(count == 0)
    }

    fn new(place: DatabasePlace, writer: AnyPool, readers: AnyPool) -> Self {
        Self {
            place: Arc::new(place),
            opening: rand::rng().random(),
            node: "".into(),
            readers,
            most_voicemails: super::USUAL_MOST_VOICEMAILS.into(),
            writer,
            folder: None,
        }
    }

    /// The same database, for the server whose data folder has this name: several servers may share a database, but each
    /// holds registrations of its own.
    #[must_use]
    pub fn of_node(self, node: &str) -> Self {
        Self {
            node: node.into(),
            ..self
        }
    }

    /// What keeps the tables.
    pub fn engine(&self) -> Engine {
        match *self.place {
            DatabasePlace::File(_) => Engine::Sqlite,
            DatabasePlace::Postgres(_) => Engine::Postgres,
        }
    }

    /// Where it is.
    pub fn place(&self) -> &DatabasePlace {
        &self.place
    }

    /// A number that tells this opening of the database from those of other servers; its clones have the same.
    pub fn opening(&self) -> u64 {
        self.opening
    }

    /// Begins a write. There is one at a time, also when several servers share the database: what it reads stays true
    /// until it commits.
    ///
    /// # Errors
    /// If the database is locked by another program or out of order.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let engine = self.engine();
        let inner = match engine {
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
        };
        Ok(Transaction {
            engine,
            node: Arc::clone(&self.node),
            inner,
        })
    }

    /// Looks whether the file is sound; PostgreSQL sees to that itself.
    ///
    /// # Errors
    /// If it is damaged or cannot be read.
    pub async fn check(&self) -> Result<(), StoreError> {
        if self.engine() == Engine::Postgres {
            return Ok(());
        }
        let check = sqlx::query_scalar("PRAGMA quick_check(1)");
        let damage: String = check.fetch_one(&self.readers).await?;
        match damage.as_str() {
            "ok" => Ok(()),
            _ => Err(StoreError::Damaged {
                place: self.place.to_string(),
                damage,
            }),
        }
    }

    /// Begins something that only reads, and sees the database as it is now until it ends. It waits for no write.
    ///
    /// # Errors
    /// If the database is out of order.
    pub async fn begin_reading(&self) -> Result<Transaction, StoreError> {
        Ok(Transaction {
            engine: self.engine(),
            node: Arc::clone(&self.node),
            inner: self.readers.begin().await?,
        })
    }

    /// Copies what SQLite's write-ahead log holds by now into the file, while others read and write: else a writer does it
    /// when the log has grown long, and everybody waits for the disk.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub async fn fold_log(&self) -> Result<(), StoreError> {
        if let Some(folder) = &self.folder {
            let fold = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)");
            fold.fetch_all(folder).await?;
        }
        Ok(())
    }

    /// Closes all connections; SQLite folds the write-ahead log into the file.
    pub async fn close(&self) {
        if let Some(folder) = &self.folder {
            folder.close().await;
        }
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// What was acknowledged survives a power cut (synchronous). Only a backup program could hold the file; it does not hold
/// it for long (busy_timeout).
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";

/// What many write at the same time touches many pages: those that are written again and again stay in memory (up to
/// 16 MB, as they are needed), and what a statement would undo is kept there, too. The log is folded beside the writer
/// ([`Store::fold_log`]); only when it has four thousand pages the writer waits for what is left of that, and the log
/// begins anew.
const SQLITE_WRITER_SETTINGS: &str =
    "PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000;";

fn options(url: &str) -> Result<AnyConnectOptions, sqlx::Error> {
    install_drivers();
    AnyConnectOptions::from_str(url)
}

/// One connection to PostgreSQL, or why there is none.
async fn reach(url: &PostgresUrl) -> Result<AnyConnection, StoreError> {
    let unreachable = |source| StoreError::Unreachable {
        place: url.to_string(),
        source,
    };
    let options = options(url.with_password()).map_err(unreachable)?;
    let connecting = tokio::time::timeout(POSTGRES_PATIENCE, AnyConnection::connect_with(&options));
    let silent = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    connecting
        .await
        .map_err(silent)
        .flatten()
        .map_err(unreachable)
}
