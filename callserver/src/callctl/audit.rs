//! `callctl audit`: who did what.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};

use super::console::Console;
use super::table::Column;
use super::{Access, CallctlError, Since};
use crate::control::{AuditCommand, AuditView, Command, Failure};

/// Which lines of the audit log to show.
#[derive(Debug, Args)]
#[command(after_long_help = JSON)]
pub struct AuditOptions {
    /// Only what this account did, or what was done to it or to what is its own.
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Only what was done to this number, or to another one because of it.
    #[arg(long, value_name = "N")]
    number: Option<String>,
    /// Not before: an age (30min, 12h, 7d), a day (2026-03-01) or a moment (2026-03-01T12:00:00Z).
    #[arg(long, value_name = "T")]
    since: Option<Since>,
    /// At most so many lines, the last ones.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Go on and show what is done from now on, until interrupted.
    #[arg(long)]
    follow: bool,
}

const JSON: &str = "\
With --json: an array of {entry, at, actor, actor_name, source, action, subject_kind, subject, account, detail}, the oldest
first; with --follow one such object a line. Actors are account, operator (of callctl), system (the server) and stranger.

Examples:
  callctl audit --since 2d
  callctl audit --number 1004
  callctl --json audit --follow | jq .action";

const COLUMNS: &[Column] = &[
    Column::exact("AT"),
    Column::exact("WHO"),
    Column::exact("FROM"),
    Column::exact("ACTION"),
    Column::exact("SUBJECT"),
    Column::text("DETAIL"),
];

/// How often the log is asked for new lines.
const PACE: Duration = Duration::from_millis(500);

impl AuditOptions {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        let mut access = console.open().await?;
        let result = self.show(console, &mut access).await;
        access.close().await;
        result
    }

    async fn show(
        &self,
        console: &mut Console<'_>,
        access: &mut Access,
    ) -> Result<(), CallctlError> {
        if self.follow && access.is_ours_alone() {
            let sentence =
                "Nothing is done while no callserver runs; leave --follow out, or start it first.";
            return Err(Failure::new("no-server", sentence).into());
        }
        let answer = console.perform(access, self.command(console, None)).await?;
        if !self.follow && console.page.look().is_json {
            return Ok(console.page.line(answer.json())?);
        }
        let mut lines: Vec<AuditView> = answer.read()?;
        if !self.follow {
            let rows: Vec<_> = lines.iter().map(|line| row(line, console)).collect();
            return Ok(console.page.table(COLUMNS, &rows)?);
        }
        let mut last = 0;
        loop {
            for line in &lines {
                last = line.entry;
                match console.page.look().is_json {
                    true => console.page.json(line)?,
                    // The widths of what is still to come are not known.
                    false => console.page.row(&row(line, console))?,
                }
            }
            console.page.flush()?;
            tokio::time::sleep(PACE).await;
            let command = self.command(console, Some(last));
            lines = console.perform(access, command).await?.read()?;
        }
    }

    fn command(&self, console: &Console<'_>, after: Option<i64>) -> Command {
        let look = console.page.look();
        let since = self.since.map(|at| at.unix_millis(look.now, look.offset));
        Command::Audit(AuditCommand::List {
            account: self.account.clone(),
            number: self.number.clone(),
            since,
            after,
            limit: self.limit,
        })
    }
}

fn row(line: &AuditView, console: &Console<'_>) -> Vec<String> {
    vec![
        console.page.time(&line.at),
        line.who(),
        line.source.clone().unwrap_or_else(|| "-".into()),
        line.action.clone(),
        format!("{} {}", line.subject_kind, line.subject),
        in_words(&line.detail),
    ]
}

/// `{"from": "1004", "to": null}` as `from 1004`.
fn in_words(detail: &Map<String, Value>) -> String {
    let said = detail.iter().filter(|(_, value)| !value.is_null());
    let words = said.map(|(name, value)| {
        let name = name.replace('_', " ");
        match value {
            Value::String(text) => format!("{name} {text}"),
            other => format!("{name} {other}"),
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_put_into_words() {
        let detail =
            serde_json::json!({ "from": "1004", "to": null, "new_epoch": 2, "kept": true });
        let Value::Object(detail) = detail else {
            unreachable!()
        };
        assert_eq!(in_words(&detail), "from 1004, kept true, new epoch 2");
    }
}
