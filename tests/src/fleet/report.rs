//! What a phone of a fleet has to tell.

use std::time::Instant;

/// Everything since it was started.
#[derive(Debug, Default)]
pub struct Report {
    /// How often the server has taken its registration.
    pub registered: u32,
    /// Why the server did not take it, each time.
    pub not_registered: Vec<String>,
    /// Its calls, those that it made and those that it got, the oldest first.
    pub calls: Vec<FleetCall>,
}

/// One call.
#[derive(Debug, Default)]
pub struct FleetCall {
    /// What it dialled; `None` if it was called.
    pub dialled: Option<String>,
    /// Who called, as the INVITE says it.
    pub from: Option<String>,
    /// What the INVITE said of its way: History-Info, the first entry.
    pub history: Option<String>,
    /// Provisional answers that came.
    pub progress: Vec<u16>,
    /// Whether somebody picked up.
    pub is_answered: bool,
    /// Packets of audio that came.
    pub heard: u64,
    /// When the last of them came.
    pub last_heard: Option<Instant>,
    /// How it ended: `we hung up`, `they hung up`, the code of a refusal with its Contact, or what went wrong.
    pub end: Option<String>,
}

impl Report {
    /// A call is about to be made.
    pub(super) fn begin(&mut self, number: &str) -> usize {
        self.calls.push(FleetCall {
            dialled: Some(number.to_owned()),
            ..FleetCall::default()
        });
        self.calls.len() - 1
    }

    /// A call has come.
    pub(super) fn incoming(&mut self, from: Option<String>, history: Option<String>) -> usize {
        self.calls.push(FleetCall {
            from,
            history,
            ..FleetCall::default()
        });
        self.calls.len() - 1
    }
}
