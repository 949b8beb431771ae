//! `callctl backup` and `callctl restore`: everything in one archive, and back.

use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::console::Console;
use super::{AccessError, CallctlError};
use crate::backup::{self, BackupError, Manifest, RestoreError};
use crate::control::{Command, CopyView, DatabaseCommand, Failure};
use crate::store::DatabasePlace;

/// What `--json` shows of a backup.
#[derive(Serialize)]
struct Made<'a> {
    file: &'a Path,
    bytes: u64,
}

/// What `--json` shows of a restored backup.
#[derive(Serialize)]
struct Restored<'a> {
    data: &'a Path,
    database: String,
    domain: String,
    created_at: String,
    accounts: u64,
}

/// Asks the server, or the database, for a copy, and puts it into the archive.
pub(super) async fn back_up(file: &Path, console: &mut Console<'_>) -> Result<(), CallctlError> {
    if file.symlink_metadata().is_ok() {
        // Said before anything large is copied.
        return Err(BackupError::Exists {
            path: file.to_owned(),
        }
        .into());
    }
    let data = std::path::absolute(console.data())?;
    let copy = backup::new_copy(&data);
    let written = write(file, &data, &copy, console).await;
    // It may not be there; the next server clears away what cannot be removed now.
    let _ = std::fs::remove_file(&copy);
    written?;
    let made = Made {
        file,
        bytes: file.metadata().map_or(0, |file| file.len()),
    };
    if console.page.look().is_json {
        return Ok(console.page.json(&made)?);
    }
    let subject = format!("Backup {}", file.display());
    if console.page.look().is_rehearsal {
        return Ok(console.page.done(&subject, "written")?);
    }
    let deed = format!(
        "written ({} bytes); keep it as safe as passwords",
        made.bytes
    );
    Ok(console.page.done(&subject, &deed)?)
}

async fn write(
    file: &Path,
    data: &Path,
    copy: &Path,
    console: &mut Console<'_>,
) -> Result<(), CallctlError> {
    let command = Command::Database(DatabaseCommand::Copy {
        to: copy.to_owned(),
    });
    let copied: CopyView = console.ask(command).await?.read()?;
    if console.page.look().is_rehearsal {
        return Ok(());
    }
    let manifest = Manifest {
        product: "carillon".into(),
        format: backup::FORMAT,
        version: copied.version,
        domain: copied.domain,
        created_at: OffsetDateTime::now_utc()
            .format(&Rfc3339)
            .unwrap_or_default(),
    };
    Ok(backup::write(file, data, copied.engine, copy, &manifest)?)
}

/// Restores an archive into a new data folder.
pub(super) async fn restore(file: &Path, console: &mut Console<'_>) -> Result<(), CallctlError> {
    if console.page.look().is_rehearsal {
        let sentence = "A restore cannot be rehearsed; name a new folder with --data, and remove it when you have seen it.";
        return Err(Failure::new("bad-request", sentence).into());
    }
    let place = console.database().map(DatabasePlace::parse).transpose();
    let place = place.map_err(AccessError::from)?;
    let data = console.data().to_owned();
    let restored = backup::restore(file, &data, place).await?;
    let shown = Restored {
        data: &data,
        database: restored.place.to_string(),
        domain: restored.manifest.domain,
        created_at: restored.manifest.created_at,
        accounts: restored.accounts,
    };
    if console.page.look().is_json {
        return Ok(console.page.json(&shown)?);
    }
    let subject = format!("Backup of {}", console.page.time(&shown.created_at));
    let deed = format!(
        "restored: {} accounts of {}; start callserver with --data {}",
        shown.accounts,
        shown.domain,
        data.display()
    );
    Ok(console.page.done(&subject, &deed)?)
}

impl From<RestoreError> for CallctlError {
    fn from(error: RestoreError) -> Self {
        Self::Restore(Box::new(error))
    }
}
