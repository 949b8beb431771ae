//! Opening what comes.

use std::collections::HashMap;

use bytes::BytesMut;

use super::protection::{Head, Protection, control_ssrc};
use super::window::Window;
use super::{SrtpError, Suite, check_length};

/// Sources remembered under one key; beyond, the one that was silent longest is forgotten. Only who has the key makes one.
const MOST_SOURCES: usize = 32;
/// Roll-over counters tried for a source that is heard for the first time: who comes late to a stream,
/// as a server does that has been started anew, is not told how often its numbers have wrapped. 16 are
/// almost six hours of packets of 20 ms.
const ROLLOVERS_TRIED: u64 = 16;

/// Opens one direction's packets.
pub struct Opener {
    protection: Box<Protection>,
    packets: Sources,
    control: Sources,
}

/// What is remembered of each source.
#[derive(Default)]
struct Sources {
    windows: HashMap<u32, (Window, u64)>,
    /// Counts what was taken; the smallest stands with the source that was silent longest.
    taken: u64,
}

impl Sources {
    fn get(&self, ssrc: u32) -> Option<Window> {
        self.windows.get(&ssrc).map(|(window, _)| *window)
    }

    fn mark(&mut self, ssrc: u32, index: u64) {
        self.taken += 1;
        if let Some((window, last)) = self.windows.get_mut(&ssrc) {
            window.mark(index);
            *last = self.taken;
            return;
        }
        if self.windows.len() == MOST_SOURCES {
            let silent = self.windows.iter().min_by_key(|(_, (_, last))| *last);
            if let Some(silent) = silent.map(|(ssrc, _)| *ssrc) {
                self.windows.remove(&silent);
            }
        }
        let window = Window::beginning_at(index);
        self.windows.insert(ssrc, (window, self.taken));
    }
}

impl Opener {
    /// `master` is key and salt, one after the other.
    ///
    /// # Errors
    /// It has not [`Suite::master_bytes`] bytes.
    pub fn new(suite: Suite, master: &[u8]) -> Result<Self, SrtpError> {
        check_length(suite, master)?;
        Ok(Self::with_checked(suite, master))
    }

    pub(super) fn with_checked(suite: Suite, master: &[u8]) -> Self {
        Opener {
            protection: Protection::new(suite, master),
            packets: Sources::default(),
            control: Sources::default(),
        }
    }

    /// Checks and decrypts an RTP packet where it stands; what is left is plain RTP.
    ///
    /// # Errors
    /// It is not what the other side sealed, or it has been there before. The buffer's content then
    /// has no meaning.
    pub fn open_packet(&mut self, packet: &mut BytesMut) -> Result<(), SrtpError> {
        let head = Head::of_packet(packet)?;
        let index = match self.packets.get(head.ssrc) {
            Some(window) => {
                let index = window.index_of(head.sequence).ok_or(SrtpError::Replayed)?;
                if !window.is_new(index) {
                    return Err(SrtpError::Replayed);
                }
                self.protection.open_packet(packet, head, index)?;
                index
            }
            None => self.open_first(packet, head)?,
        };
        self.packets.mark(head.ssrc, index);
        Ok(())
    }

    /// Finds out where a source stands that was not heard before.
    fn open_first(&self, packet: &mut BytesMut, head: Head) -> Result<u64, SrtpError> {
        let sealed = packet.clone();
        let mut refused = SrtpError::Unauthentic;
        for rollover in 0..ROLLOVERS_TRIED {
            let index = rollover << 16 | u64::from(head.sequence);
            match self.protection.open_packet(packet, head, index) {
                Ok(()) => return Ok(index),
                Err(SrtpError::Unauthentic) => packet.clone_from(&sealed),
                Err(error) => {
                    refused = error;
                    break;
                }
            }
        }
        Err(refused)
    }

    /// Checks and decrypts an RTCP compound where it stands.
    ///
    /// # Errors
    /// As of [`Opener::open_packet`].
    pub fn open_control(&mut self, packet: &mut BytesMut) -> Result<(), SrtpError> {
        let ssrc = control_ssrc(packet)?;
        let index = u64::from(self.protection.open_control(packet, ssrc)?);
        let window = self.control.get(ssrc);
        if window.is_some_and(|window| !window.is_new(index)) {
            return Err(SrtpError::Replayed);
        }
        self.control.mark(ssrc, index);
        Ok(())
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opener").finish_non_exhaustive()
    }
}
