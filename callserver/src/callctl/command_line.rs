//! The command line of `callctl`; the words of each group of commands stand in the group's own file.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::accounts::AccountsAction;
use super::bans::BansAction;
use super::calls::CallsAction;
use super::devices::DevicesAction;
use super::numbers::NumbersAction;
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
    /// Database as callserver's --database names it, if it is not the one in the data folder and no server runs.
    #[arg(long, value_name = "URL", global = true)]
    pub database: Option<String>,
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
    /// Write everything that the server needs into one file that is not there yet, while it runs or not: the database,
    /// the certificate with its key, the server's name among others on its database.
    Backup {
        /// The archive (ZIP). Only its owner can read it: it holds what proves who the server is.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Bring a backup back to life, in a data folder (--data) that is new or empty. A backup of a PostgreSQL database needs
    /// an empty one, named with --database.
    Restore {
        /// The archive.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// How the server is.
    Status,
}

impl CommandLine {
    /// The data folder that is meant.
    pub fn data(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(DataFolder::default_path)
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
