//! RTP packets (RFC 3550 §5.1) and the arithmetic of their wrapping numbers.

use bytes::{BufMut, Bytes, BytesMut};

/// Bytes of a header without contributing sources and extension.
const HEADER: usize = 12;

/// Synchronization source: who sends (RFC 3550 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ssrc(pub u32);

/// Sequence number of a packet; wraps at 2^16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sequence(pub u16);

/// Time of a packet's first sample in ticks of the codec's clock; wraps at 2^32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timestamp(pub u32);

impl Sequence {
    /// The number of the next packet.
    #[must_use]
    pub fn next(self) -> Sequence {
        Sequence(self.0.wrapping_add(1))
    }

    /// Packets from `earlier` to this one; negative when this one is the earlier.
    pub fn since(self, earlier: Sequence) -> i16 {
        self.0.wrapping_sub(earlier.0) as i16
    }
}

impl Timestamp {
    /// The time this many ticks later.
    #[must_use]
    pub fn plus(self, ticks: u32) -> Timestamp {
        Timestamp(self.0.wrapping_add(ticks))
    }

    /// Ticks from `earlier` to this time; negative when this one is the earlier.
    pub fn since(self, earlier: Timestamp) -> i32 {
        self.0.wrapping_sub(earlier.0) as i32
    }
}

/// Turns wrapping numbers into ones that only grow, as long as neighbours are near.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unwrapped<const BITS: u32>(Option<i64>);

impl<const BITS: u32> Unwrapped<BITS> {
    /// The number nearest to the highest one so far that wraps to `raw`.
    pub(crate) fn extend(&mut self, raw: u32) -> i64 {
        let extended = match self.0 {
            None => i64::from(raw),
            Some(highest) => {
                let unused = 64 - BITS;
                let distance = (i64::from(raw).wrapping_sub(highest) << unused) >> unused;
                highest + distance
            }
        };
        self.0 = Some(self.0.map_or(extended, |highest| highest.max(extended)));
        extended
    }
}

/// One RTP packet. Contributing sources and header extensions are skipped: nothing here needs them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// For audio: the first packet after silence (RFC 3551 §4.1).
    pub marker: bool,
    /// What the payload is, 0 to 127.
    pub payload_type: u8,
    /// Its place among the packets of its sender.
    pub sequence: Sequence,
    /// Time of its first sample.
    pub timestamp: Timestamp,
    /// Who sends.
    pub ssrc: Ssrc,
    /// Encoded sound.
    pub payload: Bytes,
}

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Fewer bytes than its header says.
    #[error("the datagram ends inside its RTP header")]
    Short,
    /// Version other than 2.
    #[error("the datagram is of RTP version {0}, not 2")]
    Version(u8),
    /// More padding than there is payload.
    #[error("the datagram's RTP padding is longer than its payload")]
    Padding,
}

/// Bytes of a packet's header, with contributing sources and extension; the packet is at least as long.
pub(crate) fn payload_start(datagram: &[u8]) -> Result<usize, PacketError> {
    let &[first, ..] = datagram.first_chunk::<HEADER>().ok_or(PacketError::Short)?;
    if first >> 6 != 2 {
        return Err(PacketError::Version(first >> 6));
    }
    let mut start = HEADER + usize::from(first & 0x0f) * 4;
    if first & 0x10 != 0 {
        // Profile, then the length in words (§5.3.1).
        let words = datagram
            .get(start + 2..start + 4)
            .ok_or(PacketError::Short)?;
        start += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    if start > datagram.len() {
        return Err(PacketError::Short);
    }
    Ok(start)
}

impl Packet {
    /// Reads a datagram; the payload shares its memory.
    ///
    /// # Errors
    /// It is not RTP of version 2, or its lengths contradict each other.
    pub fn parse(datagram: &Bytes) -> Result<Packet, PacketError> {
        let fixed = datagram.first_chunk::<HEADER>().ok_or(PacketError::Short)?;
        let [first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *fixed;
        let start = payload_start(datagram)?;
        let mut end = datagram.len();
        if first & 0x20 != 0 {
            let padding = usize::from(datagram[end - 1]);
            if padding == 0 || padding > end - start {
                return Err(PacketError::Padding);
            }
            end -= padding;
        }
        Ok(Packet {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            sequence: Sequence(u16::from_be_bytes([s0, s1])),
            timestamp: Timestamp(u32::from_be_bytes([t0, t1, t2, t3])),
            ssrc: Ssrc(u32::from_be_bytes([c0, c1, c2, c3])),
            payload: datagram.slice(start..end),
        })
    }

    /// Prints it as a datagram.
    pub fn to_bytes(&self) -> Bytes {
        let mut datagram = BytesMut::with_capacity(HEADER + self.payload.len());
        datagram.put_u8(2 << 6);
        datagram.put_u8(u8::from(self.marker) << 7 | self.payload_type & 0x7f);
        datagram.put_u16(self.sequence.0);
        datagram.put_u32(self.timestamp.0);
        datagram.put_u32(self.ssrc.0);
        datagram.put_slice(&self.payload);
        datagram.freeze()
    }
}

/// Whether a datagram on a port shared by RTP and RTCP is RTCP (RFC 5761 §4).
pub fn is_control(datagram: &[u8]) -> bool {
    datagram.len() >= 2 && datagram[0] >> 6 == 2 && (192..=223).contains(&datagram[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use webrtc_util::marshal::{Marshal, Unmarshal};

    #[test]
    fn numbers_wrap() {
        assert_eq!(Sequence(65_535).next(), Sequence(0));
        assert_eq!(Sequence(2).since(Sequence(65_534)), 4);
        assert_eq!(Sequence(65_534).since(Sequence(2)), -4);
        assert_eq!(Timestamp(5).since(Timestamp(u32::MAX)), 6);
        assert_eq!(Timestamp(u32::MAX).plus(960), Timestamp(959));
    }

    #[test]
    fn unwrapped_numbers_grow_over_the_edge_and_know_late_ones() {
        let mut unwrapped = Unwrapped::<16>::default();
        let extended: Vec<i64> = [65_534, 0, 65_535, 1, 40_000, 10_000]
            .into_iter()
            .map(|raw| unwrapped.extend(raw))
            .collect();
        assert_eq!(extended, [65_534, 65_536, 65_535, 65_537, 40_000, 75_536]);
        let mut unwrapped = Unwrapped::<32>::default();
        assert_eq!(unwrapped.extend(u32::MAX), i64::from(u32::MAX));
        assert_eq!(unwrapped.extend(0), 1 << 32);
    }

    #[test]
    fn extension_sources_and_padding_are_skipped() {
        let datagram = Bytes::from_static(&[
            0xb1, 0x80, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, // X, P, one source
            9, 9, 9, 9, // the source
            0xbe, 0xde, 0, 1, 0x10, 7, 0, 0, // one word of extension
            1, 2, 3, // payload
            0, 2, // padding
        ]);
        let packet = Packet::parse(&datagram).unwrap();
        assert_eq!(packet.payload.as_ref(), [1, 2, 3]);
        assert!(packet.marker);
    }

    #[test]
    fn contradicting_lengths_are_refused() {
        let header = [0x80u8, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        let with = |first: u8, rest: &[u8]| {
            let mut datagram = header.to_vec();
            datagram[0] = first;
            datagram.extend_from_slice(rest);
            Packet::parse(&Bytes::from(datagram))
        };
        assert_eq!(with(0x8f, &[]), Err(PacketError::Short));
        assert_eq!(with(0x90, &[0xbe, 0xde, 0]), Err(PacketError::Short));
        assert_eq!(with(0x90, &[0xbe, 0xde, 0, 9, 1]), Err(PacketError::Short));
        assert_eq!(with(0xa0, &[1, 2, 9]), Err(PacketError::Padding));
        assert_eq!(with(0xa0, &[1, 2, 0]), Err(PacketError::Padding));
        assert_eq!(with(0x40, &[]), Err(PacketError::Version(1)));
        // An extension element longer than the datagram: of no meaning to us, and no panic.
        assert!(with(0x90, &[0xbe, 0xde, 0, 1, 0x1f, 0, 0, 0]).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_the_same_here_and_elsewhere(
            marker: bool, payload_type in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32,
            payload in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let packet = Packet {
                marker, payload_type, sequence: Sequence(sequence), timestamp: Timestamp(timestamp),
                ssrc: Ssrc(ssrc), payload: payload.clone().into(),
            };
            let datagram = packet.to_bytes();
            prop_assert_eq!(Packet::parse(&datagram).unwrap(), packet);
            let elsewhere = rtp::packet::Packet::unmarshal(&mut datagram.clone()).unwrap();
            prop_assert_eq!(elsewhere.header.marker, marker);
            prop_assert_eq!(elsewhere.header.payload_type, payload_type);
            prop_assert_eq!(elsewhere.header.sequence_number, sequence);
            prop_assert_eq!(elsewhere.header.timestamp, timestamp);
            prop_assert_eq!(elsewhere.header.ssrc, ssrc);
            prop_assert_eq!(elsewhere.payload.as_ref(), payload.as_slice());
            prop_assert_eq!(elsewhere.marshal().unwrap(), datagram);
        }

        #[test]
        fn no_datagram_panics(datagram in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Packet::parse(&datagram.into());
        }

        #[test]
        fn no_datagram_of_the_right_version_panics(
            mut datagram in prop::collection::vec(any::<u8>(), 1..64)
        ) {
            datagram[0] = datagram[0] & 0x3f | 0x80;
            let _ = Packet::parse(&datagram.into());
        }
    }
}
