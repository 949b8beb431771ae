//! `call`: call somebody and stay until one side hangs up.

use std::io::Write;

use super::runner::{Happening, Outcome, Runner};
use crate::engine::{Command, Digit, Notice, Problem};

pub(super) async fn run<W: Write>(
    runner: &mut Runner<'_, W>,
    target: String,
    lasting: Option<f64>,
    digits: &[Digit],
) -> Result<Outcome, Problem> {
    if let Err(signal) = runner.registered().await? {
        return Ok(Outcome::Interrupted(signal));
    }
    runner.send(Command::Call { target })?;
    let call = loop {
        match runner.next(None).await? {
            Happening::Notice(Notice::Calling { call, .. }) => break call,
            Happening::Signal(signal) => return Ok(Outcome::Interrupted(signal)),
            Happening::Notice(_) | Happening::Deadline => {}
        }
    };
    runner.follow(call, lasting, digits).await?.verdict()
}
