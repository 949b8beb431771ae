//! The relay: passes the audio of calls between their two sides, and nothing else.
//!
//! One small interface, [`Relay::open`], [`Relay::expect`], [`Relay::statistics`] and [`Relay::close`], in front of an
//! engine on a thread of its own. Each call has four sockets: RTP and RTCP for either side. A packet is passed on if
//!
//! * it is RTP or RTCP of version 2 (RFC 3550), and
//! * it comes from the address that the phone signalled, or, for phones behind an address translator, from the first
//!   source whose IP address is the one that the phone's SIP messages come from; another one there only after some
//!   seconds of silence, and nobody elsewhere ever.
//!
//! It goes to where the other side's packets come from, and before there are any, to where the other phone signalled.

mod counters;
mod engine;
mod latch;
mod packet;
mod ports;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;

pub use counters::{SideStatistics, Statistics};

use self::counters::Counters;
use self::engine::{Bell, Engine, Order};
use self::ports::PortSource;
use crate::config::RtpPorts;

/// A call, by the number that the exchange gave it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MediaId(pub u64);

/// One of the two sides of a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Side {
    /// The one that called.
    Caller,
    /// The one that was called.
    Callee,
}

/// Where to listen for one side of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listen {
    /// What the sockets are bound to; the unspecified IPv6 address takes packets of both families.
    pub bind: IpAddr,
    /// What phones that are reached over IPv4 are told.
    pub v4: Option<IpAddr>,
    /// What phones that are reached over IPv6 are told.
    pub v6: Option<IpAddr>,
}

/// Where one side's phones send their RTP; RTCP is one port above.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Told {
    /// Those that are reached over IPv4.
    pub v4: Option<SocketAddr>,
    /// Those that are reached over IPv6.
    pub v6: Option<SocketAddr>,
}

/// Where the relay listens for one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listening {
    /// For the caller's phone.
    pub caller: Told,
    /// For the callee's phones.
    pub callee: Told,
}

impl Listen {
    fn told(&self, port: u16) -> Told {
        let with_port = |ip| SocketAddr::new(ip, port);
        Told {
            v4: self.v4.map(with_port),
            v6: self.v6.map(with_port),
        }
    }
}

/// The relay of one server. Dropping it ends its thread and closes all sockets.
#[derive(Debug)]
pub struct Relay {
    ports: PortSource,
    orders: mpsc::Sender<Order>,
    bell: Bell,
    counters: std::collections::HashMap<MediaId, Arc<Counters>>,
    // Of the calls that are closed.
    passed: SideStatistics,
    thread: Option<JoinHandle<()>>,
}

/// The relay cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No thread or no poller.
    #[error("The relay's thread cannot be started ({0}); the system is out of resources.")]
    Thread(io::Error),
}

/// No ports for a call.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// All are in use.
    #[error("The relay has no free ports left in {0}; widen --rtp-ports.")]
    NoPorts(RtpPorts),
    /// The system refused a socket.
    #[error("The relay cannot open a socket ({0}); raise the limit of open files.")]
    Socket(io::Error),
    /// The engine's thread is gone.
    #[error("The relay has stopped.")]
    Stopped,
}

impl Relay {
    /// Starts the engine.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub fn start(ports: RtpPorts) -> Result<Self, StartError> {
        let (orders, inbox) = mpsc::channel();
        let (released, returned) = mpsc::channel();
        let engine = Engine::new(inbox, released, PortSource::most_kept(ports))
            .map_err(StartError::Thread)?;
        let bell = engine.bell();
        let thread = std::thread::Builder::new()
            .name("relay".into())
            .spawn(move || engine.run());
        let thread = thread.map_err(StartError::Thread)?;
        Ok(Self {
            ports: PortSource::new(ports, returned),
            orders,
            bell,
            counters: Default::default(),
            passed: SideStatistics::default(),
            thread: Some(thread),
        })
    }

    /// Opens the ports of a call.
    ///
    /// # Errors
    /// If there are none left.
    pub fn open(
        &mut self,
        media: MediaId,
        for_caller: Listen,
        for_callee: Listen,
    ) -> Result<Listening, OpenError> {
        let caller = self.ports.take(for_caller.bind)?;
        let callee = match self.ports.take(for_callee.bind) {
            Ok(pair) => pair,
            Err(error) => {
                self.ports.give_back(caller);
                return Err(error);
            }
        };
        let listening = Listening {
            caller: for_caller.told(caller.port),
            callee: for_callee.told(callee.port),
        };
        let counters = Arc::new(Counters::default());
        self.counters.insert(media, counters.clone());
        let pairs = Box::new([caller, callee]);
        // The engine need not wake for it: nothing is passed before something is expected.
        let open = Order::Open {
            media,
            pairs,
            counters,
        };
        self.orders.send(open).map_err(|_| OpenError::Stopped)?;
        Ok(listening)
    }

    /// Says from where one side's audio is to be expected: its signalled RTP address, and the IP address that its SIP
    /// messages come from. Said again with another address, the side starts afresh.
    pub fn expect(
        &mut self,
        media: MediaId,
        side: Side,
        signalled: SocketAddr,
        sip_source: IpAddr,
    ) {
        // Only fails when the engine is gone, which `open` reports.
        let _ = self.order(Order::Expect {
            media,
            side,
            signalled,
            sip_source,
        });
    }

    /// What has passed so far.
    pub fn statistics(&self, media: MediaId) -> Option<Statistics> {
        self.counters.get(&media).map(|counters| counters.read())
    }

    /// Closes a call: nothing is passed any more, and after a moment in which late packets are swallowed its ports
    /// are free again, for another call or for nobody. Returns what has passed.
    pub fn close(&mut self, media: MediaId) -> Option<Statistics> {
        let counters = self.counters.remove(&media)?;
        let _ = self.order(Order::Close { media });
        let passed = counters.read();
        self.passed += passed.caller;
        self.passed += passed.callee;
        Some(passed)
    }

    /// What has passed since the start, both sides of all calls together.
    pub fn totals(&self) -> SideStatistics {
        let mut totals = self.passed;
        for counters in self.counters.values() {
            let passed = counters.read();
            totals += passed.caller;
            totals += passed.callee;
        }
        totals
    }

    fn order(&self, order: Order) -> Result<(), OpenError> {
        self.orders.send(order).map_err(|_| OpenError::Stopped)?;
        self.bell.ring().map_err(OpenError::Socket)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.order(Order::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic in the engine has been printed already.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
