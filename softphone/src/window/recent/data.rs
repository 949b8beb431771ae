//! The calls since the window was opened, the latest first.

use std::collections::VecDeque;

use crate::window::desk::Party;
use crate::window::ended::{Ended, Outcome};

/// More than one looks through by scrolling.
const KEPT: usize = 50;

/// The calls since the window was opened, the latest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Recent(VecDeque<Line>);

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) party: Party,
    pub(crate) incoming: bool,
    pub(crate) outcome: Outcome,
}

impl Recent {
    pub(crate) fn add(&mut self, ended: &Ended) {
        self.0.truncate(KEPT - 1);
        self.0.push_front(Line {
            party: ended.party.clone(),
            incoming: ended.incoming,
            outcome: ended.outcome,
        });
    }

    pub(crate) fn lines(&self) -> impl ExactSizeIterator<Item = &Line> {
        self.0.iter()
    }
}

impl Line {
    /// What became of it, in words.
    pub(crate) fn words(&self) -> &'static str {
        match (self.outcome, self.incoming) {
            (Outcome::Missed, _) => "Missed",
            (Outcome::Spoken, true) => "Incoming",
            (Outcome::Spoken, false) => "Outgoing",
            (Outcome::Unsuccessful, true) => "Incoming, not answered",
            (Outcome::Unsuccessful, false) => "Outgoing, not connected",
        }
    }
}
