//! `callctl presence`: who is there.

use clap::Subcommand;

use super::CallctlError;
use super::console::Console;
use super::table::Column;
use crate::control::{Command, PresenceCommand, PresenceLine};

/// What to do with presence.
#[derive(Debug, Subcommand)]
pub enum PresenceAction {
    /// What everybody is, as those see it who may.
    #[command(alias = "ls", after_long_help = LIST)]
    List {
        /// Only those who are there.
        #[arg(long)]
        online: bool,
    },
}

const LIST: &str = "\
State: online, away, busy, in_a_call, do_not_disturb or offline. Without a server everybody is offline.

With --json: an array of {name, number, state, chosen, note, visibility, last_seen}";

const COLUMNS: &[Column] = &[
    Column::exact("NAME"),
    Column::exact("NUMBER"),
    Column::exact("STATE"),
    Column::text("NOTE"),
    Column::exact("SHOWN TO"),
    Column::exact("LAST SEEN"),
];

impl PresenceAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        let Self::List { online } = self;
        let command = Command::Presence(PresenceCommand::List { online });
        let Some(lines) = console.answer::<Vec<PresenceLine>>(command).await? else {
            return Ok(());
        };
        let row = |line: PresenceLine| {
            let seen = line.last_seen.as_deref();
            let seen = seen.map_or_else(|| "-".into(), |at| console.page.time(at));
            vec![
                line.name,
                line.number.unwrap_or_else(|| "-".into()),
                line.state,
                line.note,
                line.visibility,
                seen,
            ]
        };
        let rows: Vec<_> = lines.into_iter().map(row).collect();
        Ok(console.page.table(COLUMNS, &rows)?)
    }
}
