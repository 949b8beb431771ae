//! `callctl calls`: calls at present, and those that are over.

use api::{CallParty, CallQuality};
use clap::Subcommand;

use super::console::Console;
use super::page::or_dash;
use super::table::Column;
use super::{CallctlError, DONE};
use crate::control::{CallView, CallsCommand, Command, Done, PastCallView, TraceView};

/// What to do with calls.
#[derive(Debug, Subcommand)]
pub enum CallsAction {
    /// The calls at present, or those that are over.
    #[command(alias = "ls", after_long_help = LIST)]
    List {
        /// The calls that are over instead.
        #[arg(long)]
        past: bool,
        /// Which of those that are over.
        #[command(flatten)]
        which: Past,
    },
    /// The calls that are over, with the quality of their audio.
    #[command(after_long_help = HISTORY)]
    History {
        /// Which of them.
        #[command(flatten)]
        which: Past,
    },
    /// One call at present, with the quality of its audio so far.
    #[command(after_long_help = SHOW)]
    Show {
        /// Its number in the list.
        #[arg(value_name = "ID")]
        call: u64,
    },
    /// The SIP messages of a call that goes on or has just ended, as a ladder without secrets.
    #[command(after_long_help = TRACE)]
    Trace {
        /// Its number in the list.
        #[arg(value_name = "ID")]
        call: u64,
        /// The messages themselves below the ladder, without secrets.
        #[arg(long)]
        messages: bool,
    },
    /// End a call.
    #[command(alias = "hang-up", alias = "end", after_long_help = DONE)]
    Hangup {
        /// Its number in the list.
        #[arg(value_name = "ID")]
        call: u64,
    },
}

/// Which of the calls that are over.
#[derive(Debug, clap::Args)]
pub struct Past {
    /// Of those that are over: only those of this account.
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Of those that are over: at most so many, the last ones.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
}

const LIST: &str = "With --json: an array of {call, caller, callee, state, seconds, packets_from_caller, packets_from_callee, details}; \
details as in `callctl calls show`
With --past --json: as `callctl calls history`";

const HISTORY: &str = "With --json: an array of {record, caller, caller_number, callee, callee_number, dialled, started_at, answered_at, \
ended_at, cause, hung_up_by, codec, encrypted, caller_quality, callee_quality}; the qualities are {sent, received, lost, \
jitter_millis, round_trip_millis, mos}";

const SHOW: &str = "With --json: {call, caller, callee, state, seconds, packets_from_caller, packets_from_callee, details: {id, caller, callee, \
dialled, state, started_at, seconds, answered_seconds, codec, encrypted, passed_on}}; caller and callee there are {account, \
number, name, quality: {sent, received, lost, jitter_millis, round_trip_millis, mos}}";

const TRACE: &str = "With --json: {call, messages, left_out, text}";

const PAST: &[Column] = &[
    Column::exact("STARTED"),
    Column::text("CALLER"),
    Column::text("CALLEE"),
    Column::text("DIALLED"),
    Column::count("SECONDS"),
    Column::exact("ENDED BY"),
    Column::exact("MOS"),
];

const COLUMNS: &[Column] = &[
    Column::exact("ID"),
    Column::text("CALLER"),
    Column::text("CALLEE"),
    Column::exact("STATE"),
    Column::count("SECONDS"),
    Column::exact("CODEC"),
    Column::exact("MOS"),
    Column::exact("PACKETS CALLER / CALLEE"),
];

impl CallsAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        match self {
            Self::List { past: true, which } | Self::History { which } => {
                history(which, console).await
            }
            Self::List { .. } => {
                let command = Command::Calls(CallsCommand::List);
                let Some(calls) = console.answer::<Vec<CallView>>(command).await? else {
                    return Ok(());
                };
                let rows: Vec<_> = calls.into_iter().map(live).collect();
                Ok(console.page.table(COLUMNS, &rows)?)
            }
            Self::Show { call } => {
                let command = Command::Calls(CallsCommand::Show { call });
                let Some(view) = console.answer::<CallView>(command).await? else {
                    return Ok(());
                };
                show(view, console)
            }
            Self::Trace { call, messages } => {
                let command = Command::Calls(CallsCommand::Trace {
                    call,
                    with_messages: messages,
                });
                if let Some(trace) = console.answer::<TraceView>(command).await? {
                    console.page.raw(trace.text.as_bytes())?;
                }
                Ok(())
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

async fn history(which: Past, console: &mut Console<'_>) -> Result<(), CallctlError> {
    let Past { account, limit } = which;
    let command = Command::Calls(CallsCommand::Past { account, limit });
    let Some(calls) = console.answer::<Vec<PastCallView>>(command).await? else {
        return Ok(());
    };
    let rows: Vec<_> = calls.into_iter().map(|one| past(one, console)).collect();
    Ok(console.page.table(PAST, &rows)?)
}

fn live(call: CallView) -> Vec<String> {
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
        or_dash(call.details.codec),
        scores(
            call.details.caller.quality.as_ref(),
            call.details.callee.quality.as_ref(),
        ),
        packets,
    ]
}

fn show(call: CallView, console: &mut Console<'_>) -> Result<(), CallctlError> {
    let details = call.details;
    let words = |party: &CallParty| match &party.number {
        Some(number) => format!("{} ({number})", party.name),
        None => party.name.clone(),
    };
    let encrypted = details
        .encrypted
        .map(|is_so| if is_so { "yes" } else { "no" });
    Ok(console.page.properties(&[
        ("call", call.call.to_string()),
        ("caller", words(&details.caller)),
        ("callee", words(&details.callee)),
        ("dialled", details.dialled.clone()),
        ("state", call.state),
        ("started", console.page.time(&details.started_at)),
        ("seconds", call.seconds.to_string()),
        ("codec", or_dash(details.codec.clone())),
        ("encrypted", or_dash(encrypted.map(str::to_owned))),
        ("caller hears", heard(details.caller.quality.as_ref())),
        ("callee hears", heard(details.callee.quality.as_ref())),
    ])?)
}

/// The scores of both sides, the caller's first.
fn scores(caller: Option<&CallQuality>, callee: Option<&CallQuality>) -> String {
    let score = |quality: Option<&CallQuality>| {
        let mos = quality.and_then(|quality| quality.mos);
        or_dash(mos.map(|mos| mos.to_string()))
    };
    match (caller, callee) {
        (None, None) => or_dash(None),
        _ => format!("{} / {}", score(caller), score(callee)),
    }
}

fn heard(quality: Option<&CallQuality>) -> String {
    let Some(quality) = quality else {
        return or_dash(None);
    };
    let round_trip = quality.round_trip_millis;
    format!(
        "MOS {}, {} packets, {} lost, jitter {} ms, round trip {}",
        or_dash(quality.mos.map(|mos| mos.to_string())),
        quality.received,
        quality.lost,
        quality.jitter_millis,
        or_dash(round_trip.map(|millis| format!("{millis} ms"))),
    )
}

fn past(call: PastCallView, console: &Console<'_>) -> Vec<String> {
    let party = |name: String, number: Option<String>| match number {
        Some(number) => format!("{name} ({number})"),
        None => name,
    };
    let seconds = call.answered_at.as_deref();
    let seconds = seconds.and_then(|at| console.page.seconds_between(at, &call.ended_at));
    let by = call.hung_up_by.filter(|_| call.cause == "hung-up");
    vec![
        console.page.time(&call.started_at),
        party(call.caller, call.caller_number),
        party(call.callee, call.callee_number),
        call.dialled,
        seconds.map_or_else(|| "-".into(), |seconds| seconds.to_string()),
        by.unwrap_or(call.cause),
        scores(call.caller_quality.as_ref(), call.callee_quality.as_ref()),
    ]
}
