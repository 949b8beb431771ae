//! A copy of the whole database as it is at one moment, made while others read and write.

use std::path::Path;
use std::process::Stdio;

use super::{DatabasePlace, Engine, Store};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// SQLite.
    #[error("The database cannot be copied to {} ({source}); look for free disk space and permissions.", to.display())]
    Copy {
        /// Where the copy should lie.
        to: std::path::PathBuf,
        /// What the database or the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// PostgreSQL's own tool is not there.
    #[error(
        "The data lies in PostgreSQL, and its tool pg_dump is not on this machine; install it (Debian: postgresql-client), or run on a machine that has it: pg_dump --format=custom --file=FILE '{place}'"
    )]
    NoTool {
        /// The database, without its password.
        place: String,
    },
    /// PostgreSQL's own tool failed.
    #[error("pg_dump could not copy {place}: {said}")]
    Tool {
        /// The database, without its password.
        place: String,
        /// What it said.
        said: String,
    },
}

impl Store {
    /// Copies everything that is committed into the file `to`, which does not exist yet: for SQLite a database file,
    /// for PostgreSQL an archive of `pg_dump`. It is for its owner alone.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn snapshot(&self, to: &Path) -> Result<(), SnapshotError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| SnapshotError::Copy {
            to: to.to_owned(),
            source,
        };
        // Made beforehand, so that nobody else can read it at any moment; both tools take an empty file.
        let made = {
            use std::os::unix::fs::OpenOptionsExt;
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true).mode(0o600).open(to)
        };
        made.map_err(|error| failed(error.into()))?;
        match self.engine() {
            Engine::Sqlite => {
                let path = to
                    .to_str()
                    .ok_or_else(|| failed("the path is no text".into()))?;
                // One read transaction: writers go on beside it.
                let copy = sqlx::query("VACUUM INTO $1").bind(path.to_owned());
                copy.execute(&self.readers)
                    .await
                    .map_err(|error| failed(error.into()))?;
                Ok(())
            }
            Engine::Postgres => self.dump(to).await,
        }
    }

    async fn dump(&self, to: &Path) -> Result<(), SnapshotError> {
        let place = self.place().to_string();
        let DatabasePlace::Postgres(url) = self.place() else {
            return Ok(());
        };
        let output = tokio::process::Command::new("pg_dump")
            .args([
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                "--no-password",
            ])
            .arg("--file")
            .arg(to)
            // A password on a command line could be read by every user of the machine.
            .envs(url.environment())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await;
        match output {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(SnapshotError::Tool {
                place,
                said: last_line(&output.stderr),
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(SnapshotError::NoTool { place })
            }
            Err(error) => Err(SnapshotError::Tool {
                place,
                said: error.to_string(),
            }),
        }
    }
}

/// The last line that a tool wrote: with its tools PostgreSQL says there what went wrong.
pub(crate) fn last_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.next_back().unwrap_or("it said nothing").to_owned()
}
