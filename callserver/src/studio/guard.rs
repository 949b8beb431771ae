//! One side's secure RTP, where the server itself ends it.

use bytes::BytesMut;
use media::srtp::{Opener, Sealer, SrtpError, Suite};
use sdp::{Crypto, CryptoPair, CryptoSuite};

/// Seals what goes to a side's phone and opens what comes from it; in the open without keys.
#[derive(Debug, Default)]
pub(super) struct Guard {
    // What each belongs to: a key that stays goes on with its own counters.
    sealer: Option<(Crypto, Sealer)>,
    opener: Option<(Crypto, Opener)>,
}

impl Guard {
    /// Takes the keys that are agreed upon now.
    pub(super) fn change(&mut self, keys: Option<CryptoPair>) -> Result<(), SrtpError> {
        let Some(CryptoPair { ours, theirs }) = keys else {
            *self = Guard::default();
            return Ok(());
        };
        if self.sealer.as_ref().is_none_or(|(key, _)| *key != ours) {
            let sealer = Sealer::new(suite(ours.suite), ours.key.key_and_salt())?;
            self.sealer = Some((ours, sealer));
        }
        if self.opener.as_ref().is_none_or(|(key, _)| *key != theirs) {
            let opener = Opener::new(suite(theirs.suite), theirs.key.key_and_salt())?;
            self.opener = Some((theirs, opener));
        }
        Ok(())
    }

    pub(super) fn open(
        &mut self,
        is_control: bool,
        packet: &mut BytesMut,
    ) -> Result<(), SrtpError> {
        match &mut self.opener {
            None => Ok(()),
            Some((_, opener)) if is_control => opener.open_control(packet),
            Some((_, opener)) => opener.open_packet(packet),
        }
    }

    pub(super) fn seal(
        &mut self,
        is_control: bool,
        packet: &mut BytesMut,
    ) -> Result<(), SrtpError> {
        match &mut self.sealer {
            None => Ok(()),
            Some((_, sealer)) if is_control => sealer.seal_control(packet),
            Some((_, sealer)) => sealer.seal_packet(packet),
        }
    }
}

fn suite(suite: CryptoSuite) -> Suite {
    match suite {
        CryptoSuite::AesCm128HmacSha1_80 => Suite::AesCm128HmacSha1_80,
        CryptoSuite::AesCm128HmacSha1_32 => Suite::AesCm128HmacSha1_32,
        CryptoSuite::AeadAes128Gcm => Suite::AeadAes128Gcm,
        CryptoSuite::AeadAes256Gcm => Suite::AeadAes256Gcm,
    }
}
