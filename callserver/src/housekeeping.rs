//! What the server does by itself when a time has come.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::{Interval, MissedTickBehavior};

use crate::files::Files;
use crate::office::{Office, Swept};
use crate::rooms::{Rooms, Trimmed};

/// How often leases are looked at: they end to the hour or the day, not to the second.
const LEASES_EVERY: Duration = Duration::from_secs(60);

/// How often names that rest and invitations are looked at.
const RESTS_EVERY: Duration = Duration::from_secs(60 * 60);

/// How often a bucket is looked through: all of it is listed.
const BUCKETS_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// How often histories of rooms are looked at: what is over a limit of thousands may be over it for a while.
const HISTORIES_EVERY: Duration = Duration::from_secs(10 * 60);

/// What was removed since the start, by what it was. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Cleaned(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Default for Cleaned {
    fn default() -> Self {
        let kinds = [
            "files",
            "guests",
            "messages",
            "numbers",
            "reports",
            "rooms",
            "sessions",
            "voicemails",
        ];
        let counts = kinds.into_iter().map(|what| (what, 0)).collect();
        Self(Arc::new(Mutex::new(counts)))
    }
}

impl Cleaned {
    /// How much of what.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.clone()
    }

    fn note(&self, what: &'static str, count: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what).or_default() += count;
    }
}

/// Finds out at the first start what a password hash may cost, and then ends what is over, for ever.
pub(crate) async fn keep_house(
    office: Office,
    files: Files,
    keep_voicemails_days: u32,
    cleaned: Cleaned,
) {
    if let Err(error) = office.settle_password_costs().await {
        tracing::warn!(%error, "passwords cost the least that they may");
    }
    let (mut leases, mut rests) = (every(LEASES_EVERY), every(RESTS_EVERY));
    let mut buckets = every(BUCKETS_EVERY);
    loop {
        tokio::select! {
            _ = leases.tick() => end_leases(&office, &cleaned).await,
            _ = buckets.tick() => sweep_bucket(&files, &cleaned).await,
            _ = rests.tick() => clean(&office, &files, keep_voicemails_days, &cleaned).await,
        }
    }
}

/// Contents in the bucket that are nobody's.
async fn sweep_bucket(files: &Files, cleaned: &Cleaned) {
    match files.sweep_bucket(SystemTime::now()).await {
        Ok(0) => {}
        Ok(removed) => {
            cleaned.note("files", removed);
            tracing::info!(
                removed,
                "contents in the bucket that are nobody's were removed"
            );
        }
        Err(error) => tracing::error!(%error, "the bucket could not be swept"),
    }
}

/// Removes what is over, and says in one line what that was.
async fn clean(office: &Office, files: &Files, keep_voicemails_days: u32, cleaned: &Cleaned) {
    let now = SystemTime::now();
    if let Err(error) = office.end_rests(now).await {
        tracing::error!(%error, "names and invitations that are over could not be removed");
    }
    match files.move_to_bucket().await {
        Ok(0) => {}
        Ok(moved) => tracing::info!(moved, "files went from the data folder into the bucket"),
        Err(error) => tracing::error!(%error, "files could not go into the bucket"),
    }
    let voicemails = expire_voicemails(office, keep_voicemails_days).await;
    let files = files.sweep(now).await.unwrap_or_else(|error| {
        tracing::error!(%error, "files that are over could not be removed");
        0
    });
    let swept = office.sweep(now).await.unwrap_or_else(|error| {
        tracing::error!(%error, "sessions and rooms that are over could not be removed");
        Swept::default()
    });
    let Swept {
        sessions,
        rooms,
        reports,
    } = swept;
    let (voicemails, files) = (whole(voicemails), whole(files));
    for (what, count) in [
        ("voicemails", voicemails),
        ("files", files),
        ("sessions", sessions),
        ("rooms", rooms),
        ("reports", reports),
    ] {
        cleaned.note(what, count);
    }
    if voicemails + files + sessions + rooms + reports > 0 {
        tracing::info!(
            voicemails,
            files,
            sessions,
            rooms,
            reports,
            "what is over was removed"
        );
    }
}

fn whole(count: impl TryInto<u64>) -> u64 {
    count.try_into().unwrap_or(u64::MAX)
}

/// Messages that are too old; 0 days keep them for ever. Tells how many there were.
async fn expire_voicemails(office: &Office, keep_days: u32) -> usize {
    let mut removed = 0;
    if keep_days == 0 {
        return removed;
    }
    loop {
        match office.expire_voicemails(keep_days, SystemTime::now()).await {
            Ok(0) => return removed,
            Ok(expired) => removed += expired,
            Err(error) => {
                tracing::error!(%error, "messages that are too old could not be deleted");
                return removed;
            }
        }
    }
}

/// What rooms have beyond their limits goes to the archive in the data folder, for ever.
pub(crate) async fn keep_histories(rooms: Rooms, data: PathBuf, cleaned: Cleaned) {
    let mut histories = every(HISTORIES_EVERY);
    loop {
        histories.tick().await;
        match rooms.trim(&data, SystemTime::now()).await {
            Ok(Trimmed { entries: 0, .. }) => {}
            Ok(Trimmed { rooms, entries }) => {
                cleaned.note("messages", whole(entries));
                let what = "histories of rooms were trimmed into the archive";
                tracing::info!(rooms, entries, "{what}");
            }
            Err(error) => tracing::error!(%error, "histories of rooms could not be trimmed"),
        }
    }
}

/// After a machine has slept, one look is enough.
fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// The numbers of guests that have gone, and those that have rested long enough.
async fn end_leases(office: &Office, cleaned: &Cleaned) {
    loop {
        match office.end_leases(SystemTime::now()).await {
            Ok(ended) => {
                let (freed, guests) = (ended.freed.len(), ended.guests.len());
                cleaned.note("numbers", whole(freed));
                cleaned.note("guests", whole(guests));
                if freed + guests > 0 {
                    tracing::info!(freed, guests, "leases of numbers have ended");
                }
                if !ended.is_more {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(%error, "leases that are over could not be ended");
                return;
            }
        }
    }
}
