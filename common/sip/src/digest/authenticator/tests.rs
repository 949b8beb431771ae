//! Tests of challenges and checks.

use super::*;
use crate::digest::{Secret, respond, strongest};
use crate::wire::Method;

const REALM: &str = "example.com";

struct Peer {
    authenticator: Authenticator,
    start: Instant,
    ha1: Ha1,
}

fn peer() -> Peer {
    with_limits(NonceLimits::default())
}

fn with_limits(limits: NonceLimits) -> Peer {
    Peer {
        authenticator: Authenticator::with_limits(REALM, [7; 32], limits),
        start: Instant::now(),
        ha1: Ha1::new("alice", REALM, "secret"),
    }
}

impl Peer {
    fn challenge(&mut self, algorithm: Algorithm) -> Challenge {
        let challenges = self.authenticator.challenges(self.start, false);
        challenges
            .into_iter()
            .find(|challenge| challenge.algorithm() == Some(algorithm))
            .unwrap()
    }

    fn check_after(&mut self, seconds: u64, credentials: &Credentials) -> Verdict {
        let now = self.start + Duration::from_secs(seconds);
        self.authenticator
            .check(now, credentials, &register(), &self.ha1)
    }
}

fn register() -> Request {
    Request::new(Method::Register, "sip:example.com".parse().unwrap())
}

fn answer(challenge: &Challenge, secret: &str, nc: u32) -> Credentials {
    let secret = Secret::from(secret);
    respond(
        challenge,
        "alice",
        &secret,
        &Method::Register,
        "sip:example.com",
        nc,
        "c0ffee",
    )
}

#[test]
fn sha256_is_offered_before_md5() {
    let mut peer = peer();
    let offered = peer.authenticator.challenges(peer.start, true);
    let algorithms: Vec<_> = offered.iter().map(|one| one.algorithm().unwrap()).collect();
    assert_eq!(algorithms, [Algorithm::Sha256, Algorithm::Md5]);
    assert_eq!(strongest(&offered), offered.first());
    assert!(offered.iter().all(|one| one.stale && one.offers_auth()));
}

#[test]
fn the_right_secret_is_accepted_with_either_algorithm() {
    for algorithm in [Algorithm::Sha256, Algorithm::Md5] {
        let mut peer = peer();
        let challenge = peer.challenge(algorithm);
        assert_eq!(
            peer.check_after(1, &answer(&challenge, "secret", 1)),
            Verdict::Accepted
        );
    }
}

#[test]
fn the_wrong_secret_method_or_uri_is_refused() {
    let mut peer = peer();
    let challenge = peer.challenge(Algorithm::Sha256);
    assert_eq!(
        peer.check_after(1, &answer(&challenge, "guess", 1)),
        Verdict::WrongSecret
    );
    let right = answer(&challenge, "secret", 1);
    let mut invite = register();
    invite.method = Method::Invite;
    let verdict = peer
        .authenticator
        .check(peer.start, &right, &invite, &peer.ha1);
    assert_eq!(verdict, Verdict::WrongSecret);
    let mut moved = right.clone();
    moved.uri = "sip:elsewhere".into();
    assert_eq!(peer.check_after(1, &moved), Verdict::WrongSecret);
    // None of these counted.
    assert_eq!(peer.check_after(1, &right), Verdict::Accepted);
}

#[test]
fn counters_may_overtake_each_other_but_not_return() {
    let mut peer = peer();
    let challenge = peer.challenge(Algorithm::Md5);
    for (nc, verdict) in [
        (3, Verdict::Accepted),
        (1, Verdict::Accepted),
        (2, Verdict::Accepted),
        (2, Verdict::Replayed),
        (3, Verdict::Replayed),
        (0x0a, Verdict::Accepted),
        (100, Verdict::Accepted),
        (37, Verdict::Accepted),
        (36, Verdict::Replayed),
        (0xffff_ffff, Verdict::Accepted),
        (101, Verdict::Replayed),
    ] {
        assert_eq!(
            peer.check_after(1, &answer(&challenge, "secret", nc)),
            verdict,
            "{nc}"
        );
    }
    assert_eq!(
        peer.check_after(1, &answer(&challenge, "secret", 0)),
        Verdict::Malformed
    );
}

#[test]
fn a_nonce_grows_stale() {
    let mut peer = peer();
    let challenge = peer.challenge(Algorithm::Sha256);
    assert_eq!(
        peer.check_after(300, &answer(&challenge, "secret", 1)),
        Verdict::Accepted
    );
    assert_eq!(
        peer.check_after(301, &answer(&challenge, "secret", 2)),
        Verdict::Stale
    );
    // With the wrong secret nothing is said about the nonce.
    assert_eq!(
        peer.check_after(301, &answer(&challenge, "guess", 3)),
        Verdict::WrongSecret
    );
    assert!(peer.authenticator.windows.is_empty());
}

#[test]
fn a_nonce_that_is_not_ours_is_stale() {
    let mut peer = peer();
    let mut challenge = peer.challenge(Algorithm::Sha256);
    let stranger = Authenticator::new(REALM, [8; 32]).challenges(peer.start, false);
    assert_eq!(
        peer.check_after(0, &answer(&stranger[0], "secret", 1)),
        Verdict::Stale
    );
    for nonce in ["", "x", &"0".repeat(56), &"é".repeat(28)] {
        challenge.nonce = nonce.into();
        assert_eq!(
            peer.check_after(0, &answer(&challenge, "secret", 1)),
            Verdict::Stale
        );
    }
}

#[test]
fn a_client_that_does_not_count_uses_a_nonce_once() {
    let mut peer = peer();
    let mut challenge = peer.challenge(Algorithm::Md5);
    challenge.qop = None;
    let credentials = answer(&challenge, "secret", 1);
    assert_eq!(peer.check_after(1, &credentials), Verdict::Accepted);
    assert_eq!(peer.check_after(1, &credentials), Verdict::Stale);
}

#[test]
fn memory_is_bounded_and_what_is_forgotten_cannot_be_replayed() {
    let mut peer = with_limits(NonceLimits {
        remembered: 2,
        ..NonceLimits::default()
    });
    let challenges: Vec<_> = (0..3).map(|_| peer.challenge(Algorithm::Md5)).collect();
    for challenge in &challenges {
        assert_eq!(
            peer.check_after(1, &answer(challenge, "secret", 1)),
            Verdict::Accepted
        );
    }
    assert_eq!(peer.authenticator.windows.len(), 2);
    assert_eq!(
        peer.check_after(1, &answer(&challenges[0], "secret", 1)),
        Verdict::Stale
    );
    assert_eq!(
        peer.check_after(1, &answer(&challenges[2], "secret", 1)),
        Verdict::Replayed
    );
    assert_eq!(
        peer.check_after(1, &answer(&challenges[2], "secret", 2)),
        Verdict::Accepted
    );
}

#[test]
fn what_was_not_offered_is_told_apart() {
    let mut peer = peer();
    let challenge = peer.challenge(Algorithm::Sha256);
    let right = answer(&challenge, "secret", 1);
    let mut other = right.clone();
    other.algorithm = Some("SHA-512-256".into());
    assert_eq!(peer.check_after(1, &other), Verdict::UnknownAlgorithm);
    let mut other = right.clone();
    other.qop = Some("auth-int".into());
    assert_eq!(peer.check_after(1, &other), Verdict::Malformed);
    let mut other = right.clone();
    other.cnonce = None;
    assert_eq!(peer.check_after(1, &other), Verdict::Malformed);
    let mut other = right;
    other.realm = "other.example".into();
    assert_eq!(peer.check_after(1, &other), Verdict::Malformed);
}

#[test]
fn credentials_of_this_realm_are_found_among_others() {
    let mut peer = peer();
    let challenge = peer.challenge(Algorithm::Sha256);
    let mut foreign = answer(&challenge, "secret", 1);
    foreign.realm = "other.example".into();
    let mut headers = Headers::new();
    headers.push(Authorization::NAME, "Bearer abc");
    headers.push_typed(&Authorization(foreign));
    assert_eq!(peer.authenticator.credentials(&headers), None);
    let own = answer(&challenge, "secret", 1);
    headers.push_typed(&ProxyAuthorization(own.clone()));
    let found = peer.authenticator.credentials(&headers).unwrap();
    assert_eq!(found, own);
    assert_eq!(peer.check_after(1, &found), Verdict::Accepted);
}

/// An authenticator with one offered algorithm, its challenge, and the hash that is kept.
fn offering(algorithm: Algorithm, covers_body: bool) -> (Peer, Challenge, LoginHash) {
    let mut peer = peer();
    peer.authenticator = Authenticator::new(REALM, [7; 32]).with_offer(Offer {
        algorithms: vec![algorithm],
        covers_body,
        hides_login: false,
    });
    let challenge = peer.challenge(algorithm);
    let login = LoginHash::new(algorithm, "alice", REALM, "secret");
    (peer, challenge, login)
}

#[test]
fn every_algorithm_can_be_offered() {
    for algorithm in Algorithm::ALL {
        let (mut peer, challenge, login) = offering(algorithm, false);
        let mut check = |credentials: &Credentials| {
            peer.authenticator
                .check_with(peer.start, credentials, &register(), &[login])
        };
        assert_eq!(
            check(&answer(&challenge, "guess", 1)),
            Verdict::WrongSecret,
            "{algorithm}"
        );
        let right = answer(&challenge, "secret", 1);
        assert_eq!(check(&right), Verdict::Accepted, "{algorithm}");
        assert_eq!(check(&right), Verdict::Replayed, "{algorithm}");
    }
}

#[test]
fn what_was_not_offered_is_an_unknown_algorithm() {
    let (mut peer, challenge, _) = offering(Algorithm::Sha512Trunc256, false);
    let strong = answer(&challenge, "secret", 1);
    assert_eq!(peer.check_after(0, &strong), Verdict::Accepted);
    let mut other = challenge;
    other.algorithm = Some("SHA-256-sess".into());
    let session = answer(&other, "secret", 1);
    assert_eq!(peer.check_after(0, &session), Verdict::UnknownAlgorithm);
    // Where its hash is offered, the session variant is as good.
    let mut usual = self::peer();
    other = usual.challenge(Algorithm::Sha256);
    other.algorithm = Some("SHA-256-sess".into());
    let session = answer(&other, "secret", 1);
    assert_eq!(usual.check_after(0, &session), Verdict::Accepted);
}

#[test]
fn the_key_of_a_session_is_that_of_its_first_request() {
    let (mut peer, challenge, login) = offering(Algorithm::Sha256Session, false);
    assert_eq!(
        peer.check_after(0, &answer(&challenge, "secret", 1)),
        Verdict::Accepted
    );
    // A second request with its own cnonce, answered with the key of the first one.
    let mut second = answer(&challenge, "secret", 2);
    second.cnonce = Some("another".into());
    let response = expected(
        &second,
        Algorithm::Sha256Session,
        Covered {
            method: "REGISTER",
            body: &[],
        },
        &login,
        "c0ffee",
    );
    second.response = Text::from(response.as_str());
    assert_eq!(peer.check_after(1, &second), Verdict::Accepted);
    // The same key with a nonce that was never used with that cnonce.
    let fresh = peer.challenge(Algorithm::Sha256Session);
    let mut stolen = second;
    stolen.nonce = fresh.nonce;
    assert_eq!(peer.check_after(1, &stolen), Verdict::WrongSecret);
}

#[test]
fn a_body_that_was_changed_on_the_way_is_noticed() {
    let (mut peer, mut challenge, login) = offering(Algorithm::Sha256, true);
    assert_eq!(challenge.qop.as_deref(), Some("auth,auth-int"));
    challenge.qop = Some("auth-int".into());
    let credentials = crate::digest::answer(
        &challenge,
        &crate::digest::Claim {
            login: "alice",
            secret: &Secret::from("secret"),
            method: &Method::Invite,
            uri: "sip:bob@example.com",
            body: b"v=0\r\n",
            nc: 1,
            cnonce: "c",
        },
    );
    let now = peer.start;
    let mut check = |body: &[u8]| {
        let mut invite = Request::new(Method::Invite, "sip:bob@example.com".parse().unwrap());
        invite.body = bytes::Bytes::copy_from_slice(body);
        peer.authenticator
            .check_with(now, &credentials, &invite, &[login])
    };
    assert_eq!(check(b"v=1\r\n"), Verdict::WrongSecret);
    assert_eq!(check(b"v=0\r\n"), Verdict::Accepted);
    // Where it was not offered, a body cannot be covered.
    assert_eq!(
        self::peer().check_after(0, &credentials),
        Verdict::Malformed
    );
}

/// Everything, the strongest first.
fn strong_peer() -> Peer {
    let mut peer = peer();
    let algorithms = [Algorithm::Sha512Trunc256, Algorithm::Sha256, Algorithm::Md5];
    peer.authenticator = Authenticator::new(REALM, [7; 32]).with_offer(Offer {
        algorithms: algorithms.to_vec(),
        ..Offer::default()
    });
    peer
}

#[test]
fn a_credential_without_the_strongest_hash_is_asked_for_the_next_one() {
    let mut peer = strong_peer();
    peer.ha1.sha512_256 = None;
    let offered = peer.authenticator.challenges(peer.start, false);
    let first = strongest(&offered).unwrap();
    assert_eq!(first.algorithm(), Some(Algorithm::Sha512Trunc256));
    let refused = answer(first, "secret", 1);
    assert_eq!(peer.check_after(0, &refused), Verdict::NoHash);
    let offered = peer
        .authenticator
        .challenges_except(peer.start, true, refused.algorithm());
    let second = strongest(&offered).unwrap();
    assert_eq!(second.algorithm(), Some(Algorithm::Sha256));
    assert!(second.stale);
    let taken = answer(second, "secret", 1);
    assert_eq!(peer.check_after(0, &taken), Verdict::Accepted);
}

#[test]
fn credentials_for_another_callee_are_told_apart_after_the_secret() {
    let mut peer = peer();
    let challenge = peer.challenge(Algorithm::Sha256);
    let secret = Secret::from("secret");
    let uri = "sip:bob@example.com";
    let credentials = respond(&challenge, "alice", &secret, &Method::Invite, uri, 1, "c");
    let premium = Request::new(Method::Invite, "sip:900@example.com".parse().unwrap());
    let mut check = |credentials: &Credentials, request: &Request| {
        peer.authenticator
            .check(peer.start, credentials, request, &peer.ha1)
    };
    assert_eq!(check(&credentials, &premium), Verdict::OtherRequest);
    let mut guessed = credentials.clone();
    guessed.response = "00".into();
    assert_eq!(check(&guessed, &premium), Verdict::WrongSecret);
    // The refused one has not used the count up.
    let meant = Request::new(Method::Invite, uri.parse().unwrap());
    assert_eq!(check(&credentials, &meant), Verdict::Accepted);
}

#[test]
fn a_hidden_login_is_asked_for_and_accepted() {
    let mut peer = peer();
    peer.authenticator = Authenticator::new(REALM, [7; 32]).with_offer(Offer {
        hides_login: true,
        ..Offer::default()
    });
    let challenge = peer.challenge(Algorithm::Sha256);
    let credentials = answer(&challenge, "secret", 1);
    assert!(credentials.username != "alice" && credentials.are_of("alice"));
    assert_eq!(peer.check_after(0, &credentials), Verdict::Accepted);
}

#[test]
fn the_next_nonce_needs_no_challenge() {
    let mut peer = peer();
    let mut challenge = peer.challenge(Algorithm::Sha256);
    let first = answer(&challenge, "secret", 1);
    assert_eq!(peer.check_after(0, &first), Verdict::Accepted);
    let info = peer
        .authenticator
        .information(peer.start, &first, b"", &peer.ha1, true)
        .unwrap();
    challenge.nonce = info.nextnonce.unwrap();
    let next = answer(&challenge, "secret", 1);
    assert_eq!(peer.check_after(1, &next), Verdict::Accepted);
    let without_quality = Credentials { qop: None, ..next };
    let info = peer
        .authenticator
        .information(peer.start, &without_quality, b"", &peer.ha1, false);
    assert_eq!(info, None);
}

#[test]
fn a_nonce_tells_to_whom_it_was_sent() {
    let mut authenticator = Authenticator::new("carillon.test", [1; 32]);
    let now = Instant::now();
    let address = |text: &str| text.parse::<std::net::IpAddr>().unwrap();
    let nonces = ["192.0.2.1", "2001:db8:0:1::1"].map(|peer| {
        let challenges = authenticator.challenges_for(now, false, None, Some(address(peer)));
        challenges[0].nonce.clone()
    });
    let was_sent = |nonce: &str, peer| authenticator.was_sent_to(now, nonce, address(peer));
    assert!(was_sent(&nonces[0], "192.0.2.1"));
    assert!(was_sent(&nonces[0], "::ffff:192.0.2.1"));
    assert!(!was_sent(&nonces[0], "192.0.2.2"));
    assert!(!was_sent(&nonces[0], "2001:db8:0:1::1"));
    // One machine has a whole /64.
    assert!(was_sent(&nonces[1], "2001:db8:0:1:ffff::9"));
    assert!(!was_sent(&nonces[1], "2001:db8:0:2::1"));
    assert!(!was_sent("nonsense", "192.0.2.1"));
    let later = now + NonceLimits::default().life_time + std::time::Duration::from_secs(1);
    assert!(!authenticator.was_sent_to(later, &nonces[0], address("192.0.2.1")));
}
