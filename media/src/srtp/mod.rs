//! Secure RTP (RFC 3711, RFC 7714): sealing what is sent and opening what comes.
//!
//! A [`Sealer`] belongs to one direction and one master key, an [`Opener`] to the other. Both know
//! several sources (SSRCs) and keep for each the roll-over counter and what has been there already.
//! Keep both as long as the master key lives: a new `Sealer` of an old key could use a keystream
//! twice, a new `Opener` does not know any more what it has taken.
//!
//! ```
//! use bytes::BytesMut;
//! use media::srtp::{Opener, Sealer, SrtpError, Suite};
//!
//! let suite = Suite::AesCm128HmacSha1_80;
//! let master = vec![7; suite.master_bytes()]; // from a random source, by way of SDES or DTLS
//! let mut sealer = Sealer::new(suite, &master)?;
//! let mut opener = Opener::new(suite, &master)?;
//! let packet = *b"\x80\x00\x00\x01\x00\x00\x00\xa0\x01\x02\x03\x04sound";
//! let mut buffer = BytesMut::from(&packet[..]);
//! sealer.seal_packet(&mut buffer)?;
//! let mut again = buffer.clone();
//! opener.open_packet(&mut buffer)?;
//! assert_eq!(buffer[..], packet);
//! assert_eq!(opener.open_packet(&mut again), Err(SrtpError::Replayed));
//! # Ok::<(), SrtpError>(())
//! ```

mod counter_mode;
mod derivation;
mod gcm;
mod opener;
mod protection;
mod sealer;
mod window;

pub use opener::Opener;
pub use sealer::Sealer;

/// How packets are encrypted and authenticated (RFC 4568 §6.2, RFC 7714 §14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// AES-128 in counter mode; HMAC-SHA1 with tags of 80 bits. Every phone with SRTP has it.
    AesCm128HmacSha1_80,
    /// The same, RTP with tags of 32 bits only; RTCP keeps 80.
    AesCm128HmacSha1_32,
    /// AES-128 in Galois/counter mode, tags of 128 bits.
    AeadAes128Gcm,
    /// AES-256 in Galois/counter mode, tags of 128 bits.
    AeadAes256Gcm,
}

impl Suite {
    /// Bytes of the master key, without the salt.
    pub const fn key_bytes(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 | Suite::AeadAes128Gcm => 16,
            Suite::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of the master salt.
    pub const fn salt_bytes(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => 14,
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => 12,
        }
    }

    /// Bytes of key and salt together, as SDES writes them one after the other (RFC 4568 §6.1).
    pub const fn master_bytes(self) -> usize {
        self.key_bytes() + self.salt_bytes()
    }
}

/// Master keys of both directions of one stream. What it prints for debugging has no key in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    suite: Suite,
    ours: Box<[u8]>,
    theirs: Box<[u8]>,
}

impl Keys {
    /// Key and salt, one after the other, of what we send (`ours`) and of what we receive (`theirs`).
    ///
    /// # Errors
    /// One of them has not [`Suite::master_bytes`] bytes.
    pub fn new(suite: Suite, ours: &[u8], theirs: &[u8]) -> Result<Self, SrtpError> {
        check_length(suite, ours)?;
        check_length(suite, theirs)?;
        Ok(Keys {
            suite,
            ours: ours.into(),
            theirs: theirs.into(),
        })
    }

    /// Seals what we send.
    pub fn sealer(&self) -> Sealer {
        Sealer::with_checked(self.suite, &self.ours)
    }

    /// Opens what we receive.
    pub fn opener(&self) -> Opener {
        Opener::with_checked(self.suite, &self.theirs)
    }

    /// How both are used.
    pub fn suite(&self) -> Suite {
        self.suite
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("suite", &self.suite)
            .finish_non_exhaustive()
    }
}

/// Why a packet was not sealed or not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    /// A master key of the wrong length.
    #[error("a master key for {suite:?} has {expected} bytes with its salt, this one has {given}")]
    KeyLength {
        /// What it was meant for.
        suite: Suite,
        /// Bytes that it needs.
        expected: usize,
        /// Bytes that it has.
        given: usize,
    },
    /// Not an RTP or RTCP packet, or too short for its authentication tag.
    #[error("the datagram is no packet of secure RTP")]
    NotSrtp,
    /// Another key, or changed on its way.
    #[error("the packet's authentication tag is not right for its content and this key")]
    Unauthentic,
    /// It has been there before, or is so old that nobody can tell.
    #[error("the packet has been there before or is too old")]
    Replayed,
    /// More sources than a call has.
    #[error("the packet is from one source too many for one key")]
    TooManySources,
    /// 2^48 packets or 2^31 reports: the key must be replaced (RFC 3711 §9.2).
    #[error("the key has been used as often as it may be; agree on another")]
    KeyUsedUp,
}

fn check_length(suite: Suite, master: &[u8]) -> Result<(), SrtpError> {
    let expected = suite.master_bytes();
    if master.len() == expected {
        Ok(())
    } else {
        Err(SrtpError::KeyLength {
            suite,
            expected,
            given: master.len(),
        })
    }
}

#[cfg(test)]
mod tests;
