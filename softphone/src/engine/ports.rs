//! The two UDP sockets of one call: RTP on an even port, RTCP on the next one (RFC 3550 section 11).

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Pairs that are tried before giving up: enough that only a machine with no free ports at all runs out.
const ATTEMPTS: usize = 64;

/// Two neighbouring sockets.
#[derive(Debug)]
pub(crate) struct MediaPorts {
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
}

impl MediaPorts {
    /// Opens a pair on `ip`; the system chooses where.
    pub(crate) fn open(ip: IpAddr) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..ATTEMPTS {
            match Self::try_pair(ip) {
                Ok(ports) => return Ok(ports),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn try_pair(ip: IpAddr) -> io::Result<Self> {
        let first = UdpSocket::bind((ip, 0))?;
        let port = first.local_addr()?.port();
        // The neighbour above an even port, or the one below an odd one.
        let second = UdpSocket::bind((ip, port ^ 1))?;
        let (rtp, rtcp) = if port % 2 == 0 {
            (first, second)
        } else {
            (second, first)
        };
        rtp.set_nonblocking(true)?;
        rtcp.set_nonblocking(true)?;
        Ok(Self { rtp, rtcp })
    }

    /// Where the other side shall send RTP.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.rtp.local_addr()
    }
}

/// Our address as `peer` sees it when nothing translates it: the one that the system would send from.
pub(crate) fn local_ip_towards(peer: SocketAddr) -> io::Result<IpAddr> {
    let any: SocketAddr = match peer {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(peer)?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtp_has_an_even_port_and_rtcp_the_next_one() {
        let ports = MediaPorts::open([127, 0, 0, 1].into()).unwrap();
        let rtp = ports.address().unwrap().port();
        assert_eq!(rtp % 2, 0);
        assert_eq!(ports.rtcp.local_addr().unwrap().port(), rtp + 1);
    }

    #[test]
    fn towards_this_computer_our_address_is_the_loopback() {
        let ip = local_ip_towards("127.0.0.1:5060".parse().unwrap()).unwrap();
        assert!(ip.is_loopback());
    }
}
