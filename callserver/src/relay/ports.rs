//! Pairs of UDP ports: RTP on an even one, RTCP on the odd one above it (RFC 3550 section 11).

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Arc, mpsc};

use rand::RngExt;
use socket2::{Domain, Protocol, Socket, Type};

use super::OpenError;
use super::packet::Carries;
use crate::config::RtpPorts;

/// Two bound sockets that do not block. Closed when nobody has them any more; then the ports are free.
#[derive(Debug)]
pub(super) struct Pair {
    // Before `freed`, for fields are dropped in this order.
    rtp: UdpSocket,
    rtcp: UdpSocket,
    /// The address that they are bound to.
    pub(super) listen: IpAddr,
    freed: Freed,
}

/// Tells that a pair is closed.
#[derive(Debug)]
struct Freed {
    /// The even port.
    port: u16,
    returned: mpsc::Sender<Returned>,
}

impl Drop for Freed {
    fn drop(&mut self) {
        // Nobody listens any more when the relay is being dropped.
        let _ = self.returned.send(Returned::Closed(self.port));
    }
}

/// A pair for a call.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) pair: Arc<Pair>,
    /// Where the worker has it, if it watches it since an earlier call.
    pub(super) places: Option<[usize; 2]>,
}

/// What comes back after a call.
#[derive(Debug)]
pub(super) enum Returned {
    /// The sockets of this even port and the one above are closed.
    Closed(u16),
    /// A pair that another call of this worker may have.
    Kept { worker: usize, taken: Taken },
}

/// Gives out pairs and takes them back.
#[derive(Debug)]
pub(super) struct PortSource {
    range: RtpPorts,
    in_use: HashSet<u16>,
    /// Pairs of calls that have ended, good for another one, by the worker that watches them and the address that they
    /// listen on.
    kept: HashMap<(usize, IpAddr), Vec<Taken>>,
    back: mpsc::Sender<Returned>,
    returned: mpsc::Receiver<Returned>,
}

/// Guesses at random first: ports that cannot be foretold are harder to aim at, and another program's port in the range
/// is stepped over quickly.
const GUESSES: u32 = 16;

impl Pair {
    /// The even port.
    pub(super) fn port(&self) -> u16 {
        self.freed.port
    }

    pub(super) fn socket(&self, carries: Carries) -> &UdpSocket {
        match carries {
            Carries::Rtp => &self.rtp,
            Carries::Rtcp => &self.rtcp,
        }
    }

    /// Whether addresses of IPv4 must be put into IPv6's clothes for it.
    pub(super) fn is_ipv6(&self) -> bool {
        self.listen.is_ipv6()
    }

    /// Both sockets once more: RTP, RTCP.
    pub(super) fn duplicates(&self) -> io::Result<[OwnedFd; 2]> {
        Ok([self.rtp.try_clone()?.into(), self.rtcp.try_clone()?.into()])
    }

    /// RTP, RTCP.
    pub(super) fn descriptors(&self) -> [RawFd; 2] {
        [self.rtp.as_raw_fd(), self.rtcp.as_raw_fd()]
    }
}

/// A target as a socket can send to it: one that serves both families knows IPv4 in IPv6's clothes only.
pub(super) fn in_family_of(is_ipv6: bool, target: SocketAddr) -> SocketAddr {
    match target.ip() {
        IpAddr::V4(ip) if is_ipv6 => SocketAddr::new(ip.to_ipv6_mapped().into(), target.port()),
        _ => target,
    }
}

impl PortSource {
    pub(super) fn new(range: RtpPorts) -> Self {
        let (back, returned) = mpsc::channel();
        Self {
            range,
            in_use: HashSet::new(),
            kept: HashMap::new(),
            back,
            returned,
        }
    }

    /// Where pairs come back.
    pub(super) fn back(&self) -> mpsc::Sender<Returned> {
        self.back.clone()
    }

    /// A pair on the address `listen` for a call of `worker`.
    pub(super) fn take(&mut self, worker: usize, listen: IpAddr) -> Result<Taken, OpenError> {
        self.take_back();
        if let Some(kept) = self.kept.get_mut(&(worker, listen))
            && !kept.is_empty()
        {
            let place = rand::rng().random_range(0..kept.len());
            return Ok(kept.swap_remove(place));
        }
        let pair = match self.range {
            RtpPorts::Any => self.any(listen),
            RtpPorts::Range { low, high } => self.one_of(listen, low, high),
        }?;
        Ok(self.fresh(pair))
    }

    /// The pair with this even port, whether it is in the range or not: phones send to it.
    pub(super) fn take_exactly(&mut self, listen: IpAddr, port: u16) -> Result<Taken, OpenError> {
        self.take_back();
        let pair = match port.checked_add(1) {
            Some(_) if port != 0 => self.try_port(listen, port)?,
            _ => None,
        };
        let pair = pair.ok_or(OpenError::Taken(listen, port))?;
        Ok(self.fresh(pair))
    }

    /// A pair that an earlier process had bound: RTP, RTCP.
    pub(super) fn adopt(
        &mut self,
        listen: IpAddr,
        port: u16,
        descriptors: [OwnedFd; 2],
    ) -> Result<Taken, OpenError> {
        self.take_back();
        let [rtp, rtcp] = descriptors.map(UdpSocket::from);
        let is_bound = |socket: &UdpSocket, port| {
            let wanted = SocketAddr::new(listen, port);
            socket.local_addr().is_ok_and(|bound| bound == wanted)
        };
        if self.in_use.contains(&port) || !is_bound(&rtp, port) || !is_bound(&rtcp, port | 1) {
            return Err(OpenError::Taken(listen, port));
        }
        let pair = self.ready(listen, port, rtp, rtcp);
        Ok(self.fresh(pair.map_err(OpenError::Socket)?))
    }

    /// Takes back a pair that was never handed on.
    pub(super) fn give_back(&mut self, worker: usize, taken: Taken) {
        // A fresh one closes and tells so.
        if taken.places.is_some() {
            self.keep(worker, taken);
        }
    }

    fn take_back(&mut self) {
        while let Ok(returned) = self.returned.try_recv() {
            match returned {
                Returned::Closed(port) => drop(self.in_use.remove(&port)),
                Returned::Kept { worker, taken } => self.keep(worker, taken),
            }
        }
    }

    fn keep(&mut self, worker: usize, taken: Taken) {
        let kept = self.kept.entry((worker, taken.pair.listen)).or_default();
        kept.push(taken);
    }

    fn fresh(&mut self, pair: Pair) -> Taken {
        self.in_use.insert(pair.port());
        Taken {
            pair: Arc::new(pair),
            places: None,
        }
    }

    /// How many pairs may be kept: only a part, for what is kept on one address cannot be had on another.
    pub(super) fn most_kept(range: RtpPorts) -> usize {
        match range {
            RtpPorts::Any => usize::MAX,
            RtpPorts::Range { low, high } => usize::from((high - low).div_ceil(2)) / 4,
        }
    }

    fn any(&self, listen: IpAddr) -> Result<Pair, OpenError> {
        // The system gives any port; half of them are odd, and the neighbour may be taken.
        for _ in 0..8 * GUESSES {
            let rtp = bind(listen, 0).map_err(OpenError::Socket)?;
            let port = rtp.local_addr().map_err(OpenError::Socket)?.port();
            if port % 2 == 1 || port == u16::MAX {
                continue;
            }
            if let Ok(rtcp) = bind(listen, port + 1) {
                return self
                    .ready(listen, port, rtp, rtcp)
                    .map_err(OpenError::Socket);
            }
        }
        Err(OpenError::NoPorts(self.range))
    }

    fn one_of(&self, listen: IpAddr, low: u16, high: u16) -> Result<Pair, OpenError> {
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
        self.ready(listen, port, rtp, rtcp)
            .map(Some)
            .map_err(OpenError::Socket)
    }

    fn ready(
        &self,
        listen: IpAddr,
        port: u16,
        rtp: UdpSocket,
        rtcp: UdpSocket,
    ) -> io::Result<Pair> {
        rtp.set_nonblocking(true)?;
        rtcp.set_nonblocking(true)?;
        Ok(Pair {
            rtp,
            rtcp,
            listen,
            freed: Freed {
                port,
                returned: self.back.clone(),
            },
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn any_ports_come_in_pairs_of_even_and_odd() {
        let mut source = PortSource::new(RtpPorts::Any);
        for _ in 0..10 {
            let Taken { pair, places } = source.take(0, LOOPBACK).unwrap();
            assert_eq!((pair.port() % 2, places), (0, None));
            let ports = [Carries::Rtp, Carries::Rtcp]
                .map(|carries| pair.socket(carries).local_addr().unwrap().port());
            assert_eq!(ports, [pair.port(), pair.port() + 1]);
        }
    }

    #[test]
    fn a_range_is_used_up_to_its_last_pair_and_what_is_closed_is_used_again() {
        // Some range of eight ports that nobody uses at the moment.
        let probe = PortSource::new(RtpPorts::Any).any(LOOPBACK).unwrap().port();
        let range = RtpPorts::Range {
            low: probe,
            high: probe.saturating_add(7) | 1,
        };
        let mut source = PortSource::new(range);
        let mut pairs = Vec::new();
        while let Ok(taken) = source.take(0, LOOPBACK) {
            pairs.push(taken);
        }
        assert!(matches!(
            source.take(0, LOOPBACK),
            Err(OpenError::NoPorts(_))
        ));
        let Some(taken) = pairs.pop() else {
            panic!("not one pair of {range} was free")
        };
        let port = taken.pair.port();
        drop(taken);
        assert_eq!(source.take(0, LOOPBACK).unwrap().pair.port(), port);
    }

    #[test]
    fn a_pair_that_is_kept_goes_to_its_workers_next_call_on_its_address_and_blocks_its_port_until_then()
     {
        let mut source = PortSource::new(RtpPorts::Any);
        let pair = source.take(0, LOOPBACK).unwrap().pair;
        let port = pair.port();
        let places = Some([3, 4]);
        let kept = Returned::Kept {
            worker: 0,
            taken: Taken { pair, places },
        };
        source.back().send(kept).unwrap();
        for (worker, listen) in [(0, Ipv4Addr::UNSPECIFIED.into()), (1, LOOPBACK)] {
            assert_eq!(source.take(worker, listen).unwrap().places, None);
        }
        let again = source.take(0, LOOPBACK).unwrap();
        assert_eq!((again.places, again.pair.port()), (places, port));
        assert_eq!(source.take(0, LOOPBACK).unwrap().places, None);
        source.give_back(0, again);
        assert_eq!(source.take(0, LOOPBACK).unwrap().pair.port(), port);
    }

    #[test]
    fn a_named_pair_is_had_if_it_is_free() {
        let mut source = PortSource::new(RtpPorts::Any);
        let first = source.take(0, LOOPBACK).unwrap();
        let port = first.pair.port();
        assert!(
            matches!(source.take_exactly(LOOPBACK, port), Err(OpenError::Taken(_, taken)) if taken == port)
        );
        drop(first);
        assert_eq!(
            source.take_exactly(LOOPBACK, port).unwrap().pair.port(),
            port
        );
        for port in [0, u16::MAX] {
            assert!(source.take_exactly(LOOPBACK, port).is_err());
        }
    }
}
