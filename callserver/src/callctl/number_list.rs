//! `numbers import` and `numbers export`: the number plan as a list.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use api::Number;
use serde_json::json;

use super::CallctlError;
use super::console::Console;
use super::portions::{self, PORTION};
use super::sheet::{self, Column, Refused, Row};
use crate::control::{Answer, Command, Failure, NumberView, NumbersCommand};
use crate::office::{ImportLine, ImportReport};

const COLUMNS: &[Column] = &[
    &["number"],
    &["username", "account", "name"],
    &["primary", "is_primary"],
    &["state"],
    &["note"],
];

pub(super) const IMPORT: &str = "\
The list is CSV in UTF-8: NUMBER[,USERNAME[,PRIMARY[,STATE[,NOTE]]]], or any order with a heading
(number,username,primary,state,note). PRIMARY is yes, no or empty: yes for an account's first number. STATE is assigned,
reserved, free or empty: assigned to the username. Lines that begin with # say nothing. A line that is refused stops no
other; each is named with its reason.

With --json: {changed, unchanged, refused: [{line, reason}]}

Examples:
  callctl --dry-run numbers import plan.csv
  callctl --data old numbers export | callctl --data new numbers import -";

pub(super) const EXPORT: &str = "\
With --json: an array as in `numbers list`.

Example:
  callctl numbers export > plan.csv";

pub(super) async fn import(console: &mut Console<'_>, path: &Path) -> Result<(), CallctlError> {
    let (rows, mut refused) = sheet::parse(path, &sheet::read(path)?, COLUMNS, 1)?;
    let rows = without_repetitions(rows, &mut refused);
    let command = |rows: &[Row]| {
        let lines = rows.iter().map(line).collect();
        Command::Numbers(NumbersCommand::Import { lines })
    };
    let outcome = portions::perform(console, (rows, refused), PORTION, command, read).await?;
    let mut all = ImportReport::default();
    for portion in &outcome.portions {
        all.changed += portion.changed;
        all.unchanged += portion.unchanged;
    }
    let page = &mut console.page;
    if page.look().is_json {
        let refused = portions::refused_json(&outcome.refused);
        let all = json!({ "changed": all.changed, "unchanged": all.unchanged, "refused": refused });
        page.json(&all)?;
    } else {
        portions::complain(&outcome.refused);
        if all.unchanged > 0 {
            page.line(&format!("{} were so already.", all.unchanged))?;
        }
        page.done_to_many(all.changed as usize, "number", "changed")?;
    }
    outcome.into_result()
}

/// The first line of a number counts; the server, which sees a portion at a time, could not tell.
fn without_repetitions(rows: Vec<Row>, refused: &mut Vec<Refused>) -> Vec<Row> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut is_first = |row: &Row| {
        let text = field(row, 0);
        let number = Number::parse(&text).map_or(text, String::from);
        match seen.entry(number) {
            Entry::Vacant(vacant) => {
                vacant.insert(row.line);
                true
            }
            Entry::Occupied(first) => {
                let (number, first) = (first.key(), first.get());
                let why =
                    format!("The number {number} is in line {first} already; leave one of them.");
                refused.push(Refused {
                    line: row.line,
                    why,
                });
                false
            }
        }
    };
    let mut rows = rows;
    rows.retain(|row| is_first(row));
    rows
}

fn field(row: &Row, index: usize) -> String {
    row.fields.get(index).cloned().unwrap_or_default()
}

fn line(row: &Row) -> ImportLine {
    ImportLine {
        line: row.line as u64,
        number: field(row, 0),
        username: field(row, 1),
        primary: field(row, 2),
        state: field(row, 3),
        note: field(row, 4),
    }
}

fn read(answer: &Answer, _rows: &[Row]) -> Result<(ImportReport, Vec<Refused>), Failure> {
    let mut report: ImportReport = answer.read()?;
    let refused = std::mem::take(&mut report.refused).into_iter();
    let refused = refused.map(|refused| Refused {
        line: refused.line as usize,
        why: refused.reason,
    });
    let refused = refused.collect();
    Ok((report, refused))
}

pub(super) async fn export(console: &mut Console<'_>) -> Result<(), CallctlError> {
    let is_json = console.page.look().is_json;
    let mut access = console.open().await?;
    let mut all: Vec<NumberView> = Vec::new();
    let result = loop {
        let after = all.last().map(|view| view.number.clone());
        let command = Command::Numbers(NumbersCommand::Export { after });
        let part = match console.perform(&mut access, command).await {
            Ok(answer) => answer.read::<Vec<NumberView>>().map_err(CallctlError::from),
            Err(error) => Err(error.into()),
        };
        match part {
            Ok(part) if part.is_empty() => break Ok(()),
            Ok(part) => all.extend(part),
            Err(error) => break Err(error),
        }
    };
    access.close().await;
    result?;
    if is_json {
        return Ok(console.page.json(&all)?);
    }
    let mut text = Vec::new();
    let heading: Vec<&str> = COLUMNS
        .iter()
        .filter_map(|names| names.first().copied())
        .collect();
    sheet::write(&mut text, &heading)?;
    for view in &all {
        let primary = match (
            view.account.is_some() && view.on_call.is_none(),
            view.is_primary,
        ) {
            (false, _) => "",
            (true, true) => "yes",
            (true, false) => "no",
        };
        let fields = [
            view.number.as_str(),
            view.account.as_deref().unwrap_or_default(),
            primary,
            view.state.as_str(),
            view.note.as_deref().unwrap_or_default(),
        ];
        sheet::write(&mut text, &fields)?;
    }
    Ok(console.page.raw(&text)?)
}
