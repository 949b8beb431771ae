//! The relay: passes the audio of calls between their two sides, and nothing else.
//!
//! One small interface, [`Relay::open`], [`Relay::expect`], [`Relay::statistics`] and [`Relay::close`], in front of workers
//! on threads of their own. Each call has four sockets: RTP and RTCP for either side. A packet is passed on if
//!
//! * it is RTP or RTCP of version 2 (RFC 3550),
//! * it comes from the address that the phone signalled, or, for phones behind an address translator, from the first
//!   source whose IP address is the one that the phone's SIP messages come from; another one there only after some
//!   seconds of silence, and nobody elsewhere ever, and
//! * the phone does not send more than audio can be.
//!
//! It goes to where the other side's packets come from, and before there are any, to where the other phone signalled.
//! Payloads are not looked at; the statistics come from headers and from reports that are not encrypted.
//!
//! [`Relay::lend`] gives a call's sockets to whoever ends its audio in the server, [`Relay::snapshot`] and
//! [`Relay::reopen`] carry a call over to another process.

mod address;
mod carrying_over;
mod counters;
mod datagrams;
mod engine;
mod error;
mod flood;
mod handle;
mod kernel;
mod latch;
mod lent;
mod limit;
mod listen;
mod pace;
mod packet;
mod poller;
mod port;
mod ports;
mod reports;
mod ring;
mod snapshot;
mod statistics;
mod stream;
mod table;
mod uring;
mod worker;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub use error::{OpenError, StartError};
pub use lent::{Lent, LentPort, LentSide};
pub use listen::{Listen, Listening, Told};
pub use snapshot::{RelaySnapshot, SideSnapshot, Signalled};
pub use statistics::{Reported, SideStatistics, Statistics, Totals};

use self::counters::Shared;
use self::engine::Chosen;
use self::handle::WorkerHandle;
use self::kernel::KernelPath;
use self::packet::Carries;
use self::port::Port;
use self::ports::{Pair, PortSource, Taken};
use self::table::Table;
use self::worker::Order;
use crate::config::{RelayEngine, RelaySection, RtpPorts};

/// A call, by the number that the exchange gave it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MediaId(pub u64);

/// One of the two sides of a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Side {
    /// The one that called.
    Caller,
    /// The one that was called.
    Callee,
}

impl Side {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }
}

/// The relay of one server. Dropping it ends its threads and closes all sockets that it has.
#[derive(Debug)]
pub struct Relay {
    ports: PortSource,
    workers: Vec<WorkerHandle>,
    calls: HashMap<MediaId, Call>,
    // Of the calls that are closed.
    passed: Totals,
    // That of the first worker; the others have the same.
    engine: Option<Chosen>,
    has_kernel_path: bool,
}

/// An open call.
#[derive(Debug)]
struct Call {
    worker: usize,
    /// Caller, callee.
    pairs: [Arc<Pair>; 2],
    signalled: [Option<Signalled>; 2],
    shared: Arc<Shared>,
    is_lent: bool,
}

/// How long a worker may take to give a call's sockets away.
const LEND_PATIENCE: Duration = Duration::from_millis(500);

/// What one port takes from its phone in a second: Opus at its most (510 kbit/s), encrypted, and a quarter more.
const BYTES_PER_SECOND: u32 = 80_000;

impl Relay {
    /// Starts the workers.
    ///
    /// # Errors
    /// If the system has no threads for them, or no io_uring or kernel path where that was asked for by name.
    pub fn start(ports: RtpPorts, settings: &RelaySection) -> Result<Self, StartError> {
        let source = PortSource::new(ports);
        let count = settings
            .workers
            .map_or_else(usual_workers, |count| usize::from(count.get()));
        let most_kept = PortSource::most_kept(ports) / count;
        let mut paths = match settings.kernel_path {
            true => KernelPath::for_workers(count).map_err(StartError::NoKernelPath)?,
            false => Vec::new(),
        }
        .into_iter();
        let mut workers = Vec::with_capacity(count);
        let mut engine = None;
        for number in 0..count {
            let table = Table::new(number, source.back(), most_kept);
            let begun = WorkerHandle::start(number, table, settings.engine, paths.next());
            let (worker, chosen) = begun.map_err(|error| match settings.engine {
                RelayEngine::IoUring => StartError::NoUring(error),
                RelayEngine::Auto | RelayEngine::Mmsg => StartError::Thread(error),
            })?;
            workers.push(worker);
            engine.get_or_insert(chosen);
        }
        Ok(Self {
            ports: source,
            workers,
            calls: HashMap::new(),
            passed: Totals::default(),
            engine,
            has_kernel_path: settings.kernel_path,
        })
    }

    /// Writes into the log how it works; for when the server is sure to start.
    pub fn tell_engine(&self) {
        let workers = self.workers.len();
        if self.has_kernel_path {
            tracing::info!("the kernel passes the audio of calls whose phones stay where they are");
        }
        match &self.engine {
            Some(Chosen::PollerInstead(error)) => {
                tracing::warn!(%error, workers, "the relay uses recvmmsg and sendmmsg, for the kernel refuses io_uring");
            }
            Some(Chosen::Poller) => tracing::info!(workers, "the relay uses recvmmsg and sendmmsg"),
            Some(Chosen::Uring) | None => tracing::info!(workers, "the relay uses io_uring"),
        }
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
        let worker = self.least_busy();
        let caller = self.ports.take(worker, for_caller.bind)?;
        let callee = match self.ports.take(worker, for_callee.bind) {
            Ok(pair) => pair,
            Err(error) => {
                self.ports.give_back(worker, caller);
                return Err(error);
            }
        };
        let listening = Listening {
            caller: for_caller.told(caller.pair.port()),
            callee: for_callee.told(callee.pair.port()),
        };
        let shared = Shared::new(Instant::now(), Statistics::default());
        self.begin(media, worker, [caller, callee], shared, |_| {})?;
        Ok(listening)
    }

    fn begin(
        &mut self,
        media: MediaId,
        worker: usize,
        pairs: [Taken; 2],
        shared: Shared,
        prepare: impl Fn(&mut Port),
    ) -> Result<(), OpenError> {
        let shared = Arc::new(shared);
        let ports = PLACES.map(|(side, carries)| {
            let mut port = Port::new(carries, side, Arc::clone(&shared), BYTES_PER_SECOND);
            prepare(&mut port);
            port
        });
        let call = Call {
            worker,
            pairs: pairs.each_ref().map(|taken| Arc::clone(&taken.pair)),
            signalled: [None, None],
            shared,
            is_lent: false,
        };
        // The worker need not wake for it: nothing is passed before something is expected.
        let handle = &mut self.workers[worker];
        let ports = Box::new(ports);
        let open = Order::Open {
            media,
            pairs,
            ports,
        };
        handle.order_quietly(open)?;
        handle.calls += 1;
        self.calls.insert(media, call);
        Ok(())
    }

    /// Says from where one side's audio is to be expected: its signalled RTP address, and the IP address that its SIP
    /// messages come from. Said again with another address, the side starts afresh. For a call that is lent it holds when
    /// the call comes back; tell [`Lent::expect`] too.
    pub fn expect(
        &mut self,
        media: MediaId,
        side: Side,
        signalled: SocketAddr,
        sip_source: IpAddr,
    ) {
        let Some(call) = self.calls.get_mut(&media) else {
            return;
        };
        call.signalled[side as usize] = Some(Signalled {
            address: signalled,
            sip_source,
        });
        let worker = call.worker;
        // Only fails when the worker is gone, which `open` reports.
        let _ = self.order(
            worker,
            Order::Expect {
                media,
                side,
                signalled,
                sip_source,
            },
        );
    }

    /// Says how many timestamps a second one side's dynamic payload types count (Hz), for its jitter: 48,000 unless said,
    /// as Opus does.
    pub fn set_clock_rate(&mut self, media: MediaId, side: Side, hertz: u32) {
        if let Some(call) = self.calls.get(&media) {
            call.shared.side(side).set_dynamic_clock_rate(hertz.max(1));
        }
    }

    /// Gives a call's sockets away, with what is known of its phones. The relay passes nothing of it until they come back;
    /// its statistics go on, counted by whoever has the sockets. `None` if there is no such call or somebody has them.
    pub fn lend(&mut self, media: MediaId) -> Option<Lent> {
        let call = self.calls.get_mut(&media)?;
        if call.is_lent {
            return None;
        }
        let [caller, callee] = call.pairs.each_ref().map(Arc::clone);
        let worker = call.worker;
        let (answer, ports) = mpsc::sync_channel(1);
        self.order(worker, Order::Lend { media, answer }).ok()?;
        // The worker follows orders before everything else; this takes microseconds. Should it ever not, one call has no
        // audio, but everybody else's calls go on.
        let [a, b, c, d] = *ports.recv_timeout(LEND_PATIENCE).ok()?;
        if let Some(call) = self.calls.get_mut(&media) {
            call.is_lent = true;
        }
        let side = |pair: Arc<Pair>, rtp, rtcp| LentSide {
            rtp: LentPort {
                pair: Arc::clone(&pair),
                port: rtp,
            },
            rtcp: LentPort { pair, port: rtcp },
        };
        Some(Lent {
            caller: side(caller, a, b),
            callee: side(callee, c, d),
        })
    }

    /// Takes a call's sockets back and passes its audio again. For a call that was closed meanwhile they are closed.
    pub fn take_back(&mut self, media: MediaId, lent: Lent) {
        let Some(call) = self.calls.get_mut(&media).filter(|call| call.is_lent) else {
            return;
        };
        call.is_lent = false;
        let (worker, signalled) = (call.worker, call.signalled);
        let Lent { caller, callee } = lent;
        let pairs = [&caller, &callee].map(|side| Taken {
            pair: Arc::clone(&side.rtp.pair),
            places: None,
        });
        let mut ports = [caller.rtp, caller.rtcp, callee.rtp, callee.rtcp].map(|lent| lent.port);
        for port in &mut ports {
            if let Some(signalled) = signalled[port.side as usize] {
                port.expect(signalled.address, signalled.sip_source);
            }
        }
        let ports = Box::new(ports);
        let open = Order::Open {
            media,
            pairs,
            ports,
        };
        // Only fails when the worker is gone, which `open` reports.
        let _ = self.order(worker, open);
    }

    /// What has passed so far.
    pub fn statistics(&self, media: MediaId) -> Option<Statistics> {
        self.calls.get(&media).map(|call| call.shared.read())
    }

    /// Closes a call: nothing is passed any more, and after a moment in which late packets are swallowed its ports
    /// are free again, for another call or for nobody. Returns what has passed. The ports of a call that is lent are free
    /// when its [`Lent`] is dropped.
    pub fn close(&mut self, media: MediaId) -> Option<Statistics> {
        let call = self.calls.remove(&media)?;
        if let Some(worker) = self.workers.get_mut(call.worker) {
            worker.calls = worker.calls.saturating_sub(1);
        }
        let counting = self.has_kernel_path.then(|| mpsc::sync_channel(1));
        let (counted, told) = counting.unzip();
        let _ = self.order(call.worker, Order::Close { media, counted });
        if let Some(told) = told {
            // As for lending: microseconds, and if not, the last tenth of a second is missing from the figures.
            let _ = told.recv_timeout(LEND_PATIENCE);
        }
        let passed = call.shared.read();
        self.passed += passed;
        Some(passed)
    }

    /// What has passed since the start, both sides of all calls together.
    pub fn totals(&self) -> Totals {
        let mut totals = self.passed;
        for call in self.calls.values() {
            totals += call.shared.read();
        }
        totals
    }

    fn least_busy(&self) -> usize {
        let calls = self.workers.iter().map(|worker| worker.calls);
        calls
            .enumerate()
            .min_by_key(|(_, calls)| *calls)
            .map_or(0, |(worker, _)| worker)
    }

    fn order(&self, worker: usize, order: Order) -> Result<(), OpenError> {
        let handle = self.workers.get(worker).ok_or(OpenError::Stopped)?;
        handle.order(order)
    }
}

/// One for each processor; more than four gain little, for each passes thousands of calls.
fn usual_workers() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get().min(4))
}

/// A call's four ports in their order.
const PLACES: [(Side, Carries); 4] = [
    (Side::Caller, Carries::Rtp),
    (Side::Caller, Carries::Rtcp),
    (Side::Callee, Carries::Rtp),
    (Side::Callee, Carries::Rtcp),
];

impl Drop for Relay {
    fn drop(&mut self) {
        // All at once, then one after the other.
        for worker in &self.workers {
            let _ = worker.order(Order::Stop);
        }
        for worker in &mut self.workers {
            worker.join();
        }
    }
}

#[cfg(test)]
mod tests;
