//! A call as the window knows it, and the person at its other end.

use std::time::Instant;

use crate::engine::{CallNumber, Encryption, Hold};

/// The person at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    number: String,
    name: Option<String>,
}

impl Party {
    pub(crate) fn new(number: &str, name: Option<&str>) -> Self {
        let number = number.trim();
        let number = number.strip_prefix("sip:").unwrap_or(number).to_owned();
        let name = name
            .map(str::trim)
            .filter(|name| !name.is_empty() && *name != number);
        Self {
            number,
            name: name.map(str::to_owned),
        }
    }

    /// How to call back.
    pub(crate) fn number(&self) -> &str {
        &self.number
    }

    /// The name, or the number of somebody without one.
    pub(crate) fn title(&self) -> &str {
        match (&self.name, self.number.as_str()) {
            (Some(name), _) => name,
            (None, "") => "Unknown caller",
            (None, number) => number,
        }
    }

    /// The number of somebody whose name is the title.
    pub(crate) fn subtitle(&self) -> Option<&str> {
        self.name
            .as_ref()
            .map(|_| self.number.as_str())
            .filter(|number| !number.is_empty())
    }
}

/// Where a call stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stage {
    /// We called; nothing has rung yet.
    Calling,
    /// It rings at the other side.
    RingingThere,
    /// It rings here.
    RingingHere { since: Instant },
    /// Both can speak.
    Connected(Connected),
}

/// A call in which both can speak.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Connected {
    pub(crate) since: Instant,
    pub(crate) codec: String,
    pub(crate) encryption: Encryption,
    pub(crate) hold: Hold,
    pub(crate) muted: bool,
    pub(crate) spoken_dbfs: f32,
    pub(crate) heard_dbfs: f32,
}

/// One call that is not over yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) number: CallNumber,
    pub(crate) party: Party,
    pub(crate) incoming: bool,
    pub(crate) stage: Stage,
    /// The way to the server is lost.
    pub(crate) reconnecting: bool,
    /// What was dialled, when it has led to another number.
    pub(crate) redirected_from: Option<String>,
    /// How handing it over goes, in words.
    pub(crate) handing_over: Option<String>,
    /// The last keys that the other side has pressed.
    pub(crate) keys_heard: String,
    /// What was asked of the engine and has not happened yet.
    pub(crate) settling: Option<Settling>,
}

/// What was asked of the engine for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settling {
    Answering,
    Ending,
}

impl Call {
    /// Whether both could speak, if nobody held it.
    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.stage, Stage::Connected(_))
    }

    /// Whether this phone has put it on hold.
    pub(crate) fn waits(&self) -> bool {
        matches!(&self.stage, Stage::Connected(connected) if connected.hold.by_us)
    }

    pub(crate) fn rings_here(&self) -> bool {
        matches!(self.stage, Stage::RingingHere { .. })
    }
}
