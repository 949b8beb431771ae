//! The engine: one thread that waits for all sockets at once and forwards what comes.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};

use super::counters::Counters;
use super::latch::Latch;
use super::packet::{Port, may_pass};
use super::ports::{Pair, PairSockets, Returned};
use super::{MediaId, Side};

/// What the engine is told to do.
#[derive(Debug)]
pub(super) enum Order {
    Open {
        media: MediaId,
        pairs: Box<[Pair; 2]>,
        counters: Arc<Counters>,
    },
    Expect {
        media: MediaId,
        side: Side,
        signalled: SocketAddr,
        sip_source: IpAddr,
    },
    Close {
        media: MediaId,
    },
    Stop,
}

impl Socket {
    /// A target as this socket can send to it: one that serves both families knows IPv4 in IPv6's clothes only.
    fn family(&self, target: SocketAddr) -> SocketAddr {
        match target.ip() {
            IpAddr::V4(ip) if self.is_ipv6 => {
                SocketAddr::new(ip.to_ipv6_mapped().into(), target.port())
            }
            _ => target,
        }
    }
}

/// One socket: one side's RTP or RTCP.
struct Socket {
    socket: UdpSocket,
    is_ipv6: bool,
    port: Port,
    side: Side,
    latch: Latch,
    // The socket of the other side for the same kind of packet.
    other: usize,
    counters: Arc<Counters>,
    is_closed: bool,
    // Whether somebody sent to it after it was closed.
    has_latecomers: bool,
}

/// Wakes the engine to follow its orders.
#[derive(Clone, Debug)]
pub(super) struct Bell {
    waker: Arc<Waker>,
    // Whether it is awake, or will be, and has not begun to follow orders: one call is enough for all orders until then.
    has_rung: Arc<AtomicBool>,
}

impl Bell {
    /// Wakes it. Give the order before.
    pub(super) fn ring(&self) -> io::Result<()> {
        if self.has_rung.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.waker
            .wake()
            .inspect_err(|_| self.has_rung.store(false, Ordering::Release))
    }
}

pub(super) struct Engine {
    poll: Poll,
    bell: Bell,
    orders: mpsc::Receiver<Order>,
    released: mpsc::Sender<Returned>,
    sockets: Vec<Option<Socket>>,
    free: Vec<usize>,
    // Pairs of sockets that wait for another call.
    kept: usize,
    most_kept: usize,
    calls: HashMap<MediaId, Call>,
    draining: VecDeque<(Instant, Call)>,
}

/// The places of one call's sockets: caller RTP, caller RTCP, callee RTP, callee RTCP; and its even ports.
#[derive(Clone, Copy)]
struct Call {
    places: [usize; 4],
    ports: [(u16, IpAddr); 2],
}

const WAKER: Token = Token(usize::MAX);

/// How long the ports of a closed call swallow late packets before somebody else may get them: longer than a packet
/// travels around the world.
const DRAIN: Duration = Duration::from_millis(500);

/// The ports of all calls that ended within this time are given back in one go.
const DRAIN_SLACK: Duration = Duration::from_millis(100);

/// So many pairs are kept for coming calls, and two more for each call that goes on: a call that begins finds the sockets
/// of one that has ended, which is far cheaper than new ones.
const KEPT: usize = 64;

/// The largest datagram that passes: audio is far smaller, video packets stay below a network's usual 1,500 bytes.
const LARGEST: usize = 2048;

/// So many packets of one socket are forwarded before the others have their turn.
const TURN: usize = 64;

impl Engine {
    pub(super) fn new(
        orders: mpsc::Receiver<Order>,
        released: mpsc::Sender<Returned>,
        most_kept: usize,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let bell = Bell {
            waker: Arc::new(Waker::new(poll.registry(), WAKER)?),
            has_rung: Arc::default(),
        };
        Ok(Self {
            poll,
            bell,
            orders,
            released,
            sockets: Vec::new(),
            free: Vec::new(),
            kept: 0,
            most_kept,
            calls: HashMap::new(),
            draining: VecDeque::new(),
        })
    }

    pub(super) fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Forwards until [`Order::Stop`] or until nobody can give orders any more.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        // Sockets that had their turn and may hold more: the poller tells of new packets only.
        let mut unfinished: Vec<usize> = Vec::new();
        let mut buffer = [0; LARGEST];
        loop {
            let timeout = match (unfinished.is_empty(), self.draining.front()) {
                (false, _) => Some(Duration::ZERO),
                (true, Some((at, _))) => {
                    Some(at.saturating_duration_since(Instant::now()) + DRAIN_SLACK)
                }
                (true, None) => None,
            };
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    tracing::error!(%error, "the relay's poller failed; no audio is passed any more");
                    return;
                }
                _ => {}
            }
            let mut again = std::mem::take(&mut unfinished);
            // Before any packet is looked at: an order that was given before a phone was told to speak is followed
            // before its first packet.
            if self.follow_orders().is_break() {
                return;
            }
            let places = events.iter().map(|event| event.token());
            again.extend(
                places
                    .filter(|token| *token != WAKER)
                    .map(|Token(place)| place),
            );
            // One look at the clock for all that came: it is only asked about seconds of silence.
            let now = Instant::now();
            for place in again {
                if self.forward(now, place, &mut buffer) {
                    unfinished.push(place);
                }
            }
            self.release_drained();
        }
    }

    fn follow_orders(&mut self) -> std::ops::ControlFlow<()> {
        // Before the first is taken: whoever gives one from now on rings again.
        self.bell.has_rung.store(false, Ordering::Release);
        loop {
            match self.orders.try_recv() {
                Ok(Order::Open {
                    media,
                    pairs,
                    counters,
                }) => {
                    if let Err(error) = self.open(media, *pairs, &counters) {
                        tracing::error!(%error, call = media.0, "the relay cannot watch a call's sockets");
                    }
                }
                Ok(Order::Expect {
                    media,
                    side,
                    signalled,
                    sip_source,
                }) => {
                    self.expect(media, side, signalled, sip_source);
                }
                Ok(Order::Close { media }) => self.close(media),
                Err(mpsc::TryRecvError::Empty) => return std::ops::ControlFlow::Continue(()),
                Ok(Order::Stop) | Err(mpsc::TryRecvError::Disconnected) => {
                    return std::ops::ControlFlow::Break(());
                }
            }
        }
    }

    fn open(
        &mut self,
        media: MediaId,
        pairs: [Pair; 2],
        counters: &Arc<Counters>,
    ) -> io::Result<()> {
        let ports = pairs.each_ref().map(|pair| (pair.port, pair.listen));
        let [caller, callee] = pairs;
        let mut result = Ok(());
        let mut place = |pair| {
            let (places, watched) = self.place(pair, counters);
            result = std::mem::replace(&mut result, Ok(())).and(watched);
            places
        };
        let ([a, b], [c, d]) = (place(caller), place(callee));
        let places = [a, b, c, d];
        let parts = [
            (Port::Rtp, Side::Caller, c),
            (Port::Rtcp, Side::Caller, d),
            (Port::Rtp, Side::Callee, a),
            (Port::Rtcp, Side::Callee, b),
        ];
        self.calls.insert(media, Call { places, ports });
        for (place, (port, side, other)) in places.into_iter().zip(parts) {
            if let Some(socket) = self.sockets[place].as_mut() {
                socket.port = port;
                socket.side = side;
                socket.latch = Latch::default();
                socket.other = other;
                socket.counters = counters.clone();
                socket.is_closed = false;
                socket.has_latecomers = false;
            }
        }
        result
    }

    /// The places of a pair, which is watched from now on if it was not before.
    fn place(&mut self, pair: Pair, counters: &Arc<Counters>) -> ([usize; 2], io::Result<()>) {
        let (rtp, rtcp) = match pair.sockets {
            PairSockets::Watched(places) => {
                self.kept -= 1;
                return (places, Ok(()));
            }
            PairSockets::Fresh { rtp, rtcp } => (rtp, rtcp),
        };
        let mut result = Ok(());
        let places = [rtp, rtcp].map(|socket| {
            let place = self.free.pop().unwrap_or_else(|| {
                self.sockets.push(None);
                self.sockets.len() - 1
            });
            let is_ipv6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
            let mut socket = UdpSocket::from_std(socket);
            let watched =
                self.poll
                    .registry()
                    .register(&mut socket, Token(place), Interest::READABLE);
            result = std::mem::replace(&mut result, Ok(())).and(watched);
            self.sockets[place] = Some(Socket {
                socket,
                is_ipv6,
                port: Port::Rtp,
                side: Side::Caller,
                latch: Latch::default(),
                other: place,
                counters: counters.clone(),
                is_closed: true,
                has_latecomers: false,
            });
            place
        });
        (places, result)
    }

    fn expect(&mut self, media: MediaId, side: Side, signalled: SocketAddr, sip_source: IpAddr) {
        let Some(call) = self.calls.get(&media) else {
            return;
        };
        for place in call.places {
            let Some(socket) = self.sockets[place]
                .as_mut()
                .filter(|socket| socket.side == side)
            else {
                continue;
            };
            let mut address = signalled;
            if socket.port == Port::Rtcp {
                // Port 0 stays 0: nothing is wanted.
                address.set_port(if signalled.port() == 0 {
                    0
                } else {
                    signalled.port().wrapping_add(1)
                });
            }
            socket.latch.expect(address, sip_source);
        }
    }

    fn close(&mut self, media: MediaId) {
        let Some(call) = self.calls.remove(&media) else {
            return;
        };
        for place in call.places {
            if let Some(socket) = self.sockets[place].as_mut() {
                socket.is_closed = true;
            }
        }
        self.draining.push_back((Instant::now() + DRAIN, call));
    }

    fn release_drained(&mut self) {
        if self.draining.is_empty() {
            return;
        }
        let now = Instant::now();
        while let Some((_, call)) = self.draining.pop_front_if(|(at, _)| *at <= now) {
            let [a, b, c, d] = call.places;
            for ((port, listen), places) in call.ports.into_iter().zip([[a, b], [c, d]]) {
                let returned = self.release(port, listen, places);
                // Nobody listens any more when the relay is being dropped.
                let _ = self.released.send(returned);
            }
        }
    }

    /// Keeps a pair for another call, or closes it. One that somebody still sends to is closed: behind the same address
    /// translator that sender would be taken for the next call's phone.
    fn release(&mut self, port: u16, listen: IpAddr, places: [usize; 2]) -> Returned {
        let is_silent = |place: &usize| {
            let socket = self.sockets.get(*place).and_then(Option::as_ref);
            socket.is_some_and(|socket| !socket.has_latecomers)
        };
        if self.kept < self.most_kept.min(KEPT + 2 * self.calls.len())
            && places.iter().all(is_silent)
        {
            self.kept += 1;
            return Returned::Kept(Pair {
                port,
                listen,
                sockets: PairSockets::Watched(places),
            });
        }
        for place in places {
            // Closing a socket takes it off the poller.
            self.sockets[place] = None;
            self.free.push(place);
        }
        Returned::Closed(port)
    }

    /// Forwards what a socket holds. Returns whether it may hold more.
    fn forward(&mut self, now: Instant, place: usize, buffer: &mut [u8; LARGEST]) -> bool {
        for _ in 0..TURN {
            let Some(socket) = self.sockets.get_mut(place).and_then(Option::as_mut) else {
                return false;
            };
            let (length, source) = match socket.socket.recv_from(buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // The peer's machine said that nobody listens at its port (ICMP): not our packet's fault.
                Err(_) => continue,
            };
            if socket.is_closed {
                socket.has_latecomers = true;
                continue;
            }
            let datagram = &buffer[..length];
            let counters = socket.counters.side(socket.side);
            // A datagram that fills the buffer was cut.
            if length == LARGEST || !may_pass(socket.port, datagram) {
                counters.not_rtp.add(1);
                continue;
            }
            if !socket.latch.accepts(now, source) {
                counters.from_strangers.add(1);
                continue;
            }
            counters.packets.add(1);
            counters.bytes.add(length as u64);
            let other = socket.other;
            if let Some(other) = self.sockets[other].as_ref()
                && let Some(target) = other.latch.target()
            {
                // A full buffer loses the packet, as the network would.
                let _ = other.socket.send_to(datagram, other.family(target));
            }
        }
        true
    }
}
