//! Batches for the database, one at a time: when the next one is due, and whether the last is still on its way.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// Whose turn it is to be written.
#[derive(Default, Debug)]
pub(super) struct Turn {
    due: Option<Instant>,
    writing: Option<oneshot::Receiver<()>>,
}

/// Goes with a batch; the next one may follow when it is dropped.
#[derive(Default, Debug)]
pub(super) struct OnItsWay {
    // Closed when it is dropped.
    _written: Option<oneshot::Sender<()>>,
}

impl Turn {
    /// There is something to write, at this time at the latest.
    pub(super) fn plan(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// When to ask for the next batch.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Begins the next batch if it is due, unless the last one is still on its way: then it is due `again` later. So
    /// batches are written in their order.
    pub(super) fn begin(&mut self, now: Instant, again: Duration) -> Option<OnItsWay> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        if let Some(writing) = &mut self.writing
            && let Err(oneshot::error::TryRecvError::Empty) = writing.try_recv()
        {
            self.due = Some(now + again);
            return None;
        }
        let (written, writing) = oneshot::channel();
        self.writing = Some(writing);
        self.due = None;
        Some(OnItsWay {
            _written: Some(written),
        })
    }

    /// Everything is taken now, whatever is on its way.
    pub(super) fn end(&mut self) {
        self.due = None;
    }
}
