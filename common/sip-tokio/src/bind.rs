//! Binding the sockets, with errors that say what to do.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use sip::Transport;
use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;
use tokio::net::{TcpListener, UdpSocket};

use crate::{Limits, TlsIdentity, Trust};

/// Where to listen.
#[derive(Clone, Debug, Default)]
pub struct BindConfig {
    /// UDP addresses; port 0 is chosen by the system.
    pub udp: Vec<SocketAddr>,
    /// TCP addresses; port 0 is chosen by the system, and is the UDP port where the same address with port 0 stands in
    /// `udp` too.
    pub tcp: Vec<SocketAddr>,
    /// TLS addresses; port 0 is chosen by the system. Without an `identity` they cannot be bound.
    pub tls: Vec<SocketAddr>,
    /// WebSocket addresses; port 0 is chosen by the system. Any path is served.
    pub ws: Vec<SocketAddr>,
    /// Addresses for WebSocket over TLS; port 0 is chosen by the system. Without an `identity` they cannot be bound.
    pub wss: Vec<SocketAddr>,
    /// The certificate that we show on secure ports.
    pub identity: Option<TlsIdentity>,
    /// Whom we believe when we open secure connections.
    pub trust: Trust,
    /// The path that is asked for when we open a WebSocket. `None`: `/`.
    pub web_socket_path: Option<String>,
    /// How often the connections that we open ask whether the peer is there (RFC 5626 4.4.1 asks clients for 95 to
    /// 120 s). `None`: never.
    pub keep_alive: Option<Duration>,
    /// How much a peer may ask of us.
    pub limits: Limits,
    /// Sockets that another process has bound, in place of new ones where they are what is asked for: what waits in them
    /// is not lost. The others are closed.
    pub inherited: Inherited,
}

/// Bound UDP sockets and listeners with their addresses.
#[derive(Clone, Debug, Default)]
pub struct Inherited(pub Vec<(Transport, SocketAddr, Arc<OwnedFd>)>);

impl From<Vec<(Transport, SocketAddr, OwnedFd)>> for Inherited {
    fn from(sockets: Vec<(Transport, SocketAddr, OwnedFd)>) -> Inherited {
        let shared = sockets.into_iter();
        Inherited(
            shared
                .map(|(transport, address, socket)| (transport, address, Arc::new(socket)))
                .collect(),
        )
    }
}

impl Inherited {
    /// The socket that stands for `address`; for any port, if the system was to choose it.
    fn find(&self, transport: Transport, address: SocketAddr) -> Option<io::Result<OwnedFd>> {
        let is_it = |(kind, own, _): &&(Transport, SocketAddr, Arc<OwnedFd>)| {
            let is_here = own.ip() == address.ip();
            *kind == transport && is_here && (address.port() == 0 || own.port() == address.port())
        };
        let (_, _, socket) = self.0.iter().find(is_it)?;
        Some(socket.try_clone())
    }
}

impl BindConfig {
    /// UDP and TCP on one address.
    pub fn udp_and_tcp(address: SocketAddr) -> BindConfig {
        BindConfig {
            udp: vec![address],
            tcp: vec![address],
            ..BindConfig::default()
        }
    }
}

/// Why the sockets could not be bound.
#[derive(Debug, Error)]
pub enum BindError {
    /// Somebody else has the port.
    #[error(
        "{protocol} port {} on {} is in use by another program; stop it, or choose another port (0 lets the system choose)",
        address.port(), address.ip()
    )]
    PortInUse {
        /// `UDP`, `TCP`, `TLS`, `WS` or `WSS`.
        protocol: &'static str,
        /// What was asked for.
        address: SocketAddr,
    },
    /// The machine has no such address.
    #[error("{} is not an address of this machine; use one that it has, or 0.0.0.0 or [::] for all of them", address.ip())]
    NoSuchAddress {
        /// What was asked for.
        address: SocketAddr,
    },
    /// Ports below 1024 need a right that the process does not have.
    #[error("{protocol} port {} may only be used by an administrator; choose a port above 1023, or grant the right", address.port())]
    NotAllowed {
        /// `UDP`, `TCP`, `TLS`, `WS` or `WSS`.
        protocol: &'static str,
        /// What was asked for.
        address: SocketAddr,
    },
    /// A secure port needs a certificate.
    #[error(
        "{protocol} {address} cannot be served without a certificate and its key; configure them, or leave {protocol} off"
    )]
    NoIdentity {
        /// `TLS` or `WSS`.
        protocol: &'static str,
        /// What was asked for.
        address: SocketAddr,
    },
    /// Anything else that the system said.
    #[error("cannot listen on {protocol} {address}: {error}")]
    Failed {
        /// `UDP`, `TCP`, `TLS`, `WS` or `WSS`.
        protocol: &'static str,
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

impl BindError {
    pub(crate) fn new(protocol: &'static str, address: SocketAddr, error: io::Error) -> BindError {
        match error.kind() {
            io::ErrorKind::AddrInUse => BindError::PortInUse { protocol, address },
            io::ErrorKind::AddrNotAvailable => BindError::NoSuchAddress { address },
            io::ErrorKind::PermissionDenied => BindError::NotAllowed { protocol, address },
            _ => BindError::Failed {
                protocol,
                address,
                error,
            },
        }
    }
}

/// The sockets that a configuration asks for.
pub(crate) struct Bound {
    pub(crate) udp: Vec<(UdpSocket, SocketAddr)>,
    pub(crate) streams: Vec<(Transport, TcpListener, SocketAddr)>,
}

/// Binds all of them or none.
pub(crate) fn bind(config: &BindConfig) -> Result<Bound, BindError> {
    /// A port that the system chose for UDP may be taken for TCP; another is soon found.
    const TRIES: usize = 64;
    let mut tries = 0;
    loop {
        tries += 1;
        match bind_once(config) {
            Err(BindError::PortInUse {
                protocol: "TCP",
                address,
            }) if tries < TRIES && !config.tcp.contains(&address) => {}
            outcome => return outcome,
        }
    }
}

fn bind_once(config: &BindConfig) -> Result<Bound, BindError> {
    let mut bound = Bound {
        udp: Vec::new(),
        streams: Vec::new(),
    };
    for &address in &config.udp {
        let known = config.inherited.find(Transport::Udp, address);
        let made = known.map_or_else(|| udp(address), known_udp);
        let made = made.map_err(|error| BindError::new("UDP", address, error))?;
        bound.udp.push(made);
    }
    for &address in &config.tcp {
        let partner = config.udp.iter().position(|udp| *udp == address);
        let wanted = match partner {
            Some(index) if address.port() == 0 => bound.udp[index].1,
            _ => address,
        };
        let known = config.inherited.find(Transport::Tcp, wanted);
        let made = known.map_or_else(|| tcp(wanted), known_tcp);
        let made = made.map_err(|error| BindError::new("TCP", wanted, error))?;
        bound.streams.push((Transport::Tcp, made.0, made.1));
    }
    let others = [
        (Transport::Tls, &config.tls),
        (Transport::Ws, &config.ws),
        (Transport::Wss, &config.wss),
    ];
    for (transport, addresses) in others {
        let protocol = transport.as_str();
        for &address in addresses {
            if transport.is_secure() && config.identity.is_none() {
                return Err(BindError::NoIdentity { protocol, address });
            }
            let known = config.inherited.find(transport, address);
            let made = known.map_or_else(|| tcp(address), known_tcp);
            let made = made.map_err(|error| BindError::new(protocol, address, error))?;
            bound.streams.push((transport, made.0, made.1));
        }
    }
    Ok(bound)
}

fn known_udp(socket: io::Result<OwnedFd>) -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = std::net::UdpSocket::from(socket?);
    socket.set_nonblocking(true)?;
    let local = socket.local_addr()?;
    Ok((UdpSocket::from_std(socket)?, local))
}

fn known_tcp(socket: io::Result<OwnedFd>) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = std::net::TcpListener::from(socket?);
    socket.set_nonblocking(true)?;
    let local = socket.local_addr()?;
    Ok((TcpListener::from_std(socket)?, local))
}

fn udp(address: SocketAddr) -> io::Result<(UdpSocket, SocketAddr)> {
    /// Room for about four thousand requests that come in one burst.
    const BUFFER_BYTES: usize = 4 * 1024 * 1024;
    let socket = new_socket(address, Type::DGRAM, Protocol::UDP)?;
    // The system may allow less, which is no reason to stop.
    let _ = socket.set_recv_buffer_size(BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(BUFFER_BYTES);
    socket.bind(&address.into())?;
    let socket = UdpSocket::from_std(socket.into())?;
    let local = socket.local_addr()?;
    Ok((socket, local))
}

fn tcp(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    const BACKLOG: i32 = 1024;
    let socket = new_socket(address, Type::STREAM, Protocol::TCP)?;
    // So that a restarted server need not wait for the old connections' last minute.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from_std(socket.into())?;
    let local = listener.local_addr()?;
    Ok((listener, local))
}

fn new_socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        // IPv4 has its own socket; else an IPv4 peer would show up under a mapped address.
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}
