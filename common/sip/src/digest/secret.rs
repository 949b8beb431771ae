//! Passwords, and what is kept in their place.

use std::fmt;

use super::algorithm::Algorithm;
use super::hash;
use super::login_hash::LoginHash;
use crate::wire::Text;

/// The text of a password. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Text);

impl Secret {
    /// A secret.
    pub fn new(secret: impl Into<Text>) -> Secret {
        Secret(secret.into())
    }

    /// The text, for a computation or for the one place that stores it. Do not log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Secret {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Secret {
        Secret::new(secret)
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Secret {
        Secret::new(secret)
    }
}

impl From<Text> for Secret {
    fn from(secret: Text) -> Secret {
        Secret(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// H(login:realm:password) for each algorithm: what a server keeps instead of a password (RFC 7616 3.4.2).
///
/// It is worth as much as the password within its realm, so `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ha1 {
    /// By MD5.
    pub md5: [u8; 16],
    /// By SHA-256.
    pub sha256: [u8; 32],
    /// By SHA-512/256; none in what was stored before it was kept, and then it cannot be made up for.
    pub sha512_256: Option<[u8; 32]>,
}

impl Ha1 {
    /// The hashes of a login and its secret in a realm.
    pub fn new(login: &str, realm: &str, secret: impl AsRef<str>) -> Ha1 {
        let parts = [
            login.as_bytes(),
            realm.as_bytes(),
            secret.as_ref().as_bytes(),
        ];
        Ha1 {
            md5: hash::md5(&parts),
            sha256: hash::sha256(&parts),
            sha512_256: Some(hash::sha512_256(&parts)),
        }
    }

    /// The hash for one algorithm, with or without `-sess`; `None` for one that is not kept.
    pub fn of(&self, algorithm: Algorithm) -> Option<LoginHash> {
        match algorithm.hash() {
            Algorithm::Md5 => LoginHash::from_bytes(Algorithm::Md5, &self.md5),
            Algorithm::Sha256 => LoginHash::from_bytes(Algorithm::Sha256, &self.sha256),
            algorithm => LoginHash::from_bytes(algorithm, &self.sha512_256?),
        }
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let secret = Secret::from("Circle of Life");
        assert!(!format!("{secret:?}").contains("Life"));
        let ha1 = Ha1::new("Mufasa", "http-auth@example.org", &secret);
        assert_eq!(format!("{ha1:?}"), "Ha1(hidden)");
    }

    #[test]
    fn the_hash_covers_login_realm_and_password() {
        // The example of RFC 2617 3.5: MD5 of "Mufasa:testrealm@host.com:Circle Of Life".
        let ha1 = Ha1::new("Mufasa", "testrealm@host.com", "Circle Of Life");
        assert_eq!(
            ha1.of(Algorithm::Md5).unwrap().as_bytes(),
            b"939e7578ed9e3c518a452acee763bce9"
        );
        assert!(ha1.of(Algorithm::Sha512Trunc256Session).is_some());
        let old = Ha1 {
            sha512_256: None,
            ..ha1
        };
        assert!(old.of(Algorithm::Sha512Trunc256).is_none());
        assert_ne!(
            ha1,
            Ha1::new("Mufasa", "testrealm@host.com", "Circle of Life")
        );
    }
}
