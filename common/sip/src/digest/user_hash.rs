//! A hash in place of the login, so that who listens does not learn who it is (RFC 7616 3.4.4).

use super::algorithm::Algorithm;
use super::hash;
use crate::wire::Text;
use crate::wire::headers::Credentials;

/// H(login:realm) in lower-case hexadecimal: what stands as `username` where `userhash` is true.
pub fn user_hash(algorithm: Algorithm, login: &str, realm: &str) -> Text {
    let parts = [login.as_bytes(), realm.as_bytes()];
    Text::from(hash::hex_of(algorithm, &parts).as_str())
}

impl Credentials {
    /// Whether these are the credentials of `login`, whether it stands there or is hashed.
    pub fn are_of(&self, login: &str) -> bool {
        if !self.is_login_hashed {
            return self.username == login;
        }
        self.algorithm().is_some_and(|algorithm| {
            user_hash(algorithm, login, &self.realm).eq_ignore_ascii_case(&self.username)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Claim, Secret, answer};
    use crate::wire::Method;
    use crate::wire::headers::Challenge;

    /// The login of RFC 7616 3.9.2.
    const LOGIN: &str = "J\u{e4}s\u{f8}n Doe";

    #[test]
    fn the_example_of_rfc_7616_is_answered_as_its_erratum_says() {
        // The RFC has hashes of SHA-512 cut short; erratum 4897 corrects them.
        let challenge = Challenge {
            realm: "api@example.org".into(),
            nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK".into(),
            opaque: Some("HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS".into()),
            algorithm: Some("SHA-512-256".into()),
            qop: Some("auth".into()),
            wants_hashed_login: true,
            ..Challenge::default()
        };
        let credentials = answer(
            &challenge,
            &Claim {
                login: LOGIN,
                secret: &Secret::from("Secret, or not?"),
                method: &Method::from("GET"),
                uri: "/doe.json",
                body: b"",
                nc: 1,
                cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
            },
        );
        assert_eq!(
            credentials.username,
            "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
        );
        assert_eq!(
            credentials.response,
            "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
        );
        assert!(credentials.is_login_hashed);
        assert!(credentials.are_of(LOGIN) && !credentials.are_of("Doe"));
    }

    #[test]
    fn a_plain_login_is_compared_as_it_stands() {
        let mut credentials = Credentials {
            username: "alice".into(),
            realm: "example.com".into(),
            ..Credentials::default()
        };
        assert!(credentials.are_of("alice") && !credentials.are_of("Alice"));
        credentials.is_login_hashed = true;
        assert!(!credentials.are_of("alice"));
    }
}
