//! What a server asks of its clients.

use super::algorithm::Algorithm;

/// Algorithms and qualities of protection that an [`Authenticator`](super::Authenticator) offers and accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// One challenge for each, in this order: the most wanted first (RFC 8760 2.4).
    pub algorithms: Vec<Algorithm>,
    /// Whether `auth-int` is offered beside `auth`: the digest then covers the body. Not the default, for much that
    /// stands between two ends rewrites session descriptions.
    pub covers_body: bool,
    /// Whether clients that can are asked to send a hash in place of their login (`userhash`, RFC 7616 3.4.4). Whoever
    /// looks the login up must then be able to find it by [`user_hash`](super::user_hash). Not the default, for From
    /// and Contact name the user as well.
    pub hides_login: bool,
}

impl Default for Offer {
    /// SHA-256, then MD5, without bodies: what every [`Ha1`](super::Ha1) holds, those of old credentials too.
    fn default() -> Offer {
        Offer {
            algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
            covers_body: false,
            hides_login: false,
        }
    }
}

impl Offer {
    /// Whether credentials of this algorithm are looked at: also of one that is the session variant of an offered one.
    pub(super) fn accepts(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm) || self.algorithms.contains(&algorithm.hash())
    }

    /// The `qop` of the challenges.
    pub(super) const fn qop(&self) -> &'static str {
        if self.covers_body {
            "auth,auth-int"
        } else {
            "auth"
        }
    }
}
