//! Whether another program can take this one's place: asked before it does, for afterwards nobody is there to go on.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use super::FORMAT;

/// A program that says nothing for so long is not ours.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a program cannot take over.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It cannot be run at all.
    #[error("{} cannot be run ({source}); the server goes on as it is.", program.display())]
    CannotRun {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("{} is no callserver; the server goes on as it is.", program.display())]
    NotOurs {
        /// The program.
        program: PathBuf,
    },
    /// It is one of ours that does not understand what it would get.
    #[error(
        "{} ({version}) cannot take calls over from this version; the server goes on as it is. Restart it when nobody talks.",
        program.display()
    )]
    OtherFormat {
        /// The program.
        program: PathBuf,
        /// What it calls itself.
        version: String,
    },
    /// It does not take the configuration.
    #[error("{} refuses the configuration: {said} The server goes on as it is.", program.display())]
    Configuration {
        /// The program.
        program: PathBuf,
        /// What it said.
        said: String,
    },
}

/// Runs the program for its version, and asks whether it takes over what this one would pass on, with this configuration.
/// Gives what it calls itself.
///
/// # Errors
/// Why it cannot.
pub async fn check(program: &Path, configuration: Option<&Path>) -> Result<String, Refused> {
    let said = run(program, &["--version".as_ref()]).await?;
    let version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    if !said.status.success() || !version.starts_with("callserver ") {
        let program = program.to_owned();
        return Err(Refused::NotOurs { program });
    }
    let format = FORMAT.to_string();
    let said = run(program, &["takes-over".as_ref(), format.as_ref()]).await?;
    if !said.status.success() {
        return Err(Refused::OtherFormat {
            program: program.to_owned(),
            version,
        });
    }
    if let Some(file) = configuration {
        let said = run(program, &["check-config".as_ref(), file.as_os_str()]).await?;
        if !said.status.success() {
            return Err(Refused::Configuration {
                program: program.to_owned(),
                said: String::from_utf8_lossy(&said.stderr).trim().to_owned(),
            });
        }
    }
    Ok(version)
}

async fn run(program: &Path, arguments: &[&std::ffi::OsStr]) -> Result<Output, Refused> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let said = tokio::time::timeout(PATIENCE, command.output()).await;
    let late = || std::io::Error::from(std::io::ErrorKind::TimedOut);
    said.unwrap_or_else(|_| Err(late()))
        .map_err(|source| Refused::CannotRun {
            program: program.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    async fn refused(script: &str) -> Refused {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("callserver");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(&program, mode).expect("a mode");
        let file = Path::new("/etc/callserver.toml");
        check(&program, Some(file)).await.expect_err("a refusal")
    }

    #[tokio::test]
    async fn what_could_not_go_on_is_refused_before_it_is_too_late() {
        let nowhere = check(Path::new("/nowhere/callserver"), None).await;
        assert!(matches!(nowhere, Err(Refused::CannotRun { .. })));
        let other = refused("echo 'bash 5'").await;
        assert!(matches!(other, Refused::NotOurs { .. }));
        let old = "[ $1 = --version ] && echo 'callserver 0.1.0' || exit 2";
        assert!(matches!(refused(old).await, Refused::OtherFormat { .. }));
        let strict = "case $1 in --version) echo 'callserver 9' ;; check-config) echo no >&2; exit 2 ;; esac";
        let strict = refused(strict).await;
        assert!(matches!(strict, Refused::Configuration { ref said, .. } if said == "no"));
    }
}
