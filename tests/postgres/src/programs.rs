//! Where PostgreSQL's programs are.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// Debian keeps the servers of each version in a folder of their own, outside of the search path.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The path of one of the server's programs, of the newest version that is installed.
pub(crate) fn server_program(name: &str) -> Result<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let program = entry.path().join("bin").join(name);
            program.is_file().then_some((version, program))
        })
        .max();
    let elsewhere = || {
        let folders = std::env::var_os("PATH")?;
        std::env::split_paths(&folders)
            .map(|folder| folder.join(name))
            .find(|program| program.is_file())
    };
    newest
        .map(|(_, program)| program)
        .or_else(elsewhere)
        .with_context(|| {
            format!(
                "PostgreSQL's {name} is not installed; tests/setup/prepare test installs the Debian package postgresql"
            )
        })
}
