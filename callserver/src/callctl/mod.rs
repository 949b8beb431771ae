//! The admin tool: reads the command line, finds the server or the database, and prints what comes back.
//!
//! A group of commands is a file: its words on the command line, what they ask for, and how the answer looks.

mod access;
mod account_list;
mod accounts;
mod backup;
mod bans;
mod calls;
mod command_line;
mod console;
mod devices;
mod numbers;
mod page;
mod password;
mod status;
mod table;

use std::io::Write;

pub use access::{Access, AccessError};
pub use account_list::ImportError;
pub use accounts::AccountsAction;
pub use bans::BansAction;
pub use calls::CallsAction;
pub use command_line::{Action, CommandLine};
pub use devices::DevicesAction;
pub use numbers::NumbersAction;
pub use page::Look;
pub use password::PasswordError;

use crate::backup::{BackupError, RestoreError};
use crate::control::{ControlError, Failure};
use console::Console;

/// Why it did not work: the sentence for stderr.
#[derive(Debug, thiserror::Error)]
pub enum CallctlError {
    /// Neither server nor database.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The server refused or went away.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// No password to be had.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The list of accounts to import.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A backup that is to be restored.
    #[error(transparent)]
    Restore(Box<RestoreError>),
    /// The output cannot be written.
    #[error("The answer cannot be written ({0}); what was asked for is done.")]
    Output(#[from] std::io::Error),
}

impl From<Failure> for CallctlError {
    fn from(failure: Failure) -> Self {
        Self::Control(failure.into())
    }
}

/// Does what the command line says and prints the answer to `out`.
///
/// # Errors
/// One sentence: what failed, what to do.
pub async fn run(line: CommandLine, look: Look, out: &mut dyn Write) -> Result<(), CallctlError> {
    let mut console = Console::new(&line, look, out);
    let console = &mut console;
    match line.action {
        Action::Accounts(action) => action.run(console).await,
        Action::Devices(action) => action.run(console).await,
        Action::Numbers(action) => action.run(console).await,
        Action::Calls(action) => action.run(console).await,
        Action::Bans(action) => action.run(console).await,
        Action::Backup { file } => backup::back_up(&file, console).await,
        Action::Restore { file } => backup::restore(&file, console).await,
        Action::Status => status::run(console).await,
    }
}
