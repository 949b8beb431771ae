//! Who is there? Digest challenges for registrations and calls, and the check of what comes back (RFC 3261 section 22).

mod sender;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::Instant;

use sip::{
    Algorithm, Authenticator, Challenge, Credentials, Flow, Ha1, HeaderName, Headers, Method,
    NameAddr, Offer, ProxyAuthenticate, Request, StatusCode, ToHeader, Verdict, WwwAuthenticate,
};

use crate::desk::Desk;
use crate::guard::{Ban, Guard};
use crate::timetable::Timer;
use crate::{AuthenticationFailure, Config, Credential, Event};

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
enum Denial {
    /// The nonce is too old or used up: a new one, and no reproach.
    Stale,
    /// The device was stored before there were hashes by the algorithm that it used.
    NoHash,
    /// It is asked to use another algorithm than this one.
    Another(Algorithm),
    /// A new challenge, and a note for the log.
    Failed(AuthenticationFailure),
}

impl Denial {
    /// Whether the secret was right, so that the phone may try again without asking its user.
    fn is_stale(self) -> bool {
        matches!(
            self,
            Denial::Stale
                | Denial::NoHash
                | Denial::Another(_)
                | Denial::Failed(AuthenticationFailure::Replayed)
        )
    }

    /// The algorithm that is of no use with this device.
    fn without(self) -> Option<Algorithm> {
        match self {
            Denial::Another(algorithm) => Some(algorithm),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Authentication {
    authenticator: Authenticator,
    /// What is offered and accepted, in this order.
    algorithms: Vec<Algorithm>,
    pub(crate) guard: Guard,
    /// Takes the place of the hashes of a login that nobody has, so that a wrong guess costs the same time.
    decoy: Ha1,
}

impl Authentication {
    pub(crate) fn new(config: &Config, seed: [u8; 32]) -> Self {
        let offer = Offer {
            algorithms: config.digest.clone(),
            covers_body: config.offers_auth_int,
            ..Offer::default()
        };
        let realm = config.domain.clone();
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        let key = hasher.finish();
        Authentication {
            decoy: Ha1::new("", &realm, key.to_string()),
            authenticator: Authenticator::new(realm, seed).with_offer(offer),
            algorithms: config.digest.clone(),
            guard: Guard::new(config.guard.clone(), key),
        }
    }

    /// The headers of the 401 or 407 to `request`: one challenge for each algorithm, in the operator's order (RFC 8760
    /// 2.4); MD5 alone, where it is allowed, for phones that are known to stumble over anything else.
    fn challenge(
        &mut self,
        now: Instant,
        (door, flow): (Door, Flow),
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
        let peer = Some(flow.remote.ip());
        let challenges = self.authenticator.challenges_for(now, stale, without, peer);
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

    /// Who a request says that it comes from; or the challenge that it gets, because it says nothing, or nothing that is
    /// worth a look.
    pub(crate) fn claim(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (door, flow): (Door, Flow),
        request: &Request,
    ) -> Result<Credentials, Headers> {
        let way = (door, flow);
        let Some(credentials) = self.authenticator.credentials(&request.headers) else {
            let ban = self.guard.asked(now, flow, || name_in(request));
            announce(desk, ban);
            return Err(self.challenge(now, way, None, request));
        };
        // A datagram whose nonce was not sent to where it comes from proves no address. Its digest is not looked at: else
        // somebody could guess in another one's name, and nobody would be to blame.
        let is_proved = flow.transport.is_reliable()
            || self
                .authenticator
                .was_sent_to(now, &credentials.nonce, flow.remote.ip());
        if !is_proved {
            return Err(self.challenge(now, way, Some(Denial::Stale), request));
        }
        if self.guard.must_wait(now, flow, &credentials.username) {
            let denial = Denial::Failed(AuthenticationFailure::TooManyFailures);
            return Err(self.deny(now, desk, way, denial, &credentials, request));
        }
        Ok(credentials)
    }

    /// Whether `credentials` prove that the sender is `owner`; else the challenge that it gets.
    pub(crate) fn prove(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (door, flow): (Door, Flow),
        credentials: &Credentials,
        request: &Request,
        owner: Option<&Credential>,
    ) -> Result<(), Headers> {
        let ha1 = owner.map_or(&self.decoy, |owner| &owner.ha1);
        let verdict = self.authenticator.check(now, credentials, request, ha1);
        let denial = match (verdict, owner) {
            (_, None) => Denial::Failed(AuthenticationFailure::UnknownLogin),
            (Verdict::Accepted, _) => {
                self.guard.succeeded(now, flow, &credentials.username);
                return Ok(());
            }
            (Verdict::Stale, _) => Denial::Stale,
            (Verdict::Replayed, _) => Denial::Failed(AuthenticationFailure::Replayed),
            (Verdict::WrongSecret, _) => Denial::Failed(AuthenticationFailure::WrongSecret),
            (Verdict::NoHash, _) => Denial::NoHash,
            // What else there may be is no proof.
            _ => Denial::Failed(AuthenticationFailure::Malformed),
        };
        Err(self.deny(now, desk, (door, flow), denial, credentials, request))
    }

    fn deny(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        (door, flow): (Door, Flow),
        denial: Denial,
        credentials: &Credentials,
        request: &Request,
    ) -> Headers {
        let login = &credentials.username;
        if let Denial::Failed(why) = denial {
            desk.emit(Event::AuthenticationFailed {
                flow,
                login: login.clone(),
                why,
            });
            let is_unknown = why == AuthenticationFailure::UnknownLogin;
            // A repeated request proves its sender all the same.
            if why != AuthenticationFailure::Replayed {
                announce(desk, self.guard.failed(now, flow, login, is_unknown));
            }
        }
        // Whoever fails with the newest algorithm is asked for another one, whatever the reason: that this login has no
        // hash of it would tell that the login exists.
        let denial = match (credentials.algorithm(), denial) {
            (Some(used), Denial::NoHash) => Denial::Another(used),
            (Some(used), Denial::Failed(_)) if used.hash() == Algorithm::Sha512Trunc256 => {
                Denial::Another(used)
            }
            _ => denial,
        };
        self.challenge(now, (door, flow), Some(denial), request)
    }
}

/// Tells the world of a ban, and plans its end.
fn announce(desk: &mut Desk, ban: Option<Ban>) {
    let Some(ban) = ban else { return };
    desk.timetable.set(ban.until, Timer::BanEnds(ban.source));
    desk.emit(Event::SourceBanned {
        source: ban.source.0,
        for_seconds: u32::try_from(ban.lasts.as_secs()).unwrap_or(u32::MAX),
        why: ban.why,
    });
}

/// The name that a request is about: who is registered, or who is called.
fn name_in(request: &Request) -> Option<String> {
    match request.method {
        Method::Register => request.headers.typed::<ToHeader>().ok()??.uri.user_text(),
        _ => request.uri.user_text(),
    }
}

/// Whether `address` is one of `owner`'s own: its user part is the device's login, or a number of the account. A number
/// that the owner gave up is still theirs in this respect until somebody else has it: a phone that was set up with it is
/// not to be locked out on the day of the change.
pub(crate) fn is_their_address(address: &NameAddr, owner: &Credential) -> bool {
    let user = address.uri.user_text().unwrap_or_default();
    let mut numbers = owner.number.iter().chain(&owner.other_numbers);
    owner.login == user || numbers.any(|number| *number == user)
}

/// Beginnings of the User-Agent of phones that give up when they meet a challenge other than MD5, instead of taking the
/// one that they know, as RFC 8760 2.4 wants it: what Debian 12 brings of baresip, sipp and sipsak.
const ONLY_MD5: [&str; 5] = [
    "baresip v0.",
    "baresip v1.",
    "baresip v2.",
    "sipp/3.6",
    "sipsak 0.",
];

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
