//! The admin tool: reads the command line, finds the server or the database, and prints what comes back.

mod access;
mod account_list;
mod command_line;
mod output;
mod password;
mod table;

use std::io::Write;
use std::path::PathBuf;

pub use access::{Access, AccessError};
pub use account_list::{ImportError, Imported};
pub use command_line::{
    AccountsAction, Action, BansAction, CallsAction, CommandLine, DevicesAction, NumbersAction,
};
pub use password::PasswordError;

use crate::control::{Command, ControlError, PlainPassword};

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
    /// The output cannot be written.
    #[error("The answer cannot be written ({0}); what was asked for is done.")]
    Output(std::io::Error),
}

/// Does what the command line says and prints the answer to `out`.
///
/// # Errors
/// One sentence: what failed, what to do.
pub async fn run(line: CommandLine, out: &mut dyn Write) -> Result<(), CallctlError> {
    let (data, database, is_json) = (line.data(), line.database.clone(), line.json);
    let open = || Access::open(&data, database.as_deref());
    let label = line.action.label();
    // Passwords are asked for before the database is locked: a person types slowly.
    match into_work(line.action)? {
        Work::One(command) => {
            let mut access = open().await?;
            let reply = access.perform(command).await;
            access.close().await;
            output::print(&reply?, label, is_json, out).map_err(CallctlError::Output)
        }
        Work::Import { file, with_devices } => {
            let list = account_list::read(&file)?;
            let mut access = open().await?;
            let imported = account_list::import(&mut access, list, with_devices).await;
            access.close().await;
            let imported = imported?;
            output::print_imported(&imported, is_json, out).map_err(CallctlError::Output)?;
            Ok(imported.into_result(&file)?)
        }
    }
}

/// What the command line asks for.
enum Work {
    One(Command),
    Import { file: PathBuf, with_devices: bool },
}

fn into_work(action: Action) -> Result<Work, CallctlError> {
    let command = match action {
        Action::Accounts(action) => match action {
            AccountsAction::Add {
                name,
                number,
                display_name,
                password_stdin,
                no_password,
            } => {
                let password = match (password_stdin, no_password) {
                    (true, _) => Some(password::from_stdin()?),
                    (false, true) => None,
                    (false, false) => password::prompt_for_new(&name)?,
                };
                Command::AddAccount {
                    name,
                    display_name,
                    number,
                    password: password.map(PlainPassword),
                }
            }
            AccountsAction::List => Command::ListAccounts,
            AccountsAction::Show { name } => Command::ShowAccount { name },
            AccountsAction::Disable { name } => Command::SetDisabled {
                name,
                is_disabled: true,
            },
            AccountsAction::Enable { name } => Command::SetDisabled {
                name,
                is_disabled: false,
            },
            AccountsAction::Remove { name } => Command::RemoveAccount { name },
            AccountsAction::Passwd {
                name,
                password_stdin,
            } => {
                let password = match password_stdin {
                    true => password::from_stdin()?,
                    false => password::prompt_for_new(&name)?.ok_or(PasswordError::NoTerminal)?,
                };
                Command::SetPassword {
                    name,
                    password: PlainPassword(password),
                }
            }
            AccountsAction::Import { file, with_devices } => {
                return Ok(Work::Import { file, with_devices });
            }
        },
        Action::Devices(action) => match action {
            DevicesAction::Add { account, label } => Command::AddDevice { account, label },
            DevicesAction::List { account } => Command::ListDevices { account },
            DevicesAction::Remove { account, login } => Command::RemoveDevice { account, login },
        },
        Action::Numbers(action) => match action {
            NumbersAction::List { state } => Command::ListNumbers { state },
            NumbersAction::Assign { number, account } => Command::AssignNumber { number, account },
            NumbersAction::Release { number } => Command::ReleaseNumber { number },
            NumbersAction::History { number } => Command::NumberHistory { number },
        },
        Action::Calls(action) => match action {
            CallsAction::List => Command::ListCalls,
            CallsAction::Hangup { call } => Command::HangUpCall { call },
        },
        Action::Bans(action) => match action {
            BansAction::List => Command::ListBans,
            BansAction::Release { address } => Command::ReleaseBan { address },
        },
        Action::Status => Command::Status,
    };
    Ok(Work::One(command))
}
