//! The admin tool: reads the command line, finds the server or the database, and prints what comes back.
//!
//! A group of commands is a file: its words on the command line, what they ask for, and how the answer looks.

mod access;
mod account_list;
mod accounts;
mod audit;
mod backup;
mod bans;
mod call_settings;
mod calls;
mod command_line;
mod completions;
mod console;
mod devices;
mod export;
mod groups;
mod invitations;
mod manual;
mod number_list;
mod numbers;
mod page;
mod password;
mod pools;
mod portions;
mod presence;
mod qr;
mod rooms;
mod sheet;
mod since;
mod status;
mod table;
mod upgrade;
mod voicemails;

use std::io::Write;

pub use access::{Access, AccessError};
pub use accounts::AccountsAction;
pub use audit::AuditOptions;
pub use bans::BansAction;
pub use call_settings::CallSettingsOptions;
pub use calls::CallsAction;
pub use command_line::{Action, CommandLine};
pub use devices::DevicesAction;
pub use export::ExportError;
pub use groups::GroupsAction;
pub use invitations::InvitationsAction;
pub use manual::ManualError;
pub use numbers::{AfterOptions, CallersGet, NumbersAction, State};
pub use page::Look;
pub use password::PasswordError;
pub use pools::{PoolsAction, Purpose};
pub use portions::PortionsError;
pub use presence::PresenceAction;
pub use rooms::RoomsAction;
pub use sheet::SheetError;
pub use since::Since;
pub use voicemails::VoicemailsAction;

use crate::backup::{BackupError, RestoreError};
use crate::control::{ControlError, Failure};
use console::Console;

/// In the help of commands that say no more than that it is done.
const DONE: &str = "With --json: {done}";

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
    /// A list to import.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// A backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A backup that is to be restored.
    #[error(transparent)]
    Restore(Box<RestoreError>),
    /// Not all lines of a list were taken.
    #[error(transparent)]
    Portions(#[from] PortionsError),
    /// The file of an export.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The man pages.
    #[error(transparent)]
    Manual(#[from] ManualError),
    /// The output cannot be written.
    #[error("The answer cannot be written ({0}); what was asked for is done.")]
    Output(#[from] std::io::Error),
}

impl CallctlError {
    /// The error for programs.
    pub fn failure(&self) -> Failure {
        let code = match self {
            Self::Control(ControlError::Refused(failure)) => return failure.clone(),
            Self::Control(ControlError::Connect { .. }) => "forbidden",
            Self::Control(ControlError::Broken { .. }) => "unavailable",
            Self::Access(AccessError::Control(_) | AccessError::DataFolder(_)) => "unavailable",
            Self::Access(AccessError::NoDatabase { .. } | AccessError::EmptyDatabase { .. }) => {
                "no-database"
            }
            Self::Access(AccessError::Place(_)) => "bad-request",
            Self::Access(_) | Self::Output(_) => "internal",
            Self::Backup(BackupError::Exists { .. }) | Self::Restore(_) => "bad-request",
            Self::Backup(_) => "internal",
            Self::Password(_) => "bad-request",
            Self::Sheet(_) => "bad-request",
            Self::Portions(_) => "refused-in-part",
            Self::Manual(_) | Self::Export(_) => "bad-request",
        };
        Failure::new(code, self.to_string())
    }
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
        Action::Groups(action) => action.run(console).await,
        Action::Devices(action) => action.run(console).await,
        Action::Numbers(action) => action.run(console).await,
        Action::Invitations(action) => action.run(console).await,
        Action::Calls(action) => action.run(console).await,
        Action::Presence(action) => action.run(console).await,
        Action::Voicemails(action) => action.run(console).await,
        Action::Rooms(action) => action.run(console).await,
        Action::Bans(action) => action.run(console).await,
        Action::Backup { file } => backup::back_up(&file, console).await,
        Action::Restore { file } => backup::restore(&file, console).await,
        Action::Audit(options) => options.run(console).await,
        Action::Status => status::run(console).await,
        Action::Upgrade { binary } => upgrade::run(binary.as_deref(), console).await,
        Action::Completions { shell } => completions::run(console, shell),
        Action::Man { folder } => manual::run(console, &folder),
    }
}
