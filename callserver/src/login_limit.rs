//! How often one may fail to log in: per address and per account, so that nobody guesses passwords.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::rate::one_source;

/// Counts failed logins. A login is charged before it is checked and paid back when it was right, so that guesses
/// running side by side count too.
#[derive(Debug)]
pub(crate) struct LoginLimit {
    addresses: Buckets<IpAddr>,
    accounts: Buckets<String>,
}

/// A failed login is forgiven after this: 120 guesses an hour find no password that passes our rule, and a person who
/// mistyped is let in again soon.
const FORGIVE_ONE_AFTER: Duration = Duration::from_secs(30);

/// At most so many addresses and names are remembered; who is not remembered is new.
const REMEMBERED: usize = 10_000;

impl LoginLimit {
    /// Limits of failures in a row.
    pub(crate) fn new(per_address: u32, per_account: u32) -> Self {
        Self {
            addresses: Buckets::new(per_address),
            accounts: Buckets::new(per_account),
        }
    }

    /// Charges one attempt of `name` from `address`.
    ///
    /// # Errors
    /// How long to wait before the next attempt makes sense.
    pub(crate) fn charge(
        &mut self,
        now: Instant,
        address: IpAddr,
        name: &str,
    ) -> Result<(), Duration> {
        self.addresses.charge(now, one_source(address))?;
        self.accounts.charge(now, name.to_owned())
    }

    /// Pays an attempt back: it was right.
    pub(crate) fn pay_back(&mut self, address: IpAddr, name: &str) {
        self.addresses.pay_back(&one_source(address));
        self.accounts.pay_back(&name.to_owned());
    }
}

#[derive(Debug)]
struct Buckets<K> {
    limit: u32,
    failures: HashMap<K, (u32, Instant)>,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(limit: u32) -> Self {
        Self {
            limit: limit.max(1),
            failures: HashMap::new(),
        }
    }

    fn charge(&mut self, now: Instant, key: K) -> Result<(), Duration> {
        if self.failures.len() >= REMEMBERED && !self.failures.contains_key(&key) {
            self.failures
                .retain(|_, (count, since)| forgiven(*count, *since, now).0 > 0);
            if self.failures.len() >= REMEMBERED {
                // An attack from very many places: forgetting beats refusing everybody.
                self.failures.clear();
            }
        }
        let (count, since) = self.failures.entry(key).or_insert((0, now));
        (*count, *since) = forgiven(*count, *since, now);
        if *count >= self.limit {
            return Err(FORGIVE_ONE_AFTER.saturating_sub(now.saturating_duration_since(*since)));
        }
        *count += 1;
        Ok(())
    }

    fn pay_back(&mut self, key: &K) {
        if let Some((count, _)) = self.failures.get_mut(key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.failures.remove(key);
            }
        }
    }
}

fn forgiven(count: u32, since: Instant, now: Instant) -> (u32, Instant) {
    let periods = now.saturating_duration_since(since).as_secs() / FORGIVE_ONE_AFTER.as_secs();
    let periods = u32::try_from(periods).unwrap_or(u32::MAX);
    match count.saturating_sub(periods) {
        0 => (0, now),
        left => (left, since + FORGIVE_ONE_AFTER * periods),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_refused_beyond_the_limit_and_forgiven_with_time() {
        let (mut limit, start) = (LoginLimit::new(100, 3), Instant::now());
        let address = "192.0.2.1".parse().unwrap();
        for _ in 0..3 {
            limit.charge(start, address, "alice").unwrap();
        }
        assert_eq!(
            limit.charge(start + Duration::from_secs(10), address, "alice"),
            Err(Duration::from_secs(20))
        );
        limit.charge(start, address, "bob").unwrap();
        limit
            .charge(start + Duration::from_secs(30), address, "alice")
            .unwrap();
        assert!(
            limit
                .charge(start + Duration::from_secs(30), address, "alice")
                .is_err()
        );
    }

    #[test]
    fn right_passwords_never_use_up_the_limit() {
        let (mut limit, now) = (LoginLimit::new(2, 2), Instant::now());
        let address = "2001:db8::1".parse().unwrap();
        for _ in 0..100 {
            limit.charge(now, address, "alice").unwrap();
            limit.pay_back(address, "alice");
        }
    }

    #[test]
    fn a_whole_ipv6_network_counts_as_one_address() {
        let (mut limit, now) = (LoginLimit::new(2, 100), Instant::now());
        for (host, is_let_in) in [
            ("2001:db8::1", true),
            ("2001:db8::2", true),
            ("2001:db8::3", false),
            ("2001:db8:0:1::1", true),
        ] {
            assert_eq!(
                limit.charge(now, host.parse().unwrap(), "alice").is_ok(),
                is_let_in,
                "{host}"
            );
        }
    }

    #[test]
    fn memory_is_bounded() {
        let (mut limit, now) = (LoginLimit::new(2, 2), Instant::now());
        for index in 0..3 * REMEMBERED as u32 {
            let _ = limit.charge(now, IpAddr::from(index.to_be_bytes()), &index.to_string());
        }
        assert!(
            limit.addresses.failures.len() <= REMEMBERED
                && limit.accounts.failures.len() <= REMEMBERED
        );
    }
}
