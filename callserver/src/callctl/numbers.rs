//! `callctl numbers`: who holds which number.

use clap::Subcommand;

use super::CallctlError;
use super::console::Console;
use super::page::or_dash;
use super::table::Column;
use crate::control::{Command, HistoryView, NumberView, NumbersCommand};

/// What to do with numbers.
#[derive(Debug, Subcommand)]
pub enum NumbersAction {
    /// The numbers that are or were in use.
    #[command(alias = "ls", after_long_help = LIST)]
    List {
        /// Only those in this state: free, assigned, reserved, guest or quarantined.
        #[arg(long, value_name = "S")]
        state: Option<String>,
    },
    /// Give a number to an account.
    #[command(after_long_help = NUMBER)]
    Assign {
        /// The number.
        number: String,
        /// The username.
        account: String,
    },
    /// Take a number from its holder.
    #[command(after_long_help = NUMBER)]
    Release {
        /// The number.
        number: String,
    },
    /// Who had a number when, and why.
    #[command(after_long_help = HISTORY_JSON)]
    History {
        /// The number.
        number: String,
    },
}

macro_rules! number_json {
    () => {
        "{number, state, account, is_primary, epoch, changed_at}"
    };
}

const NUMBER: &str = concat!("With --json: ", number_json!());

const LIST: &str = concat!("With --json: an array of ", number_json!());

const HISTORY_JSON: &str = "With --json: an array of {at, state, account, epoch, reason}";

const COLUMNS: &[Column] = &[
    Column::exact("NUMBER"),
    Column::exact("STATE"),
    Column::exact("ACCOUNT"),
    Column::exact("PRIMARY"),
    Column::exact("SINCE"),
];

const HISTORY: &[Column] = &[
    Column::exact("AT"),
    Column::exact("STATE"),
    Column::exact("ACCOUNT"),
    Column::text("WHY"),
];

impl NumbersAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        match self {
            Self::List { state } => {
                let command = Command::Numbers(NumbersCommand::List { state });
                let Some(numbers) = console.answer::<Vec<NumberView>>(command).await? else {
                    return Ok(());
                };
                let row = |number: NumberView| {
                    let primary = if number.is_primary { "yes" } else { "" };
                    vec![
                        number.number,
                        number.state,
                        or_dash(number.account),
                        primary.into(),
                        console.page.time(&number.changed_at),
                    ]
                };
                let rows: Vec<_> = numbers.into_iter().map(row).collect();
                Ok(console.page.table(COLUMNS, &rows)?)
            }
            Self::Assign { number, account } => {
                let deed = format!("assigned to {account}");
                let command = NumbersCommand::Assign { number, account };
                change(console, command, &deed).await
            }
            Self::Release { number } => {
                change(console, NumbersCommand::Release { number }, "released").await
            }
            Self::History { number } => {
                let command = Command::Numbers(NumbersCommand::History { number });
                let Some(history) = console.answer::<Vec<HistoryView>>(command).await? else {
                    return Ok(());
                };
                let row = |line: HistoryView| {
                    vec![
                        console.page.time(&line.at),
                        line.state,
                        or_dash(line.account),
                        line.reason,
                    ]
                };
                let rows: Vec<_> = history.into_iter().map(row).collect();
                Ok(console.page.table(HISTORY, &rows)?)
            }
        }
    }
}

async fn change(
    console: &mut Console<'_>,
    command: NumbersCommand,
    deed: &str,
) -> Result<(), CallctlError> {
    let changed: Option<NumberView> = console.answer(Command::Numbers(command)).await?;
    if let Some(number) = changed {
        let subject = format!("Number {}", number.number);
        console.page.done(&subject, deed)?;
    }
    Ok(())
}
