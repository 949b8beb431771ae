//! `callctl devices`: phones.

use clap::Subcommand;

use super::console::Console;
use super::page::or_dash;
use super::table::Column;
use super::{CallctlError, DONE, qr};
use crate::control::{Command, CredentialView, DeviceView, DevicesCommand, Done};

/// What to do with devices.
#[derive(Debug, Subcommand)]
pub enum DevicesAction {
    /// Add a device and print its login and secret, this once.
    #[command(alias = "create", alias = "new", after_long_help = ADD)]
    Add {
        /// The owner's username.
        account: String,
        /// What to call it.
        #[arg(long, value_name = "L")]
        label: Option<String>,
        /// Show the setup link as a QR code too, for a phone that can scan it.
        #[arg(long)]
        qr: bool,
    },
    /// The devices of one account, or of all.
    #[command(alias = "ls", after_long_help = LIST)]
    List {
        /// The owner's username.
        account: Option<String>,
    },
    /// Revoke a device; its registration ends.
    #[command(alias = "revoke", alias = "delete", alias = "rm", after_long_help = DONE)]
    Remove {
        /// The owner's username.
        account: String,
        /// The device's login.
        login: String,
    },
}

const ADD: &str = "\
Examples:
  callctl devices add amina --label \"desk phone\"
  callctl devices add amina --qr

With --json: {account, number, label, login, secret, domain, setup}";

const LIST: &str = "With --json: an array of {id, account, label, login, created_at, last_seen_at}";

const COLUMNS: &[Column] = &[
    Column::exact("ACCOUNT"),
    Column::exact("LOGIN"),
    Column::text("LABEL"),
    Column::exact("LAST SEEN"),
    Column::exact("CREATED"),
];

impl DevicesAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        match self {
            Self::Add { account, label, qr } => {
                let command = Command::Devices(DevicesCommand::Add { account, label });
                match console.answer(command).await? {
                    Some(credential) => print_credential(credential, qr, console),
                    None => Ok(()),
                }
            }
            Self::List { account } => {
                let command = Command::Devices(DevicesCommand::List { account });
                let Some(devices) = console.answer::<Vec<DeviceView>>(command).await? else {
                    return Ok(());
                };
                let row = |device: DeviceView| {
                    let seen = device.last_seen_at.map(|at| console.page.ago(&at));
                    vec![
                        device.account,
                        device.login,
                        device.label,
                        seen.unwrap_or_else(|| "never".into()),
                        console.page.time(&device.created_at),
                    ]
                };
                let rows: Vec<_> = devices.into_iter().map(row).collect();
                Ok(console.page.table(COLUMNS, &rows)?)
            }
            Self::Remove { account, login } => {
                let subject = format!("Device {login} of {account}");
                let command = Command::Devices(DevicesCommand::Remove { account, login });
                if console.answer::<Done>(command).await?.is_some() {
                    console.page.done(&subject, "removed")?;
                }
                Ok(())
            }
        }
    }
}

fn print_credential(
    credential: CredentialView,
    with_code: bool,
    console: &mut Console<'_>,
) -> Result<(), CallctlError> {
    if console.page.look().is_rehearsal {
        let subject = format!("Device {:?}", credential.label);
        let deed = format!("added to {}", credential.account);
        return Ok(console.page.done(&subject, &deed)?);
    }
    let setup = credential.setup.unwrap_or_default();
    console.page.properties(&[
        ("account", credential.account),
        ("number", or_dash(credential.number)),
        ("label", credential.label),
        ("domain", credential.domain),
        ("login", or_dash(credential.login)),
        ("secret", or_dash(credential.secret)),
        ("setup", setup.clone()),
    ])?;
    if with_code {
        print_code(&setup, console)?;
    }
    console
        .page
        .line("Type login and secret into the phone now, or give it the setup link: the secret is not shown again.")?;
    Ok(())
}

fn print_code(setup: &str, console: &mut Console<'_>) -> Result<(), CallctlError> {
    let columns = console.page.look().columns;
    let Ok(lines) = qr::lines(setup, columns.is_some()) else {
        return Ok(console
            .page
            .line("The setup link is too long for a QR code.")?);
    };
    // Twice as many dots wide as lines high, but for half a line.
    let width = lines.len() * 2;
    if columns.is_some_and(|columns| columns < width) {
        let sentence = format!("The window is too narrow for the QR code, which is {width} wide.");
        return Ok(console.page.line(&sentence)?);
    }
    for line in lines {
        console.page.line(&line)?;
    }
    Ok(())
}
