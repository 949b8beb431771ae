//! Pairs of UDP ports: RTP on an even one, RTCP on the odd one above it (RFC 3550 section 11).

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::mpsc;

use rand::RngExt;
use socket2::{Domain, Protocol, Socket, Type};

use super::OpenError;
use crate::config::RtpPorts;

/// Two bound sockets.
#[derive(Debug)]
pub(super) struct Pair {
    /// The even port.
    pub(super) port: u16,
    /// The address that they are bound to.
    pub(super) listen: IpAddr,
    pub(super) sockets: PairSockets,
}

/// Where the sockets of a pair are.
#[derive(Debug)]
pub(super) enum PairSockets {
    /// Here, not blocking.
    Fresh { rtp: UdpSocket, rtcp: UdpSocket },
    /// The engine has them since an earlier call, at these places.
    Watched([usize; 2]),
}

/// What comes back after a call.
#[derive(Debug)]
pub(super) enum Returned {
    /// The sockets of this even port and the one above are closed.
    Closed(u16),
    /// A pair that another call may have.
    Kept(Pair),
}

/// Gives out pairs and takes them back.
#[derive(Debug)]
pub(super) struct PortSource {
    range: RtpPorts,
    in_use: HashSet<u16>,
    /// Pairs of calls that have ended, good for another one, by the address that they listen on.
    kept: HashMap<IpAddr, Vec<Pair>>,
    returned: mpsc::Receiver<Returned>,
}

/// Guesses at random first: ports that cannot be foretold are harder to aim at, and another program's port in the range
/// is stepped over quickly.
const GUESSES: u32 = 16;

impl PortSource {
    pub(super) fn new(range: RtpPorts, returned: mpsc::Receiver<Returned>) -> Self {
        Self {
            range,
            in_use: HashSet::new(),
            kept: HashMap::new(),
            returned,
        }
    }

    /// A pair on the address `listen`.
    pub(super) fn take(&mut self, listen: IpAddr) -> Result<Pair, OpenError> {
        while let Ok(returned) = self.returned.try_recv() {
            match returned {
                Returned::Closed(port) => drop(self.in_use.remove(&port)),
                Returned::Kept(pair) => self.keep(pair),
            }
        }
        if let Some(kept) = self.kept.get_mut(&listen)
            && !kept.is_empty()
        {
            let place = rand::rng().random_range(0..kept.len());
            return Ok(kept.swap_remove(place));
        }
        let pair = match self.range {
            RtpPorts::Any => self.any(listen),
            RtpPorts::Range { low, high } => self.one_of(listen, low, high),
        }?;
        self.in_use.insert(pair.port);
        Ok(pair)
    }

    /// Takes back a pair that was never handed on.
    pub(super) fn give_back(&mut self, pair: Pair) {
        match pair.sockets {
            PairSockets::Fresh { .. } => drop(self.in_use.remove(&pair.port)),
            PairSockets::Watched(_) => self.keep(pair),
        }
    }

    fn keep(&mut self, pair: Pair) {
        self.kept.entry(pair.listen).or_default().push(pair);
    }

    /// How many pairs may be kept: only a part, for what is kept on one address cannot be had on another.
    pub(super) fn most_kept(range: RtpPorts) -> usize {
        match range {
            RtpPorts::Any => usize::MAX,
            RtpPorts::Range { low, high } => usize::from((high - low).div_ceil(2)) / 4,
        }
    }

    fn any(&mut self, listen: IpAddr) -> Result<Pair, OpenError> {
        // The system gives any port; half of them are odd, and the neighbour may be taken.
        for _ in 0..8 * GUESSES {
            let rtp = bind(listen, 0).map_err(OpenError::Socket)?;
            let port = rtp.local_addr().map_err(OpenError::Socket)?.port();
            if port % 2 == 1 || port == u16::MAX {
                continue;
            }
            if let Ok(rtcp) = bind(listen, port + 1) {
                return ready(listen, port, rtp, rtcp).map_err(OpenError::Socket);
            }
        }
        Err(OpenError::NoPorts(self.range))
    }

    fn one_of(&mut self, listen: IpAddr, low: u16, high: u16) -> Result<Pair, OpenError> {
        let pairs = (high - low).div_ceil(2);
        let mut random = rand::rng();
        for _ in 0..GUESSES {
            if let Some(pair) = self.try_port(listen, low + 2 * random.random_range(0..pairs))? {
                return Ok(pair);
            }
        }
        let start = random.random_range(0..pairs);
        for step in 0..pairs {
            let index = (u32::from(start) + u32::from(step)) % u32::from(pairs);
            if let Some(pair) = self.try_port(listen, low + 2 * index as u16)? {
                return Ok(pair);
            }
        }
        Err(OpenError::NoPorts(self.range))
    }

    fn try_port(&self, listen: IpAddr, port: u16) -> Result<Option<Pair>, OpenError> {
        if self.in_use.contains(&port) {
            return Ok(None);
        }
        let bind = |port| match bind(listen, port) {
            Ok(socket) => Ok(Some(socket)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
            Err(error) => Err(OpenError::Socket(error)),
        };
        let (Some(rtp), Some(rtcp)) = (bind(port)?, bind(port + 1)?) else {
            return Ok(None);
        };
        ready(listen, port, rtp, rtcp)
            .map(Some)
            .map_err(OpenError::Socket)
    }
}

/// The unspecified IPv6 address hears IPv4 too, whatever the system is set to.
fn bind(listen: IpAddr, port: u16) -> io::Result<UdpSocket> {
    if listen != IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        return UdpSocket::bind((listen, port));
    }
    let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_only_v6(false)?;
    socket.bind(&SocketAddr::new(listen, port).into())?;
    Ok(socket.into())
}

fn ready(listen: IpAddr, port: u16, rtp: UdpSocket, rtcp: UdpSocket) -> io::Result<Pair> {
    rtp.set_nonblocking(true)?;
    rtcp.set_nonblocking(true)?;
    let sockets = PairSockets::Fresh { rtp, rtcp };
    Ok(Pair {
        port,
        listen,
        sockets,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn any_ports_come_in_pairs_of_even_and_odd() {
        let (_sender, returned) = mpsc::channel();
        let mut source = PortSource::new(RtpPorts::Any, returned);
        for _ in 0..10 {
            let pair = source.take(LOOPBACK).unwrap();
            assert_eq!(pair.port % 2, 0);
            let PairSockets::Fresh { rtp, rtcp } = pair.sockets else {
                panic!("nothing was kept");
            };
            assert_eq!(rtp.local_addr().unwrap().port(), pair.port);
            assert_eq!(rtcp.local_addr().unwrap().port(), pair.port + 1);
        }
    }

    #[test]
    fn a_range_is_used_up_to_its_last_pair_and_what_returns_is_used_again() {
        let (sender, returned) = mpsc::channel();
        // Some range of eight ports that nobody uses at the moment.
        let probe = PortSource::new(RtpPorts::Any, mpsc::channel().1)
            .any(LOOPBACK)
            .unwrap()
            .port;
        let range = RtpPorts::Range {
            low: probe,
            high: probe.saturating_add(7) | 1,
        };
        let mut source = PortSource::new(range, returned);
        let mut pairs = Vec::new();
        while let Ok(pair) = source.take(LOOPBACK) {
            pairs.push(pair);
        }
        assert!(matches!(source.take(LOOPBACK), Err(OpenError::NoPorts(_))));
        let Some(pair) = pairs.pop() else {
            panic!("not one pair of {range} was free")
        };
        sender.send(Returned::Closed(pair.port)).unwrap();
        let port = pair.port;
        drop(pair);
        assert_eq!(source.take(LOOPBACK).unwrap().port, port);
    }

    #[test]
    fn a_pair_that_is_kept_goes_to_the_next_call_on_its_address_and_blocks_its_port_until_then() {
        let (sender, returned) = mpsc::channel();
        let mut source = PortSource::new(RtpPorts::Any, returned);
        let port = source.take(LOOPBACK).unwrap().port;
        let kept = Pair {
            port,
            listen: LOOPBACK,
            sockets: PairSockets::Watched([3, 4]),
        };
        sender.send(Returned::Kept(kept)).unwrap();
        let elsewhere = source.take(Ipv4Addr::UNSPECIFIED.into()).unwrap();
        assert!(matches!(elsewhere.sockets, PairSockets::Fresh { .. }));
        let again = source.take(LOOPBACK).unwrap();
        assert!(matches!(again.sockets, PairSockets::Watched([3, 4])));
        assert_eq!(again.port, port);
        let other = source.take(LOOPBACK).unwrap();
        assert!(matches!(other.sockets, PairSockets::Fresh { .. }));
        source.give_back(again);
        assert_eq!(source.take(LOOPBACK).unwrap().port, port);
    }
}
