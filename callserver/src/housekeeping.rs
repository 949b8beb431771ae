//! What the server does by itself when a time has come.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::time::{Interval, MissedTickBehavior};

use crate::files::Files;
use crate::office::Office;
use crate::rooms::{Rooms, Trimmed};

/// How often leases are looked at: they end to the hour or the day, not to the second.
const LEASES_EVERY: Duration = Duration::from_secs(60);

/// How often names that rest and invitations are looked at.
const RESTS_EVERY: Duration = Duration::from_secs(60 * 60);

/// How often a bucket is looked through: all of it is listed.
const BUCKETS_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// How often histories of rooms are looked at: what is over a limit of thousands may be over it for a while.
const HISTORIES_EVERY: Duration = Duration::from_secs(10 * 60);

/// Finds out at the first start what a password hash may cost, and then ends what is over, for ever.
pub(crate) async fn keep_house(office: Office, files: Files, keep_voicemails_days: u32) {
    if let Err(error) = office.settle_password_costs().await {
        tracing::warn!(%error, "passwords cost the least that they may");
    }
    let (mut leases, mut rests) = (every(LEASES_EVERY), every(RESTS_EVERY));
    let mut buckets = every(BUCKETS_EVERY);
    loop {
        tokio::select! {
            _ = leases.tick() => end_leases(&office).await,
            _ = buckets.tick() => match files.sweep_bucket(SystemTime::now()).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "contents in the bucket that are nobody's were removed"),
                Err(error) => tracing::error!(%error, "the bucket could not be swept"),
            },
            _ = rests.tick() => {
                if keep_voicemails_days > 0 {
                    expire_voicemails(&office, keep_voicemails_days).await;
                }
                if let Err(error) = office.end_rests(SystemTime::now()).await {
                    tracing::error!(%error, "names and invitations that are over could not be removed");
                }
                match files.move_to_bucket().await {
                    Ok(0) => {}
                    Ok(moved) => tracing::info!(moved, "files went from the data folder into the bucket"),
                    Err(error) => tracing::error!(%error, "files could not go into the bucket"),
                }
                match files.sweep(SystemTime::now()).await {
                    Ok(0) => {}
                    Ok(removed) => tracing::info!(removed, "files that are over were removed"),
                    Err(error) => tracing::error!(%error, "files that are over could not be removed"),
                }
            }
        }
    }
}

/// Messages that are too old.
async fn expire_voicemails(office: &Office, keep_days: u32) {
    loop {
        match office.expire_voicemails(keep_days, SystemTime::now()).await {
            Ok(0) => return,
            Ok(expired) => tracing::info!(expired, "messages were deleted for their age"),
            Err(error) => {
                tracing::error!(%error, "messages that are too old could not be deleted");
                return;
            }
        }
    }
}

/// What rooms have beyond their limits goes to the archive in the data folder, for ever.
pub(crate) async fn keep_histories(rooms: Rooms, data: PathBuf) {
    let mut histories = every(HISTORIES_EVERY);
    loop {
        histories.tick().await;
        match rooms.trim(&data, SystemTime::now()).await {
            Ok(Trimmed { entries: 0, .. }) => {}
            Ok(Trimmed { rooms, entries }) => {
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
async fn end_leases(office: &Office) {
    loop {
        match office.end_leases(SystemTime::now()).await {
            Ok(ended) => {
                let (freed, guests) = (ended.freed.len(), ended.guests.len());
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
