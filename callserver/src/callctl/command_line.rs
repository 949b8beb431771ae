//! The command line of `callctl`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::DataFolder;

/// Administers a Carillon call server: accounts, devices, numbers, calls.
///
/// Speaks to the server that runs on the data folder; when none runs, works on its database. Exits with 0 when it is
/// done, 1 when it was refused or failed, 2 when the command line is wrong.
#[derive(Debug, Parser)]
#[command(name = "callctl", version)]
pub struct CommandLine {
    /// Data folder of the server. [default: /var/lib/carillon for root, else ~/.local/share/carillon]
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
    /// Database file, if the server was started with --database and does not run now.
    #[arg(long, value_name = "FILE", global = true)]
    pub database: Option<PathBuf>,
    /// Print JSON instead of tables.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// People.
    #[command(subcommand)]
    Accounts(AccountsAction),
    /// Phones, each with its own SIP login and secret.
    #[command(subcommand)]
    Devices(DevicesAction),
    /// Who holds which number.
    #[command(subcommand)]
    Numbers(NumbersAction),
    /// Calls at present.
    #[command(subcommand)]
    Calls(CallsAction),
    /// Sources that are not listened to, because they guessed secrets or scanned.
    #[command(subcommand)]
    Bans(BansAction),
    /// How the server is.
    Status,
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountsAction {
    /// Add an account with a number.
    Add {
        /// The username: letters a to z, digits, '.', '-', '_'.
        name: String,
        /// The number; without it the lowest free one.
        #[arg(long, value_name = "N")]
        number: Option<String>,
        /// What other people see; without it the username.
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        /// Read the password from the first line of stdin instead of asking for it.
        #[arg(long)]
        password_stdin: bool,
        /// Set no password: only devices that `callctl devices add` makes can use the account.
        #[arg(long, conflicts_with = "password_stdin")]
        no_password: bool,
    },
    /// All accounts.
    List,
    /// One account.
    Show {
        /// The username.
        name: String,
    },
    /// Let nobody log in to an account or call with it.
    Disable {
        /// The username.
        name: String,
    },
    /// Undo `disable`.
    Enable {
        /// The username.
        name: String,
    },
    /// Remove an account and its devices; its numbers become free.
    Remove {
        /// The username.
        name: String,
    },
    /// Set a new password.
    Passwd {
        /// The username.
        name: String,
        /// Read the password from the first line of stdin instead of asking for it.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Add many accounts without passwords: lines of NAME[,NUMBER[,DISPLAY NAME]].
    Import {
        /// The file.
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
        /// Add a device to each account, and print its login and secret.
        #[arg(long)]
        with_devices: bool,
    },
}

/// What to do with devices.
#[derive(Debug, Subcommand)]
pub enum DevicesAction {
    /// Add a device and print its login and secret, this once.
    Add {
        /// The owner's username.
        account: String,
        /// What to call it.
        #[arg(long, value_name = "L")]
        label: Option<String>,
    },
    /// The devices of one account, or of all.
    List {
        /// The owner's username.
        account: Option<String>,
    },
    /// Revoke a device; its registration ends.
    Remove {
        /// The owner's username.
        account: String,
        /// The device's login.
        login: String,
    },
}

/// What to do with numbers.
#[derive(Debug, Subcommand)]
pub enum NumbersAction {
    /// The numbers that are or were in use.
    List {
        /// Only those in this state: free, assigned, reserved, guest or quarantined.
        #[arg(long, value_name = "S")]
        state: Option<String>,
    },
    /// Give a number to an account.
    Assign {
        /// The number.
        number: String,
        /// The username.
        account: String,
    },
    /// Take a number from its holder.
    Release {
        /// The number.
        number: String,
    },
    /// Who had a number when, and why.
    History {
        /// The number.
        number: String,
    },
}

/// What to do with calls.
#[derive(Debug, Subcommand)]
pub enum CallsAction {
    /// The calls at present.
    List,
    /// End a call.
    Hangup {
        /// Its number in the list.
        #[arg(value_name = "ID")]
        call: u64,
    },
}

/// What to do with bans.
#[derive(Debug, Subcommand)]
pub enum BansAction {
    /// The bans at present.
    List,
    /// Listen to a source again.
    Release {
        /// Its IP address.
        address: String,
    },
}

impl CommandLine {
    /// The data folder that is meant.
    pub fn data(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(DataFolder::default_path)
    }
}

impl Action {
    /// The word for what was done, for answers that would else be silent.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Accounts(AccountsAction::Add { .. }) => "added",
            Self::Accounts(AccountsAction::Remove { .. })
            | Self::Devices(DevicesAction::Remove { .. }) => "removed",
            Self::Accounts(AccountsAction::Passwd { .. }) => "password set",
            Self::Accounts(AccountsAction::Disable { .. }) => "disabled",
            Self::Accounts(AccountsAction::Enable { .. }) => "enabled",
            Self::Numbers(NumbersAction::Assign { .. }) => "assigned",
            Self::Numbers(NumbersAction::Release { .. }) => "released",
            Self::Calls(CallsAction::Hangup { .. }) => "hung up",
            Self::Bans(BansAction::Release { .. }) => "released",
            _ => "done",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn options_stand_before_or_after_the_command() {
        for words in [
            ["callctl", "--json", "--data", "/d", "accounts", "list"],
            ["callctl", "accounts", "list", "--data", "/d", "--json"],
        ] {
            let line = CommandLine::try_parse_from(words).unwrap();
            assert!(line.json && line.data() == *"/d");
        }
    }
}
