//! `callctl calls`: calls at present.

use clap::Subcommand;

use super::console::Console;
use super::table::Column;
use super::{CallctlError, DONE};
use crate::control::{CallView, CallsCommand, Command, Done, PastCallView};

/// What to do with calls.
#[derive(Debug, Subcommand)]
pub enum CallsAction {
    /// The calls at present, or those that are over.
    #[command(alias = "ls", after_long_help = LIST)]
    List {
        /// The calls that are over instead.
        #[arg(long)]
        past: bool,
        /// With --past: only those of this account.
        #[arg(long, value_name = "NAME", requires = "past")]
        account: Option<String>,
        /// With --past: at most so many, the last ones.
        #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// End a call.
    #[command(alias = "hang-up", alias = "end", after_long_help = DONE)]
    Hangup {
        /// Its number in the list.
        #[arg(value_name = "ID")]
        call: u64,
    },
}

const LIST: &str = "With --json: an array of {call, caller, callee, state, seconds, packets_from_caller, packets_from_callee}
With --past --json: an array of {record, caller, caller_number, callee, callee_number, dialled, started_at, answered_at, \
ended_at, cause}";

const PAST: &[Column] = &[
    Column::exact("STARTED"),
    Column::text("CALLER"),
    Column::text("CALLEE"),
    Column::text("DIALLED"),
    Column::count("SECONDS"),
    Column::exact("ENDED BY"),
];

const COLUMNS: &[Column] = &[
    Column::exact("ID"),
    Column::text("CALLER"),
    Column::text("CALLEE"),
    Column::exact("STATE"),
    Column::count("SECONDS"),
    Column::exact("PACKETS CALLER / CALLEE"),
];

impl CallsAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        match self {
            Self::List {
                past: true,
                account,
                limit,
            } => {
                let command = Command::Calls(CallsCommand::Past { account, limit });
                let Some(calls) = console.answer::<Vec<PastCallView>>(command).await? else {
                    return Ok(());
                };
                let rows: Vec<_> = calls.into_iter().map(|one| past(one, console)).collect();
                Ok(console.page.table(PAST, &rows)?)
            }
            Self::List { .. } => {
                let command = Command::Calls(CallsCommand::List);
                let Some(calls) = console.answer::<Vec<CallView>>(command).await? else {
                    return Ok(());
                };
                let row = |call: CallView| {
                    let packets = format!(
                        "{} / {}",
                        call.packets_from_caller, call.packets_from_callee
                    );
                    vec![
                        call.call.to_string(),
                        call.caller,
                        call.callee,
                        call.state,
                        call.seconds.to_string(),
                        packets,
                    ]
                };
                let rows: Vec<_> = calls.into_iter().map(row).collect();
                Ok(console.page.table(COLUMNS, &rows)?)
            }
            Self::Hangup { call } => {
                let command = Command::Calls(CallsCommand::HangUp { call });
                if console.answer::<Done>(command).await?.is_some() {
                    console.page.done(&format!("Call {call}"), "hung up")?;
                }
                Ok(())
            }
        }
    }
}

fn past(call: PastCallView, console: &Console<'_>) -> Vec<String> {
    let party = |name: String, number: Option<String>| match number {
        Some(number) => format!("{name} ({number})"),
        None => name,
    };
    let seconds = call.answered_at.as_deref();
    let seconds = seconds.and_then(|at| console.page.seconds_between(at, &call.ended_at));
    vec![
        console.page.time(&call.started_at),
        party(call.caller, call.caller_number),
        party(call.callee, call.callee_number),
        call.dialled,
        seconds.map_or_else(|| "-".into(), |seconds| seconds.to_string()),
        call.cause,
    ]
}
