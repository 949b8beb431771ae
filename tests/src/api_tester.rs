//! schemathesis: tries every route of an OpenAPI document with good and bad requests, and compares what comes with what
//! the document promises.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::{Process, Server, binary};

/// What to try.
#[derive(Debug, Clone, Default)]
pub struct ApiTest<'a> {
    /// An access token to send.
    pub token: Option<&'a str>,
    /// How long to go on.
    pub seconds: u64,
    /// Where the generator of requests starts; `None`: anywhere.
    pub seed: Option<u64>,
    /// Paths that are left out.
    pub without: &'a [&'a str],
}

/// No server error, no status, header, type or shape that the document does not name; nothing without a token that needs
/// one; and methods that a path does not take are refused as such.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,unsupported_method,ignored_auth";

/// Teaches it kinds of bodies of this interface.
const HOOKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemathesis/binary_bodies.py");

impl ApiTest<'_> {
    /// Tries the interface of a server.
    ///
    /// # Errors
    /// With the report, when it finds something; or when schemathesis is not there.
    pub fn run(&self, server: &Server) -> Result<String> {
        let program = binary("callserver")?
            .parent()
            .and_then(Path::parent)
            .context("the binaries lie in no target folder")?
            .join("tools/schemathesis/bin/schemathesis");
        if !program.is_file() {
            bail!(
                "{} is not there; tests/setup/python-tool installs it",
                program.display()
            );
        }
        // It keeps a database of examples where it runs.
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(program);
        command
            .current_dir(&folder)
            .args(["run", &format!("{}/api/openapi.json", server.url())])
            .args(["--checks", CHECKS])
            .args(["--max-time", &self.seconds.to_string()])
            .args(["--request-timeout", "20"])
            .args(["--continue-on-failure", "--no-color", "--warnings", "off"])
            .args(["--generation-database", "none"])
            .env("TERM", "dumb")
            .env("SCHEMATHESIS_HOOKS", HOOKS)
            // Nothing is written beside it.
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(token) = self.token {
            command.args(["--header", &format!("Authorization: Bearer {token}")]);
        }
        if let Some(seed) = self.seed {
            command.args(["--seed", &seed.to_string()]);
        }
        for path in self.without {
            command.args(["--exclude-path", path]);
        }
        let mut process = Process::start("schemathesis", &mut command)?;
        process.close_input();
        let status = process.wait(Duration::from_secs(self.seconds + 120))?;
        let report = process.log_end(usize::MAX);
        if !status.success() {
            bail!("schemathesis found something:\n{report}");
        }
        Ok(report)
    }
}
