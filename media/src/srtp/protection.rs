//! One direction's session keys, whatever the suite.

use bytes::BytesMut;

use super::counter_mode::CounterMode;
use super::derivation::{CONTROL, PACKETS};
use super::gcm::Gcm;
use super::{SrtpError, Suite};
use crate::rtp::payload_start;

/// Bytes at the beginning of an RTCP packet that stay open (RFC 3711 §3.4).
pub(super) const CONTROL_HEAD: usize = 8;
/// The bit of the index word that says that the packet is encrypted.
pub(super) const ENCRYPTED: u32 = 1 << 31;

// One of them lives as long as a call's key, in a box of its own.
#[allow(clippy::large_enum_variant)]
pub(super) enum Protection {
    CounterMode {
        packets: CounterMode,
        control: CounterMode,
    },
    Gcm {
        packets: Gcm,
        control: Gcm,
    },
}

/// What of an RTP packet's header counts here.
#[derive(Clone, Copy)]
pub(super) struct Head {
    /// Bytes until the payload.
    pub(super) length: usize,
    pub(super) sequence: u16,
    pub(super) ssrc: u32,
}

impl Head {
    pub(super) fn of_packet(packet: &[u8]) -> Result<Self, SrtpError> {
        let length = payload_start(packet).map_err(|_| SrtpError::NotSrtp)?;
        let &[_, _, s0, s1, _, _, _, _, c0, c1, c2, c3] =
            packet.first_chunk().ok_or(SrtpError::NotSrtp)?;
        Ok(Head {
            length,
            sequence: u16::from_be_bytes([s0, s1]),
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
        })
    }
}

/// Who sends an RTCP packet.
pub(super) fn control_ssrc(packet: &[u8]) -> Result<u32, SrtpError> {
    match packet {
        &[first, _, _, _, c0, c1, c2, c3, ..] if first >> 6 == 2 => {
            Ok(u32::from_be_bytes([c0, c1, c2, c3]))
        }
        _ => Err(SrtpError::NotSrtp),
    }
}

impl Protection {
    /// `master` is key and salt, of the suite's length.
    pub(super) fn new(suite: Suite, master: &[u8]) -> Box<Self> {
        Box::new(match suite {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => Protection::CounterMode {
                packets: CounterMode::new(suite, master, PACKETS),
                control: CounterMode::new(suite, master, CONTROL),
            },
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => Protection::Gcm {
                packets: Gcm::new(suite, master, PACKETS),
                control: Gcm::new(suite, master, CONTROL),
            },
        })
    }

    pub(super) fn seal_packet(
        &self,
        packet: &mut BytesMut,
        head: Head,
        index: u64,
    ) -> Result<(), SrtpError> {
        match self {
            Protection::CounterMode { packets, .. } => {
                packets.seal_packet(packet, head.length, head.ssrc, index);
                Ok(())
            }
            Protection::Gcm { packets, .. } => {
                packets.seal_packet(packet, head.length, head.ssrc, index)
            }
        }
    }

    pub(super) fn open_packet(
        &self,
        packet: &mut BytesMut,
        head: Head,
        index: u64,
    ) -> Result<(), SrtpError> {
        match self {
            Protection::CounterMode { packets, .. } => {
                packets.open_packet(packet, head.length, head.ssrc, index)
            }
            Protection::Gcm { packets, .. } => {
                packets.open_packet(packet, head.length, head.ssrc, index)
            }
        }
    }

    pub(super) fn seal_control(
        &self,
        packet: &mut BytesMut,
        ssrc: u32,
        index: u32,
    ) -> Result<(), SrtpError> {
        match self {
            Protection::CounterMode { control, .. } => {
                control.seal_control(packet, ssrc, index);
                Ok(())
            }
            Protection::Gcm { control, .. } => control.seal_control(packet, ssrc, index),
        }
    }

    /// Gives the packet's index.
    pub(super) fn open_control(&self, packet: &mut BytesMut, ssrc: u32) -> Result<u32, SrtpError> {
        match self {
            Protection::CounterMode { control, .. } => control.open_control(packet, ssrc),
            Protection::Gcm { control, .. } => control.open_control(packet, ssrc),
        }
    }
}
