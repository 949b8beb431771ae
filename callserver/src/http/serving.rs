//! The listening socket, its connections, and their limits.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// A bound socket that does not serve yet.
#[derive(Debug)]
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    connections: Arc<Semaphore>,
}

/// The socket cannot be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program has the port.
    #[error(
        "The HTTP port {0} is in use by another program; stop that one or choose another port with --http."
    )]
    InUse(SocketAddr),
    /// Anything else, such as an address that is not ours.
    #[error(
        "HTTP cannot listen on {address} ({source}); choose an address of this machine with --http."
    )]
    Other {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Whoever needs longer to send the head of a request holds a connection for nothing.
const HEADER_LIMIT: Duration = Duration::from_secs(10);

/// Longer than any request takes, waiting for a password check included.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

impl HttpServer {
    /// Binds the socket.
    ///
    /// # Errors
    /// If the port is taken or the address is not ours.
    pub async fn bind(address: SocketAddr, max_connections: usize) -> Result<Self, BindError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse(address),
            _ => BindError::Other { address, source },
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let places = max_connections.clamp(1, Semaphore::MAX_PERMITS);
        Ok(Self {
            listener,
            address,
            connections: Arc::new(Semaphore::new(places)),
        })
    }

    /// Where it really listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until it is dropped.
    pub async fn run(self, router: Router) {
        loop {
            // Who comes when all places are taken waits in the system's queue.
            let Ok(place) = self.connections.clone().acquire_owned().await else {
                return;
            };
            match self.listener.accept().await {
                Ok((stream, source)) => {
                    let router = router.clone();
                    tokio::spawn(async move {
                        serve(stream, source, router).await;
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

async fn serve(stream: TcpStream, source: SocketAddr, router: Router) {
    // Answers are single small writes; waiting to fill a segment only adds delay. Failing to set it changes nothing.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(source));
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
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, %source, "an HTTP connection broke");
    }
}
