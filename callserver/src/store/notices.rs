//! What servers that share a PostgreSQL database tell each other, with `NOTIFY`.
//!
//! A notice belongs to the write that it speaks of: others hear it when that is committed, and not otherwise.

use sqlx::postgres::PgListener;

use super::{DatabasePlace, Engine, Store, StoreError, Transaction};

/// The channel on which changes are told.
const CHANNEL: &str = "carillon_changes";

/// The longest notice in bytes: PostgreSQL refuses 8,000 (documentation of `NOTIFY`).
pub const LONGEST_NOTICE: usize = 7_900;

/// Notices that come in.
#[derive(Debug)]
pub struct Notices {
    listener: PgListener,
}

impl Store {
    /// Begins to listen; `None` where nobody else can write, with SQLite. Everything that is committed after this has
    /// returned is heard.
    ///
    /// # Errors
    /// If the server cannot be reached.
    pub async fn listen(&self) -> Result<Option<Notices>, StoreError> {
        let DatabasePlace::Postgres(url) = self.place() else {
            return Ok(None);
        };
        let mut listener = PgListener::connect(url.with_password()).await?;
        // Whoever listens learns of a lost connection instead of being connected again without a word.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(Some(Notices { listener }))
    }
}

impl Notices {
    /// The next notice; `None` when the connection is lost: then some may have been missed.
    pub async fn next(&mut self) -> Option<String> {
        match self.listener.try_recv().await {
            Ok(Some(notice)) => Some(notice.payload().to_owned()),
            Ok(None) => None,
            Err(error) => {
                tracing::debug!(%error, "the connection for notices broke");
                None
            }
        }
    }

    /// Asks whether the connection is still there: one that has silently died would wait for ever.
    ///
    /// # Errors
    /// If it is not.
    pub async fn check(&mut self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&mut self.listener).await?;
        Ok(())
    }
}

impl Store {
    /// Tells a text to all servers on this database at once; with SQLite there are no others.
    ///
    /// # Errors
    /// If the database fails, or the text is longer than [`LONGEST_NOTICE`].
    pub async fn notify(&self, text: &str) -> Result<(), StoreError> {
        if self.engine() == Engine::Postgres {
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(text.to_owned())
                .execute(&self.readers)
                .await?;
        }
        Ok(())
    }
}

impl Transaction {
    /// Tells a text to all servers on this database when the write is committed; with SQLite there are no others.
    ///
    /// # Errors
    /// If the database fails, or the text is longer than [`LONGEST_NOTICE`].
    pub async fn notify(&mut self, text: &str) -> Result<(), StoreError> {
        if self.engine == Engine::Postgres {
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(text.to_owned())
                .execute(&mut *self.inner)
                .await?;
        }
        Ok(())
    }
}
