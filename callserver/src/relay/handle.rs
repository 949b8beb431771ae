//! A worker as the relay sees it: where its orders go, and its thread.

use std::io;
use std::sync::mpsc;
use std::thread::JoinHandle;

use super::OpenError;
use super::table::Table;
use super::worker::{Bell, Order, Worker};

/// A worker's thread.
#[derive(Debug)]
pub(super) struct WorkerHandle {
    orders: mpsc::Sender<Order>,
    bell: Bell,
    /// Those that are open.
    pub(super) calls: usize,
    thread: Option<JoinHandle<()>>,
}

impl WorkerHandle {
    pub(super) fn start(table: Table) -> io::Result<Self> {
        let bell = Bell::new()?;
        let (orders, inbox) = mpsc::channel();
        let (tell, begun) = mpsc::sync_channel(1);
        let heard = bell.clone();
        let work = move || {
            let worker = Worker::new(inbox, heard, table);
            // Who started it waits for it.
            match worker {
                Ok(worker) if tell.send(Ok(())).is_ok() => worker.run(),
                Ok(_) => {}
                Err(error) => drop(tell.send(Err(error))),
            }
        };
        let thread = std::thread::Builder::new()
            .name("relay".into())
            .spawn(work)?;
        begun.recv().map_err(io::Error::other)??;
        Ok(Self {
            orders,
            bell,
            calls: 0,
            thread: Some(thread),
        })
    }

    /// Has it follow an order at once.
    pub(super) fn order(&self, order: Order) -> Result<(), OpenError> {
        self.order_quietly(order)?;
        self.ring()
    }

    /// Has it follow an order when it wakes for something else.
    pub(super) fn order_quietly(&self, order: Order) -> Result<(), OpenError> {
        self.orders.send(order).map_err(|_| OpenError::Stopped)
    }

    pub(super) fn ring(&self) -> Result<(), OpenError> {
        self.bell.ring().map_err(OpenError::Socket)
    }

    /// Waits for its end.
    pub(super) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic in it has been printed already.
            let _ = thread.join();
        }
    }
}
