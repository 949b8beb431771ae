//! The command line of `callctl`; the words of each group of commands stand in the group's own file.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use super::accounts::AccountsAction;
use super::audit::AuditOptions;
use super::bans::BansAction;
use super::calls::CallsAction;
use super::devices::DevicesAction;
use super::groups::GroupsAction;
use super::invitations::InvitationsAction;
use super::numbers::NumbersAction;
use super::presence::PresenceAction;
use super::rooms::RoomsAction;
use super::status;
use super::upgrade;
use super::voicemails::VoicemailsAction;
use crate::DataFolder;

/// Administers a Carillon call server: accounts, devices, numbers, calls.
///
/// Speaks to the server that runs on the data folder; when none runs, works on its database.
#[derive(Debug, Parser)]
#[command(name = "callctl", version, after_help = EXIT_CODES, after_long_help = MANUAL)]
pub struct CommandLine {
    /// Data folder of the server. [default: /var/lib/carillon for root, else ~/.local/share/carillon]
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
    /// Database as callserver's --database names it, if it is not the one in the data folder and no server runs.
    #[arg(long, value_name = "URL", global = true)]
    pub database: Option<String>,
    /// Print JSON for programs instead of tables and sentences.
    #[arg(long, global = true)]
    pub json: bool,
    /// Check everything and say what would be done, but change nothing.
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// People.
    #[command(subcommand, alias = "account")]
    Accounts(AccountsAction),
    /// Numbers that ring several people.
    #[command(subcommand, alias = "group")]
    Groups(GroupsAction),
    /// Phones, each with its own SIP login and secret.
    #[command(subcommand, alias = "device")]
    Devices(DevicesAction),
    /// Who holds which number.
    #[command(subcommand, alias = "number")]
    Numbers(NumbersAction),
    /// Codes with which people make their accounts themselves.
    #[command(subcommand, alias = "invitation")]
    Invitations(InvitationsAction),
    /// Calls at present, and those that are over.
    #[command(subcommand, alias = "call")]
    Calls(CallsAction),
    /// Messages that callers have left.
    #[command(subcommand, alias = "voicemail")]
    Voicemails(VoicemailsAction),
    /// Who is there.
    #[command(subcommand)]
    Presence(PresenceAction),
    /// Conversations: which there are, who is in them, and what was said.
    #[command(subcommand, alias = "room")]
    Rooms(RoomsAction),
    /// Sources that are not listened to, because they guessed secrets or scanned.
    #[command(subcommand, alias = "ban")]
    Bans(BansAction),
    /// Write everything that the server needs into one file, while it runs or not.
    ///
    /// That is the database, the certificate with its key, and the server's name among others on its database.
    #[command(after_long_help = BACKUP)]
    Backup {
        /// The archive (ZIP), which must not be there yet. Only its owner can read it: it holds what proves who the server is.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Bring a backup back to life, in a data folder (--data) that is new or empty.
    ///
    /// A backup of a PostgreSQL database needs an empty one, named with --database.
    #[command(after_long_help = RESTORE)]
    Restore {
        /// The archive.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Who did what to which account or number, when and from where.
    Audit(AuditOptions),
    /// How the server is.
    #[command(after_long_help = status::JSON)]
    Status,
    /// Put a newer callserver in the place of the one that runs, without an end to any call.
    #[command(after_long_help = upgrade::JSON)]
    Upgrade {
        /// The program. [default: the file that the server was started from, as it is now]
        #[arg(long, value_name = "PATH")]
        binary: Option<PathBuf>,
    },
    /// Print what makes a shell complete commands and options.
    #[command(after_long_help = COMPLETIONS)]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual pages of callctl and callserver into a folder.
    #[command(after_long_help = MAN)]
    Man {
        /// The folder; it is made if it is missing.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

const EXIT_CODES: &str = "\
Exit codes: 0 it is done, 1 it was refused or failed, 2 the command line is wrong.";

const MANUAL: &str = "\
Examples:
  callctl accounts add amina --number 1001
  callctl devices add amina --label \"desk phone\"
  callctl --dry-run numbers assign 1001 bruno
  callctl --json numbers list --state free | jq -r '.[].number'
  callctl audit --account amina --since 2d

Exit codes:
  0  it is done
  1  it was refused or failed: one sentence on stderr says what and what to do; of a list, what could be done is done
  2  the command line is wrong

With --json the answer is one line of JSON on stdout: an object, or an array of objects for a list. Times are RFC 3339 in
UTC. Keys may be added by later versions, and are not taken away. A failure is {\"error\": {\"code\", \"sentence\",
\"alternatives\"?}} on stderr; the code is bad-request, not-found, conflict, no-server, no-database, unavailable,
refused-in-part, internal or another word.";

const BACKUP: &str = "With --json: {file, bytes}";

const RESTORE: &str = "\
Example:
  callctl --data ./exchange restore monday.zip

With --json: {data, database, domain, created_at, accounts}";

const COMPLETIONS: &str = "\
Examples:
  callctl completions bash > /etc/bash_completion.d/callctl
  callctl completions zsh > \"${fpath[1]}/_callctl\"
  callctl completions fish > ~/.config/fish/completions/callctl.fish";

const MAN: &str = "\
Example:
  callctl man ~/.local/share/man/man1 && man callctl-numbers";

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
