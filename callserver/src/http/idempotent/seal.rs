//! Kept answers may hold secrets that the database otherwise has only hashes of. They are sealed with the client's key,
//! of which it has only a hash too.

use rand::RngExt;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

/// Seals and opens what belongs to one key of one scope.
pub(super) struct Seal(Option<LessSafeKey>);

impl Seal {
    pub(super) fn new(scope: &str, key: &str) -> Self {
        let mut hash = Sha256::new();
        // Another word in front than the hash that is kept, so that the one does not tell the other.
        hash.update(b"carillon kept answer\0");
        hash.update(scope.as_bytes());
        hash.update(b"\0");
        hash.update(key.as_bytes());
        // The length is right, so there is always one.
        Self(
            UnboundKey::new(&AES_256_GCM, &hash.finalize())
                .ok()
                .map(LessSafeKey::new),
        )
    }

    /// A random nonce, then the sealed answer.
    pub(super) fn close(&self, answer: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = rand::rng().random();
        let mut sealed = answer.to_vec();
        let done = self.0.as_ref().map(|key| {
            key.seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::empty(),
                &mut sealed,
            )
        });
        match done {
            Some(Ok(())) => [&nonce[..], &sealed].concat(),
            // Rather nothing than something open; it is told as "not kept any more".
            _ => Vec::new(),
        }
    }

    /// The answer, if it was sealed with this key.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut answer = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self
            .0
            .as_ref()?
            .open_in_place(nonce, Aad::empty(), &mut answer);
        let length = opened.ok()?.len();
        answer.truncate(length);
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_that_closed_an_answer_opens_it() {
        let seal = Seal::new("account:1", "a-key-of-16-char");
        let sealed = seal.close(b"{\"secret\":\"s3cret\"}");
        assert!(!sealed.windows(6).any(|part| part == b"s3cret"));
        assert_eq!(seal.open(&sealed).unwrap(), b"{\"secret\":\"s3cret\"}");
        assert_eq!(
            Seal::new("account:2", "a-key-of-16-char").open(&sealed),
            None
        );
        assert_eq!(
            Seal::new("account:1", "a-key-of-16-chaR").open(&sealed),
            None
        );
        assert_eq!(seal.open(&sealed[..5]), None);
        assert_ne!(seal.close(b"x"), seal.close(b"x"));
        assert_eq!(seal.open(&seal.close(b"")).unwrap(), b"");
    }
}
