//! Accepting connections, and connections that others accepted.

use std::net::SocketAddr;
use std::time::Duration;

use sip::Transport;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::connection::{Io, Pipe};
use crate::stream;

/// A connection that a peer opened.
pub(crate) struct Arrival {
    pub(crate) pipe: Pipe,
    pub(crate) transport: Transport,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
}

/// Accepts for ever.
pub(crate) async fn accept(
    listener: TcpListener,
    transport: Transport,
    arrivals: mpsc::Sender<Arrival>,
) {
    /// When the process has no file descriptors left, trying again at once would only burn time.
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        match listener.accept().await {
            Ok((io, remote)) => {
                let Ok(local) = io.local_addr() else {
                    continue;
                };
                stream::prepare(&io);
                let arrival = Arrival {
                    pipe: Pipe::Fresh(io),
                    transport,
                    local,
                    remote,
                };
                if arrivals.send(arrival).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%transport, %error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Brings WebSockets to [`crate::Sockets`] whose HTTP upgrade was done by somebody else, such as the program's HTTP server.
#[derive(Clone, Debug)]
pub struct WebSockets {
    arrivals: mpsc::Sender<Arrival>,
}

impl WebSockets {
    pub(crate) fn new(arrivals: mpsc::Sender<Arrival>) -> WebSockets {
        WebSockets { arrivals }
    }

    /// Serves a connection whose upgrade to WebSocket with the sub-protocol `sip` (RFC 7118 4) is done, until it ends.
    ///
    /// `local` and `remote` are the addresses of its flow; `is_secure` tells that TLS is below, which makes it
    /// [`Transport::Wss`]. It counts among the connections that [`crate::Limits`] limits, and is closed at once where
    /// they are used up.
    pub async fn serve(
        &self,
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        local: SocketAddr,
        remote: SocketAddr,
        is_secure: bool,
    ) {
        let (done, finished) = oneshot::channel();
        let io: Box<dyn Io> = Box::new(io);
        let arrival = Arrival {
            pipe: Pipe::Upgraded(io, done),
            transport: if is_secure {
                Transport::Wss
            } else {
                Transport::Ws
            },
            local,
            remote,
        };
        if self.arrivals.send(arrival).await.is_ok() {
            // An error says the same: it is over.
            let _ = finished.await;
        }
    }
}
