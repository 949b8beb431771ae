//! What every command works with: the way to the data, and the page that it prints on.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::page::{Look, Page};
use super::{Access, CallctlError, CommandLine};
use crate::control::{Answer, Command, ControlError, Request};

/// One run of `callctl`.
pub(super) struct Console<'a> {
    data: PathBuf,
    database: Option<String>,
    /// Who wants it, for the audit log.
    operator: Option<String>,
    /// What it prints on.
    pub(super) page: Page<'a>,
}

impl<'a> Console<'a> {
    pub(super) fn new(line: &CommandLine, look: Look, out: &'a mut dyn Write) -> Self {
        Self {
            data: line.data(),
            database: line.database.clone(),
            operator: operator(),
            page: Page::new(look, out),
        }
    }

    /// The data folder.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// The database, if one is named.
    pub(super) fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// Opens the way to the data. A person who types slowly is asked before: without a server the database is locked.
    pub(super) async fn open(&self) -> Result<Access, CallctlError> {
        Ok(Access::open(&self.data, self.database.as_deref()).await?)
    }

    /// Has a command done over an open way.
    pub(super) async fn perform(
        &self,
        access: &mut Access,
        command: Command,
    ) -> Result<Answer, ControlError> {
        let request = Request {
            operator: self.operator.clone(),
            is_rehearsal: self.page.look().is_rehearsal,
            command,
        };
        access.perform(request).await
    }

    /// Has one command done.
    pub(super) async fn ask(&self, command: Command) -> Result<Answer, CallctlError> {
        let mut access = self.open().await?;
        let answer = self.perform(&mut access, command).await;
        access.close().await;
        Ok(answer?)
    }

    /// Has one command done. Its answer is printed if JSON is wanted; else it is here, to be put into words.
    pub(super) async fn answer<T: DeserializeOwned>(
        &mut self,
        command: Command,
    ) -> Result<Option<T>, CallctlError> {
        let answer = self.ask(command).await?;
        if self.page.look().is_json {
            self.page.line(answer.json())?;
            return Ok(None);
        }
        Ok(Some(answer.read()?))
    }
}

/// The person's name on this machine; with sudo that of the person behind it.
fn operator() -> Option<String> {
    ["SUDO_USER", "LOGNAME", "USER"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|name| !name.is_empty())
        // A service or a container may have no environment; the number is still somebody.
        .or_else(|| Some(format!("uid {}", rustix::process::getuid().as_raw())))
}
