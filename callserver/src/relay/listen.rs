//! Where the relay listens, and what phones are told.

use std::net::{IpAddr, SocketAddr};

/// Where to listen for one side of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listen {
    /// What the sockets are bound to; the unspecified IPv6 address takes packets of both families.
    pub bind: IpAddr,
    /// What phones that are reached over IPv4 are told.
    pub v4: Option<IpAddr>,
    /// What phones that are reached over IPv6 are told.
    pub v6: Option<IpAddr>,
}

/// Where one side's phones send their RTP; RTCP is one port above.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Told {
    /// Those that are reached over IPv4.
    pub v4: Option<SocketAddr>,
    /// Those that are reached over IPv6.
    pub v6: Option<SocketAddr>,
}

/// Where the relay listens for one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listening {
    /// For the caller's phone.
    pub caller: Told,
    /// For the callee's phones.
    pub callee: Told,
}

impl Listen {
    pub(super) fn told(&self, port: u16) -> Told {
        let with_port = |ip| SocketAddr::new(ip, port);
        Told {
            v4: self.v4.map(with_port),
            v6: self.v6.map(with_port),
        }
    }
}
