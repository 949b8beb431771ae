//! All sockets of one process behind one receive and one send.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use sip::{Flow, Transport};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::bind::{self, BindConfig, BindError};
use crate::connection::{Connection, Report};
use crate::limits::Limits;
use crate::udp::UdpPort;

/// What comes out of the sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// One whole message, or a datagram that may be one.
    Message {
        /// The way it came.
        flow: Flow,
        /// Its bytes.
        payload: Bytes,
    },
    /// A connection is gone or could not be opened, or the system refuses to send there.
    FlowFailed {
        /// The flow as the owner knows it.
        flow: Flow,
    },
}

/// UDP ports, TCP listeners and TCP connections of one process.
pub struct Sockets {
    udp: Vec<UdpPort>,
    /// Which UDP port is asked first, so that a busy one cannot starve the others.
    turn: usize,
    listening: Vec<SocketAddr>,
    listeners: Vec<JoinHandle<()>>,
    accepted: mpsc::Receiver<(TcpStream, Flow)>,
    connections: HashMap<u64, Connection>,
    by_remote: HashMap<SocketAddr, u64>,
    last_connection: u64,
    reports: mpsc::Receiver<Report>,
    reporter: mpsc::Sender<Report>,
    failed: VecDeque<Flow>,
    keep_alive: Option<Duration>,
    limits: Limits,
}

impl Sockets {
    /// Binds what the configuration asks for: all of it, or nothing.
    ///
    /// # Errors
    /// [`BindError`], in a sentence for the person who started the program.
    pub async fn bind(config: BindConfig) -> Result<Sockets, BindError> {
        /// Messages from all connections that wait for the owner; then the readers wait.
        const WAITING_REPORTS: usize = 1024;
        const WAITING_CONNECTIONS: usize = 128;
        let bound = bind::bind(&config)?;
        let (reporter, reports) = mpsc::channel(WAITING_REPORTS);
        let (acceptor, accepted) = mpsc::channel(WAITING_CONNECTIONS);
        let listening = bound.tcp.iter().map(|(_, local)| *local).collect();
        let listeners = bound
            .tcp
            .into_iter()
            .map(|(listener, _)| tokio::spawn(accept(listener, acceptor.clone())))
            .collect();
        Ok(Sockets {
            udp: bound
                .udp
                .into_iter()
                .map(|(socket, local)| UdpPort::new(socket, local))
                .collect(),
            turn: 0,
            listening,
            listeners,
            accepted,
            connections: HashMap::new(),
            by_remote: HashMap::new(),
            last_connection: 0,
            reports,
            reporter,
            failed: VecDeque::new(),
            keep_alive: config.keep_alive,
            limits: config.limits,
        })
    }

    /// The UDP addresses that are really bound, in the order of the configuration.
    pub fn local_udp(&self) -> Vec<SocketAddr> {
        self.udp.iter().map(UdpPort::local).collect()
    }

    /// The TCP addresses that are really bound, in the order of the configuration.
    pub fn local_tcp(&self) -> Vec<SocketAddr> {
        self.listening.clone()
    }

    /// How many connections are open or being opened.
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    /// Waits for the next thing to happen. Nothing is lost when the future is dropped.
    pub async fn receive(&mut self) -> Received {
        poll_fn(|context| self.poll_receive(context)).await
    }

    /// The next thing that has happened already. After [`Sockets::receive`] woke, this takes the rest of the batch
    /// without going back to the runtime.
    pub fn receive_now(&mut self) -> Option<Received> {
        if let Some(flow) = self.failed.pop_front() {
            return Some(Received::FlowFailed { flow });
        }
        for _ in 0..self.udp.len() {
            let index = self.turn % self.udp.len();
            if let Some((flow, payload)) = self.udp[index].receive_now() {
                return Some(Received::Message { flow, payload });
            }
            self.turn = self.turn.wrapping_add(1);
        }
        while let Ok(report) = self.reports.try_recv() {
            if let Some(received) = self.reported(report) {
                return Some(received);
            }
        }
        None
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Received> {
        if let Some(flow) = self.failed.pop_front() {
            return Poll::Ready(Received::FlowFailed { flow });
        }
        self.turn = self.turn.wrapping_add(1);
        // Streams and datagrams take turns at being asked first.
        if self.turn.is_multiple_of(2)
            && let Poll::Ready(received) = self.poll_streams(context)
        {
            return Poll::Ready(received);
        }
        for step in 0..self.udp.len() {
            let index = (self.turn / 2).wrapping_add(step) % self.udp.len();
            if let Poll::Ready((flow, payload)) = self.udp[index].poll_receive(context) {
                return Poll::Ready(Received::Message { flow, payload });
            }
        }
        self.poll_streams(context)
    }

    fn poll_streams(&mut self, context: &mut Context<'_>) -> Poll<Received> {
        while let Poll::Ready(Some((stream, flow))) = self.accepted.poll_recv(context) {
            self.add_accepted(stream, flow);
        }
        // The channel never ends: we hold a sender ourselves.
        while let Poll::Ready(Some(report)) = self.reports.poll_recv(context) {
            if let Some(received) = self.reported(report) {
                return Poll::Ready(received);
            }
        }
        Poll::Pending
    }

    fn reported(&mut self, report: Report) -> Option<Received> {
        match report {
            Report::Message { flow, payload } => Some(Received::Message { flow, payload }),
            Report::Closed { flow } => {
                let connection = self.connections.remove(&flow.connection)?;
                self.forget(&connection);
                Some(Received::FlowFailed { flow })
            }
        }
    }

    /// Drops what points to a connection that is gone.
    fn forget(&mut self, connection: &Connection) {
        let flow = connection.flow;
        if self.by_remote.get(&flow.remote) == Some(&flow.connection) {
            self.by_remote.remove(&flow.remote);
        }
        self.failed.extend(connection.asked);
    }

    fn add_accepted(&mut self, stream: TcpStream, flow: Flow) {
        if self.connections.len() >= self.limits.connections {
            tracing::debug!(remote = %flow.remote, "too many connections, one more was closed");
            return;
        }
        let flow = Flow {
            connection: self.new_connection(),
            ..flow
        };
        let reporter = self.reporter.clone();
        let connection = Connection::accepted(stream, flow, reporter, self.limits.clone());
        self.connections.insert(flow.connection, connection);
        self.by_remote.insert(flow.remote, flow.connection);
    }

    fn new_connection(&mut self) -> u64 {
        self.last_connection += 1;
        self.last_connection
    }

    /// Sends one message. Never waits; a failure comes out of [`Sockets::receive`] as [`Received::FlowFailed`].
    pub fn send(&mut self, flow: Flow, payload: Bytes) {
        let is_sent = match flow.transport {
            Transport::Udp => self.send_datagram(flow, &payload),
            Transport::Tcp => self.send_on_stream(flow, payload),
            // There are no such sockets here, so there is no such flow.
            Transport::Tls | Transport::Ws | Transport::Wss => false,
        };
        if !is_sent {
            self.failed.push_back(flow);
        }
    }

    fn send_datagram(&self, flow: Flow, payload: &[u8]) -> bool {
        let is_same_family = |port: &&UdpPort| port.local().is_ipv4() == flow.remote.is_ipv4();
        let port = self
            .udp
            .iter()
            .find(|port| port.local() == flow.local)
            .or_else(|| self.udp.iter().find(is_same_family));
        let Some(port) = port else {
            return false;
        };
        match port.send(flow.remote, payload) {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(remote = %flow.remote, %error, "a datagram could not be sent");
                false
            }
        }
    }

    fn send_on_stream(&mut self, flow: Flow, payload: Bytes) -> bool {
        let number = match flow.connection {
            0 => match self.by_remote.get(&flow.remote) {
                Some(number) => *number,
                None => return self.open(flow, payload),
            },
            number => number,
        };
        let Some(connection) = self.connections.get(&number) else {
            return false;
        };
        if connection.send(payload) {
            return true;
        }
        if let Some(connection) = self.connections.remove(&number) {
            self.forget(&connection);
            if connection.flow != flow {
                self.failed.push_back(connection.flow);
            }
            connection.abort();
        }
        false
    }

    fn open(&mut self, asked: Flow, payload: Bytes) -> bool {
        if self.connections.len() >= self.limits.connections {
            return false;
        }
        let flow = Flow {
            connection: self.new_connection(),
            ..asked
        };
        let connection = Connection::opened(
            flow,
            asked,
            self.reporter.clone(),
            self.limits.clone(),
            self.keep_alive,
        );
        let is_queued = connection.send(payload);
        self.connections.insert(flow.connection, connection);
        self.by_remote.insert(flow.remote, flow.connection);
        is_queued
    }

    /// Lets what is queued go out, for a second at most, and closes everything.
    pub async fn shutdown(mut self) {
        const PATIENCE: Duration = Duration::from_secs(1);
        let deadline = tokio::time::Instant::now() + PATIENCE;
        for (_, connection) in self.connections.drain() {
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            connection.finish(left).await;
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.abort();
        }
        for (_, connection) in self.connections.drain() {
            connection.abort();
        }
    }
}

async fn accept(listener: TcpListener, accepted: mpsc::Sender<(TcpStream, Flow)>) {
    /// When the process has no file descriptors left, trying again at once would only burn time.
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                let Ok(local) = stream.local_addr() else {
                    continue;
                };
                let flow = Flow {
                    transport: Transport::Tcp,
                    local,
                    remote,
                    connection: 0,
                };
                if accepted.send((stream, flow)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
