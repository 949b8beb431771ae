//! `register`: does the account work?

use std::io::Write;

use super::runner::{Outcome, Runner};
use crate::engine::Problem;

pub(super) async fn run<W: Write>(runner: &mut Runner<'_, W>) -> Result<Outcome, Problem> {
    Ok(match runner.registered().await? {
        Ok(_) => Outcome::Done,
        Err(signal) => Outcome::Interrupted(signal),
    })
}
