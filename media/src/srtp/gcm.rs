//! AES in Galois/counter mode (RFC 7714).

use bytes::{Buf, BufMut, BytesMut};
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::derivation::{Labels, derive};
use super::protection::{CONTROL_HEAD, ENCRYPTED};
use super::{SrtpError, Suite};

/// Bytes of a tag (RFC 7714 §13: the short ones were taken back).
const TAG: usize = 16;

/// Keys of RTP or of RTCP.
pub(super) struct Gcm {
    key: LessSafeKey,
    salt: [u8; NONCE_LEN],
}

impl Gcm {
    pub(super) fn new(suite: Suite, master: &[u8], labels: Labels) -> Self {
        let (mut key, mut salt) = ([0; 32], [0; NONCE_LEN]);
        let key = &mut key[..suite.key_bytes()];
        derive(suite, master, labels.encryption, key);
        derive(suite, master, labels.salt, &mut salt);
        Self::with_session_key(suite, key, salt)
    }

    pub(super) fn with_session_key(suite: Suite, key: &[u8], salt: [u8; NONCE_LEN]) -> Self {
        let algorithm = match suite {
            Suite::AeadAes256Gcm => &AES_256_GCM,
            _ => &AES_128_GCM,
        };
        let key = UnboundKey::new(algorithm, key).expect("the key is as long as its suite says");
        Gcm {
            key: LessSafeKey::new(key),
            salt,
        }
    }

    /// §8.1 and §9.1: two zero bytes, the SSRC, and the index in the last six.
    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let mut nonce = self.salt;
        for (slot, byte) in nonce[2..6].iter_mut().zip(ssrc.to_be_bytes()) {
            *slot ^= byte;
        }
        for (slot, byte) in nonce[6..].iter_mut().zip(&index.to_be_bytes()[2..]) {
            *slot ^= byte;
        }
        Nonce::assume_unique_for_key(nonce)
    }

    pub(super) fn seal_packet(
        &self,
        packet: &mut BytesMut,
        head: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<(), SrtpError> {
        let (head, payload) = packet.split_at_mut(head);
        let nonce = self.nonce(ssrc, index);
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(&*head), payload)
            .map_err(|_| SrtpError::NotSrtp)?;
        packet.put_slice(tag.as_ref());
        Ok(())
    }

    /// What is left of a packet that is refused has no meaning.
    pub(super) fn open_packet(
        &self,
        packet: &mut BytesMut,
        head: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<(), SrtpError> {
        if packet.len() < head + TAG {
            return Err(SrtpError::NotSrtp);
        }
        let (head, payload) = packet.split_at_mut(head);
        self.key
            .open_in_place(self.nonce(ssrc, index), Aad::from(&*head), payload)
            .map_err(|_| SrtpError::Unauthentic)?;
        packet.truncate(packet.len() - TAG);
        Ok(())
    }

    pub(super) fn seal_control(
        &self,
        packet: &mut BytesMut,
        ssrc: u32,
        index: u32,
    ) -> Result<(), SrtpError> {
        let word = index | ENCRYPTED;
        let authenticated = authenticated(packet, word);
        let nonce = self.nonce(ssrc, index.into());
        let payload = &mut packet[CONTROL_HEAD..];
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(authenticated), payload)
            .map_err(|_| SrtpError::NotSrtp)?;
        packet.put_slice(tag.as_ref());
        packet.put_u32(word);
        Ok(())
    }

    /// Gives the packet's index.
    pub(super) fn open_control(&self, packet: &mut BytesMut, ssrc: u32) -> Result<u32, SrtpError> {
        let end = packet.len().saturating_sub(4);
        if end < CONTROL_HEAD + TAG {
            return Err(SrtpError::NotSrtp);
        }
        let word = (&packet[end..]).get_u32();
        let index = word & !ENCRYPTED;
        let nonce = self.nonce(ssrc, index.into());
        packet.truncate(end);
        if word & ENCRYPTED != 0 {
            let authenticated = authenticated(packet, word);
            self.key
                .open_in_place(nonce, Aad::from(authenticated), &mut packet[CONTROL_HEAD..])
                .map_err(|_| SrtpError::Unauthentic)?;
        } else {
            // Authenticated only (§9.3): all of it and the index stand beside an empty secret.
            let mut tag = packet.split_off(end - TAG);
            let mut authenticated = packet.clone();
            authenticated.put_u32(word);
            self.key
                .open_in_place(nonce, Aad::from(authenticated), &mut tag)
                .map_err(|_| SrtpError::Unauthentic)?;
            return Ok(index);
        }
        packet.truncate(packet.len() - TAG);
        Ok(index)
    }
}

/// What an encrypted RTCP packet shows openly (§9.2): its first two words and the index.
fn authenticated(packet: &[u8], word: u32) -> [u8; CONTROL_HEAD + 4] {
    let mut bytes = [0; CONTROL_HEAD + 4];
    bytes[..CONTROL_HEAD].copy_from_slice(&packet[..CONTROL_HEAD]);
    bytes[CONTROL_HEAD..].copy_from_slice(&word.to_be_bytes());
    bytes
}
