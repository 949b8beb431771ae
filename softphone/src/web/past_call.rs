//! A past call as the one sees it who asks: which side of it was ours.

use api::{CallQuality, CallRecord, Direction};

/// Who ended a call that was spoken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HungUpBy {
    /// Whoever asks.
    Us,
    /// The other side.
    Them,
    /// The server: an administrator, or because a phone was gone.
    Server,
}

impl HungUpBy {
    /// Who it was, if that was written down.
    #[must_use]
    pub fn of(record: &CallRecord) -> Option<Self> {
        let is_caller = record.direction == Direction::Outgoing;
        match record.hung_up_by.as_deref()? {
            "caller" if is_caller => Some(Self::Us),
            "callee" if !is_caller => Some(Self::Us),
            "caller" | "callee" => Some(Self::Them),
            "server" => Some(Self::Server),
            _ => None,
        }
    }

    /// A word for scripts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Them => "them",
            Self::Server => "server",
        }
    }
}

/// What the one heard who asks, and what the other side heard.
#[must_use]
pub fn own_and_theirs(record: &CallRecord) -> (Option<&CallQuality>, Option<&CallQuality>) {
    let (caller, callee) = (record.caller.as_ref(), record.callee.as_ref());
    match record.direction {
        Direction::Outgoing => (caller, callee),
        Direction::Incoming => (callee, caller),
    }
}
