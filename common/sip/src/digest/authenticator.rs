//! The server's side: challenges, and whether an answer is right.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::algorithm::Algorithm;
use super::digest_uri;
use super::hash::{self, Hex, Mac};
use super::login_hash::LoginHash;
use super::offer::Offer;
use super::response::{AUTH, AUTH_INT, Covered, expected};
use super::secret::Ha1;
use super::verdict::Verdict;
use crate::wire::headers::{
    AuthenticationInfo, Authorization, Challenge, Credentials, ProxyAuthorization,
};
use crate::wire::{Headers, Request, Text, TypedHeader};

/// How long nonces live and how many are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonceLimits {
    /// How long a nonce is good for. 300 s: a registering device uses one for several refreshes, and a stolen one
    /// soon ends.
    pub life_time: Duration,
    /// Nonces whose counters are remembered. When there are more, the oldest become stale.
    pub remembered: usize,
}

impl Default for NonceLimits {
    fn default() -> NonceLimits {
        NonceLimits {
            life_time: Duration::from_secs(300),
            remembered: 65_536,
        }
    }
}

/// Challenges peers and checks their answers.
///
/// A nonce carries its own age and a MAC, so nothing is remembered until somebody has proved to know a secret; then
/// the counters that came with the nonce are, to catch replays. Nonces from before a restart are stale.
pub struct Authenticator {
    realm: Text,
    mac: Mac,
    limits: NonceLimits,
    offer: Offer,
    /// When the first nonce was made; ages are counted from there.
    epoch: Option<Instant>,
    next_serial: u64,
    /// Nonces with a smaller serial that are not in `windows` have been forgotten.
    oldest_serial: u64,
    /// The counters seen with each nonce that was used, by serial: the oldest first.
    windows: BTreeMap<u64, Window>,
}

/// Request counters seen with one nonce.
#[derive(Clone, Debug)]
struct Window {
    issued: Instant,
    highest: u32,
    /// Bit n: `highest - n` was seen.
    seen: u64,
    /// The `cnonce` of the first request, if the key depends on it.
    session_cnonce: Option<Box<str>>,
}

impl Window {
    /// Notes a counter; `false` when it was seen before, or is too old to tell.
    ///
    /// Requests of one device overtake each other on UDP, so it need not grow; 64 is far more than a device has
    /// under way.
    fn note(&mut self, nc: u32) -> bool {
        if nc > self.highest {
            let shift = nc - self.highest;
            self.seen = self.seen.checked_shl(shift).unwrap_or(0) | 1;
            self.highest = nc;
            return true;
        }
        let Some(bit) = 1u64.checked_shl(self.highest - nc) else {
            return false;
        };
        let is_new = self.seen & bit == 0;
        self.seen |= bit;
        is_new
    }
}

/// A nonce of ours, taken apart.
struct Nonce {
    serial: u64,
    peer: [u8; 4],
    issued: Instant,
}

/// Bytes of a nonce: seconds since the epoch (4), serial (8), peer (4), MAC (16).
const NONCE_BYTES: usize = 32;

/// Clients send some 8 to 64 characters. Who sends more than this is checked with the `cnonce` of each request alone,
/// so that nobody fills the memory.
const LONGEST_REMEMBERED_CNONCE: usize = 128;

impl Authenticator {
    /// An authenticator for a realm. The seed keys the nonces: 32 random bytes that nobody else knows.
    pub fn new(realm: impl Into<Text>, seed: [u8; 32]) -> Authenticator {
        Authenticator::with_limits(realm, seed, NonceLimits::default())
    }

    /// An authenticator with other limits.
    pub fn with_limits(
        realm: impl Into<Text>,
        seed: [u8; 32],
        limits: NonceLimits,
    ) -> Authenticator {
        Authenticator {
            realm: realm.into(),
            mac: Mac::new(&seed),
            limits,
            offer: Offer::default(),
            epoch: None,
            next_serial: 0,
            oldest_serial: 0,
            windows: BTreeMap::new(),
        }
    }

    /// The same authenticator with another offer.
    #[must_use]
    pub fn with_offer(mut self, offer: Offer) -> Authenticator {
        self.offer = offer;
        self
    }

    /// The realm.
    pub fn realm(&self) -> &Text {
        &self.realm
    }

    /// New challenges in the order of the offer; SHA-256, then MD5, unless there is another one (RFC 8760 2.4).
    ///
    /// `stale` tells the peer that its secret was right, so that it tries again without asking anybody.
    pub fn challenges(&mut self, now: Instant, stale: bool) -> Vec<Challenge> {
        self.challenges_except(now, stale, None)
    }

    /// [`Authenticator::challenges`] without one algorithm: that of credentials that were [`Verdict::NoHash`].
    pub fn challenges_except(
        &mut self,
        now: Instant,
        stale: bool,
        without: Option<Algorithm>,
    ) -> Vec<Challenge> {
        self.challenges_for(now, stale, without, None)
    }

    /// [`Authenticator::challenges_except`] for a peer at this address: whoever sends their nonce back has received
    /// what was sent there, see [`Authenticator::was_sent_to`].
    pub fn challenges_for(
        &mut self,
        now: Instant,
        stale: bool,
        without: Option<Algorithm>,
        peer: Option<IpAddr>,
    ) -> Vec<Challenge> {
        let tag = self.peer_tag(peer);
        let nonce = self.make_nonce(now, tag);
        self.offer
            .algorithms
            .iter()
            .filter(|algorithm| without.is_none_or(|other| other.hash() != algorithm.hash()))
            .map(|algorithm| Challenge {
                realm: self.realm.clone(),
                nonce: nonce.clone(),
                opaque: None,
                stale,
                algorithm: Some(Text::from_static(algorithm.as_str())),
                qop: Some(Text::from_static(self.offer.qop())),
                domain: None,
                wants_hashed_login: self.offer.hides_login,
            })
            .collect()
    }

    /// Whether a nonce is good, and was made for a peer at this address. Source addresses of datagrams can be forged;
    /// who knows a nonce that was sent to an address has read it there.
    pub fn was_sent_to(&self, now: Instant, nonce: &str, peer: IpAddr) -> bool {
        self.read_nonce(now, nonce)
            .is_some_and(|nonce| nonce.peer == self.peer_tag(Some(peer)))
    }

    /// The credentials for this realm among the Authorization and Proxy-Authorization headers.
    ///
    /// Credentials for other realms, other schemes and malformed ones are passed over: who sends nothing else is
    /// challenged again.
    pub fn credentials(&self, headers: &Headers) -> Option<Credentials> {
        let to_server = headers
            .all(&Authorization::NAME)
            .filter_map(|value| Authorization::parse(value).ok().map(|header| header.0));
        let to_proxy = headers
            .all(&ProxyAuthorization::NAME)
            .filter_map(|value| ProxyAuthorization::parse(value).ok().map(|header| header.0));
        to_server
            .chain(to_proxy)
            .find(|credentials| credentials.realm == self.realm)
    }

    /// Checks the credentials of a request, its Request-URI and, if bodies are covered, its body included.
    ///
    /// Only credentials that prove the secret change anything here. The `username` has no part in it: whoever looked
    /// `ha1` up has used it, by [`Credentials::are_of`] where logins are hidden.
    ///
    /// The URI of the credentials must name what the request asks for, unless the request was forwarded: RFC 7616 3.4.6
    /// as RFC 3261 22.4 softens it. Who wants it looser takes [`Verdict::OtherRequest`] for [`Verdict::Accepted`].
    pub fn check(
        &mut self,
        now: Instant,
        credentials: &Credentials,
        request: &Request,
        ha1: &Ha1,
    ) -> Verdict {
        self.verdict(now, credentials, request, |algorithm| ha1.of(algorithm))
    }

    /// [`Authenticator::check`] for a server that keeps other hashes than those of [`Ha1`].
    pub fn check_with(
        &mut self,
        now: Instant,
        credentials: &Credentials,
        request: &Request,
        logins: &[LoginHash],
    ) -> Verdict {
        self.verdict(now, credentials, request, find_in(logins))
    }

    fn verdict(
        &mut self,
        now: Instant,
        credentials: &Credentials,
        request: &Request,
        login: impl Fn(Algorithm) -> Option<LoginHash>,
    ) -> Verdict {
        let Some(algorithm) = credentials
            .algorithm()
            .filter(|algorithm| self.offer.accepts(*algorithm))
        else {
            return Verdict::UnknownAlgorithm;
        };
        let Some(login) = login(algorithm) else {
            return Verdict::NoHash;
        };
        let covers_body = self.offer.covers_body;
        if credentials.realm != self.realm || !is_complete(credentials, algorithm, covers_body) {
            return Verdict::Malformed;
        }
        let nonce = self.read_nonce(now, &credentials.nonce);
        let covered = Covered {
            method: request.method.as_str(),
            body: &request.body,
        };
        let is_right = |session_cnonce: &str| {
            let expected = expected(credentials, algorithm, covered, &login, session_cnonce);
            // RFC 7616 3.4 says lower case; upper case is the same number.
            let response = credentials.response.to_ascii_lowercase();
            hash::same(expected.as_bytes(), response.as_bytes())
        };
        let own = credentials.cnonce.as_deref().unwrap_or_default();
        // The key of a session is made with the cnonce of its first request. Clients that make it anew for each
        // request are many and prove the secret just as well.
        let first = nonce
            .as_ref()
            .filter(|_| algorithm.is_session())
            .and_then(|nonce| self.windows.get(&nonce.serial)?.session_cnonce.as_deref())
            .filter(|first| *first != own);
        if !is_right(own) && !first.is_some_and(is_right) {
            return Verdict::WrongSecret;
        }
        if !digest_uri::is_for(credentials, request) {
            return Verdict::OtherRequest;
        }
        self.forget(now);
        let Some(nonce) = nonce else {
            return Verdict::Stale;
        };
        let session_cnonce = Some(own)
            .filter(|cnonce| algorithm.is_session() && cnonce.len() <= LONGEST_REMEMBERED_CNONCE);
        self.note(nonce, credentials.nc, session_cnonce)
    }

    /// What to tell in the answer to credentials that were [`Verdict::Accepted`]: the proof that this server knows the
    /// secret too (RFC 7616 3.5). `body` is that of the answer; it counts if the credentials cover bodies.
    ///
    /// `wants_next_nonce` gives the client a new nonce, so that its next request needs no challenge although the old
    /// one is about to expire. `None` for credentials that nothing can be proved to: those without `qop`.
    pub fn information(
        &mut self,
        now: Instant,
        credentials: &Credentials,
        body: &[u8],
        ha1: &Ha1,
        wants_next_nonce: bool,
    ) -> Option<AuthenticationInfo> {
        let algorithm = credentials.algorithm()?;
        let (login, qop) = (ha1.of(algorithm)?, credentials.qop.clone()?);
        let own = credentials.cnonce.as_deref()?;
        let nonce = self.read_nonce(now, &credentials.nonce);
        let peer = nonce.as_ref().map_or([0; 4], |nonce| nonce.peer);
        let session_cnonce = nonce
            .and_then(|nonce| self.windows.get(&nonce.serial)?.session_cnonce.as_deref())
            .unwrap_or(own);
        let covered = Covered { method: "", body };
        let proof = expected(credentials, algorithm, covered, &login, session_cnonce);
        Some(AuthenticationInfo {
            rspauth: Some(Text::from(proof.as_str())),
            qop: Some(qop),
            cnonce: credentials.cnonce.clone(),
            nc: credentials.nc,
            nextnonce: wants_next_nonce.then(|| self.make_nonce(now, peer)),
        })
    }

    fn note(&mut self, nonce: Nonce, nc: Option<u32>, session_cnonce: Option<&str>) -> Verdict {
        if let Some(window) = self.windows.get_mut(&nonce.serial) {
            return match nc {
                Some(nc) if window.note(nc) => Verdict::Accepted,
                Some(_) => Verdict::Replayed,
                // Clients that count nothing may use a nonce once: a second use cannot be told from a replay.
                None => Verdict::Stale,
            };
        }
        if nonce.serial < self.oldest_serial {
            return Verdict::Stale;
        }
        self.windows.insert(
            nonce.serial,
            Window {
                issued: nonce.issued,
                highest: nc.unwrap_or(u32::MAX),
                seen: 1,
                session_cnonce: session_cnonce.map(Box::from),
            },
        );
        while self.windows.len() > self.limits.remembered {
            if let Some((serial, _)) = self.windows.pop_first() {
                self.oldest_serial = serial + 1;
            }
        }
        Verdict::Accepted
    }

    /// Forgets nonces that have expired. Serials grow with time, so the oldest stand first.
    fn forget(&mut self, now: Instant) {
        while let Some(entry) = self.windows.first_entry()
            && now.saturating_duration_since(entry.get().issued) > self.limits.life_time
        {
            entry.remove();
        }
    }

    /// Four bytes that tell peers apart: an IPv4 address as it is, an IPv6 /64 by its MAC.
    fn peer_tag(&self, peer: Option<IpAddr>) -> [u8; 4] {
        match peer.map(|peer| peer.to_canonical()) {
            None => [0; 4],
            Some(IpAddr::V4(address)) => address.octets(),
            Some(IpAddr::V6(address)) => {
                let mac = self.mac.of(&address.octets()[..8]);
                [mac[0], mac[1], mac[2], mac[3]]
            }
        }
    }

    fn make_nonce(&mut self, now: Instant, peer: [u8; 4]) -> Text {
        let epoch = *self.epoch.get_or_insert(now);
        let seconds = now.saturating_duration_since(epoch).as_secs();
        let mut bytes = [0u8; NONCE_BYTES];
        // 136 years of uptime.
        bytes[..4].copy_from_slice(&u32::try_from(seconds).unwrap_or(u32::MAX).to_be_bytes());
        bytes[4..12].copy_from_slice(&self.next_serial.to_be_bytes());
        self.next_serial += 1;
        bytes[12..16].copy_from_slice(&peer);
        let mac = self.mac.of(&bytes[..16]);
        bytes[16..].copy_from_slice(&mac[..16]);
        Text::from(Hex::new(&bytes).as_str())
    }

    /// Takes a nonce apart; `None` when it is not ours or has expired.
    fn read_nonce(&self, now: Instant, nonce: &str) -> Option<Nonce> {
        let bytes: [u8; NONCE_BYTES] = hash::unhex(nonce)?;
        let mac = self.mac.of(&bytes[..16]);
        if !hash::same(&mac[..16], &bytes[16..]) {
            return None;
        }
        let seconds = u32::from_be_bytes(bytes[..4].try_into().ok()?);
        let issued = self
            .epoch?
            .checked_add(Duration::from_secs(u64::from(seconds)))?;
        if now.saturating_duration_since(issued) > self.limits.life_time {
            return None;
        }
        Some(Nonce {
            serial: u64::from_be_bytes(bytes[4..12].try_into().ok()?),
            peer: bytes[12..16].try_into().ok()?,
            issued,
        })
    }
}

fn find_in(logins: &[LoginHash]) -> impl Fn(Algorithm) -> Option<LoginHash> {
    |algorithm| {
        let mut known = logins.iter();
        known
            .find(|login| login.algorithm() == algorithm.hash())
            .copied()
    }
}

/// With a quality of protection there is a count and a word of the client's; a session needs the word always.
fn is_complete(credentials: &Credentials, algorithm: Algorithm, can_cover_body: bool) -> bool {
    match &credentials.qop {
        None => !algorithm.is_session() || credentials.cnonce.is_some(),
        Some(qop) => {
            let is_offered = qop.eq_ignore_ascii_case(AUTH)
                || can_cover_body && qop.eq_ignore_ascii_case(AUTH_INT);
            is_offered && credentials.nc.is_some_and(|nc| nc > 0) && credentials.cnonce.is_some()
        }
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("realm", &self.realm)
            .field("remembered", &self.windows.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
