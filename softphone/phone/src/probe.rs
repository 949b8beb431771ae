//! The question whether the server is still there.

use std::time::Instant;

use crate::Patience;

/// Asks the server with OPTIONS (RFC 3261 section 11) and keeps the time.
#[derive(Debug)]
pub(crate) enum Probe {
    /// Nothing is asked.
    Resting {
        /// When the server last gave a sign, or the waiting began.
        since: Instant,
    },
    /// The question is out, once or several times: some copies may be lost on the way.
    Asking {
        /// When it is asked once more.
        again: Instant,
        /// When silence counts as an answer.
        until: Instant,
    },
}

/// How eager the phone is to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eagerness {
    /// Nobody needs the server.
    None,
    /// It is enough to ask now and then.
    Idle,
    /// A call hangs on it.
    Call,
}

impl Probe {
    /// When to look at this probe again.
    pub(crate) fn due(&self, eagerness: Eagerness, patience: &Patience) -> Option<Instant> {
        match (self, eagerness) {
            (Self::Asking { again, until }, _) => Some(*again.min(until)),
            (Self::Resting { .. }, Eagerness::None) => None,
            (Self::Resting { since }, Eagerness::Idle) => Some(*since + patience.idle),
            (Self::Resting { since }, Eagerness::Call) => Some(*since + patience.ask_again),
        }
    }
}
