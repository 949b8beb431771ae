//! All sockets of one process behind one receive and one send.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use rustls::ClientConfig;
use sip::{Flow, Transport};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::bind::{self, BindConfig, BindError};
use crate::connection::{Connection, Opening, Report, Service};
use crate::failure::FlowFailure;
use crate::limits::Limits;
use crate::listener::{self, Arrival, WebSockets};
use crate::table::ConnectionTable;
use crate::tls::{TlsIdentity, Trust};
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
        /// What happened, for people.
        why: FlowFailure,
    },
}

/// UDP ports, listeners and connections of one process.
pub struct Sockets {
    udp: Vec<UdpPort>,
    /// Which UDP port is asked first, so that a busy one cannot starve the others.
    turn: usize,
    listening: Vec<(Transport, SocketAddr)>,
    /// The same once more, for another process; the listeners themselves are with their tasks.
    shared: Vec<OwnedFd>,
    listeners: Vec<JoinHandle<()>>,
    arrivals: mpsc::Receiver<Arrival>,
    arrive: mpsc::Sender<Arrival>,
    table: ConnectionTable,
    reports: mpsc::Receiver<Report>,
    reporter: mpsc::Sender<Report>,
    failed: VecDeque<(Flow, FlowFailure)>,
    /// Messages that go out together, see [`Sockets::gather`].
    gathered: Vec<(Flow, Bytes)>,
    keep_alive: Option<Duration>,
    limits: Arc<Limits>,
    identity: Option<TlsIdentity>,
    trust: Trust,
    /// Made when the first secure connection is opened.
    client: Option<Result<Arc<ClientConfig>, FlowFailure>>,
    names: HashMap<SocketAddr, String>,
    web_socket_path: Arc<str>,
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
        let (arrive, arrivals) = mpsc::channel(WAITING_CONNECTIONS);
        let mut listening = Vec::new();
        let mut listeners = Vec::new();
        let mut shared = Vec::new();
        for (transport, listener, local) in bound.streams {
            let error = |error| BindError::new(transport.as_str(), local, error);
            shared.push(listener.as_fd().try_clone_to_owned().map_err(error)?);
            listening.push((transport, local));
            let accepting = listener::accept(listener, transport, arrive.clone());
            listeners.push(tokio::spawn(accepting));
        }
        Ok(Sockets {
            udp: bound
                .udp
                .into_iter()
                .map(|(socket, local)| UdpPort::new(socket, local))
                .collect(),
            turn: 0,
            listening,
            shared,
            listeners,
            arrivals,
            arrive,
            table: ConnectionTable::default(),
            reports,
            reporter,
            failed: VecDeque::new(),
            gathered: Vec::new(),
            keep_alive: config.keep_alive,
            limits: Arc::new(config.limits),
            identity: config.identity,
            trust: config.trust,
            client: None,
            names: HashMap::new(),
            web_socket_path: config.web_socket_path.unwrap_or_else(|| "/".into()).into(),
        })
    }

    /// The UDP addresses that are really bound, in the order of the configuration.
    pub fn local_udp(&self) -> Vec<SocketAddr> {
        self.udp.iter().map(UdpPort::local).collect()
    }

    /// The TCP addresses that are really bound, in the order of the configuration.
    pub fn local_tcp(&self) -> Vec<SocketAddr> {
        self.local(Transport::Tcp)
    }

    /// The TLS addresses that are really bound, in the order of the configuration.
    pub fn local_tls(&self) -> Vec<SocketAddr> {
        self.local(Transport::Tls)
    }

    /// The WebSocket addresses that are really bound, in the order of the configuration.
    pub fn local_ws(&self) -> Vec<SocketAddr> {
        self.local(Transport::Ws)
    }

    /// The addresses for WebSocket over TLS that are really bound, in the order of the configuration.
    pub fn local_wss(&self) -> Vec<SocketAddr> {
        self.local(Transport::Wss)
    }

    fn local(&self, wanted: Transport) -> Vec<SocketAddr> {
        let is_wanted = |(transport, _): &&(Transport, SocketAddr)| *transport == wanted;
        let listening = self.listening.iter().filter(is_wanted);
        listening.map(|(_, local)| *local).collect()
    }

    /// All bound UDP sockets and listeners once more, for a process that goes on with them
    /// ([`BindConfig::inherited`]).
    ///
    /// # Errors
    /// If the process may not have so many descriptors.
    pub fn duplicates(&self) -> io::Result<Vec<(Transport, SocketAddr, OwnedFd)>> {
        let udp = self.udp.iter().map(|port| {
            let socket = port.duplicate()?;
            Ok((Transport::Udp, port.local(), socket))
        });
        let listeners = self.listening.iter().zip(&self.shared);
        let streams = listeners
            .map(|((transport, local), socket)| Ok((*transport, *local, socket.try_clone()?)));
        udp.chain(streams).collect()
    }

    /// A handle by which an HTTP server brings WebSockets here.
    pub fn web_sockets(&self) -> WebSockets {
        WebSockets::new(self.arrive.clone())
    }

    /// Shows another certificate from the next connection on; those that are open stay.
    pub fn set_identity(&mut self, identity: TlsIdentity) {
        self.identity = Some(identity);
    }

    /// Tells which host name stands behind an address: connections that are opened to it from now on ask for that name
    /// (SNI) and demand it in the certificate. Without a name the certificate must hold the address.
    ///
    /// Whoever looked a name up calls this for the addresses that came out, before sending there (RFC 5922 4).
    pub fn set_peer_name(&mut self, remote: SocketAddr, name: &str) {
        /// Peers whose names are kept; more than anybody's trunks and proxies.
        const NAMES: usize = 4096;
        let name = name.trim_end_matches('.');
        if self.names.get(&remote).is_some_and(|known| known == name) {
            return;
        }
        if self.names.len() >= NAMES {
            self.names.clear();
        }
        self.names.insert(remote, name.to_owned());
        // What is open was opened for somebody else.
        self.table.forget_way(remote);
    }

    /// How many connections are open or being opened.
    pub fn connection_count(&self) -> usize {
        self.table.len()
    }

    /// Waits for the next thing to happen. Nothing is lost when the future is dropped.
    pub async fn receive(&mut self) -> Received {
        poll_fn(|context| self.poll_receive(context)).await
    }

    /// The next thing that has happened already. After [`Sockets::receive`] woke, this takes the rest of the batch
    /// without going back to the runtime.
    pub fn receive_now(&mut self) -> Option<Received> {
        if let Some((flow, why)) = self.failed.pop_front() {
            return Some(Received::FlowFailed { flow, why });
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
        if let Some((flow, why)) = self.failed.pop_front() {
            return Poll::Ready(Received::FlowFailed { flow, why });
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
        // Neither channel ever ends: we hold a sender of each ourselves.
        while let Poll::Ready(Some(arrival)) = self.arrivals.poll_recv(context) {
            self.add_accepted(arrival);
        }
        while let Poll::Ready(Some(report)) = self.reports.poll_recv(context) {
            if let Some(received) = self.reported(report) {
                return Poll::Ready(received);
            }
        }
        // What made room for others.
        match self.failed.pop_front() {
            Some((flow, why)) => Poll::Ready(Received::FlowFailed { flow, why }),
            None => Poll::Pending,
        }
    }

    fn reported(&mut self, report: Report) -> Option<Received> {
        match report {
            Report::Message { flow, payload } => {
                self.table.proven(flow.connection);
                Some(Received::Message { flow, payload })
            }
            Report::Closed { flow, why } => {
                let connection = self.table.remove(flow.connection)?;
                let asked = connection.asked.map(|asked| (asked, why.clone()));
                self.failed.extend(asked);
                Some(Received::FlowFailed { flow, why })
            }
        }
    }

    fn add_accepted(&mut self, arrival: Arrival) {
        let Arrival {
            pipe,
            transport,
            local,
            remote,
        } = arrival;
        match self.table.make_room(remote, &self.limits) {
            Ok(None) => {}
            // Nobody was told of it, for it has brought nothing.
            Ok(Some(silent)) => silent.abort(),
            Err(()) => {
                tracing::debug!(%remote, "too many connections, one more was closed");
                return;
            }
        }
        let flow = Flow {
            transport,
            local,
            remote,
            connection: self.table.next_number(),
        };
        let identity = self.identity.as_ref().map(TlsIdentity::server);
        let connection = Connection::accepted(pipe, self.service(flow, None), identity);
        self.table.add_accepted(connection);
    }

    fn service(&self, flow: Flow, keep_alive: Option<Duration>) -> Service {
        Service {
            flow,
            reports: self.reporter.clone(),
            limits: Arc::clone(&self.limits),
            keep_alive,
        }
    }

    /// As [`Sockets::send`], but with the next [`Sockets::flush`].
    ///
    /// For whoever works through a batch of messages: a peer on the other end of many of them is woken once and not for
    /// each, which costs both sides less than the sending itself.
    pub fn gather(&mut self, flow: Flow, payload: Bytes) {
        self.gathered.push((flow, payload));
    }

    /// Sends what was gathered.
    pub fn flush(&mut self) {
        let mut gathered = std::mem::take(&mut self.gathered);
        for (flow, payload) in gathered.drain(..) {
            self.send(flow, payload);
        }
        // Its memory is good for the next batch.
        self.gathered = gathered;
    }

    /// Sends one message. Never waits; a failure comes out of [`Sockets::receive`] as [`Received::FlowFailed`].
    pub fn send(&mut self, flow: Flow, payload: Bytes) {
        let outcome = match flow.transport {
            Transport::Udp => self.send_datagram(flow, &payload),
            _ => self.send_on_stream(flow, payload),
        };
        if let Err(why) = outcome {
            self.failed.push_back((flow, why));
        }
    }

    fn send_datagram(&self, flow: Flow, payload: &[u8]) -> Result<(), FlowFailure> {
        let is_same_family = |port: &&UdpPort| port.local().is_ipv4() == flow.remote.is_ipv4();
        let port = self
            .udp
            .iter()
            .find(|port| port.local() == flow.local)
            .or_else(|| self.udp.iter().find(is_same_family))
            .ok_or(FlowFailure::NoSuchFlow)?;
        port.send(flow.remote, payload).map_err(|error| {
            tracing::debug!(remote = %flow.remote, %error, "a datagram could not be sent");
            FlowFailure::Broken(error.to_string())
        })
    }

    fn send_on_stream(&mut self, flow: Flow, payload: Bytes) -> Result<(), FlowFailure> {
        let number = match flow.connection {
            0 => match self.table.towards(flow.transport, flow.remote) {
                Some(number) => number,
                None => return self.open(flow, payload),
            },
            number => number,
        };
        let connection = self.table.get(number).ok_or(FlowFailure::NoSuchFlow)?;
        if connection.send(payload) {
            return Ok(());
        }
        let why = FlowFailure::NotReading;
        if let Some(connection) = self.table.remove(number) {
            let others = [Some(connection.flow), connection.asked]
                .into_iter()
                .flatten();
            let others = others.filter(|other| *other != flow);
            self.failed.extend(others.map(|other| (other, why.clone())));
            connection.abort();
        }
        Err(why)
    }

    fn open(&mut self, asked: Flow, payload: Bytes) -> Result<(), FlowFailure> {
        if self.table.len() >= self.limits.connections {
            return Err(FlowFailure::TooMany);
        }
        let opening = Opening {
            name: self.names.get(&asked.remote).cloned(),
            trust: self.client(asked.transport),
            path: Arc::clone(&self.web_socket_path),
        };
        let flow = Flow {
            connection: self.table.next_number(),
            ..asked
        };
        let connection = Connection::opened(self.service(flow, self.keep_alive), asked, opening);
        let is_queued = connection.send(payload);
        self.table.add_opened(connection);
        if is_queued {
            Ok(())
        } else {
            Err(FlowFailure::NotReading)
        }
    }

    fn client(&mut self, transport: Transport) -> Result<Arc<ClientConfig>, FlowFailure> {
        if !transport.is_secure() {
            return Err(FlowFailure::NoSuchFlow);
        }
        let trust = &self.trust;
        self.client
            .get_or_insert_with(|| trust.client_config().map_err(FlowFailure::Certificate))
            .clone()
    }

    /// Closes the connection that messages to this flow would take, without waiting for anything: its owner has found out
    /// that nobody answers there any more. The next message opens another one. Nothing is reported of it.
    pub fn abandon(&mut self, flow: Flow) {
        let number = match flow.connection {
            0 => self.table.towards(flow.transport, flow.remote),
            number => Some(number),
        };
        if let Some(connection) = number.and_then(|number| self.table.remove(number)) {
            connection.abort();
        }
    }

    /// Lets what is queued go out, for a second at most, and closes everything.
    pub async fn shutdown(mut self) {
        self.flush();
        const PATIENCE: Duration = Duration::from_secs(1);
        let deadline = tokio::time::Instant::now() + PATIENCE;
        for connection in self.table.drain() {
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
        for connection in self.table.drain() {
            connection.abort();
        }
    }
}
