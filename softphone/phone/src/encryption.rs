//! Who can listen in: keys for SRTP (RFC 4568), and what is known of their way.

use sdp::{Attribute, Crypto, CryptoPair, CryptoSuite, MasterKey, SessionDescription};
use sha2::{Digest, Sha256};

/// The suites that are offered, the best first: the second one every phone with SRTP has.
const SUITES: [CryptoSuite; 2] = [CryptoSuite::AeadAes256Gcm, CryptoSuite::AesCm128HmacSha1_80];

/// Random bytes for the keys of one call, from the system's own source. Never printed, never used for two calls.
#[derive(Clone)]
pub struct KeyMaterial([u8; KeyMaterial::BYTES]);

impl KeyMaterial {
    /// How many bytes are needed: a master key with its salt for each suite (RFC 4568 section 6.2, RFC 7714 section 12).
    pub const BYTES: usize = 44 + 30;

    /// Keys of these bytes, which nobody may be able to guess.
    #[must_use]
    pub fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) fn lines(&self) -> Vec<Crypto> {
        let mut rest = &self.0[..];
        let keys = SUITES.into_iter().zip(1..).filter_map(|(suite, tag)| {
            let (bytes, left) = rest.split_at_checked(suite.master_bytes())?;
            rest = left;
            Some(Crypto::new(tag, suite, MasterKey::new(suite, bytes)?))
        });
        keys.collect()
    }
}

impl std::fmt::Debug for KeyMaterial {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("KeyMaterial(hidden)")
    }
}

/// Who can listen in to a call, as far as this phone knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// Everybody on the way: sound is not encrypted, or its keys came in messages that were not.
    #[default]
    None,
    /// Nobody between this phone and the server; how it goes on from there is not known.
    ToServer,
    /// The other phone's own keys came through the server: sound passes it unopened. (The server has carried the keys;
    /// who runs it could keep them.)
    BetweenPhones,
}

impl Encryption {
    /// In words, for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "Not encrypted",
            Self::ToServer => "Encrypted to the server",
            Self::BetweenPhones => "Encrypted between the phones",
        }
    }

    /// A short stable word for scripts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ToServer => "to-server",
            Self::BetweenPhones => "between-phones",
        }
    }

    /// What is known of a session whose keys are these, when the other side said this in it.
    pub(crate) fn of(
        keys: Option<&CryptoPair>,
        is_signalling_secure: bool,
        theirs: &SessionDescription,
    ) -> Self {
        match keys {
            Some(pair) if is_signalling_secure => {
                let mark = mark_of(&pair.theirs);
                let is_marked = |attribute: &Attribute| {
                    attribute.name == MARK && attribute.value.as_deref() == Some(mark.as_str())
                };
                let mut media = theirs.media.iter();
                if media.any(|media| media.attributes.iter().any(is_marked)) {
                    Self::BetweenPhones
                } else {
                    Self::ToServer
                }
            }
            _ => Self::None,
        }
    }
}

/// Our phones repeat a digest of each key in an attribute of their own. A server that ends SRTP itself puts its own key
/// in the place of theirs, and the digest does not fit any more; other phones write none.
const MARK: &str = "x-carillon-key";

fn mark_of(line: &Crypto) -> String {
    let digest = Sha256::digest(line.key.key_and_salt());
    format!("{} {}", line.tag, api::hex(&digest[..8]))
}

/// Adds the digests of our keys.
pub(crate) fn mark(description: &mut SessionDescription) {
    for media in &mut description.media {
        let marks = media.crypto().iter().map(mark_of).collect::<Vec<_>>();
        let marks = marks.into_iter().map(|mark| Attribute::new(MARK, mark));
        media.attributes.extend(marks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_suite_has_a_key_of_its_own_and_none_is_printed() {
        let material = KeyMaterial::new(std::array::from_fn(|index| index as u8));
        let lines = material.lines();
        assert_eq!(lines.len(), SUITES.len());
        assert_ne!(
            lines[0].key.key_and_salt()[..30],
            lines[1].key.key_and_salt()[..]
        );
        assert_eq!(format!("{material:?}"), "KeyMaterial(hidden)");
    }
}
