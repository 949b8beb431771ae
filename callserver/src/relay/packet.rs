//! Is a datagram RTP or RTCP at all? A look at two bytes.

/// Which of a pair of ports a datagram came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Port {
    Rtp,
    Rtcp,
}

/// The fixed header of RTP (RFC 3550 section 5.1).
const RTP_HEADER: usize = 12;
/// The shortest RTCP packet: header and one source (RFC 3550 section 6.4.2).
const RTCP_HEADER: usize = 8;

/// Whether a datagram may pass at this port. RTCP may share the RTP port (RFC 5761 section 4), not the other way round.
pub(super) fn may_pass(port: Port, datagram: &[u8]) -> bool {
    let [first, second, ..] = datagram else {
        return false;
    };
    let is_version_2 = first >> 6 == 2;
    let is_rtcp = (192..=223).contains(second) && datagram.len() >= RTCP_HEADER;
    is_version_2
        && match port {
            Port::Rtcp => is_rtcp,
            Port::Rtp => is_rtcp || datagram.len() >= RTP_HEADER,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtp_and_rtcp_pass_and_nothing_else_does() {
        let rtp = [0x80, 111, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 0xff];
        let receiver_report = [0x80, 201, 0, 1, 1, 2, 3, 4];
        assert!(may_pass(Port::Rtp, &rtp));
        assert!(may_pass(Port::Rtp, &receiver_report));
        assert!(may_pass(Port::Rtcp, &receiver_report));
        assert!(!may_pass(Port::Rtcp, &rtp));
        for noise in [
            &[][..],
            &[0x80],
            &rtp[..11],
            &receiver_report[..7],
            &[0x00; 20],
            &[0xff; 20],
            b"INVITE sip:x SIP/2.0",
        ] {
            assert!(
                !may_pass(Port::Rtp, noise) && !may_pass(Port::Rtcp, noise),
                "{noise:?}"
            );
        }
    }
}
