//! The admin tool.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Result, bail};

use crate::binary;

/// `callctl` on one data folder. Cheap to clone, and good for several threads.
#[derive(Debug, Clone)]
pub struct Callctl {
    data: PathBuf,
}

impl Callctl {
    /// The tool for the server with this data folder.
    #[must_use]
    pub fn new(data: &Path) -> Callctl {
        Callctl {
            data: data.to_owned(),
        }
    }

    /// Runs it.
    ///
    /// # Errors
    /// When it fails; the message holds what it said.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        self.run_with_input(arguments, "")
    }

    /// Runs it with something to read.
    ///
    /// # Errors
    /// When it fails; the message holds what it said.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Result<String> {
        let output = self.try_to_run(arguments, input)?;
        if !output.status.success() {
            bail!(
                "callctl {} failed: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs it and gives back whatever came of it.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn try_to_run(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let mut child = Command::new(binary("callctl")?)
            .arg("--data")
            .arg(&self.data)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // It may refuse its arguments before it reads a password.
            let _ = writeln!(stdin, "{input}");
        }
        Ok(child.wait_with_output()?)
    }
}
