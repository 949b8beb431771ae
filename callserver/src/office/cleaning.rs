//! What is over and of no use to anybody is removed.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use api::AccountId;

use super::{Change, Office, OfficeError, PersonChanged, WhatChanged};
use crate::store::unix_millis;

/// So much is removed in one write: others get their turn in between.
const AT_ONCE: i64 = 500;

/// Who was to hear of a message for so long does not wait any more.
const REPORTS_WAIT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How much was removed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Swept {
    /// Logins over HTTP that have run out.
    pub sessions: u64,
    /// Rooms that nobody is in any more.
    pub rooms: u64,
    /// Wishes of phones to hear what becomes of messages.
    pub reports: u64,
}

impl Office {
    /// Removes sessions that have run out, rooms that nobody is in, and what phones have waited for too long, as it is at
    /// `now`.
    ///
    /// # Errors
    /// If the database fails; what was removed until then stays removed.
    pub async fn sweep(&self, now: SystemTime) -> Result<Swept, OfficeError> {
        let mut swept = Swept::default();
        loop {
            let mut tx = self.store.begin().await?;
            let owners = tx.end_sessions(now, AT_ONCE).await?;
            let ended = owners.len();
            // Whoever is still connected under one of them is let go.
            let owners: BTreeSet<AccountId> = owners.into_iter().collect();
            let people = owners.into_iter().map(|account| PersonChanged {
                account,
                what: WhatChanged::Devices,
            });
            let change = Change {
                people: people.collect(),
                ..Change::default()
            };
            self.finish(tx, change).await?;
            swept.sessions += ended as u64;
            if i64::try_from(ended).is_ok_and(|ended| ended < AT_ONCE) {
                break;
            }
        }
        loop {
            // Looking for them takes no turn from those who write.
            let empty = self.store.empty_rooms(AT_ONCE).await?;
            if empty.is_empty() {
                break;
            }
            let mut tx = self.store.begin().await?;
            let removed = tx.remove_empty_rooms(&empty).await?;
            self.finish(tx, Change::default()).await?;
            swept.rooms += removed;
            if removed == 0 {
                // Somebody has come in meanwhile, or another server has done it.
                break;
            }
        }
        let before = now.checked_sub(REPORTS_WAIT).unwrap_or(now);
        let mut tx = self.store.begin().await?;
        swept.reports = tx.forget_reports(unix_millis(before)).await?;
        self.finish(tx, Change::default()).await?;
        Ok(swept)
    }
}
