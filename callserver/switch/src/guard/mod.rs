//! Who is not listened to: sources that guess secrets, and scanners.
//!
//! The guard stands before the SIP core ([`Guard::look`]) and beside the digest check, which tells it how it went. What it
//! remembers is bounded, however many addresses somebody has. Whatever it decides, a stranger sees the same challenge as
//! everybody, or nothing at all.

mod config;
mod record;
mod signature;

use std::collections::hash_map::{DefaultHasher, Entry};
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

pub use config::GuardConfig;
use record::Record;
use sip::{Flow, Text};

use crate::BanReason;

/// Who is counted as one: an IPv4 address, or an IPv6 /64, all of which one machine has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Source(pub(crate) IpAddr);

impl Source {
    pub(crate) fn of(address: IpAddr) -> Self {
        Source(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let network = address.to_bits() >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
        })
    }
}

/// What shall happen to a message, before anybody has read it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Look {
    Pass,
    Drop,
    /// A request of the scanner with this signature: dropped as well, and worth a count.
    Scanner(Text),
}

/// A source is from now on not read any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ban {
    pub(crate) source: Source,
    pub(crate) until: Instant,
    pub(crate) lasts: Duration,
    pub(crate) why: BanReason,
}

#[derive(Debug)]
pub(crate) struct Guard {
    config: GuardConfig,
    /// Makes hashes of names that nobody can foresee.
    key: u64,
    sources: HashMap<Source, Record>,
    /// The same sources, the first noted first, for forgetting.
    order: VecDeque<Source>,
}

impl Guard {
    pub(crate) fn new(config: GuardConfig, key: u64) -> Self {
        Guard {
            config,
            key,
            sources: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    fn is_exempt(&self, address: IpAddr) -> bool {
        let is_in = |network: &crate::Network| network.contains(address);
        self.config.exempt.iter().any(is_in)
    }

    /// What shall happen to a message of this source.
    pub(crate) fn look(&mut self, now: Instant, flow: Flow, payload: &[u8]) -> Look {
        let address = flow.remote.ip();
        if self.is_exempt(address) {
            return Look::Pass;
        }
        if let Some(record) = self.sources.get_mut(&Source::of(address))
            && (record.is_banned(now) || record.is_throttled(now, &self.config, payload))
        {
            return Look::Drop;
        }
        match signature::find(payload, &self.config.scanners) {
            Some(signature) => Look::Scanner(signature.clone()),
            None => Look::Pass,
        }
    }

    /// A request without credentials calls or registers a name, and will be challenged.
    pub(crate) fn asked(
        &mut self,
        now: Instant,
        flow: Flow,
        name: impl FnOnce() -> Option<String>,
    ) -> Option<Ban> {
        let source = self.counted(flow)?;
        let is_trusted = |record: &Record| record.is_trusted(now, &self.config);
        if self.sources.get(&source).is_some_and(is_trusted) {
            return None;
        }
        let name = self.hash(&name()?);
        let (record, config) = self.record(now, source);
        let is_scan = record.asked(now, config, name);
        // A datagram's address may be forged, and it would be another one's ban: such a source only gets fewer challenges.
        let why = (is_scan && flow.transport.is_reliable()).then_some(BanReason::Scanning)?;
        Some(self.ban(now, source, why))
    }

    /// Whether `login` of this source has to wait before its secret is looked at again.
    pub(crate) fn must_wait(&self, now: Instant, flow: Flow, login: &str) -> bool {
        let Some(record) = self
            .counted(flow)
            .and_then(|source| self.sources.get(&source))
        else {
            return false;
        };
        record.must_wait(now, &self.config, self.hash(login))
    }

    /// A source that has proved its address failed with `login`, which may be one that nobody has.
    pub(crate) fn failed(
        &mut self,
        now: Instant,
        flow: Flow,
        login: &str,
        is_unknown: bool,
    ) -> Option<Ban> {
        let source = self.counted(flow)?;
        let login = self.hash(login);
        let (record, config) = self.record(now, source);
        let why = record.failed(now, config, login, is_unknown)?;
        Some(self.ban(now, source, why))
    }

    /// A phone of this source has proved who it is.
    pub(crate) fn succeeded(&mut self, now: Instant, flow: Flow, login: &str) {
        if let Some(source) = self.counted(flow) {
            let login = self.hash(login);
            self.record(now, source).0.succeeded(now, login);
        }
    }

    /// A ban is over, by time or by the operator. Tells whether there was one.
    pub(crate) fn release(&mut self, source: Source) -> bool {
        self.sources
            .get_mut(&source)
            .is_some_and(|record| record.banned_until.take().is_some())
    }

    /// As [`Guard::release`], by the clock: a ban that was made anew meanwhile holds on.
    pub(crate) fn release_due(&mut self, now: Instant, source: Source) -> bool {
        let is_due = |record: &Record| record.banned_until.is_some_and(|until| until <= now);
        self.sources.get(&source).is_some_and(is_due) && self.release(source)
    }

    fn counted(&self, flow: Flow) -> Option<Source> {
        let address = flow.remote.ip();
        (!self.is_exempt(address)).then(|| Source::of(address))
    }

    fn ban(&mut self, now: Instant, source: Source, why: BanReason) -> Ban {
        let (record, config) = self.record(now, source);
        let lasts = record.ban(now, config);
        Ban {
            source,
            until: now + lasts,
            lasts,
            why,
        }
    }

    /// What is known of a source; makes room for it.
    fn record(&mut self, now: Instant, source: Source) -> (&mut Record, &GuardConfig) {
        if !self.sources.contains_key(&source) {
            self.make_room(now);
            self.order.push_back(source);
        }
        let record = match self.sources.entry(source) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Record::new(now)),
        };
        record.touch(now, &self.config);
        (record, &self.config)
    }

    fn make_room(&mut self, now: Instant) {
        // Two steps for each that comes, so that those who have nothing to remember are gone in the long run.
        for _ in 0..2 {
            let Some(source) = self.order.pop_front() else {
                return;
            };
            let is_idle = |record: &Record| record.is_idle(now, &self.config);
            if self.sources.get(&source).is_none_or(is_idle) {
                self.sources.remove(&source);
            } else {
                self.order.push_back(source);
            }
        }
        while self.sources.len() >= self.config.remembered_sources.max(1) {
            let Some(oldest) = self.order.pop_front() else {
                return;
            };
            self.release(oldest);
            self.sources.remove(&oldest);
        }
    }

    fn hash(&self, name: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.key.hash(&mut hasher);
        name.hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests;
