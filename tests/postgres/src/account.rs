//! Who the server runs as: it refuses to be root, so a test that is root hands it to somebody else.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// The user that Debian's package makes for its own server.
const SYSTEM_USER: &str = "postgres";

/// Somebody who may run PostgreSQL.
#[derive(Debug)]
pub(crate) enum Account {
    /// Whoever runs the test.
    Own,
    /// The package's user, because the test is root.
    System { user: u32, group: u32 },
}

impl Account {
    /// Who may run it here; `folder` belongs to whoever runs the test.
    pub(crate) fn find(folder: &Path) -> Result<Self> {
        if std::fs::metadata(folder)?.uid() != 0 {
            return Ok(Self::Own);
        }
        let accounts = std::fs::read_to_string("/etc/passwd")?;
        let fields = accounts
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.first() == Some(&SYSTEM_USER))
            .context("there is no user postgres; the Debian package postgresql makes it")?;
        let id = |index: usize| -> Result<u32> {
            let text = fields.get(index).context("a short line in /etc/passwd")?;
            Ok(text.parse()?)
        };
        Ok(Self::System {
            user: id(2)?,
            group: id(3)?,
        })
    }

    /// Gives a file or folder to this account.
    pub(crate) fn own(&self, path: &Path) -> Result<()> {
        if let Self::System { user, group } = self {
            std::os::unix::fs::chown(path, Some(*user), Some(*group))?;
        }
        Ok(())
    }

    /// The words that run `program` as this account.
    pub(crate) fn words(&self, program: &Path) -> Vec<Box<OsStr>> {
        let mut words: Vec<Box<OsStr>> = Vec::new();
        if let Self::System { user, group } = self {
            let prefix = [
                "setpriv".to_owned(),
                format!("--reuid={user}"),
                format!("--regid={group}"),
                "--clear-groups".to_owned(),
            ];
            words.extend(prefix.iter().map(|word| OsStr::new(word).into()));
        }
        words.push(program.as_os_str().into());
        words
    }

    /// `program`, run as this account.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let words = self.words(program);
        let mut command = Command::new(&*words[0]);
        command.args(words[1..].iter());
        command
    }
}
