//! Sealing what is sent.

use std::collections::HashMap;

use bytes::BytesMut;

use super::protection::{ENCRYPTED, Head, Protection, control_ssrc};
use super::window::Window;
use super::{SrtpError, Suite, check_length};

/// Sources under one key. None is forgotten, since its keystream must not be used twice.
const MOST_SOURCES: usize = 1_024;
/// An index has 48 bits: 16 of sequence number, 32 of roll-over counter.
const INDICES: u64 = 1 << 48;

/// Seals one direction's packets.
pub struct Sealer {
    protection: Box<Protection>,
    sources: HashMap<u32, Window>,
    /// Index of the next RTCP packet, one count for all sources.
    next_control: u32,
}

impl Sealer {
    /// `master` is key and salt, one after the other.
    ///
    /// # Errors
    /// It has not [`Suite::master_bytes`] bytes.
    pub fn new(suite: Suite, master: &[u8]) -> Result<Self, SrtpError> {
        check_length(suite, master)?;
        Ok(Self::with_checked(suite, master))
    }

    pub(super) fn with_checked(suite: Suite, master: &[u8]) -> Self {
        Sealer {
            protection: Protection::new(suite, master),
            sources: HashMap::new(),
            next_control: 0,
        }
    }

    /// Encrypts an RTP packet's payload where it stands and appends the tag.
    ///
    /// # Errors
    /// It is no RTP packet, or its number was sealed before. The buffer's content is as it was.
    pub fn seal_packet(&mut self, packet: &mut BytesMut) -> Result<(), SrtpError> {
        let head = Head::of_packet(packet)?;
        let index = match self.sources.get(&head.ssrc) {
            Some(window) => {
                let index = window.index_of(head.sequence).ok_or(SrtpError::Replayed)?;
                if !window.is_new(index) {
                    return Err(SrtpError::Replayed);
                }
                index
            }
            None if self.sources.len() == MOST_SOURCES => return Err(SrtpError::TooManySources),
            None => head.sequence.into(),
        };
        if index >= INDICES {
            return Err(SrtpError::KeyUsedUp);
        }
        self.protection.seal_packet(packet, head, index)?;
        self.sources
            .entry(head.ssrc)
            .or_insert_with(|| Window::beginning_at(index))
            .mark(index);
        Ok(())
    }

    /// Encrypts an RTCP compound where it stands and appends index and tag.
    ///
    /// # Errors
    /// It is no RTCP packet; the buffer's content is as it was.
    pub fn seal_control(&mut self, packet: &mut BytesMut) -> Result<(), SrtpError> {
        let ssrc = control_ssrc(packet)?;
        let index = self.next_control;
        if index & ENCRYPTED != 0 {
            return Err(SrtpError::KeyUsedUp);
        }
        self.protection.seal_control(packet, ssrc, index)?;
        self.next_control += 1;
        Ok(())
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}
