//! `watch`: stay registered and print everything that happens until stopped.

use std::io::Write;

use super::runner::{Happening, Outcome, Runner};
use crate::engine::{Notice, Problem, Registration};

pub(super) async fn run<W: Write>(runner: &mut Runner<'_, W>) -> Result<Outcome, Problem> {
    if runner.registered().await?.is_err() {
        return Ok(Outcome::Done);
    }
    loop {
        match runner.next(None).await? {
            Happening::Notice(Notice::Registration(Registration::Failed(problem))) => {
                return Err(problem);
            }
            Happening::Signal(_) => return Ok(Outcome::Done),
            Happening::Notice(_) | Happening::Deadline => {}
        }
    }
}
