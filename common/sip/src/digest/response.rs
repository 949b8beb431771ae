//! The client's side: an answer to a challenge (RFC 7616 3.4).

use super::algorithm::Algorithm;
use super::hash::{self, Hex};
use super::secret::{Ha1, Secret};
use crate::wire::headers::{Challenge, Credentials};
use crate::wire::{Method, Text};

/// The strongest challenge that this crate can answer: SHA-256 before MD5, and the first among equals
/// (RFC 8760 2.3). `None` when there is none.
pub fn strongest(challenges: &[Challenge]) -> Option<&Challenge> {
    challenges
        .iter()
        .filter(|challenge| challenge.qop.is_none() || challenge.offers_auth())
        .filter_map(|challenge| Some((challenge.algorithm()?, challenge)))
        // The last of equal maxima wins in `max_by_key`, hence the reversal.
        .rev()
        .max_by_key(|(algorithm, _)| *algorithm)
        .map(|(_, challenge)| challenge)
}

/// Answers a challenge that [`strongest`] has chosen.
///
/// `uri` is the Request-URI as it is printed, `nc` counts the requests with this nonce from 1, and `cnonce` is a word
/// that nobody can guess. Without an offered `qop` the answer is that of RFC 2069, in which `nc` and `cnonce` have
/// no part.
pub fn respond(
    challenge: &Challenge,
    login: &str,
    secret: &Secret,
    method: &Method,
    uri: &str,
    nc: u32,
    cnonce: &str,
) -> Credentials {
    let has_qop = challenge.qop.is_some();
    let mut credentials = Credentials {
        username: Text::from(login),
        realm: challenge.realm.clone(),
        nonce: challenge.nonce.clone(),
        uri: Text::from(uri),
        response: Text::EMPTY,
        algorithm: challenge.algorithm.clone(),
        cnonce: has_qop.then(|| Text::from(cnonce)),
        qop: has_qop.then_some(Text::from_static("auth")),
        nc: has_qop.then_some(nc),
        opaque: challenge.opaque.clone(),
    };
    let algorithm = challenge.algorithm().unwrap_or(Algorithm::Md5);
    let ha1 = Ha1::new(login, &challenge.realm, secret);
    let response = expected(&credentials, algorithm, method, &ha1);
    credentials.response = Text::from(response.as_str());
    credentials
}

/// What the `response` of these credentials must be.
pub(super) fn expected(
    credentials: &Credentials,
    algorithm: Algorithm,
    method: &Method,
    ha1: &Ha1,
) -> Hex {
    let ha1 = ha1.hex(algorithm);
    let ha2 = hash::hex_of(
        algorithm,
        &[method.as_str().as_bytes(), credentials.uri.as_bytes()],
    );
    let nonce = credentials.nonce.as_bytes();
    match &credentials.qop {
        None => hash::hex_of(algorithm, &[ha1.as_bytes(), nonce, ha2.as_bytes()]),
        Some(qop) => {
            let nc = Hex::new(&credentials.nc.unwrap_or(0).to_be_bytes());
            let cnonce = credentials.cnonce.as_deref().unwrap_or("");
            hash::hex_of(
                algorithm,
                &[
                    ha1.as_bytes(),
                    nonce,
                    nc.as_bytes(),
                    cnonce.as_bytes(),
                    qop.as_bytes(),
                    ha2.as_bytes(),
                ],
            )
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

    #[test]
    fn the_examples_of_rfc_7616_are_answered_right() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let challenge = challenge(
                "http-auth@example.org",
                "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                Some(algorithm),
            );
            let credentials = respond(
                &challenge,
                "Mufasa",
                &Secret::from("Circle of Life"),
                &Method::from("GET"),
                "/dir/index.html",
                1,
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            );
            assert_eq!(credentials.response, response, "{algorithm}");
            assert_eq!(credentials.algorithm.as_deref(), Some(algorithm));
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
        let ha1 = Ha1::new("u", "r", "p");
        let expected = expected(&credentials, Algorithm::Md5, &Method::Register, &ha1);
        assert_eq!(credentials.response, expected.as_str());
    }

    #[test]
    fn the_strongest_known_algorithm_is_chosen() {
        let offered = [
            challenge("a", "1", Some("MD5")),
            challenge("b", "2", Some("SHA-512-256")),
            challenge("c", "3", Some("SHA-256")),
            challenge("d", "4", Some("sha-256")),
        ];
        assert_eq!(strongest(&offered).unwrap().realm, "c");
        assert_eq!(strongest(&offered[..2]).unwrap().realm, "a");
        assert_eq!(strongest(&offered[1..2]), None);
        let mut with_body = challenge("e", "5", Some("MD5"));
        with_body.qop = Some("auth-int".into());
        assert_eq!(strongest(&[with_body]), None);
    }
}
