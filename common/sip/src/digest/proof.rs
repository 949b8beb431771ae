//! The client's side of a server's proof that it knows the secret as well (RFC 7616 3.5).

use thiserror::Error;

use super::algorithm::Algorithm;
use super::hash;
use super::login_hash::LoginHash;
use super::response::{Covered, expected};
use super::secret::Secret;
use crate::wire::headers::{AuthenticationInfo, Credentials};

/// Why a server has not proved that it knows the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unproven {
    /// There is no `rspauth`: most servers send none.
    #[error("the server has sent no proof that it knows the secret")]
    Missing,
    /// The proof is wrong, or belongs to another request.
    #[error(
        "the proof of the server is wrong: it does not know the secret, or the answer was changed"
    )]
    Wrong,
}

/// Checks the proof in the answer to `sent`, the credentials of the request.
///
/// `first_cnonce` is the `cnonce` of the first request with that nonce; it matters for `-sess` algorithms. `body` is that
/// of the answer; it matters for `auth-int`.
///
/// # Errors
/// [`Unproven`]: what then stands in the answer may be from anybody. `nextnonce` must not be used.
pub fn verify(
    info: &AuthenticationInfo,
    sent: &Credentials,
    (login, secret): (&str, &Secret),
    first_cnonce: &str,
    body: &[u8],
) -> Result<(), Unproven> {
    let proof = info.rspauth.as_deref().ok_or(Unproven::Missing)?;
    let algorithm = sent.algorithm().unwrap_or(Algorithm::Md5);
    let hash = LoginHash::new(algorithm, login, &sent.realm, secret);
    // RFC 7616 3.5: what the server repeats must be what the client has sent.
    let is_repeated = info.nc.is_none_or(|nc| Some(nc) == sent.nc)
        && info
            .cnonce
            .as_ref()
            .is_none_or(|cnonce| Some(cnonce) == sent.cnonce.as_ref());
    let covered = Covered { method: "", body };
    // The server may have chosen another quality than the client.
    let mut covering = sent.clone();
    if info.qop.is_some() {
        covering.qop.clone_from(&info.qop);
    }
    let expected = expected(&covering, algorithm, covered, &hash, first_cnonce);
    let proof = proof.to_ascii_lowercase();
    if is_repeated && hash::same(expected.as_bytes(), proof.as_bytes()) {
        Ok(())
    } else {
        Err(Unproven::Wrong)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::digest::{Authenticator, Claim, Ha1, Offer, answer};
    use crate::wire::{Method, TypedHeader};

    const REALM: &str = "example.com";

    /// A server's answer to a client, both with their secret.
    fn exchange(
        algorithm: Algorithm,
        qop: &'static str,
        server_secret: &str,
    ) -> (Credentials, AuthenticationInfo) {
        let now = Instant::now();
        let mut server = Authenticator::new(REALM, [1; 32]).with_offer(Offer {
            algorithms: vec![algorithm],
            covers_body: true,
            hides_login: false,
        });
        let mut challenge = server.challenges(now, false).remove(0);
        challenge.qop = Some(qop.into());
        let sent = answer(
            &challenge,
            &Claim {
                login: "alice",
                secret: &Secret::from("secret"),
                method: &Method::Register,
                uri: "sip:example.com",
                body: b"",
                nc: 1,
                cnonce: "c0ffee",
            },
        );
        let ha1 = Ha1::new("alice", REALM, server_secret);
        let info = server.information(now, &sent, b"body", &ha1, true).unwrap();
        // Over the wire and back.
        (sent, AuthenticationInfo::parse(&info.to_text()).unwrap())
    }

    fn check(sent: &Credentials, info: &AuthenticationInfo, body: &[u8]) -> Result<(), Unproven> {
        let secret = Secret::from("secret");
        verify(info, sent, ("alice", &secret), "c0ffee", body)
    }

    #[test]
    fn a_server_that_knows_the_secret_proves_it_with_every_algorithm() {
        for algorithm in Algorithm::ALL {
            let (sent, info) = exchange(algorithm, "auth", "secret");
            assert_eq!(check(&sent, &info, b"other"), Ok(()), "{algorithm}");
            assert!(info.nextnonce.is_some());
            let (sent, info) = exchange(algorithm, "auth", "guess");
            assert_eq!(check(&sent, &info, b"body"), Err(Unproven::Wrong));
        }
    }

    #[test]
    fn an_answer_that_was_changed_proves_nothing() {
        let (sent, info) = exchange(Algorithm::Sha256, "auth-int", "secret");
        assert_eq!(check(&sent, &info, b"body"), Ok(()));
        assert_eq!(check(&sent, &info, b"changed"), Err(Unproven::Wrong));
        let replayed = AuthenticationInfo {
            nc: Some(2),
            ..info.clone()
        };
        assert_eq!(check(&sent, &replayed, b"body"), Err(Unproven::Wrong));
        let silent = AuthenticationInfo {
            rspauth: None,
            ..info
        };
        assert_eq!(check(&sent, &silent, b"body"), Err(Unproven::Missing));
    }

    #[test]
    fn the_proof_for_the_request_of_rfc_7616_agrees_with_another_implementation() {
        let sent = Credentials {
            username: "Mufasa".into(),
            realm: "http-auth@example.org".into(),
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".into(),
            uri: "/dir/index.html".into(),
            algorithm: Some("SHA-256".into()),
            cnonce: Some("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ".into()),
            qop: Some("auth".into()),
            nc: Some(1),
            ..Credentials::default()
        };
        // Computed with the hashlib of Python; the RFC shows no proof.
        let info = AuthenticationInfo {
            rspauth: Some(
                "86d3b25618d41854ca5039a5d7e53ff6355d5134a9b1fb088a78ac3c462195a0".into(),
            ),
            ..AuthenticationInfo::default()
        };
        let secret = Secret::from("Circle of Life");
        assert_eq!(verify(&info, &sent, ("Mufasa", &secret), "", b""), Ok(()));
    }
}
