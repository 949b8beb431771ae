//! Keys for SRTP that the server itself speaks.

use std::fmt;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use sdp::{CryptoSuite, MasterKey};

/// The source of keys: a stream cipher, so that who knows one key knows nothing of the next.
pub(crate) struct KeyMaker(ChaCha12Rng);

impl KeyMaker {
    /// `seed` must be known to nobody.
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        KeyMaker(ChaCha12Rng::from_seed(seed))
    }

    /// A key that was never given before.
    pub(crate) fn make(&mut self, suite: CryptoSuite) -> Option<MasterKey> {
        let mut bytes = vec![0; suite.master_bytes()];
        self.0.fill_bytes(&mut bytes);
        MasterKey::new(suite, &bytes)
    }
}

impl fmt::Debug for KeyMaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMaker(..)")
    }
}
