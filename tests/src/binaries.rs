//! Finds the binaries under test.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

/// The path of `callserver`, `callctl` or `softphone`.
///
/// They lie in the folder named by `CARILLON_BIN`, or beside the program that asks. A test that was started without
/// `make` builds them first, so that it never meets an old one.
///
/// # Errors
/// When they are not there and cannot be built.
pub fn binary(name: &str) -> Result<PathBuf> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| folder().map_err(|error| format!("{error:#}")));
    let folder = folder
        .as_ref()
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let path = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    if !path.is_file() {
        bail!(
            "{} is not there; build it with `make build` or run `make test`",
            path.display()
        );
    }
    Ok(path)
}

fn folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("CARILLON_BIN") {
        return Ok(folder.into());
    }
    let own = env::current_exe()?;
    let beside = own.parent().context("this program lies in no folder")?;
    if beside.ends_with("deps") {
        let profile = beside.parent().context("the target folder has no parent")?;
        build(profile)?;
        return Ok(profile.to_owned());
    }
    Ok(beside.to_owned())
}

/// Builds the binaries into `profile`, the folder `debug` or `release` of a target folder.
fn build(profile: &Path) -> Result<()> {
    let target = profile
        .parent()
        .context("the profile's folder has no parent")?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args([
            "build",
            "--quiet",
            "--locked",
            "--bins",
            "-p",
            "callserver",
            "-p",
            "softphone",
            "--target-dir",
        ])
        .arg(target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    if !cargo.status()?.success() {
        bail!("the binaries under test could not be built; the compiler's messages are above");
    }
    Ok(())
}
