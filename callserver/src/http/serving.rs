//! The listening sockets, their connections, and their limits.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::places::Places;
use crate::certificate::Certificate;
use crate::config::Encrypted;

/// A bound socket for another process: whether it is for HTTPS, its address, the socket.
pub type Listener = (bool, SocketAddr, OwnedFd);

/// Bound sockets that do not serve yet.
#[derive(Debug)]
pub struct HttpServer {
    doors: Vec<Door>,
    /// Listeners of the process before, and whether they are for HTTPS.
    inherited: Vec<Listener>,
    max_connections: usize,
}

/// One listening socket.
struct Door {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
}

/// How a request came, in its extensions beside [`ConnectInfo`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Carrier {
    /// Our end of the connection.
    pub(super) local: SocketAddr,
    /// Whether nobody between us and the client can read it.
    pub(super) is_encrypted: bool,
}

/// A socket cannot be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program has the port.
    #[error(
        "The {} port {address} is in use by another program; stop that one or choose another port with --{option}.",
        option.to_ascii_uppercase()
    )]
    InUse {
        /// `http` or `https`.
        option: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// Anything else, such as an address that is not ours.
    #[error(
        "{} cannot listen on {address} ({source}); choose an address of this machine with --{option}.",
        option.to_ascii_uppercase()
    )]
    Other {
        /// `http` or `https`.
        option: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Whoever needs longer to send the head of a request, or to finish a TLS handshake, holds a connection for nothing.
const HEADER_LIMIT: Duration = Duration::from_secs(10);

/// Longer than any request takes, waiting for a password check included.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// Connections that the system keeps for us while all places are taken.
const BACKLOG: i32 = 1024;

impl HttpServer {
    /// A server that listens nowhere yet. It will hold so many connections with HTTP, and as many with HTTPS.
    #[must_use]
    pub fn new(max_connections: usize) -> Self {
        Self {
            doors: Vec::new(),
            inherited: Vec::new(),
            max_connections,
        }
    }

    /// Takes these listeners of another process in place of new ones, where they are what is to be bound.
    pub fn inherit(&mut self, listeners: Vec<Listener>) {
        self.inherited = listeners;
    }

    /// All listeners once more, for a process that goes on with them.
    ///
    /// # Errors
    /// If the process may not have so many descriptors.
    pub fn duplicates(&self) -> io::Result<Vec<Listener>> {
        let doors = self.doors.iter().map(|door| {
            let listener = door.listener.as_fd().try_clone_to_owned()?;
            Ok((door.tls.is_some(), door.address, listener))
        });
        doors.collect()
    }

    fn known(&mut self, is_encrypted: bool, address: SocketAddr) -> Option<OwnedFd> {
        let place = self.inherited.iter().position(|(kind, own, _)| {
            let is_here = own.ip() == address.ip();
            *kind == is_encrypted
                && is_here
                && (address.port() == 0 || own.port() == address.port())
        })?;
        Some(self.inherited.swap_remove(place).2)
    }

    /// Binds a socket for HTTP. Returns where it really listens.
    ///
    /// # Errors
    /// If the port is taken or the address is not ours.
    pub fn bind_plain(&mut self, address: SocketAddr) -> Result<SocketAddr, BindError> {
        let known = self.known(false, address);
        let door = Door::bind("http", address, None, known)?;
        let address = door.address;
        self.doors.push(door);
        Ok(address)
    }

    /// Binds the sockets for HTTPS. Returns where the first one really listens, if there is any.
    ///
    /// # Errors
    /// If a port that the operator asked for is taken or its address is not ours. A usual port that another program
    /// has is left to it.
    pub fn bind_encrypted(
        &mut self,
        wanted: &Encrypted,
        certificate: &Certificate,
    ) -> Result<Option<SocketAddr>, BindError> {
        let tls = TlsAcceptor::from(certificate.for_https());
        let mut first = None;
        for address in &wanted.addresses {
            let known = self.known(true, *address);
            match Door::bind("https", *address, Some(tls.clone()), known) {
                Ok(door) => {
                    first.get_or_insert(door.address);
                    self.doors.push(door);
                }
                Err(error) if wanted.is_asked_for => return Err(error),
                Err(error @ BindError::InUse { .. }) => {
                    tracing::warn!(%error, "HTTPS is off; free the port, name another one, or say --https off");
                    return Ok(None);
                }
                // A machine without IPv6, mostly.
                Err(error) => tracing::debug!(%error, "HTTPS leaves an address out"),
            }
        }
        Ok(first)
    }

    /// Serves until it is dropped.
    pub async fn run(self, router: Router) {
        let mut doors = JoinSet::new();
        let plain = Places::new(self.max_connections);
        let encrypted = Places::new(self.max_connections);
        for door in self.doors {
            let places = if door.tls.is_some() {
                &encrypted
            } else {
                &plain
            };
            doors.spawn(door.run(router.clone(), places.clone()));
        }
        while doors.join_next().await.is_some() {}
    }
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door")
            .field("address", &self.address)
            .field("is_encrypted", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

impl Door {
    fn bind(
        option: &'static str,
        address: SocketAddr,
        tls: Option<TlsAcceptor>,
        known: Option<OwnedFd>,
    ) -> Result<Self, BindError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse { option, address },
            _ => BindError::Other {
                option,
                address,
                source,
            },
        };
        let listener = match known {
            Some(known) => TcpListener::from_std(known.into()),
            None => listen(address),
        };
        let listener = listener.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            address,
            tls,
        })
    }

    async fn run(self, router: Router, places: Places) {
        loop {
            // Who comes when all places are taken waits in the system's queue.
            let Some(permit) = places.wait().await else {
                return;
            };
            match self.listener.accept().await {
                Ok((stream, source)) => {
                    let Some(place) = places.give(permit, source.ip()) else {
                        tracing::debug!(%source, "an HTTP connection too many from one source");
                        continue;
                    };
                    let (router, tls) = (router.clone(), self.tls.clone());
                    tokio::spawn(async move {
                        open(stream, source, tls, router).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "HTTP refuses connections");
                    // Usually out of file descriptors: some will be free in a moment.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // So that a restarted server need not wait for the old connections' last minute.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // IPv4 has a socket of its own.
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

async fn open(stream: TcpStream, source: SocketAddr, tls: Option<TlsAcceptor>, router: Router) {
    // Answers are single small writes; waiting to fill a segment only adds delay. Failing to set it changes nothing.
    let _ = stream.set_nodelay(true);
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let carrier = Carrier {
        local,
        is_encrypted: tls.is_some(),
    };
    let Some(tls) = tls else {
        return serve(stream, source, carrier, router).await;
    };
    match tokio::time::timeout(HEADER_LIMIT, tls.accept(stream)).await {
        Ok(Ok(stream)) => serve(stream, source, carrier, router).await,
        Ok(Err(error)) => tracing::debug!(%error, %source, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%source, "a TLS handshake took too long"),
    }
}

async fn serve<S>(stream: S, source: SocketAddr, carrier: Carrier, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(source));
        request.extensions_mut().insert(carrier);
        let router = TowerToHyperService::new(router.clone());
        async move {
            let answer = hyper::service::Service::call(&router, request);
            // An error ends the connection: whoever sends that slowly gets no answer.
            match tokio::time::timeout(REQUEST_LIMIT, answer).await {
                Ok(Ok(response)) => Ok(response),
                Ok(Err(never)) => match never {},
                Err(elapsed) => Err(elapsed),
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, %source, "an HTTP connection broke");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::Names;

    #[tokio::test]
    async fn a_taken_port_is_left_to_its_owner_unless_the_operator_asked_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = Certificate::of_data_folder(folder.path(), &Names::default()).unwrap();
        let owner = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = owner.local_addr().unwrap();
        let free = "127.0.0.1:0".parse().unwrap();
        let mut server = HttpServer::new(10);
        let mut bind = |addresses: Vec<SocketAddr>, is_asked_for| {
            let wanted = Encrypted {
                addresses,
                is_asked_for,
            };
            server.bind_encrypted(&wanted, &certificate)
        };
        assert_eq!(bind(vec![taken, free], false).unwrap(), None);
        let refused = bind(vec![taken], true).unwrap_err().to_string();
        assert!(refused.starts_with("The HTTPS port"), "{refused}");
        assert!(bind(vec![free], true).unwrap().is_some());
        // Of no machine, as an IPv6 address is on one without IPv6.
        let nowhere = "192.0.2.1:0".parse().unwrap();
        assert!(bind(vec![nowhere, free], false).unwrap().is_some());
        assert!(bind(vec![nowhere], true).is_err());
        assert_eq!(bind(Vec::new(), true).unwrap(), None);
    }
}
