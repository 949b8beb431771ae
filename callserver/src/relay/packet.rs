//! Is a datagram RTP or RTCP at all? And the fixed header of RTP, which stays in clear when the rest is encrypted.

/// Which of a pair of ports: the even one or the odd one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Carries {
    /// RTP, and RTCP where the phones put both on one port.
    Rtp,
    /// RTCP alone.
    Rtcp,
}

/// What a datagram is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Packet {
    Rtp(RtpHeader),
    Rtcp,
}

/// What the relay reads of RTP (RFC 3550 section 5.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RtpHeader {
    pub(super) payload_type: u8,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
    pub(super) ssrc: u32,
}

/// The shortest RTCP packet: header and one source (RFC 3550 section 6.4.2).
const RTCP_HEADER: usize = 8;

/// What a datagram at this port is, if it may pass. RTCP may share the RTP port (RFC 5761 section 4), not the other way
/// round.
pub(super) fn read(carries: Carries, datagram: &[u8]) -> Option<Packet> {
    let [first, second, ..] = datagram else {
        return None;
    };
    if first >> 6 != 2 {
        return None;
    }
    // RFC 5761 section 4: these are types of RTCP, and payload types 64 to 95 with the marker bit are not given to RTP.
    if (192..=223).contains(second) && datagram.len() >= RTCP_HEADER {
        return Some(Packet::Rtcp);
    }
    match carries {
        Carries::Rtcp => None,
        Carries::Rtp => rtp_header(datagram).map(Packet::Rtp),
    }
}

fn rtp_header(datagram: &[u8]) -> Option<RtpHeader> {
    let (header, _) = datagram.split_first_chunk::<12>()?;
    let [_, second, a, b, c, d, e, f, g, h, i, j] = *header;
    Some(RtpHeader {
        payload_type: second & 0x7f,
        sequence: u16::from_be_bytes([a, b]),
        timestamp: u32::from_be_bytes([c, d, e, f]),
        ssrc: u32::from_be_bytes([g, h, i, j]),
    })
}

/// How many timestamps a payload type counts a second (RFC 3551 section 6); `dynamic` for those that the call has agreed on.
pub(super) fn clock_rate(payload_type: u8, dynamic: u32) -> u32 {
    match payload_type {
        0..=5 | 7..=9 | 12 | 13 | 15 | 18 => 8000,
        6 => 16_000,
        10 | 11 => 44_100,
        14 => 90_000,
        16 => 11_025,
        17 => 22_050,
        _ => dynamic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtp_and_rtcp_pass_and_nothing_else_does() {
        let rtp = [0x80, 0xef, 0x12, 0x34, 0, 0, 0, 9, 1, 2, 3, 4, 0xff];
        let receiver_report = [0x80, 201, 0, 1, 1, 2, 3, 4];
        let header = RtpHeader {
            payload_type: 111,
            sequence: 0x1234,
            timestamp: 9,
            ssrc: 0x0102_0304,
        };
        assert_eq!(read(Carries::Rtp, &rtp), Some(Packet::Rtp(header)));
        assert_eq!(read(Carries::Rtp, &receiver_report), Some(Packet::Rtcp));
        assert_eq!(read(Carries::Rtcp, &receiver_report), Some(Packet::Rtcp));
        assert_eq!(read(Carries::Rtcp, &rtp), None);
        for noise in [
            &[][..],
            &[0x80],
            &rtp[..11],
            &receiver_report[..7],
            &[0x00; 20],
            &[0xff; 20],
            b"INVITE sip:x SIP/2.0",
        ] {
            let seen = [Carries::Rtp, Carries::Rtcp].map(|carries| read(carries, noise));
            assert_eq!(seen, [None, None], "{noise:?}");
        }
    }

    #[test]
    fn static_payload_types_have_their_own_clocks() {
        let rates = [0, 8, 9, 96, 111].map(|payload_type| clock_rate(payload_type, 48_000));
        assert_eq!(rates, [8000, 8000, 8000, 48_000, 48_000]);
    }
}
