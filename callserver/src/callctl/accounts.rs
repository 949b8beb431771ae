//! `callctl accounts`: people.

use std::path::PathBuf;

use api::{AccountKind, Role};
use clap::Subcommand;

use super::console::Console;
use super::page::or_dash;
use super::table::Column;
use super::{CallSettingsOptions, CallctlError, PasswordError, account_list, export, password};
use crate::control::{AccountView, AccountsCommand, Command, PlainPassword};

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountsAction {
    /// Add an account with a number.
    #[command(alias = "create", alias = "new", after_long_help = ADD)]
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
    #[command(alias = "ls", after_long_help = LIST)]
    List,
    /// One account.
    #[command(after_long_help = SHOW)]
    Show {
        /// The username.
        name: String,
    },
    /// Let nobody log in to an account or call with it.
    #[command(after_long_help = ACCOUNT)]
    Disable {
        /// The username.
        name: String,
    },
    /// Undo `disable`.
    #[command(after_long_help = ACCOUNT)]
    Enable {
        /// The username.
        name: String,
    },
    /// Remove an account and its devices; its numbers rest, and callers hear that they are gone.
    #[command(alias = "delete", alias = "rm", after_long_help = ACCOUNT)]
    Remove {
        /// The username.
        name: String,
    },
    /// What calls to an account come to: forwards, do not disturb, in which order phones ring.
    Settings(Box<CallSettingsOptions>),
    /// Give an account another username. The old one rests before somebody else can have it.
    #[command(after_long_help = ACCOUNT)]
    Rename {
        /// The username.
        name: String,
        /// The new one.
        new_name: String,
    },
    /// Make an account an administrator, who may do everything over HTTP too.
    #[command(after_long_help = ACCOUNT)]
    Admin {
        /// The username.
        name: String,
        /// Make it an ordinary account again.
        #[arg(long)]
        off: bool,
    },
    /// Write everything about one account into a zip of JSON.
    #[command(after_long_help = EXPORT)]
    Export {
        /// The username.
        name: String,
        /// The file, which must not be there yet; - for stdout. [default: carillon-NAME.zip]
        file: Option<PathBuf>,
    },
    /// Set a new password.
    #[command(alias = "password", after_long_help = ACCOUNT)]
    Passwd {
        /// The username.
        name: String,
        /// Read the password from the first line of stdin instead of asking for it.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Add many accounts without passwords from a list.
    #[command(after_long_help = IMPORT)]
    Import {
        /// The list; - for stdin.
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
        /// Add a device to each account, and print its login and secret.
        #[arg(long)]
        with_devices: bool,
    },
}

macro_rules! account_json {
    () => {
        "{id, kind, role, name, display_name, number, state, has_password, devices, created_at}"
    };
}

const ACCOUNT: &str = concat!("With --json: ", account_json!());

const SHOW: &str =
    "With --json: {id, kind, role, name, display_name, number, state, has_password, devices, created_at, presence};
presence has name, number, state, chosen, note, visibility, last_seen";

const LIST: &str = concat!("With --json: an array of ", account_json!());

const EXPORT: &str = "With --json: {file, bytes}";

const ADD: &str = concat!(
    "Examples:
  callctl accounts add amina --number 1001 --display-name \"Amina Diallo\"
  pwgen -s 20 1 | tee amina.txt | callctl accounts add amina --password-stdin

With --json: ",
    account_json!()
);

const IMPORT: &str = "\
The list is CSV in UTF-8: NAME[,NUMBER[,DISPLAY NAME]], or any order with a heading (name,number,display_name). Lines that
begin with # say nothing. A line that is refused stops no other; each is named with its reason.

With --with-devices each line of the answer is NUMBER;LOGIN;SECRET.
With --json: {accounts: [...], devices: [...], refused: [{line, why}]}.

Examples:
  callctl --dry-run accounts import staff.csv
  callctl accounts import staff.csv --with-devices > logins.txt";

const COLUMNS: &[Column] = &[
    Column::exact("NAME"),
    Column::exact("NUMBER"),
    Column::text("DISPLAY NAME"),
    Column::exact("STATE"),
    Column::exact("ROLE"),
    Column::exact("PASSWORD"),
    Column::count("DEVICES"),
];

impl AccountsAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        match self {
            Self::Add {
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
                let command = AccountsCommand::Add {
                    name,
                    display_name,
                    number,
                    password: password.map(PlainPassword),
                };
                let added: Option<AccountView> = console.answer(Command::Accounts(command)).await?;
                if let Some(account) = added {
                    print_added(&account, console)?;
                }
                Ok(())
            }
            Self::List => {
                let command = Command::Accounts(AccountsCommand::List);
                let Some(accounts) = console.answer::<Vec<AccountView>>(command).await? else {
                    return Ok(());
                };
                let rows: Vec<_> = accounts.into_iter().map(row).collect();
                Ok(console.page.table(COLUMNS, &rows)?)
            }
            Self::Show { name } => {
                let command = Command::Accounts(AccountsCommand::Show { name });
                match console.answer(command).await? {
                    Some(account) => print_one(account, console),
                    None => Ok(()),
                }
            }
            Self::Disable { name } => {
                let is_disabled = true;
                let command = AccountsCommand::SetDisabled { name, is_disabled };
                change(console, command, "disabled").await
            }
            Self::Enable { name } => {
                let is_disabled = false;
                let command = AccountsCommand::SetDisabled { name, is_disabled };
                change(console, command, "enabled").await
            }
            Self::Remove { name } => {
                change(console, AccountsCommand::Remove { name }, "removed").await
            }
            Self::Passwd {
                name,
                password_stdin,
            } => {
                let password = match password_stdin {
                    true => password::from_stdin()?,
                    false => password::prompt_for_new(&name)?.ok_or(PasswordError::NoTerminal)?,
                };
                let password = PlainPassword(password);
                let command = AccountsCommand::SetPassword { name, password };
                change(console, command, "given a new password").await
            }
            Self::Settings(options) => options.run(console).await,
            Self::Rename { name, new_name } => {
                let deed = format!("renamed to {new_name}");
                let subject = format!("Account {name}");
                let command = AccountsCommand::Rename { name, new_name };
                let renamed: Option<AccountView> =
                    console.answer(Command::Accounts(command)).await?;
                if renamed.is_some() {
                    console.page.done(&subject, &deed)?;
                }
                Ok(())
            }
            Self::Admin { name, off } => {
                let (role, deed) = match off {
                    true => (Role::User, "made an ordinary account"),
                    false => (Role::Admin, "made an administrator"),
                };
                change(console, AccountsCommand::SetRole { name, role }, deed).await
            }
            Self::Export { name, file } => export::run(console, name, file).await,
            Self::Import { file, with_devices } => {
                account_list::run(console, &file, with_devices).await
            }
        }
    }
}

async fn change(
    console: &mut Console<'_>,
    command: AccountsCommand,
    deed: &str,
) -> Result<(), CallctlError> {
    let changed: Option<AccountView> = console.answer(Command::Accounts(command)).await?;
    if let Some(account) = changed {
        let subject = format!("Account {}", account.name);
        console.page.done(&subject, deed)?;
    }
    Ok(())
}

fn row(account: AccountView) -> Vec<String> {
    let password = if account.has_password { "yes" } else { "no" };
    let rank = rank(&account);
    vec![
        account.name,
        or_dash(account.number),
        account.display_name,
        account.state,
        rank.into(),
        password.into(),
        account.devices.to_string(),
    ]
}

fn rank(account: &AccountView) -> &'static str {
    match (account.kind, account.role) {
        (AccountKind::Person, Role::Admin) => "admin",
        (AccountKind::Person, Role::User) => "user",
        (kind, _) => kind.as_str(),
    }
}

fn print_added(account: &AccountView, console: &mut Console<'_>) -> Result<(), CallctlError> {
    let name = &account.name;
    let deed = match &account.number {
        Some(number) => format!("added with the number {number}"),
        None => "added".into(),
    };
    console.page.done(&format!("Account {name}"), &deed)?;
    if !account.has_password && !console.page.look().is_rehearsal {
        console.page.line(&format!(
            "It has no password: give it phones with `callctl devices add {name}`."
        ))?;
    }
    Ok(())
}

/// `away (back at four)`, `offline, seen 2026-03-01 12:00`
fn presence(account: &AccountView, console: &Console<'_>) -> String {
    let Some(line) = &account.presence else {
        return "-".into();
    };
    let mut text = line.state.replace('_', " ");
    if let Some(at) = &line.last_seen {
        text.push_str(", seen ");
        text.push_str(&console.page.time(at));
    }
    if !line.note.is_empty() {
        text.push_str(&format!(" ({})", line.note));
    }
    text
}

fn print_one(account: AccountView, console: &mut Console<'_>) -> Result<(), CallctlError> {
    let password = if account.has_password { "set" } else { "none" };
    let rank = rank(&account);
    let created = console.page.time(&account.created_at);
    let presence = presence(&account, console);
    Ok(console.page.properties(&[
        ("name", account.name),
        ("display name", account.display_name),
        ("number", or_dash(account.number)),
        ("state", account.state),
        ("role", rank.into()),
        ("password", password.into()),
        ("devices", account.devices.to_string()),
        ("presence", presence),
        ("created", created),
        ("id", account.id.to_string()),
    ])?)
}
