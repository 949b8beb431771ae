//! `callctl man`: the manual pages of both programs, made from their command lines.

use std::io;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::console::Console;
use super::{CallctlError, CommandLine};

/// The manual pages cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("The manual pages cannot be written into {} ({source}); choose a folder that you may write to.", folder.display())]
pub struct ManualError {
    folder: PathBuf,
    source: io::Error,
}

pub(super) fn run(console: &mut Console<'_>, folder: &Path) -> Result<(), CallctlError> {
    if !console.page.look().is_rehearsal {
        write(folder).map_err(|source| ManualError {
            folder: folder.to_owned(),
            source,
        })?;
    }
    if console.page.look().is_json {
        return Ok(console.page.line(r#"{"done":true}"#)?);
    }
    let subject = format!("The manual pages in {}", folder.display());
    Ok(console.page.done(&subject, "written")?)
}

fn write(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(CommandLine::command(), folder)?;
    clap_mangen::generate_to(crate::command_line::CommandLine::command(), folder)
}
