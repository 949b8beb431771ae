//! `answer`: wait for a call, answer it and stay until one side hangs up.

use std::io::Write;

use super::runner::{Happening, Outcome, Runner};
use crate::engine::{Command, Digit, EndReason, Notice, Problem, Registration};

pub(super) async fn run<W: Write>(
    runner: &mut Runner<'_, W>,
    lasting: Option<f64>,
    digits: &[Digit],
) -> Result<Outcome, Problem> {
    if let Err(signal) = runner.registered().await? {
        return Ok(Outcome::Interrupted(signal));
    }
    loop {
        let call = match runner.next(None).await? {
            Happening::Notice(Notice::Incoming { call, .. }) => call,
            Happening::Notice(Notice::Registration(Registration::Failed(problem))) => {
                return Err(problem);
            }
            Happening::Signal(signal) => return Ok(Outcome::Interrupted(signal)),
            Happening::Notice(_) | Happening::Deadline => continue,
        };
        runner.send(Command::Answer { call })?;
        let end = runner.follow(call, lasting, digits).await?;
        // A caller who gave up in the very moment of the answer was no call yet.
        let was_missed = matches!(
            end.reason,
            EndReason::Cancelled | EndReason::AnsweredElsewhere
        );
        if end.interruption.is_some() || !was_missed {
            return end.verdict();
        }
    }
}
