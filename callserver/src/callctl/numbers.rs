//! `callctl numbers`: who holds which number.

use std::path::PathBuf;

use api::OnCall;
use clap::{Args, Subcommand, ValueEnum};

use super::console::Console;
use super::page::or_dash;
use super::pools::PoolsAction;
use super::table::Column;
use super::{CallctlError, number_list};
use crate::control::{After, ChangeView, Command, HistoryView, NumberView, NumbersCommand};

/// What to do with numbers.
#[derive(Debug, Subcommand)]
pub enum NumbersAction {
    /// The numbers that are or were in use.
    #[command(alias = "ls", after_long_help = LIST)]
    List {
        /// Only those in this state.
        #[arg(long, value_name = "S")]
        state: Option<State>,
    },
    /// Free numbers near one, or like a pattern.
    #[command(after_long_help = FREE)]
    Free {
        /// A number, or a pattern with ? for any digit.
        #[arg(value_name = "NUMBER|PATTERN")]
        like: String,
    },
    /// Give one more number to an account; the first becomes its primary number.
    #[command(alias = "give", after_long_help = ASSIGN)]
    Assign {
        /// The number, `lowest`, `random`, or a pattern with ? for any digit.
        #[arg(value_name = "NUMBER|WISH")]
        number: String,
        /// The username.
        account: String,
    },
    /// Give an account another number; the old one rests, and callers get what you say. Phones stay registered, calls go on.
    #[command(after_long_help = CHANGE)]
    Change {
        /// The username.
        account: String,
        /// The new number, `lowest`, `random`, or a pattern with ? for any digit.
        #[arg(value_name = "NUMBER|WISH")]
        to: String,
        /// Which of the account's numbers it replaces; without it the primary one.
        #[arg(long, value_name = "N")]
        from: Option<String>,
        /// What callers get at the old one.
        #[command(flatten)]
        after: AfterOptions,
    },
    /// Exchange two numbers between the accounts that hold them, at once.
    #[command(after_long_help = SWAP)]
    Swap {
        /// One number.
        #[arg(value_name = "A")]
        a: String,
        /// The other.
        #[arg(value_name = "B")]
        b: String,
    },
    /// Keep a free number back: only an administrator can then give it to somebody.
    #[command(after_long_help = NUMBER)]
    Reserve {
        /// The number.
        number: String,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Free a number at once, whether it is held, lent, reserved or resting.
    #[command(after_long_help = NUMBER)]
    Release {
        /// The number.
        number: String,
    },
    /// Give a number that rests back to the account that had it last.
    #[command(after_long_help = NUMBER)]
    TakeBack {
        /// The number.
        number: String,
    },
    /// Say what callers get at a number that rests.
    #[command(after_long_help = NUMBER)]
    Resting {
        /// The number.
        number: String,
        /// What they get.
        #[command(flatten)]
        after: AfterOptions,
    },
    /// Who had a number when, why, and who did it.
    #[command(after_long_help = HISTORY_JSON)]
    History {
        /// The number.
        number: String,
    },
    /// Make numbers what a list says: whose they are, reserved, or free.
    #[command(after_long_help = number_list::IMPORT)]
    Import {
        /// The list; - for stdin.
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
    },
    /// Print all numbers as a list that `import` reads.
    #[command(after_long_help = number_list::EXPORT)]
    Export,
    /// Ranges of numbers that are given away.
    #[command(subcommand, alias = "pools")]
    Pool(PoolsAction),
}

/// What callers get at a number that was given up.
#[derive(Debug, Args)]
pub struct AfterOptions {
    /// What callers get at the old number: they reach its last owner (forward), hear the new number (moved), or that it is
    /// gone.
    #[arg(long, value_name = "WHAT", default_value = "forward")]
    on_call: CallersGet,
    /// The number that replaces the old one; without it the last owner's primary one.
    #[arg(long, value_name = "N")]
    forward_to: Option<String>,
}

/// What callers get.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum CallersGet {
    /// They reach the last owner.
    Forward,
    /// They hear the new number.
    Moved,
    /// They hear that it is gone.
    Gone,
}

/// What a number is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum State {
    /// Anybody can be given it.
    Free,
    /// An account holds it.
    Assigned,
    /// It is kept back.
    Reserved,
    /// A guest has borrowed it.
    Guest,
    /// It was given up lately and rests.
    Quarantined,
}

macro_rules! number_json {
    () => {
        "{number, state, account, is_primary, epoch, changed_at, lease_ends_at, on_call, forward_to, note}"
    };
}

const NUMBER: &str = concat!("With --json: ", number_json!());

const LIST: &str = concat!("With --json: an array of ", number_json!());

const FREE: &str = "\
Examples:
  callctl numbers free 1000
  callctl numbers free '1?00'

With --json: an array of numbers";

const ASSIGN: &str = concat!(
    "\
Examples:
  callctl numbers assign 1044 amina
  callctl numbers assign '1?00' amina

With --json: ",
    number_json!()
);

const CHANGE: &str = "\
Examples:
  callctl numbers change amina 1005
  callctl numbers change amina lowest --on-call moved

With --json: {account, old, new}; old and new are as in `numbers list`, and old is null if no number was given up";

const SWAP: &str = concat!("With --json: an array of both, ", number_json!());

const HISTORY_JSON: &str = "With --json: an array of {at, state, account, epoch, reason, by}";

const COLUMNS: &[Column] = &[
    Column::exact("NUMBER"),
    Column::exact("STATE"),
    Column::exact("ACCOUNT"),
    Column::exact("PRIMARY"),
    Column::exact("SINCE"),
    Column::text("NOTE"),
];

const HISTORY: &[Column] = &[
    Column::exact("AT"),
    Column::exact("STATE"),
    Column::exact("ACCOUNT"),
    Column::text("WHY"),
    Column::exact("BY"),
];

impl NumbersAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        match self {
            Self::List { state } => {
                let state = state.map(State::into);
                let command = Command::Numbers(NumbersCommand::List { state });
                let Some(numbers) = console.answer::<Vec<NumberView>>(command).await? else {
                    return Ok(());
                };
                let rows: Vec<_> = numbers.into_iter().map(|one| row(one, console)).collect();
                Ok(console.page.table(COLUMNS, &rows)?)
            }
            Self::Free { like } => {
                let command = Command::Numbers(NumbersCommand::Free { like });
                let free: Option<Vec<String>> = console.answer(command).await?;
                for number in free.unwrap_or_default() {
                    console.page.line(&number)?;
                }
                Ok(())
            }
            Self::Assign { number, account } => {
                let deed = format!("assigned to {account}");
                let command = NumbersCommand::Assign { number, account };
                change(console, command, &deed).await
            }
            Self::Change {
                account,
                to,
                from,
                after,
            } => {
                let command = NumbersCommand::Change {
                    account,
                    to,
                    from,
                    after: after.into(),
                };
                let changed = console.answer(Command::Numbers(command)).await?;
                match changed {
                    Some(changed) => print_change(&changed, console),
                    None => Ok(()),
                }
            }
            Self::Swap { a, b } => {
                let command = Command::Numbers(NumbersCommand::Swap { a, b });
                let swapped: Option<[NumberView; 2]> = console.answer(command).await?;
                if let Some([a, b]) = swapped {
                    let holds = |view: &NumberView| {
                        format!("{} for {}", view.number, or_dash(view.account.clone()))
                    };
                    let deed = format!("swapped: {}, {}", holds(&a), holds(&b));
                    let subject = format!("Numbers {} and {}", a.number, b.number);
                    console.page.done(&subject, &deed)?;
                }
                Ok(())
            }
            Self::Reserve { number, note } => {
                change(
                    console,
                    NumbersCommand::Reserve { number, note },
                    "reserved",
                )
                .await
            }
            Self::Release { number } => {
                change(console, NumbersCommand::Release { number }, "released").await
            }
            Self::TakeBack { number } => {
                let command = NumbersCommand::TakeBack { number };
                change(console, command, "given back to its last owner").await
            }
            Self::Resting { number, after } => {
                let deed = format!("set to {:?} for callers while it rests", after.on_call);
                let after = after.into();
                let command = NumbersCommand::ChooseAfter { number, after };
                change(console, command, &deed.to_lowercase()).await
            }
            Self::History { number } => {
                let command = Command::Numbers(NumbersCommand::History { number });
                let Some(history) = console.answer::<Vec<HistoryView>>(command).await? else {
                    return Ok(());
                };
                let row = |line: HistoryView| {
                    vec![
                        console.page.time(&line.at),
                        line.state.to_string(),
                        or_dash(line.account),
                        line.reason,
                        or_dash(line.by),
                    ]
                };
                let rows: Vec<_> = history.into_iter().map(row).collect();
                Ok(console.page.table(HISTORY, &rows)?)
            }
            Self::Import { file } => number_list::import(console, &file).await,
            Self::Export => number_list::export(console).await,
            Self::Pool(action) => action.run(console).await,
        }
    }
}

impl From<State> for api::NumberState {
    fn from(state: State) -> Self {
        match state {
            State::Free => Self::Free,
            State::Assigned => Self::Assigned,
            State::Reserved => Self::Reserved,
            State::Guest => Self::Guest,
            State::Quarantined => Self::Quarantined,
        }
    }
}

impl From<AfterOptions> for After {
    fn from(options: AfterOptions) -> Self {
        Self {
            on_call: match options.on_call {
                CallersGet::Forward => OnCall::Forward,
                CallersGet::Moved => OnCall::Moved,
                CallersGet::Gone => OnCall::Gone,
            },
            forward_to: options.forward_to,
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

fn print_change(changed: &ChangeView, console: &mut Console<'_>) -> Result<(), CallctlError> {
    let subject = format!("The number of {}", changed.account);
    let mut deed = match &changed.old {
        Some(old) => format!("changed from {} to {}", old.number, changed.new.number),
        None => format!("changed to {}", changed.new.number),
    };
    if let Some(ends) = changed
        .old
        .as_ref()
        .and_then(|old| old.lease_ends_at.as_deref())
    {
        let day = console.page.time(ends);
        let day = day.split(' ').next().unwrap_or_default();
        deed.push_str(&format!("; the old one rests until {day}"));
    }
    Ok(console.page.done(&subject, &deed)?)
}

fn row(number: NumberView, console: &Console<'_>) -> Vec<String> {
    let primary = if number.is_primary { "yes" } else { "" };
    let until = number.lease_ends_at.map(|at| console.page.time(&at));
    let until = until.as_deref().and_then(|at| at.split(' ').next());
    let note = match (number.on_call, until, number.note) {
        (Some(on_call), Some(until), _) => format!("{on_call} until {until}"),
        (None, Some(until), _) => format!("lent until {until}"),
        (_, None, note) => note.unwrap_or_default(),
    };
    vec![
        number.number,
        number.state.to_string(),
        or_dash(number.account),
        primary.into(),
        console.page.time(&number.changed_at),
        note,
    ]
}
