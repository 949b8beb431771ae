//! How many connections there may be, all together and from one source.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::rate::one_source;

/// The places of one kind of door: HTTPS, which everybody can reach, must not use up those of the loopback address.
#[derive(Clone, Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    /// For one source; this machine itself, and proxies on it, may have all.
    for_one: usize,
}

/// A place for one connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    source: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A company behind one address has room; whoever wants to keep others out needs many addresses.
const SHARE: usize = 8;

impl Places {
    pub(super) fn new(all: usize) -> Self {
        let all = all.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(all)),
            taken: Arc::default(),
            for_one: all.div_ceil(SHARE),
        }
    }

    /// Waits until there is a place for somebody.
    pub(super) async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        self.free.clone().acquire_owned().await.ok()
    }

    /// Gives the place to a source, unless that has had its share.
    pub(super) fn give(&self, permit: OwnedSemaphorePermit, source: IpAddr) -> Option<Place> {
        let source = one_source(source);
        let mut taken = lock(&self.taken);
        let count = taken.entry(source).or_default();
        if *count >= self.for_one && !source.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Place {
            _permit: permit,
            source,
            taken: self.taken.clone(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(count) = taken.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.source);
            }
        }
    }
}

fn lock(
    taken: &Mutex<HashMap<IpAddr, usize>>,
) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
    // Counting cannot be left half done.
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_source_gets_its_share_and_leaves_the_rest_to_others() {
        let places = Places::new(16);
        let give = async |source: &str| {
            let permit = places.wait().await.unwrap();
            places.give(permit, source.parse().unwrap())
        };
        let first = give("2001:db8::1").await.unwrap();
        let _second = give("2001:db8::2").await.unwrap();
        assert!(give("2001:db8::3").await.is_none());
        let _other = give("2001:db8:0:1::1").await.unwrap();
        drop(first);
        let _third = give("2001:db8::3").await.unwrap();
        let mut here = Vec::new();
        for _ in 0..10 {
            here.push(give("127.0.0.1").await.unwrap());
        }
        assert_eq!(places.free.available_permits(), 3);
        drop(here);
        assert_eq!(places.free.available_permits(), 13);
        assert_eq!(lock(&places.taken).len(), 2);
    }
}
