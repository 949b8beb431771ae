//! A short word about something that happened by itself.

use std::time::{Duration, Instant};

/// A short word about something that happened by itself. It goes away by itself too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toast {
    pub(crate) text: String,
    until: Instant,
}

/// Long enough to look up from something else and read a line.
const SHOWN: Duration = Duration::from_secs(8);

impl Toast {
    pub(crate) fn number_changed(now: Instant, old: Option<&str>, new: Option<&str>) -> Self {
        let text = match (old, new) {
            (Some(old), Some(new)) => format!("Your number is {new} now; it was {old}."),
            (None, Some(new)) => format!("Your number is {new}."),
            (_, None) => "You have no number any more.".into(),
        };
        Self::new(now, text)
    }

    pub(crate) fn account_made(now: Instant, name: &str) -> Self {
        let text = format!("You have an account: {name}. Your number stays yours.");
        Self::new(now, text)
    }

    /// A word of the server's.
    pub(crate) fn told(now: Instant, text: String) -> Self {
        Self::new(now, text)
    }

    fn new(now: Instant, text: String) -> Self {
        let until = now + SHOWN;
        Self { text, until }
    }

    /// For how long it is still shown.
    pub(crate) fn left(&self, now: Instant) -> Option<Duration> {
        let left = self.until.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }
}
