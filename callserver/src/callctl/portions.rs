//! Long lists, done portion by portion: a refused line stops no other, and what was done is told whatever happens.

use std::io::{IsTerminal, Write};

use serde::de::DeserializeOwned;

use super::console::Console;
use super::sheet::{Refused, Row};
use super::{Access, CallctlError};
use crate::control::{Command, Failure};

/// So many lines are one transaction: few enough to leave the database to others in between.
const PORTION: usize = 1_000;

/// What became of a list.
#[derive(Debug)]
pub(super) struct Outcome<T> {
    /// What came back for each line that was taken.
    pub(super) taken: Vec<T>,
    /// The other lines.
    pub(super) refused: Vec<Refused>,
    /// What stopped it, and the first line that was not tried.
    stopped: Option<(usize, CallctlError)>,
}

/// Some lines were not taken.
#[derive(Debug, thiserror::Error)]
pub enum PortionsError {
    /// Refused ones.
    #[error("{refused} of {lines} lines were refused; correct and import them again.")]
    Refused {
        /// How many.
        refused: usize,
        /// Of how many.
        lines: usize,
    },
    /// It stopped in the middle.
    #[error("Line {line} and those after it may not have been taken: {source} Import them again.")]
    Stopped {
        /// The first of them.
        line: usize,
        /// Why.
        source: Box<CallctlError>,
    },
}

/// Has a list done. `command` makes the command for some of its lines, which is answered with an array of
/// `Result<T, Failure>`, one for each.
pub(super) async fn perform<T: DeserializeOwned>(
    console: &Console<'_>,
    (rows, refused): (Vec<Row>, Vec<Refused>),
    command: impl Fn(&[Row]) -> Command,
) -> Result<Outcome<T>, CallctlError> {
    let mut outcome = Outcome {
        taken: Vec::new(),
        refused,
        stopped: None,
    };
    let mut access = console.open().await?;
    // What one portion would have changed, the next one of a rehearsal must see.
    let portion = match console.page.look().is_rehearsal {
        true => rows.len().max(1),
        false => PORTION,
    };
    let is_watched = rows.len() > PORTION && std::io::stderr().is_terminal();
    for (index, portion_rows) in rows.chunks(portion).enumerate() {
        if is_watched {
            show_progress(index * portion, rows.len());
        }
        let command = command(portion_rows);
        let results = one_portion(console, &mut access, command, portion_rows.len()).await;
        match results {
            Ok(results) => {
                for (row, result) in portion_rows.iter().zip(results) {
                    match result {
                        Ok(taken) => outcome.taken.push(taken),
                        Err(failure) => outcome.refused.push(Refused {
                            line: row.line,
                            why: failure.sentence,
                        }),
                    }
                }
            }
            Err(error) => {
                outcome.stopped = portion_rows.first().map(|row| (row.line, error));
                break;
            }
        }
    }
    if is_watched {
        show_progress(rows.len(), rows.len());
    }
    access.close().await;
    outcome.refused.sort_by_key(|refused| refused.line);
    Ok(outcome)
}

async fn one_portion<T: DeserializeOwned>(
    console: &Console<'_>,
    access: &mut Access,
    command: Command,
    lines: usize,
) -> Result<Vec<Result<T, Failure>>, CallctlError> {
    let results: Vec<_> = console.perform(access, command).await?.read()?;
    if results.len() == lines {
        return Ok(results);
    }
    let sentence =
        "The server answered for another number of lines; use the callctl of the same version.";
    Err(Failure::new("other-version", sentence).into())
}

/// On one line of the terminal, which it leaves at the end.
fn show_progress(done: usize, all: usize) {
    let mut stderr = std::io::stderr();
    let end = if done == all { "\n" } else { "" };
    // Nobody is told less because this cannot be shown.
    let _ = write!(stderr, "\r{done} of {all} lines{end}").and_then(|()| stderr.flush());
}

/// Tells the lines that were not taken, beside the answer, which may be on its way into a file.
pub(super) fn complain(refused: &[Refused]) {
    let mut stderr = std::io::stderr().lock();
    for Refused { line, why } in refused {
        // Nobody may be reading; the last sentence and the exit code say it too.
        let _ = writeln!(stderr, "line {line}: {why}");
    }
}

/// The lines that were not taken, for programs.
pub(super) fn refused_json(refused: &[Refused]) -> Vec<serde_json::Value> {
    let refused = refused.iter();
    refused
        .map(|Refused { line, why }| serde_json::json!({ "line": line, "why": why }))
        .collect()
}

impl<T> Outcome<T> {
    /// An error if not every line was taken.
    pub(super) fn into_result(self) -> Result<(), CallctlError> {
        let (taken, refused) = (self.taken.len(), self.refused.len());
        match (self.stopped, refused) {
            (Some((line, source)), _) => Err(PortionsError::Stopped {
                line,
                source: Box::new(source),
            }
            .into()),
            (None, 0) => Ok(()),
            (None, refused) => Err(PortionsError::Refused {
                refused,
                lines: taken + refused,
            }
            .into()),
        }
    }
}
