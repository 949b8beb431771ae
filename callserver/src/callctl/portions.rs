//! Long lists, done portion by portion: a refused line stops no other, and what was done is told whatever happens.

use std::io::{IsTerminal, Write};

use super::console::Console;
use super::sheet::{Refused, Row};
use super::{Access, CallctlError};
use crate::control::{Answer, Command, Failure};

/// So many lines are one transaction: few enough to leave the database to others in between.
pub(super) const PORTION: usize = 1_000;

/// What became of a list.
#[derive(Debug)]
pub(super) struct Outcome<T> {
    /// What each portion came to.
    pub(super) portions: Vec<T>,
    /// How many lines were tried.
    lines: usize,
    /// Those of them that were not taken.
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

/// Has a list done, so many lines at a time. `command` makes the command for some of its lines, `read` takes its answer
/// apart: what the portion came to, and the lines of it that were refused.
pub(super) async fn perform<T>(
    console: &Console<'_>,
    (rows, refused): (Vec<Row>, Vec<Refused>),
    portion: usize,
    command: impl Fn(&[Row]) -> Command,
    read: impl Fn(&Answer, &[Row]) -> Result<(T, Vec<Refused>), Failure>,
) -> Result<Outcome<T>, CallctlError> {
    let mut outcome = Outcome {
        portions: Vec::new(),
        lines: refused.len(),
        refused,
        stopped: None,
    };
    let mut access = console.open().await?;
    let is_watched = rows.len() > PORTION && std::io::stderr().is_terminal();
    for portion in rows.chunks(portion.max(1)) {
        if is_watched {
            show_progress(outcome.lines, rows.len());
        }
        let done = one_portion(console, &mut access, command(portion), portion, &read).await;
        match done {
            Ok((came_to, refused)) => {
                outcome.lines += portion.len();
                outcome.portions.push(came_to);
                outcome.refused.extend(refused);
            }
            Err(error) => {
                outcome.stopped = portion.first().map(|row| (row.line, error));
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

async fn one_portion<T>(
    console: &Console<'_>,
    access: &mut Access,
    command: Command,
    rows: &[Row],
    read: impl Fn(&Answer, &[Row]) -> Result<(T, Vec<Refused>), Failure>,
) -> Result<(T, Vec<Refused>), CallctlError> {
    Ok(read(&console.perform(access, command).await?, rows)?)
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
        .map(|Refused { line, why }| serde_json::json!({ "line": line, "reason": why }))
        .collect()
}

impl<T> Outcome<T> {
    /// An error if not every line was taken.
    pub(super) fn into_result(self) -> Result<(), CallctlError> {
        let refused = self.refused.len();
        match (self.stopped, refused) {
            (Some((line, source)), _) => Err(PortionsError::Stopped {
                line,
                source: Box::new(source),
            }
            .into()),
            (None, 0) => Ok(()),
            (None, refused) => Err(PortionsError::Refused {
                refused,
                lines: self.lines,
            }
            .into()),
        }
    }
}
