//! A call's sockets in the hands of somebody else, who ends its audio in the server.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use super::Side;
use super::port::{Port, Takes};
use super::ports::{Pair, in_family_of};

/// The sockets of one call with what is known of their phones: see [`Relay::lend`](super::Relay::lend).
///
/// Dropping it closes the sockets, unless the call goes on; [`Relay::take_back`](super::Relay::take_back) is the usual end.
#[derive(Debug)]
pub struct Lent {
    /// The caller's.
    pub caller: LentSide,
    /// The callee's.
    pub callee: LentSide,
}

/// One side's.
#[derive(Debug)]
pub struct LentSide {
    /// For RTP, and RTCP if the phone puts both on one port.
    pub rtp: LentPort,
    /// For RTCP.
    pub rtcp: LentPort,
}

/// One socket, which does not block, and whose packets are taken there.
#[derive(Debug)]
pub struct LentPort {
    pub(super) pair: Arc<Pair>,
    pub(super) port: Port,
}

impl Lent {
    /// One side's sockets.
    pub fn side_mut(&mut self, side: Side) -> &mut LentSide {
        match side {
            Side::Caller => &mut self.caller,
            Side::Callee => &mut self.callee,
        }
    }

    /// Says where one side's audio is to be expected from now on, as [`Relay::expect`](super::Relay::expect) does.
    pub fn expect(&mut self, side: Side, signalled: SocketAddr, sip_source: IpAddr) {
        let side = self.side_mut(side);
        side.rtp.port.expect(signalled, sip_source);
        side.rtcp.port.expect(signalled, sip_source);
    }
}

impl LentPort {
    /// The socket.
    pub fn socket(&self) -> &UdpSocket {
        self.pair.socket(self.port.carries)
    }

    /// Whether a datagram that came here is the phone's and is audio or a report. Asked once for each datagram: it is
    /// counted in the call's statistics, and its source is where [`target`](Self::target) points from then on.
    pub fn takes(&mut self, now: Instant, datagram: &[u8], source: SocketAddr) -> bool {
        self.port.takes(now, datagram, source) != Takes::Not
    }

    /// Where packets for this phone go, as this socket can send to it; `None` while it wants nothing.
    pub fn target(&self) -> Option<SocketAddr> {
        let target = self.port.target()?;
        Some(in_family_of(self.pair.is_ipv6(), target))
    }
}
