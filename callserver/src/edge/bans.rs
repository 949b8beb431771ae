//! Who is not listened to at present, as the switch tells it; for operators and for the log.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use switch::BanReason;

use crate::control::BanView;

/// The bans that have not ended. Bounded, because the switch remembers only so many sources.
#[derive(Default, Debug)]
pub(super) struct Bans {
    current: HashMap<IpAddr, Ban>,
    /// Since the start.
    total: u64,
}

#[derive(Debug)]
struct Ban {
    until: Instant,
    why: BanReason,
}

impl Bans {
    pub(super) fn begin(&mut self, now: Instant, source: IpAddr, seconds: u32, why: BanReason) {
        let until = now + Duration::from_secs(seconds.into());
        self.current.insert(source, Ban { until, why });
        self.total += 1;
    }

    pub(super) fn end(&mut self, source: IpAddr) {
        self.current.remove(&source);
    }

    /// Whether `address`, or the network that it stands in, is banned.
    pub(super) fn holds(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.current
            .keys()
            .any(|banned| same_source(*banned, address))
    }

    pub(super) fn len(&self) -> usize {
        self.current.len()
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The one that ends last stands first.
    pub(super) fn views(&self, now: Instant) -> Vec<BanView> {
        let mut bans: Vec<_> = self.current.iter().collect();
        bans.sort_by_key(|(source, ban)| (std::cmp::Reverse(ban.until), **source));
        let view = |(source, ban): (&IpAddr, &Ban)| BanView {
            source: match source {
                IpAddr::V4(_) => source.to_string(),
                IpAddr::V6(_) => format!("{source}/64"),
            },
            seconds_left: ban.until.saturating_duration_since(now).as_secs(),
            why: reason(ban.why).into(),
        };
        bans.into_iter().map(view).collect()
    }
}

/// One machine has a whole IPv6 /64.
pub(crate) fn same_source(banned: IpAddr, address: IpAddr) -> bool {
    match (banned, address) {
        (IpAddr::V6(banned), IpAddr::V6(address)) => {
            banned.to_bits() >> 64 == address.to_bits() >> 64
        }
        _ => banned == address,
    }
}

fn reason(why: BanReason) -> &'static str {
    match why {
        BanReason::Failures => "failed too often",
        BanReason::UnknownLogins => "tried logins that nobody has",
        BanReason::Scanning => "looked for names",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_of_an_ipv6_network_is_found_by_any_address_in_it() {
        let now = Instant::now();
        let mut bans = Bans::default();
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        bans.begin(now, at("2001:db8:1:2::"), 60, BanReason::Scanning);
        bans.begin(now, at("192.0.2.7"), 600, BanReason::Failures);
        assert!(bans.holds(at("2001:db8:1:2:a:b:c:d")) && !bans.holds(at("2001:db8:1:3::")));
        assert!(bans.holds(at("::ffff:192.0.2.7")) && !bans.holds(at("192.0.2.8")));
        let views = bans.views(now);
        assert_eq!(views[0].source, "192.0.2.7");
        assert_eq!(views[1].source, "2001:db8:1:2::/64");
        bans.end(at("192.0.2.7"));
        assert_eq!((bans.len(), bans.total()), (1, 2));
    }
}
