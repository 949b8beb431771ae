//! Backups: everything that a server needs to go on elsewhere, in one archive that only its owner can read.
//!
//! The archive is a ZIP with the copy of the database ([`DATABASE`], or [`DUMP`] where the data lies in PostgreSQL), the
//! files of the data folder that matter ([`FILES`]), what people have sent (below [`SENT`]), and [`MANIFEST`], which says what it is.

mod error;
mod restore;
mod write;

use serde::{Deserialize, Serialize};

pub use error::{BackupError, RestoreError};
pub use restore::{Restored, restore};
pub use write::write;

/// What the archive is.
const MANIFEST: &str = "backup.json";
/// The copy of a database file.
const DATABASE: &str = "carillon.sqlite";
/// The archive that `pg_dump` made.
const DUMP: &str = "carillon.pgdump";
/// Files of the data folder without which the server would be another one: softphones pin its certificate, and its
/// registrations bear its node's name.
const FILES: &[&str] = &["certificate.pem", "key.pem", "node"];
/// Before the hash of the contents of a file that somebody has sent.
const SENT: &str = "files/";
/// The first bytes of the name of an unfinished copy in the data folder.
const COPY_PREFIX: &str = "copy-";

/// What the archive says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Always `carillon`.
    pub product: String,
    /// The layout of the archive; this is [`FORMAT`].
    pub format: u32,
    /// The version of the server that made it.
    pub version: String,
    /// The SIP domain.
    pub domain: String,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

/// The layout that this version writes.
pub const FORMAT: u32 = 1;

/// A new name in the data folder for a copy on its way into an archive.
pub fn new_copy(data: &std::path::Path) -> std::path::PathBuf {
    use rand::RngExt;
    data.join(format!("{COPY_PREFIX}{:016x}", rand::rng().random::<u64>()))
}

/// Removes copies that nobody fetched: their `callctl` was interrupted. To be called by the owner of the folder before
/// anybody can ask for one.
pub fn remove_old_copies(data: &std::path::Path) {
    let Ok(entries) = std::fs::read_dir(data) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name
            .to_str()
            .is_some_and(|name| name.starts_with(COPY_PREFIX))
        {
            // Without it the folder is only larger than it need be.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
