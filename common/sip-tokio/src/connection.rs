//! One connection: a task of its own, and our handle on it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::{ClientConfig, ServerConfig};
use sip::{Flow, Transport};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::failure::FlowFailure;
use crate::queue::{self, Queue, Waiting};
use crate::{Limits, stream, tls, web_socket};

/// Bytes both ways, whatever is below.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Io for S {}

/// What a connection's task tells.
#[derive(Debug)]
pub(crate) enum Report {
    /// A whole message came.
    Message { flow: Flow, payload: Bytes },
    /// The connection is at its end.
    Closed { flow: Flow, why: FlowFailure },
}

/// What a peer opened.
pub(crate) enum Pipe {
    /// A connection on which nothing was said yet.
    Fresh(TcpStream),
    /// A WebSocket whose handshake was done by somebody else, who waits until it ends.
    Upgraded(Box<dyn Io>, oneshot::Sender<()>),
}

/// What a connection's task needs to know.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) flow: Flow,
    pub(crate) reports: mpsc::Sender<Report>,
    pub(crate) limits: Arc<Limits>,
    /// How often we ask whether the peer is there, where we opened the connection.
    pub(crate) keep_alive: Option<Duration>,
}

/// What opening a connection takes beyond its addresses.
pub(crate) struct Opening {
    /// The peer's name, for its certificate and for the `Host` header of a WebSocket.
    pub(crate) name: Option<String>,
    /// Whom to trust, where the transport is secure.
    pub(crate) trust: Result<Arc<ClientConfig>, FlowFailure>,
    /// The path of a WebSocket.
    pub(crate) path: Arc<str>,
}

/// Our handle on a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) flow: Flow,
    /// The flow that was asked for, where we opened the connection: the owner may know it under no other.
    pub(crate) asked: Option<Flow>,
    queue: Queue,
    task: JoinHandle<()>,
}

impl Connection {
    /// Serves a connection that a peer opened. `identity` is there where the transport is secure and begins here.
    pub(crate) fn accepted(
        pipe: Pipe,
        service: Service,
        identity: Option<Arc<ServerConfig>>,
    ) -> Connection {
        let flow = service.flow;
        let (queue, waiting) = queue::new(&service.limits);
        // A task as large as its own transport needs, not as the largest.
        let task = match (pipe, flow.transport, identity) {
            (Pipe::Upgraded(io, done), _, _) => tokio::spawn(async move {
                let limits = &service.limits;
                let socket = web_socket::adopt(io, limits).await;
                let why = web_socket::serve(socket, &service, waiting).await;
                close(why, &service).await;
                // Whoever waited may have gone.
                let _ = done.send(());
            }),
            (Pipe::Fresh(io), Transport::Tls, Some(identity)) => tokio::spawn(async move {
                let why = serve_tls(io, identity, &service, waiting).await;
                close(why, &service).await;
            }),
            (Pipe::Fresh(io), Transport::Wss, Some(identity)) => tokio::spawn(async move {
                let why = serve_wss(io, identity, &service, waiting).await;
                close(why, &service).await;
            }),
            (Pipe::Fresh(io), Transport::Ws, _) => tokio::spawn(async move {
                let why = serve_ws(io, &service, waiting).await;
                close(why, &service).await;
            }),
            (Pipe::Fresh(io), Transport::Tcp, _) => tokio::spawn(async move {
                let why = stream::serve(io, &service, waiting).await;
                close(why, &service).await;
            }),
            // A secure transport without an identity must not speak at all.
            (Pipe::Fresh(_), _, _) => tokio::spawn(async move {
                close(FlowFailure::NoSuchFlow, &service).await;
            }),
        };
        Connection {
            flow,
            asked: None,
            queue,
            task,
        }
    }

    /// Opens a connection and serves it. What is sent meanwhile waits.
    pub(crate) fn opened(service: Service, asked: Flow, opening: Opening) -> Connection {
        let flow = service.flow;
        let (queue, waiting) = queue::new(&service.limits);
        let task = tokio::spawn(async move {
            let why = match open(&service, opening, waiting).await {
                Ok(why) | Err(why) => why,
            };
            close(why, &service).await;
        });
        Connection {
            flow,
            asked: Some(asked),
            queue,
            task,
        }
    }

    /// Queues a message. False: the peer does not read, or is gone.
    pub(crate) fn send(&self, payload: Bytes) -> bool {
        self.queue.push(payload)
    }

    /// Ends the connection at once.
    pub(crate) fn abort(self) {
        self.task.abort();
    }

    /// Lets what is queued go out, then ends.
    pub(crate) async fn finish(self, patience: Duration) {
        // The task ends when the last sender is gone and the queue is empty.
        drop(self.queue);
        let mut task = self.task;
        if timeout(patience, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Says so, once.
async fn close(why: FlowFailure, service: &Service) {
    let flow = service.flow;
    tracing::debug!(transport = %flow.transport, remote = %flow.remote, %why, "a connection ended");
    // Nobody listens any more only when all sockets are being closed.
    let _ = service.reports.send(Report::Closed { flow, why }).await;
}

async fn serve_tls(
    io: TcpStream,
    identity: Arc<ServerConfig>,
    service: &Service,
    waiting: Waiting,
) -> FlowFailure {
    match in_time(service, Box::pin(tls::accept(io, identity))).await {
        Ok(io) => stream::serve(io, service, waiting).await,
        Err(why) => why,
    }
}

async fn serve_ws(io: TcpStream, service: &Service, waiting: Waiting) -> FlowFailure {
    match in_time(service, Box::pin(web_socket::accept(io, &service.limits))).await {
        Ok(socket) => web_socket::serve(socket, service, waiting).await,
        Err(why) => why,
    }
}

async fn serve_wss(
    io: TcpStream,
    identity: Arc<ServerConfig>,
    service: &Service,
    waiting: Waiting,
) -> FlowFailure {
    let io = match in_time(service, Box::pin(tls::accept(io, identity))).await {
        Ok(io) => io,
        Err(why) => return why,
    };
    match in_time(service, Box::pin(web_socket::accept(io, &service.limits))).await {
        Ok(socket) => web_socket::serve(socket, service, waiting).await,
        Err(why) => why,
    }
}

async fn in_time<T>(
    service: &Service,
    handshake: impl Future<Output = Result<T, FlowFailure>>,
) -> Result<T, FlowFailure> {
    timeout(service.limits.handshake, handshake)
        .await
        .unwrap_or(Err(FlowFailure::Silent))
}

async fn open(
    service: &Service,
    opening: Opening,
    waiting: Waiting,
) -> Result<FlowFailure, FlowFailure> {
    let Service { flow, limits, .. } = service;
    let name = opening.name.as_deref();
    let server_name = tls::server_name(name, flow.remote.ip())?;
    let io = match timeout(limits.connect, TcpStream::connect(flow.remote)).await {
        Err(_) => return Err(FlowFailure::NoConnection("nobody answers".to_owned())),
        Ok(Err(error)) => return Err(FlowFailure::NoConnection(error.to_string())),
        Ok(Ok(io)) => io,
    };
    stream::prepare(&io);
    let why = match flow.transport {
        Transport::Tls => {
            let io = in_time(service, tls::connect(io, server_name, opening.trust?)).await?;
            stream::serve(io, service, waiting).await
        }
        Transport::Ws => {
            let asking = web_socket::connect(io, flow, name, &opening.path, limits);
            let socket = in_time(service, asking).await?;
            web_socket::serve(socket, service, waiting).await
        }
        Transport::Wss => {
            let io = in_time(service, tls::connect(io, server_name, opening.trust?)).await?;
            let asking = web_socket::connect(io, flow, name, &opening.path, limits);
            let socket = in_time(service, asking).await?;
            web_socket::serve(socket, service, waiting).await
        }
        Transport::Tcp | Transport::Udp => stream::serve(io, service, waiting).await,
    };
    Ok(why)
}
