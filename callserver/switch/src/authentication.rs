//! Who is there? Digest challenges for registrations and calls, and the check of what comes back (RFC 3261 section 22).

use std::time::Instant;

use sip::{
    Algorithm, Authenticator, Challenge, Credentials, HeaderName, Headers, NameAddr, Offer,
    ProxyAuthenticate, Request, StatusCode, Text, Verdict, WwwAuthenticate,
};

use crate::{AuthenticationFailure, Credential};

/// The two ways in, which challenge with different headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Door {
    /// REGISTER: 401, `WWW-Authenticate`, `Authorization`.
    Registrar,
    /// Requests to be passed on: 407, `Proxy-Authenticate`, `Proxy-Authorization`. RFC 3261 22.2 lets a user agent server
    /// say 401, which a B2BUA is; but whoever calls through it sees a proxy, and all phones answer 407.
    Calls,
}

impl Door {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Door::Registrar => StatusCode::UNAUTHORIZED,
            Door::Calls => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        }
    }
}

/// Why somebody is not let in, and what to tell them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Denial {
    /// The nonce is too old or used up: a new one, and no reproach.
    Stale,
    /// The device was stored before there were hashes by this algorithm: it is asked for another one.
    NoHash(Algorithm),
    /// A new challenge, and a note for the log.
    Failed(AuthenticationFailure),
}

impl Denial {
    /// Whether the secret was right, so that the phone may try again without asking its user.
    pub(crate) fn is_stale(self) -> bool {
        matches!(
            self,
            Denial::Stale | Denial::NoHash(_) | Denial::Failed(AuthenticationFailure::Replayed)
        )
    }

    /// The algorithm that is of no use with this device.
    fn without(self) -> Option<Algorithm> {
        match self {
            Denial::NoHash(algorithm) => Some(algorithm),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Authentication {
    authenticator: Authenticator,
    /// What is offered and accepted, in this order.
    algorithms: Vec<Algorithm>,
}

impl Authentication {
    pub(crate) fn new(realm: Text, algorithms: Vec<Algorithm>, seed: [u8; 32]) -> Self {
        let offer = Offer {
            algorithms: algorithms.clone(),
            ..Offer::default()
        };
        Authentication {
            authenticator: Authenticator::new(realm, seed).with_offer(offer),
            algorithms,
        }
    }

    /// The headers of the 401 or 407 to `request`: one challenge for each algorithm, in the operator's order (RFC 8760
    /// 2.4); MD5 alone, where it is allowed, for phones that are known to stumble over anything else.
    pub(crate) fn challenge(
        &mut self,
        now: Instant,
        door: Door,
        denial: Option<Denial>,
        request: &Request,
    ) -> Headers {
        let offered = match self
            .algorithms
            .iter()
            .position(|one| *one == Algorithm::Md5)
        {
            Some(md5) if knows_only_md5(request) => &self.algorithms[md5..=md5],
            _ => &self.algorithms[..],
        };
        let stale = denial.is_some_and(Denial::is_stale);
        let without = denial.and_then(Denial::without);
        let challenges = self.authenticator.challenges_except(now, stale, without);
        let mut headers = Headers::new();
        for algorithm in offered {
            for challenge in &challenges {
                if challenge.algorithm() == Some(*algorithm) {
                    push(&mut headers, door, challenge.clone());
                }
            }
        }
        headers
    }

    /// The credentials for our realm; `None` if there are none that can be read, as in a phone's first try.
    pub(crate) fn credentials(&self, headers: &Headers) -> Option<Credentials> {
        self.authenticator.credentials(headers)
    }

    /// Whether `credentials` prove that the sender is `owner`.
    pub(crate) fn check(
        &mut self,
        now: Instant,
        credentials: &Credentials,
        request: &Request,
        owner: &Credential,
    ) -> Result<(), Denial> {
        let failed = |why| Err(Denial::Failed(why));
        match self
            .authenticator
            .check(now, credentials, request, &owner.ha1)
        {
            Verdict::Accepted => Ok(()),
            Verdict::Stale => Err(Denial::Stale),
            Verdict::Replayed => failed(AuthenticationFailure::Replayed),
            Verdict::WrongSecret => failed(AuthenticationFailure::WrongSecret),
            Verdict::NoHash => match credentials.algorithm() {
                Some(algorithm) => Err(Denial::NoHash(algorithm)),
                None => failed(AuthenticationFailure::Malformed),
            },
            // What else there may be is no proof.
            _ => failed(AuthenticationFailure::Malformed),
        }
    }
}

/// Whether `address` is one of `owner`'s own: its user part is the device's login, or the account's number.
pub(crate) fn is_their_address(address: &NameAddr, owner: &Credential) -> bool {
    let user = address.uri.user_text().unwrap_or_default();
    owner.login == user || owner.number.as_ref().is_some_and(|number| *number == user)
}

/// Beginnings of the User-Agent of phones that give up when they meet a challenge other than MD5, instead of taking the
/// one that they know, as RFC 8760 2.4 wants it: what Debian 12 brings of baresip and sipp.
const ONLY_MD5: [&str; 4] = ["baresip v0.", "baresip v1.", "baresip v2.", "sipp/3.6"];

fn knows_only_md5(request: &Request) -> bool {
    let agent = request.headers.get(&HeaderName::UserAgent);
    agent.is_some_and(|agent| ONLY_MD5.iter().any(|old| agent.starts_with(old)))
}

fn push(headers: &mut Headers, door: Door, challenge: Challenge) {
    match door {
        Door::Registrar => headers.push_typed(&WwwAuthenticate(challenge)),
        Door::Calls => headers.push_typed(&ProxyAuthenticate(challenge)),
    }
}
