//! sipp: somebody else's SIP load tool, with scenarios from `tests/sipp`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::{Device, Process};

/// Plays a scenario against a server as one device that calls `target`, `calls` times in a row.
///
/// # Errors
/// When sipp is not installed, or any call did not go as the scenario says; the message holds its errors.
pub fn play(
    scenario: &str,
    server: SocketAddr,
    device: &Device,
    target: &str,
    calls: u32,
) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sipp")
        .join(scenario);
    let errors = folder.path().join("errors.log");
    let mut command = Command::new("sipp");
    command
        .current_dir(folder.path())
        .arg("-sf")
        .arg(scenario)
        .args(["-s", target, "-au", &device.login, "-ap", &device.secret])
        .args([
            "-key",
            "domain",
            &device.domain,
            "-key",
            "number",
            &device.number,
        ])
        .args([
            "-i",
            "127.0.0.1",
            "-mi",
            "127.0.0.1",
            "-m",
            &calls.to_string(),
            "-l",
            "1",
        ])
        .args([
            "-timeout",
            "60s",
            "-timeout_error",
            "-nostdin",
            "-trace_err",
            "-error_file",
        ])
        .arg(&errors)
        .arg(server.to_string())
        // It draws on a terminal even when there is none.
        .env("TERM", "dumb");
    let mut process = Process::start("sipp", &mut command)
        .context("is sipp installed? tests/setup/prepare test installs it")?;
    let status = process.wait(Duration::from_secs(90))?;
    if !status.success() {
        let errors = std::fs::read_to_string(&errors).unwrap_or_default();
        bail!(
            "sipp ended with {status}:\n{errors}\n{}",
            process.log_end(40)
        );
    }
    Ok(())
}
