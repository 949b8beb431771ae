//! The client's side: an answer to a challenge (RFC 7616 3.4).

use super::algorithm::Algorithm;
use super::hash::{self, Hex};
use super::login_hash::LoginHash;
use super::secret::Secret;
use super::user_hash::user_hash;
use crate::wire::headers::{Challenge, Credentials};
use crate::wire::{Method, Text};

/// The strongest challenge that this crate can answer: SHA-512-256 before SHA-256 before MD5, and the first among
/// equals (RFC 8760 2.3). `None` when there is none.
pub fn strongest(challenges: &[Challenge]) -> Option<&Challenge> {
    challenges
        .iter()
        .filter(|challenge| {
            challenge.qop.is_none() || challenge.offers_auth() || challenge.offers_auth_int()
        })
        .filter_map(|challenge| Some((challenge.algorithm()?, challenge)))
        // The last of equal maxima wins in `max_by_key`, hence the reversal.
        .rev()
        .max_by_key(|(algorithm, _)| *algorithm)
        .map(|(_, challenge)| challenge)
}

/// Who asks for what, in the answer to a challenge.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The login.
    pub login: &'a str,
    /// Its secret.
    pub secret: &'a Secret,
    /// The method of the request.
    pub method: &'a Method,
    /// The Request-URI as it is printed.
    pub uri: &'a str,
    /// The body of the request; it counts only when the server insists on `auth-int`.
    pub body: &'a [u8],
    /// The number of this request with this nonce, from 1.
    pub nc: u32,
    /// A word that nobody can guess; the same for all requests with a nonce if [`Algorithm::is_session`].
    pub cnonce: &'a str,
}

/// Answers a challenge that [`strongest`] has chosen.
///
/// `auth` is preferred to `auth-int`, for bodies are rewritten on many ways. Without an offered `qop` the answer is
/// that of RFC 2069, in which `nc` and `cnonce` have no part.
pub fn answer(challenge: &Challenge, claim: &Claim<'_>) -> Credentials {
    let algorithm = challenge.algorithm().unwrap_or(Algorithm::Md5);
    let qop = challenge.qop.is_some().then(|| {
        let is_body_covered = challenge.offers_auth_int() && !challenge.offers_auth();
        Text::from_static(if is_body_covered { AUTH_INT } else { AUTH })
    });
    // RFC 7616 3.4: a cnonce only with a qop. RFC 2617 3.2.2.2 needs one for `-sess` all the same.
    let has_cnonce = qop.is_some() || algorithm.is_session();
    let username = if challenge.wants_hashed_login {
        user_hash(algorithm, claim.login, &challenge.realm)
    } else {
        Text::from(claim.login)
    };
    let mut credentials = Credentials {
        username,
        is_login_hashed: challenge.wants_hashed_login,
        realm: challenge.realm.clone(),
        nonce: challenge.nonce.clone(),
        uri: Text::from(claim.uri),
        response: Text::EMPTY,
        algorithm: challenge.algorithm.clone(),
        cnonce: has_cnonce.then(|| Text::from(claim.cnonce)),
        nc: qop.is_some().then_some(claim.nc),
        qop,
        opaque: challenge.opaque.clone(),
    };
    let hash = LoginHash::new(algorithm, claim.login, &challenge.realm, claim.secret);
    let covered = Covered {
        method: claim.method.as_str(),
        body: claim.body,
    };
    let response = expected(&credentials, algorithm, covered, &hash, claim.cnonce);
    credentials.response = Text::from(response.as_str());
    credentials
}

/// [`answer`] for a request without body.
pub fn respond(
    challenge: &Challenge,
    login: &str,
    secret: &Secret,
    method: &Method,
    uri: &str,
    nc: u32,
    cnonce: &str,
) -> Credentials {
    let claim = Claim {
        login,
        secret,
        method,
        uri,
        body: &[],
        nc,
        cnonce,
    };
    answer(challenge, &claim)
}

pub(super) const AUTH: &str = "auth";
pub(super) const AUTH_INT: &str = "auth-int";

/// What a digest covers besides the credentials.
#[derive(Clone, Copy)]
pub(super) struct Covered<'a> {
    /// The method of a request; nothing for the proof of a server (RFC 7616 3.5).
    pub(super) method: &'a str,
    pub(super) body: &'a [u8],
}

/// What the `response` of these credentials must be, or the `rspauth` of the answer to them.
///
/// `session_cnonce` is the `cnonce` of the first request with the nonce; only `-sess` algorithms look at it.
pub(super) fn expected(
    credentials: &Credentials,
    algorithm: Algorithm,
    covered: Covered<'_>,
    login: &LoginHash,
    session_cnonce: &str,
) -> Hex {
    let hash = |parts: &[&[u8]]| hash::hex_of(algorithm, parts);
    let nonce = credentials.nonce.as_bytes();
    let session_key;
    let ha1 = if algorithm.is_session() {
        session_key = hash(&[login.as_bytes(), nonce, session_cnonce.as_bytes()]);
        session_key.as_bytes()
    } else {
        login.as_bytes()
    };
    let (method, uri) = (covered.method.as_bytes(), credentials.uri.as_bytes());
    let ha2 = match &credentials.qop {
        Some(qop) if qop.eq_ignore_ascii_case(AUTH_INT) => {
            hash(&[method, uri, hash(&[covered.body]).as_bytes()])
        }
        _ => hash(&[method, uri]),
    };
    match &credentials.qop {
        None => hash(&[ha1, nonce, ha2.as_bytes()]),
        Some(qop) => {
            let nc = Hex::new(&credentials.nc.unwrap_or(0).to_be_bytes());
            let cnonce = credentials.cnonce.as_deref().unwrap_or("");
            hash(&[
                ha1,
                nonce,
                nc.as_bytes(),
                cnonce.as_bytes(),
                qop.as_bytes(),
                ha2.as_bytes(),
            ])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(realm: &str, nonce: &str, algorithm: Option<&str>) -> Challenge {
        Challenge {
            realm: realm.into(),
            nonce: nonce.into(),
            algorithm: algorithm.map(Text::from),
            qop: Some("auth, auth-int".into()),
            ..Challenge::default()
        }
    }

    #[test]
    fn the_example_of_rfc_2617_is_answered_right() {
        let challenge = challenge(
            "testrealm@host.com",
            "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            None,
        );
        let credentials = respond(
            &challenge,
            "Mufasa",
            &Secret::from("Circle Of Life"),
            &Method::from("GET"),
            "/dir/index.html",
            1,
            "0a4f113b",
        );
        assert_eq!(credentials.response, "6629fae49393a05397450978507c4ef1");
    }

    /// The request of RFC 7616 3.9.1, with each algorithm.
    fn mufasa(algorithm: &str, qop: &str, nc: u32, cnonce: &str) -> Credentials {
        let mut challenge = challenge(
            "http-auth@example.org",
            "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            Some(algorithm),
        );
        challenge.qop = Some(qop.into());
        answer(
            &challenge,
            &Claim {
                login: "Mufasa",
                secret: &Secret::from("Circle of Life"),
                method: &Method::from("GET"),
                uri: "/dir/index.html",
                body: b"v=0\r\n",
                nc,
                cnonce,
            },
        )
    }

    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    #[test]
    fn the_examples_of_rfc_7616_are_answered_right() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let credentials = mufasa(algorithm, "auth, auth-int", 1, CNONCE);
            assert_eq!(credentials.response, response, "{algorithm}");
            assert_eq!(credentials.algorithm.as_deref(), Some(algorithm));
        }
    }

    #[test]
    fn other_algorithms_and_qualities_agree_with_another_implementation() {
        // Computed with the hashlib of Python; the example of SHA-512-256 in the RFC is of SHA-512 cut short.
        for (algorithm, qop, response) in [
            (
                "SHA-512-256",
                "auth",
                "430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0",
            ),
            ("MD5-sess", "auth", "e783283f46242139c486a698fec7211d"),
            (
                "SHA-256-sess",
                "auth",
                "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7",
            ),
            (
                "SHA-512-256-sess",
                "auth",
                "3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e",
            ),
            ("MD5", "auth-int", "d1b8e2ac3f6782372de4bf3d8735b406"),
            (
                "SHA-256",
                "auth-int",
                "385d2de062660ced11876f42d9497c69cacf5caaf3d951dd424aee9f7157d563",
            ),
            (
                "SHA-512-256",
                "auth-int",
                "5e69357dfa951887c95e88aae45b1f7f834aeba94f85648b86d532e82afdb589",
            ),
            (
                "SHA-512-256-sess",
                "auth-int",
                "1ba4333021256e8b4eebe5c8d20ba53b167f1dac1f6d8c916a08c17ef99eae9a",
            ),
        ] {
            let credentials = mufasa(algorithm, qop, 1, CNONCE);
            assert_eq!(credentials.response, response, "{algorithm} {qop}");
            assert_eq!(credentials.qop.as_deref(), Some(qop));
        }
    }

    #[test]
    fn without_qop_the_answer_is_that_of_rfc_2069() {
        let mut challenge = challenge("r", "n", None);
        challenge.qop = None;
        let credentials = respond(
            &challenge,
            "u",
            &Secret::from("p"),
            &Method::Register,
            "sip:r",
            7,
            "c",
        );
        assert!(credentials.nc.is_none() && credentials.cnonce.is_none());
        // MD5 of "MD5(u:r:p):n:MD5(REGISTER:sip:r)".
        assert_eq!(credentials.response, "5790559ba44538767b07fb5adb649909");
    }

    #[test]
    fn the_strongest_known_algorithm_is_chosen() {
        let offered = [
            challenge("a", "1", Some("MD5")),
            challenge("b", "2", Some("SHA-3-256")),
            challenge("c", "3", Some("SHA-256")),
            challenge("d", "4", Some("sha-256")),
        ];
        assert_eq!(strongest(&offered).unwrap().realm, "c");
        assert_eq!(strongest(&offered[..2]).unwrap().realm, "a");
        assert_eq!(strongest(&offered[1..2]), None);
        let mut others = offered.to_vec();
        others.push(challenge("e", "5", Some("SHA-512-256-sess")));
        assert_eq!(strongest(&others).unwrap().realm, "e");
        others.push(challenge("f", "6", Some("SHA-512-256")));
        assert_eq!(strongest(&others).unwrap().realm, "f");
        others[5].qop = Some("auth-conf".into());
        assert_eq!(strongest(&others).unwrap().realm, "e");
    }
}
