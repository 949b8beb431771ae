//! Everything random in an endpoint, from one seed.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use crate::{BRANCH_COOKIE, Text};

/// The source of tags, branches and Call-IDs. They must not be guessable: who knows them can end
/// other people's calls (RFC 3261 section 19.3).
pub(crate) struct Random(ChaCha12Rng);

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    pub(crate) fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        seed
    }

    /// 64 random bits.
    pub(crate) fn tag(&mut self) -> Text {
        Text::from(self.word(13))
    }

    /// 64 random bits behind the magic cookie.
    pub(crate) fn branch(&mut self) -> String {
        let mut branch = String::with_capacity(20);
        branch.push_str(BRANCH_COOKIE);
        self.push_word(&mut branch, 13);
        branch
    }

    /// 128 random bits.
    pub(crate) fn call_id(&mut self) -> Text {
        Text::from(self.word(26))
    }

    /// 64 random bits: the client's own word of a digest.
    pub(crate) fn cnonce(&mut self) -> String {
        self.word(13)
    }

    /// A number from 0 up to, but not including, `limit`.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        // The high half of a product: even enough for pauses, and no division.
        ((u64::from(self.0.next_u32()) * u64::from(limit)) >> 32) as u32
    }

    /// A duration between half of `most` and `most`.
    pub(crate) fn half_to(&mut self, most: Duration) -> Duration {
        most / 2 + (most / 2).mul_f64(f64::from(self.below(1 << 16)) / f64::from(1 << 16))
    }

    fn word(&mut self, length: usize) -> String {
        let mut word = String::with_capacity(length);
        self.push_word(&mut word, length);
        word
    }

    /// Five bits a character.
    fn push_word(&mut self, out: &mut String, length: usize) {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut bits = 0;
        for place in 0..length {
            if place % 12 == 0 {
                bits = self.0.next_u64();
            }
            out.push(char::from(ALPHABET[(bits & 31) as usize]));
            bits >>= 5;
        }
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Random(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_the_words() {
        let (mut one, mut two) = (Random::new([1; 32]), Random::new([1; 32]));
        assert_eq!(one.tag(), two.tag());
        assert_ne!(one.tag(), one.tag());
        assert!(one.branch().starts_with("z9hG4bK"));
        assert_eq!(one.call_id().len(), 26);
    }

    #[test]
    fn random_pauses_stay_in_their_bounds() {
        let mut random = Random::new([2; 32]);
        for _ in 0..1000 {
            assert!(random.below(10) < 10);
            let pause = random.half_to(Duration::from_secs(4));
            assert!((Duration::from_secs(2)..Duration::from_secs(4)).contains(&pause));
        }
    }
}
