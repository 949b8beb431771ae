//! Answering digest challenges (RFC 3261 section 22, RFC 7616).

use smallvec::SmallVec;

use super::ClientCredential;
use super::random::Random;
use crate::digest;
use crate::{
    Authorization, Challenge, HeaderName, Headers, ProxyAuthenticate, ProxyAuthorization, Request,
    Response, StatusCode, WwwAuthenticate,
};

/// A server that calls each nonce stale as soon as it is used would be asked for ever.
const MOST_ATTEMPTS: u32 = 3;

/// A credential and what servers have asked it for.
#[derive(Clone, Debug)]
pub(crate) struct DigestClient {
    credential: ClientCredential,
    /// A request may pass a proxy that asks before the server asks, so there may be several.
    known: SmallVec<[Known; 1]>,
}

#[derive(Clone, Debug)]
struct Known {
    is_proxy: bool,
    challenge: Challenge,
    nonce_count: u32,
    /// Kept while the nonce is where the key depends on it (`-sess`).
    session_cnonce: Option<String>,
    /// Answers to this realm that were refused since the last one that was taken.
    attempts: u32,
}

impl DigestClient {
    pub(crate) fn new(credential: ClientCredential) -> Self {
        Self {
            credential,
            known: SmallVec::new(),
        }
    }

    /// Whether this answer asks who we are.
    pub(crate) fn is_challenge(status: StatusCode) -> bool {
        matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED
        )
    }

    /// Learns the challenges of a 401 or 407. False when sending the request again is of no use,
    /// because login or secret are wrong, or nothing is asked that we could answer.
    pub(crate) fn learn(&mut self, response: &Response) -> bool {
        let is_proxy = response.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED;
        let offered = challenges(&response.headers, is_proxy);
        let mut realms: SmallVec<[&Challenge; 2]> = SmallVec::new();
        for challenge in &offered {
            if realms.iter().all(|other| other.realm != challenge.realm) {
                realms.push(challenge);
            }
        }
        let mut is_useful = false;
        for realm in realms.iter().map(|challenge| &challenge.realm) {
            let of_realm: Vec<Challenge> = offered
                .iter()
                .filter(|one| one.realm == *realm)
                .cloned()
                .collect();
            let Some(challenge) = digest::strongest(&of_realm).cloned() else {
                continue;
            };
            let place = self
                .known
                .iter()
                .position(|known| known.is_proxy == is_proxy && known.challenge.realm == *realm);
            match place {
                None => {
                    self.known.push(Known {
                        is_proxy,
                        challenge,
                        nonce_count: 0,
                        session_cnonce: None,
                        attempts: 1,
                    });
                }
                Some(place) => {
                    let known = &mut self.known[place];
                    // An old nonce is no wrong secret. A server that has lost its nonces may forget
                    // to call them stale, so one failure behind a success is no wrong secret either.
                    let is_hopeless = known.attempts > 0 && !challenge.stale;
                    if is_hopeless || known.attempts >= MOST_ATTEMPTS {
                        return false;
                    }
                    known.attempts += 1;
                    known.nonce_count = 0;
                    known.session_cnonce = None;
                    known.challenge = challenge;
                }
            }
            is_useful = true;
        }
        is_useful
    }

    /// The credentials were taken.
    pub(crate) fn accepted(&mut self) {
        for known in &mut self.known {
            known.attempts = 0;
        }
    }

    /// Answers all that is known to be asked, in place of older answers.
    pub(crate) fn authorize(&mut self, request: &mut Request, random: &mut Random) {
        if self.known.is_empty() {
            return;
        }
        request.headers.remove(&HeaderName::Authorization);
        request.headers.remove(&HeaderName::ProxyAuthorization);
        let uri = request.uri.to_string();
        for known in &mut self.known {
            known.nonce_count += 1;
            let algorithm = known.challenge.algorithm();
            let cnonce = match known.session_cnonce.take() {
                Some(cnonce) => cnonce,
                None => random.cnonce().to_string(),
            };
            let claim = digest::Claim {
                login: &self.credential.login,
                secret: &self.credential.secret,
                method: &request.method,
                uri: &uri,
                body: &request.body,
                nc: known.nonce_count,
                cnonce: &cnonce,
            };
            let credentials = digest::answer(&known.challenge, &claim);
            known.session_cnonce = algorithm
                .is_some_and(|algorithm| algorithm.is_session())
                .then_some(cnonce);
            if known.is_proxy {
                request.headers.push_typed(&ProxyAuthorization(credentials));
            } else {
                request.headers.push_typed(&Authorization(credentials));
            }
        }
    }
}

/// The credentials of a request, for the ACK, which must carry the same (section 22.1).
pub(crate) fn credentials_of(headers: &Headers) -> Option<Headers> {
    let mut found = Headers::new();
    for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
        for value in headers.all(&name) {
            found.push(name.clone(), value);
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Unreadable challenges, and those of other schemes, are passed over: another one may be readable.
fn challenges(headers: &Headers, is_proxy: bool) -> Vec<Challenge> {
    use crate::TypedHeader;

    let name = if is_proxy {
        HeaderName::ProxyAuthenticate
    } else {
        HeaderName::WwwAuthenticate
    };
    let read = |value| {
        if is_proxy {
            ProxyAuthenticate::parse(value).map(|ProxyAuthenticate(challenge)| challenge)
        } else {
            WwwAuthenticate::parse(value).map(|WwwAuthenticate(challenge)| challenge)
        }
    };
    headers
        .all(&name)
        .filter_map(|value| read(value).ok())
        .collect()
}
