//! Other people's programs that run, say something and end.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::{Host, Process, process};

/// Longer than any of them may take on a busy machine.
const LONGEST: Duration = Duration::from_secs(100);

/// What a program said until it ended.
#[derive(Debug)]
pub struct Said {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The last lines on both outputs.
    pub text: String,
}

/// Runs `program`, which the Debian package `package` brings, to its end.
///
/// # Errors
/// When it is not installed, or does not end.
pub fn run<A: AsRef<OsStr>>(package: &str, program: &str, arguments: &[A]) -> Result<Said> {
    run_command(package, program, Command::new(program).args(arguments))
}

/// Runs it on another host.
///
/// # Errors
/// When it is not installed, or does not end.
pub fn run_on<A: AsRef<OsStr>>(
    host: &Host,
    package: &str,
    program: &str,
    arguments: &[A],
) -> Result<Said> {
    let mut command = process::under(&host.under(), program);
    run_command(package, program, command.args(arguments))
}

fn run_command(package: &str, program: &str, command: &mut Command) -> Result<Said> {
    let command = command.env("TERM", "dumb");
    let mut process = Process::start(program, command)
        .with_context(|| format!("is {package} installed? tests/setup/prepare test installs it"))?;
    // Nothing is typed; some of them read until the end.
    process.close_input();
    let status = process.wait(LONGEST)?;
    Ok(Said {
        code: status.code(),
        text: process.log_end(usize::MAX),
    })
}
