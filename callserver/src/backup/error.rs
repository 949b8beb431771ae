//! Why there is no backup, or nothing came out of one: one sentence each.

use std::io;
use std::path::PathBuf;

use crate::DataFolderError;
use crate::store::{PlaceRefused, StoreError};

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The archive is there already.
    #[error("{} exists already and is not overwritten; choose another name.", path.display())]
    Exists {
        /// The archive.
        path: PathBuf,
    },
    /// The archive cannot be written.
    #[error("The backup {} cannot be written ({source}); look for free disk space and permissions.", path.display())]
    Write {
        /// The archive.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something that belongs into it cannot be read.
    #[error("{} cannot be read for the backup ({source}); run callctl as the user who runs callserver.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The archive cannot be read.
    #[error("The backup {} cannot be read ({source}); check its path and permissions.", path.display())]
    Read {
        /// The archive.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no backup, or a damaged one.
    #[error("{} is not a whole Carillon backup ({why}); nothing was restored.", path.display())]
    Damaged {
        /// The archive.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It comes from a newer version.
    #[error("{} was made by Carillon {version}, in a layout that this version does not know; use that version's callctl.", path.display())]
    Newer {
        /// The archive.
        path: PathBuf,
        /// The version that made it.
        version: String,
    },
    /// There is something in the way.
    #[error("{} is not empty; a backup is restored into a new folder, named with --data.", path.display())]
    NotEmpty {
        /// The folder or the file.
        path: PathBuf,
    },
    /// The folder.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// A file cannot be written.
    #[error("{} cannot be written ({source}); look for free disk space and permissions.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was restored is no sound database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `--database`.
    #[error(transparent)]
    Place(#[from] PlaceRefused),
    /// A backup of one engine for the other.
    #[error("The backup holds a {holds}, so --database must name {wants}.")]
    OtherEngine {
        /// What is in it.
        holds: &'static str,
        /// What has to be named.
        wants: &'static str,
    },
    /// The database has tables.
    #[error("The database {place} is not empty; make a new one with `createdb` and name it.")]
    DatabaseNotEmpty {
        /// The database, without its password.
        place: String,
    },
    /// PostgreSQL's own tool is not there.
    #[error(
        "The backup holds a PostgreSQL database, and PostgreSQL's tool pg_restore is not on this machine; install it (Debian: postgresql-client)."
    )]
    NoTool,
    /// PostgreSQL's own tool failed.
    #[error("pg_restore could not fill {place}: {said}")]
    Tool {
        /// The database, without its password.
        place: String,
        /// What it said.
        said: String,
    },
}
