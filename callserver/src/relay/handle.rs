//! A worker as the relay sees it: where its orders go, and its thread.

use std::io;
use std::sync::mpsc;
use std::thread::JoinHandle;

use super::OpenError;
use super::engine::Chosen;
use super::kernel::KernelPath;
use super::table::Table;
use super::worker::{Bell, Order, Worker};
use crate::config::RelayEngine;

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
    /// Starts worker `number`.
    pub(super) fn start(
        number: usize,
        table: Table,
        wanted: RelayEngine,
        kernel: Option<KernelPath>,
    ) -> io::Result<(Self, Chosen)> {
        let bell = Bell::new()?;
        let (orders, inbox) = mpsc::channel();
        let (tell, begun) = mpsc::sync_channel(1);
        let heard = bell.clone();
        let work = move || {
            crate::precedence::take();
            // Who started it waits for it.
            match Worker::new(inbox, heard, table, wanted, kernel) {
                Ok((worker, chosen)) => {
                    if tell.send(Ok(chosen)).is_ok() {
                        worker.run();
                    }
                }
                Err(error) => drop(tell.send(Err(error))),
            }
        };
        let thread = std::thread::Builder::new()
            .name(format!("relay-{number}"))
            .spawn(work)?;
        let chosen = begun.recv().map_err(io::Error::other)??;
        let handle = Self {
            orders,
            bell,
            calls: 0,
            thread: Some(thread),
        };
        Ok((handle, chosen))
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
