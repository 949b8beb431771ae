//! The hash algorithms of digest authentication.

use std::fmt;

/// A digest algorithm, the least wanted first.
///
/// A `-sess` algorithm stands below the one that it is made of: it is no weaker, but both sides must remember more,
/// and less software has it right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Algorithm {
    /// MD5 with a key that is bound to the first request with a nonce.
    Md5Session,
    /// MD5: broken as a hash, but many desk phones know nothing else.
    Md5,
    /// SHA-256 with a key that is bound to the first request with a nonce.
    Sha256Session,
    /// SHA-256 (RFC 8760).
    Sha256,
    /// SHA-512/256 with a key that is bound to the first request with a nonce.
    Sha512Trunc256Session,
    /// SHA-512/256 (RFC 8760): SHA-512 with its own start value, cut to 256 bits (FIPS 180-4 5.3.6.2).
    Sha512Trunc256,
}

impl Algorithm {
    /// All of them, the least wanted first.
    pub const ALL: [Algorithm; 6] = [
        Algorithm::Md5Session,
        Algorithm::Md5,
        Algorithm::Sha256Session,
        Algorithm::Sha256,
        Algorithm::Sha512Trunc256Session,
        Algorithm::Sha512Trunc256,
    ];

    /// The token of the `algorithm` parameter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md5Session => "MD5-sess",
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256Session => "SHA-256-sess",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha512Trunc256Session => "SHA-512-256-sess",
            Algorithm::Sha512Trunc256 => "SHA-512-256",
        }
    }

    /// Reads the token; case does not matter.
    pub fn parse(name: &str) -> Option<Algorithm> {
        Algorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name))
    }

    /// Whether the key is bound to the first request with a nonce (`-sess`, RFC 7616 3.4.2). Whoever answers such a
    /// challenge must keep one `cnonce` for as long as the nonce.
    pub const fn is_session(self) -> bool {
        matches!(
            self,
            Algorithm::Md5Session | Algorithm::Sha256Session | Algorithm::Sha512Trunc256Session
        )
    }

    /// The same hash without `-sess`: what stored hashes are made with.
    pub const fn hash(self) -> Algorithm {
        match self {
            Algorithm::Md5Session | Algorithm::Md5 => Algorithm::Md5,
            Algorithm::Sha256Session | Algorithm::Sha256 => Algorithm::Sha256,
            Algorithm::Sha512Trunc256Session | Algorithm::Sha512Trunc256 => {
                Algorithm::Sha512Trunc256
            }
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_in_any_case() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.as_str()), Some(algorithm));
            let lower = algorithm.as_str().to_ascii_lowercase();
            assert_eq!(Algorithm::parse(&lower), Some(algorithm));
            assert!(!algorithm.hash().is_session());
        }
        assert_eq!(Algorithm::parse("SHA-512"), None);
    }
}
