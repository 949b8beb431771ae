//! How often something may be done: an allowance for each source or session, which fills up again with time.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// An allowance for each `K`.
#[derive(Debug)]
pub(crate) struct Rate<K> {
    /// The whole allowance fills up in this time.
    period: Duration,
    /// One of the allowance fills up in this time.
    every: Duration,
    /// When the allowance of each will be whole again; who is not here has all of it.
    whole_at: HashMap<K, Instant>,
}

/// At most so many are remembered, a few hundred kilobytes; who is not remembered is new.
const REMEMBERED: usize = 10_000;

impl<K: Eq + Hash> Rate<K> {
    /// `count` at once, and `count` in each `period`. 0 allows nothing.
    pub(crate) fn new(count: u32, period: Duration) -> Self {
        Self {
            period,
            every: period.checked_div(count).unwrap_or(Duration::MAX),
            whole_at: HashMap::new(),
        }
    }

    /// Takes one of the allowance.
    ///
    /// # Errors
    /// How long to wait until there is one.
    pub(crate) fn take(&mut self, now: Instant, key: K) -> Result<(), Duration> {
        let whole_at = self.whole_at.get(&key).map_or(now, |at| (*at).max(now));
        let missing = whole_at.saturating_duration_since(now);
        let missing = missing.saturating_add(self.every);
        if missing > self.period {
            return Err((missing - self.period).min(self.period));
        }
        if self.whole_at.len() >= REMEMBERED && !self.whole_at.contains_key(&key) {
            self.whole_at.retain(|_, at| *at > now);
            if self.whole_at.len() >= REMEMBERED {
                // From very many places at once: forgetting beats refusing everybody.
                self.whole_at.clear();
            }
        }
        self.whole_at.insert(key, now + missing);
        Ok(())
    }
}

/// Who counts as one source: one customer owns a whole IPv6 /64.
pub(crate) fn one_source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_used_up_and_fills_up_again_evenly() {
        let (mut rate, start) = (Rate::new(4, Duration::from_secs(60)), Instant::now());
        for _ in 0..4 {
            rate.take(start, "a").unwrap();
        }
        assert_eq!(rate.take(start, "a"), Err(Duration::from_secs(15)));
        rate.take(start, "b").unwrap();
        let later = start + Duration::from_secs(15);
        rate.take(later, "a").unwrap();
        assert!(rate.take(later, "a").is_err());
        let rested = later + Duration::from_secs(600);
        assert_eq!((0..9).filter(|_| rate.take(rested, "a").is_ok()).count(), 4);
    }

    #[test]
    fn nothing_is_allowed_where_the_allowance_is_none() {
        let period = Duration::from_secs(60);
        let mut rate = Rate::new(0, period);
        assert_eq!(rate.take(Instant::now(), 1), Err(period));
    }

    #[test]
    fn memory_is_bounded() {
        let (mut rate, now) = (Rate::new(2, Duration::from_secs(60)), Instant::now());
        for key in 0..3 * REMEMBERED {
            let _ = rate.take(now, key);
        }
        assert!(rate.whole_at.len() <= REMEMBERED);
    }
}
