//! H(login:realm:password) by one algorithm.

use std::fmt;

use super::algorithm::Algorithm;
use super::hash::{self, Hex};

/// H(login:realm:password) by one algorithm (RFC 7616 3.4.2), for servers that do not keep a whole
/// [`Ha1`](super::Ha1).
///
/// It is worth as much as the password within its realm, so `Debug` hides it.
#[derive(Clone, Copy)]
pub struct LoginHash {
    algorithm: Algorithm,
    hex: Hex,
}

impl LoginHash {
    /// The hash of a login and its secret in a realm; `-sess` makes no difference here.
    pub fn new(
        algorithm: Algorithm,
        login: &str,
        realm: &str,
        secret: impl AsRef<str>,
    ) -> LoginHash {
        let parts = [
            login.as_bytes(),
            realm.as_bytes(),
            secret.as_ref().as_bytes(),
        ];
        LoginHash {
            algorithm: algorithm.hash(),
            hex: hash::hex_of(algorithm, &parts),
        }
    }

    /// A hash that was kept; `None` when it has not the length of the algorithm's.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Option<LoginHash> {
        let length = match algorithm.hash() {
            Algorithm::Md5 => 16,
            _ => 32,
        };
        (bytes.len() == length).then(|| LoginHash {
            algorithm: algorithm.hash(),
            hex: Hex::new(bytes),
        })
    }

    /// The algorithm, without `-sess`.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.hex.as_bytes()
    }
}

impl fmt::Debug for LoginHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginHash(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_hash_has_the_length_of_its_algorithm() {
        assert!(LoginHash::from_bytes(Algorithm::Md5Session, &[1; 16]).is_some());
        assert!(LoginHash::from_bytes(Algorithm::Md5, &[1; 32]).is_none());
        assert!(LoginHash::from_bytes(Algorithm::Sha512Trunc256, &[1; 32]).is_some());
        let hash = LoginHash::new(Algorithm::Sha256Session, "a", "b", "c");
        assert_eq!(hash.algorithm(), Algorithm::Sha256);
        assert_eq!(format!("{hash:?}"), "LoginHash(hidden)");
    }
}
