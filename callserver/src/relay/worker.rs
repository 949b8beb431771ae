//! One worker: a thread that follows orders and passes what comes to its sockets.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};

use super::engine::{Chosen, Engine};
use super::kernel::KernelPath;
use super::port::Port;
use super::ports::Taken;
use super::table::Table;
use super::{MediaId, Side};
use crate::config::RelayEngine;

/// What a worker is told to do.
#[derive(Debug)]
pub(super) enum Order {
    Open {
        media: MediaId,
        pairs: [Taken; 2],
        ports: Box<[Port; 4]>,
    },
    Expect {
        media: MediaId,
        side: Side,
        signalled: SocketAddr,
        sip_source: IpAddr,
    },
    Lend {
        media: MediaId,
        answer: mpsc::SyncSender<Box<[Port; 4]>>,
    },
    Close {
        media: MediaId,
        /// Told when all that the kernel has passed of it is counted.
        counted: Option<mpsc::SyncSender<()>>,
    },
    Stop,
}

/// Wakes a worker to follow its orders.
#[derive(Clone, Debug)]
pub(super) struct Bell {
    event: Arc<OwnedFd>,
    // Whether it is awake, or will be, and has not begun to follow orders: one call is enough for all orders until then.
    has_rung: Arc<AtomicBool>,
}

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self {
            event: Arc::new(event),
            has_rung: Arc::default(),
        })
    }

    /// Wakes it. Give the order before.
    pub(super) fn ring(&self) -> io::Result<()> {
        if self.has_rung.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        match rustix::io::write(&*self.event, &1_u64.to_ne_bytes()) {
            Ok(_) => Ok(()),
            Err(error) => {
                self.has_rung.store(false, Ordering::Release);
                Err(error.into())
            }
        }
    }

    /// Whoever gives an order from now on rings again.
    fn answer(&self) {
        self.has_rung.store(false, Ordering::Release);
    }

    /// Whether it has rung since the last answer.
    fn is_ringing(&self) -> bool {
        self.has_rung.load(Ordering::Acquire)
    }

    /// What becomes readable each time it rings. It is never read, so wait for the change (an edge), not for the state.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}

pub(super) struct Worker {
    orders: mpsc::Receiver<Order>,
    bell: Bell,
    table: Table,
    engine: Engine,
    kernel: Option<KernelPath>,
}

impl Worker {
    /// To be made on its own thread, which alone may use what it waits with.
    pub(super) fn new(
        orders: mpsc::Receiver<Order>,
        bell: Bell,
        table: Table,
        wanted: RelayEngine,
        kernel: Option<KernelPath>,
    ) -> io::Result<(Self, Chosen)> {
        let (engine, chosen) = Engine::new(&bell, wanted)?;
        let worker = Self {
            orders,
            bell,
            table,
            engine,
            kernel,
        };
        Ok((worker, chosen))
    }

    /// Passes audio until [`Order::Stop`] or until nobody can give orders any more.
    pub(super) fn run(mut self) {
        loop {
            let look = self.kernel.as_ref().and_then(KernelPath::next_look);
            let due = self.table.next_release().into_iter().chain(look).min();
            let wait = match self.bell.is_ringing() {
                // It has rung after the orders were followed, and may have been heard together with the packets that came
                // then: it does not wake anybody again.
                true => Some(Duration::ZERO),
                false => due.map(|at| at.saturating_duration_since(Instant::now())),
            };
            if let Err(error) = self.engine.wait(wait) {
                tracing::error!(%error, "the relay cannot wait for packets; no audio is passed any more");
                return;
            }
            // Before any packet is looked at: an order that was given before a phone was told to speak is followed
            // before its first packet.
            if self.follow_orders().is_break() {
                return;
            }
            // One look at the clock for all that came.
            let now = Instant::now();
            self.engine.pass(now, &mut self.table);
            match &mut self.kernel {
                Some(kernel) => kernel.follow(now, &mut self.table),
                None => drop(self.table.take_changes()),
            }
            self.table.release_drained(&mut self.engine, now);
        }
    }

    fn follow_orders(&mut self) -> ControlFlow<()> {
        self.bell.answer();
        loop {
            match self.orders.try_recv() {
                Ok(Order::Open {
                    media,
                    pairs,
                    ports,
                }) => {
                    let opened = self.table.open(&mut self.engine, media, pairs, *ports);
                    if let Err(error) = opened {
                        tracing::error!(%error, call = media.0, "the relay cannot watch a call's sockets");
                    }
                }
                Ok(Order::Expect {
                    media,
                    side,
                    signalled,
                    sip_source,
                }) => {
                    self.leave_kernel(media);
                    self.table.expect(media, side, signalled, sip_source);
                }
                Ok(Order::Lend { media, answer }) => {
                    // What has come already is still passed.
                    self.engine.pass(Instant::now(), &mut self.table);
                    self.leave_kernel(media);
                    if let Some(ports) = self.table.lend(&mut self.engine, media) {
                        // Who asked waits for it.
                        let _ = answer.send(Box::new(ports));
                    }
                }
                Ok(Order::Close { media, counted }) => {
                    self.leave_kernel(media);
                    self.table.close(Instant::now(), media);
                    if let Some(counted) = counted {
                        // Who asked waits for it.
                        let _ = counted.send(());
                    }
                }
                Err(mpsc::TryRecvError::Empty) => return ControlFlow::Continue(()),
                Ok(Order::Stop) | Err(mpsc::TryRecvError::Disconnected) => {
                    return ControlFlow::Break(());
                }
            }
        }
    }

    /// What the kernel passes of a call is passed here again, and counted up to now.
    fn leave_kernel(&mut self, media: MediaId) {
        if let Some(kernel) = &mut self.kernel {
            kernel.leave(&mut self.table, media);
        }
    }
}
