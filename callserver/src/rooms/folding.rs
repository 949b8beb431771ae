//! Keeps the write-ahead log of the database short while much is said, so that no writer must.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::Rooms;

/// About half of the pages after which a writer folds the log itself, when each entry is in a room of its own.
const ENTRIES: usize = 512;

/// The disk has other things to do in between.
const PAUSE: Duration = Duration::from_millis(100);

/// How many entries were written since the log was folded.
#[derive(Default, Debug)]
pub(super) struct Unfolded {
    entries: AtomicUsize,
    enough: Notify,
}

impl Unfolded {
    /// So many more.
    pub(super) fn add(&self, entries: usize) {
        let before = self.entries.fetch_add(entries, Ordering::Relaxed);
        if before + entries >= ENTRIES {
            self.enough.notify_one();
        }
    }
}

impl Rooms {
    /// Folds the log whenever enough was written, for as long as the server runs.
    pub(crate) async fn fold_logs(self) {
        loop {
            self.unfolded.enough.notified().await;
            self.unfolded.entries.store(0, Ordering::Relaxed);
            if let Err(error) = self.office.store().fold_log().await {
                // The writer does it itself then.
                tracing::debug!(%error, "the log of the database was not folded");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
