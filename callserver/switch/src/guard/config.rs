//! What sources may do wrong before they are left alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use sip::Text;

use crate::Network;

/// The limits of the guard, which stands before the digest check and before the SIP core.
///
/// A *source* is an IPv4 address or an IPv6 /64. Only what a source has proved to be its own counts against it: over UDP,
/// where addresses can be forged, an answer to a challenge that was sent there; over a stream, anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GuardConfig {
    /// Failures are counted within so long.
    pub window: Duration,
    /// So many failures of one source within the window ban it, unless one of its phones has proved itself lately.
    pub failures_of_source: u32,
    /// So many failures of one source with one login are free; each further one makes it wait before it is looked at again.
    /// Others who have the same login, at other sources, do not wait.
    pub failures_of_account: u32,
    /// The first wait; each further failure doubles it.
    pub first_back_off: Duration,
    /// The longest wait.
    pub longest_back_off: Duration,
    /// So many different names (logins that nobody has, or names called and registered without credentials) within the
    /// window, without one success, are a scan.
    pub names_of_source: usize,
    /// How long the first ban lasts; each further one doubles it.
    pub first_ban: Duration,
    /// The longest ban. A source that was good for so long after a ban begins anew.
    pub longest_ban: Duration,
    /// How long a success makes a source known: behind it stand phones that one forgetful neighbour must not lock out.
    pub trusted_for: Duration,
    /// Networks that are never banned and never wait: one's own proxies, the monitoring.
    pub exempt: Vec<Network>,
    /// Beginnings of the User-Agent, in any case, of programs that nobody calls with. Their requests are dropped unread.
    pub scanners: Vec<Text>,
    /// How many sources are remembered; beyond that the oldest is forgotten.
    pub remembered_sources: usize,
}

/// How the scanners that roam the internet name themselves.
const SCANNERS: [&str; 10] = [
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sundayddr",
    "sipcli",
    "vaxsipuseragent",
    "sip-scan",
    "smap",
    "sipsak-scan",
    "iwar",
];

impl Default for GuardConfig {
    fn default() -> Self {
        GuardConfig {
            window: Duration::from_secs(300),
            // A phone with an old secret tries every half minute or less often; a guessing program hundreds of times a second.
            failures_of_source: 20,
            failures_of_account: 4,
            first_back_off: Duration::from_secs(2),
            longest_back_off: Duration::from_secs(300),
            names_of_source: 10,
            first_ban: Duration::from_secs(60),
            longest_ban: Duration::from_secs(24 * 3600),
            // As long as a registration lives by default.
            trusted_for: Duration::from_secs(3600),
            exempt: loopback(),
            scanners: SCANNERS.map(Text::from_static).to_vec(),
            // About 400 bytes each at most.
            remembered_sources: 50_000,
        }
    }
}

/// What comes from this machine comes from its owner, or through a proxy from everybody.
fn loopback() -> Vec<Network> {
    [
        Network::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
        Network::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    ]
    .into_iter()
    .flatten()
    .collect()
}
