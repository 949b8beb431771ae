//! `callctl accounts export`: everything about one account into a file.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::CallctlError;
use super::console::Console;
use crate::control::{AccountsCommand, Command, ExportView};

/// The file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("The file {} cannot be written ({source}); name one that is not there yet, in a folder that you may write to.", path.display())]
pub struct ExportError {
    path: PathBuf,
    source: io::Error,
}

pub(super) async fn run(
    console: &mut Console<'_>,
    name: String,
    file: Option<PathBuf>,
) -> Result<(), CallctlError> {
    let command = Command::Accounts(AccountsCommand::Export { name: name.clone() });
    save(console, command, &format!("Account {name}"), file).await
}

/// Writes what comes back into a file, or to stdout if that is `-`.
pub(super) async fn save(
    console: &mut Console<'_>,
    command: Command,
    subject: &str,
    file: Option<PathBuf>,
) -> Result<(), CallctlError> {
    let export: ExportView = console.ask(command).await?.read()?;
    let path = file.unwrap_or_else(|| PathBuf::from(&export.file_name));
    let is_rehearsal = console.page.look().is_rehearsal;
    if path.as_os_str() == "-" && !is_rehearsal {
        return Ok(console.page.raw(&export.content)?);
    }
    if !is_rehearsal {
        write(&path, &export.content).map_err(|source| ExportError {
            path: path.clone(),
            source,
        })?;
    }
    let bytes = export.content.len();
    if console.page.look().is_json {
        return Ok(console
            .page
            .json(&json!({ "file": path, "bytes": bytes }))?);
    }
    let deed = format!("exported to {} ({bytes} bytes)", path.display());
    Ok(console.page.done(subject, &deed)?)
}

/// For its owner alone: it tells who called whom.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
