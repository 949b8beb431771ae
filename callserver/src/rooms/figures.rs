//! The rooms in figures, for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Rooms;

/// Counts since the start.
#[derive(Debug, Default)]
pub(super) struct Tally {
    said: AtomicU64,
    flushed: AtomicU64,
    signals: AtomicU64,
}

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Entries that were said here.
    pub(crate) said: u64,
    /// Entries that one device had told another one before.
    pub(crate) flushed: u64,
    /// Signals that were passed on.
    pub(crate) signals: u64,
}

impl Tally {
    /// So many entries were written, so many of them flushed.
    pub(super) fn wrote(&self, entries: u64, flushed: u64) {
        self.said
            .fetch_add(entries.saturating_sub(flushed), Ordering::Relaxed);
        self.flushed.fetch_add(flushed, Ordering::Relaxed);
    }

    /// A signal was passed on.
    pub(super) fn signalled(&self) {
        self.signals.fetch_add(1, Ordering::Relaxed);
    }
}

impl Rooms {
    /// What was counted since the start.
    pub(crate) fn figures(&self) -> Figures {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Figures {
            said: read(&self.tally.said),
            flushed: read(&self.tally.flushed),
            signals: read(&self.tally.signals),
        }
    }
}
