//! `callctl calls`: calls at present.

use clap::Subcommand;

use super::console::Console;
use super::table::Column;
use super::{CallctlError, DONE};
use crate::control::{CallView, CallsCommand, Command, Done};

/// What to do with calls.
#[derive(Debug, Subcommand)]
pub enum CallsAction {
    /// The calls at present.
    #[command(alias = "ls", after_long_help = LIST)]
    List,
    /// End a call.
    #[command(alias = "hang-up", alias = "end", after_long_help = DONE)]
    Hangup {
        /// Its number in the list.
        #[arg(value_name = "ID")]
        call: u64,
    },
}

const LIST: &str = "With --json: an array of {call, caller, callee, state, seconds, packets_from_caller, packets_from_callee}";

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
            Self::List => {
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
