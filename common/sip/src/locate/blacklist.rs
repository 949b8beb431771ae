//! Servers that failed a moment ago.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Target;

/// Remembers for a while which servers did not answer, so that the next request does not wait for them first
/// (RFC 3263 4.3).
#[derive(Debug)]
pub struct Blacklist {
    failed: HashMap<Target, Instant>,
    lasting: Duration,
}

impl Blacklist {
    /// Remembers each failure for `lasting`; a few minutes suit: long enough to spare callers the wait, short enough
    /// to find out that a server is back.
    pub fn new(lasting: Duration) -> Blacklist {
        Blacklist {
            failed: HashMap::new(),
            lasting,
        }
    }

    /// A server did not answer, refused the connection, or answered 503.
    pub fn failed(&mut self, now: Instant, target: Target) {
        /// Servers that are remembered; more than anybody's trunks and proxies.
        const REMEMBERED: usize = 1024;
        if self.failed.len() >= REMEMBERED {
            self.failed.retain(|_, until| *until > now);
        }
        if self.failed.len() < REMEMBERED {
            self.failed.insert(target, now + self.lasting);
        }
    }

    /// A server answered: whatever was, it is back.
    pub fn succeeded(&mut self, target: &Target) {
        self.failed.remove(target);
    }

    /// Whether a server failed a moment ago.
    pub fn holds(&self, now: Instant, target: &Target) -> bool {
        self.failed.get(target).is_some_and(|until| *until > now)
    }

    /// Puts those that failed a moment ago behind the others, in their old order. None is lost: when all have failed,
    /// trying is better than giving up.
    pub fn sort(&self, now: Instant, targets: &mut [Target]) {
        targets.sort_by_key(|target| self.holds(now, target));
    }
}
