//! Answering digest challenges (RFC 3261 section 22, RFC 7616).

use smallvec::SmallVec;

use super::ClientCredential;
use super::random::Random;
use crate::digest;
use crate::{
    AuthenticationInfo, Authorization, Challenge, Credentials, HeaderName, Headers,
    ProxyAuthenticate, ProxyAuthorization, Request, Response, StatusCode, WwwAuthenticate,
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
    /// The last answer to this challenge and the word that its key was made with: what the server's proof is about.
    sent: Option<Box<(Credentials, String)>>,
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
                        sent: None,
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

    /// The credentials were taken, and the answer may prove that the server knows the secret too (RFC 7616 3.5).
    ///
    /// A next nonce is used only where the proof is right or there is none. A server whose proof is wrong gets no
    /// credentials any more before it asks again; the answer itself stands, for without TLS whoever can change the proof
    /// can as well leave it out.
    pub(crate) fn accepted(&mut self, response: &Response) {
        for known in &mut self.known {
            known.attempts = 0;
        }
        let Ok(Some(info)) = response.headers.typed::<AuthenticationInfo>() else {
            return;
        };
        let Some(place) = self.known.iter().position(|known| !known.is_proxy) else {
            return;
        };
        let known = &mut self.known[place];
        let Some(sent) = known.sent.take() else {
            return;
        };
        let (credentials, first_cnonce) = &*sent;
        let own = (self.credential.login.as_str(), &self.credential.secret);
        let proof = digest::verify(&info, credentials, own, first_cnonce, &response.body);
        if proof == Err(digest::Unproven::Wrong) {
            self.known.remove(place);
        } else if let Some(nonce) = info.nextnonce {
            known.challenge.nonce = nonce;
            known.challenge.stale = false;
            known.nonce_count = 0;
            known.session_cnonce = None;
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
            // Only who names a quality of protection can be answered with a proof.
            let can_be_proved = !known.is_proxy && credentials.qop.is_some();
            known.sent = can_be_proved.then(|| Box::new((credentials.clone(), cnonce.clone())));
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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::digest::{Authenticator, Ha1, Verdict};
    use crate::{Method, Secret, TypedHeader};

    /// A client that a server has let in once, and what the server then says; `secret` is the server's.
    struct Admitted {
        client: DigestClient,
        server: Authenticator,
        response: Response,
    }

    const REALM: &str = "example.com";

    fn admitted(secret: &str) -> Admitted {
        let now = Instant::now();
        let mut server = Authenticator::new(REALM, [2; 32]);
        let mut client = DigestClient::new(ClientCredential {
            login: "alice".into(),
            secret: Secret::new("secret"),
        });
        let mut request = request();
        let mut asked = Response::to(&request, StatusCode::UNAUTHORIZED);
        for challenge in server.challenges(now, false) {
            asked.headers.push_typed(&WwwAuthenticate(challenge));
        }
        assert!(client.learn(&asked));
        client.authorize(&mut request, &mut Random::new([3; 32]));
        let credentials = server.credentials(&request.headers).unwrap();
        let ha1 = Ha1::new("alice", REALM, secret);
        let info = server.information(now, &credentials, b"", &ha1, true);
        let mut response = Response::to(&request, StatusCode::OK);
        response.headers.push_typed(&info.unwrap());
        Admitted {
            client,
            server,
            response,
        }
    }

    fn request() -> Request {
        Request::new(Method::Register, "sip:example.com".parse().unwrap())
    }

    #[test]
    fn the_next_nonce_of_a_server_that_proves_itself_is_used() {
        let mut admitted = admitted("secret");
        admitted.client.accepted(&admitted.response);
        let mut again = request();
        let mut random = Random::new([4; 32]);
        admitted.client.authorize(&mut again, &mut random);
        let credentials = admitted.server.credentials(&again.headers).unwrap();
        let info: AuthenticationInfo = admitted.response.headers.required().unwrap();
        assert_eq!(Some(&credentials.nonce), info.nextnonce.as_ref());
        assert_eq!(credentials.nc, Some(1));
        let ha1 = Ha1::new("alice", REALM, "secret");
        let verdict = admitted
            .server
            .check(Instant::now(), &credentials, &again, &ha1);
        assert_eq!(verdict, Verdict::Accepted);
    }

    #[test]
    fn a_server_with_a_wrong_proof_gets_no_credentials_unasked() {
        let mut admitted = admitted("guess");
        admitted.client.accepted(&admitted.response);
        let mut again = request();
        let mut random = Random::new([4; 32]);
        admitted.client.authorize(&mut again, &mut random);
        assert!(!again.headers.has(&Authorization::NAME));
    }
}
