//! AES in counter mode with HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1).

use aes::Aes128;
use bytes::{Buf, BufMut, BytesMut};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::derivation::{Labels, aes128, derive, keystream};
use super::protection::{CONTROL_HEAD, ENCRYPTED};
use super::{SrtpError, Suite};

/// Bytes of an RTCP packet's tag, whatever the suite says about RTP (RFC 4568 §6.2.2).
const CONTROL_TAG: usize = 10;
/// Bytes of an authentication key.
const AUTHENTICATION_KEY: usize = 20;

/// Keys of RTP or of RTCP.
pub(super) struct CounterMode {
    aes: Aes128,
    salt: [u8; 14],
    mac: Hmac<Sha1>,
    /// Bytes of an RTP packet's tag.
    tag: usize,
}

impl CounterMode {
    pub(super) fn new(suite: Suite, master: &[u8], labels: Labels) -> Self {
        let (mut key, mut salt) = ([0; 16], [0; 14]);
        let mut authentication = [0; AUTHENTICATION_KEY];
        derive(suite, master, labels.encryption, &mut key);
        derive(suite, master, labels.salt, &mut salt);
        derive(suite, master, labels.authentication, &mut authentication);
        let mac = Hmac::new_from_slice(&authentication).expect("HMAC takes keys of any length");
        let tag = match suite {
            Suite::AesCm128HmacSha1_32 => 4,
            _ => 10,
        };
        CounterMode {
            aes: aes128(&key),
            salt,
            mac,
            tag,
        }
    }

    /// Encrypts or decrypts, which is the same.
    fn crypt(&self, ssrc: u32, index: u64, bytes: &mut [u8]) {
        let mut block = [0; 16];
        block[..14].copy_from_slice(&self.salt);
        for (slot, byte) in block[4..8].iter_mut().zip(ssrc.to_be_bytes()) {
            *slot ^= byte;
        }
        for (slot, byte) in block[8..14].iter_mut().zip(&index.to_be_bytes()[2..]) {
            *slot ^= byte;
        }
        keystream(&self.aes, &block, bytes);
    }

    /// The roll-over counter is authenticated, too, though it is not sent (§4.2).
    fn tag_of(&self, authenticated: &[u8], rollover: Option<u32>) -> Hmac<Sha1> {
        let mut mac = self.mac.clone();
        mac.update(authenticated);
        if let Some(rollover) = rollover {
            mac.update(&rollover.to_be_bytes());
        }
        mac
    }

    pub(super) fn seal_packet(&self, packet: &mut BytesMut, head: usize, ssrc: u32, index: u64) {
        self.crypt(ssrc, index, &mut packet[head..]);
        let tag = self.tag_of(packet, Some((index >> 16) as u32)).finalize();
        packet.put_slice(&tag.into_bytes()[..self.tag]);
    }

    /// Leaves the packet as it was when it is refused.
    pub(super) fn open_packet(
        &self,
        packet: &mut BytesMut,
        head: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<(), SrtpError> {
        let end = packet.len().saturating_sub(self.tag);
        if end < head {
            return Err(SrtpError::NotSrtp);
        }
        let (authenticated, tag) = packet.split_at(end);
        self.tag_of(authenticated, Some((index >> 16) as u32))
            .verify_truncated_left(tag)
            .map_err(|_| SrtpError::Unauthentic)?;
        packet.truncate(end);
        self.crypt(ssrc, index, &mut packet[head..]);
        Ok(())
    }

    pub(super) fn seal_control(&self, packet: &mut BytesMut, ssrc: u32, index: u32) {
        self.crypt(ssrc, index.into(), &mut packet[CONTROL_HEAD..]);
        packet.put_u32(index | ENCRYPTED);
        let tag = self.tag_of(packet, None).finalize();
        packet.put_slice(&tag.into_bytes()[..CONTROL_TAG]);
    }

    /// Gives the packet's index.
    pub(super) fn open_control(&self, packet: &mut BytesMut, ssrc: u32) -> Result<u32, SrtpError> {
        let end = packet.len().saturating_sub(CONTROL_TAG);
        if end < CONTROL_HEAD + 4 {
            return Err(SrtpError::NotSrtp);
        }
        let (authenticated, tag) = packet.split_at(end);
        self.tag_of(authenticated, None)
            .verify_truncated_left(tag)
            .map_err(|_| SrtpError::Unauthentic)?;
        let word = (&packet[end - 4..]).get_u32();
        packet.truncate(end - 4);
        let index = word & !ENCRYPTED;
        if word & ENCRYPTED != 0 {
            self.crypt(ssrc, index.into(), &mut packet[CONTROL_HEAD..]);
        }
        Ok(index)
    }
}
