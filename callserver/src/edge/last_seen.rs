//! When each device was last seen, written now and then instead of at each registration.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use api::DeviceId;

use crate::store::{Store, StoreError};

/// Collects what is to be written.
#[derive(Debug)]
pub(super) struct LastSeen {
    seen: HashMap<DeviceId, SystemTime>,
    since: Instant,
}

/// Good enough for "last seen" in a list, and one write for many registrations.
const WRITE_EVERY: Duration = Duration::from_secs(30);

impl LastSeen {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            seen: HashMap::new(),
            since: now,
        }
    }

    pub(super) fn note(&mut self, device: switch::DeviceId, at: SystemTime) {
        self.seen.insert(DeviceId(device.0), at);
    }

    /// What has collected, if it is time to write.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<HashMap<DeviceId, SystemTime>> {
        let is_due =
            !self.seen.is_empty() && now.saturating_duration_since(self.since) >= WRITE_EVERY;
        is_due.then(|| {
            self.since = now;
            self.take()
        })
    }

    /// What has collected.
    pub(super) fn take(&mut self) -> HashMap<DeviceId, SystemTime> {
        std::mem::take(&mut self.seen)
    }
}

/// Writes in one transaction.
pub(super) async fn write(store: Store, seen: HashMap<DeviceId, SystemTime>) {
    let written: Result<(), StoreError> = async {
        let mut tx = store.begin().await?;
        for (device, at) in seen {
            tx.set_last_seen(device, at).await?;
        }
        tx.commit().await
    }
    .await;
    if let Err(error) = written {
        tracing::warn!(%error, "when devices were last seen could not be written");
    }
}
