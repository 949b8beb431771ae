//! How a worker waits and passes: with io_uring, or where the kernel refuses that, with calls for many packets of one
//! socket each.

use std::io;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use super::poller::Poller;
use super::table::{Table, Watch};
use super::uring::Uring;
use super::worker::Bell;
use crate::config::RelayEngine;

/// One of the two ways.
pub(super) enum Engine {
    Uring(Box<Uring>),
    Poller(Box<Poller>),
}

/// The way that was chosen.
#[derive(Debug)]
pub(super) enum Chosen {
    Uring,
    Poller,
    /// The poller, because the kernel refused io_uring.
    PollerInstead(io::Error),
}

/// Nothing is due later.
const LONGEST: Duration = Duration::from_secs(3600);

impl Engine {
    pub(super) fn new(bell: &Bell, wanted: RelayEngine) -> io::Result<(Self, Chosen)> {
        let poller = || Ok::<_, io::Error>(Self::Poller(Box::new(Poller::new(bell)?)));
        let uring = match wanted {
            RelayEngine::Mmsg => return Ok((poller()?, Chosen::Poller)),
            RelayEngine::Auto | RelayEngine::IoUring => Uring::new(bell),
        };
        match uring {
            Ok(uring) => Ok((Self::Uring(Box::new(uring)), Chosen::Uring)),
            Err(error) if wanted == RelayEngine::Auto => {
                Ok((poller()?, Chosen::PollerInstead(error)))
            }
            Err(error) => Err(error),
        }
    }

    /// Until something comes, or for so long.
    pub(super) fn wait(&mut self, longest: Option<Duration>) -> io::Result<()> {
        let longest = longest.unwrap_or(LONGEST).min(LONGEST);
        match self {
            Self::Uring(engine) => engine.wait(longest),
            Self::Poller(engine) => engine.wait(longest),
        }
    }

    /// Passes what has come.
    pub(super) fn pass(&mut self, now: Instant, table: &mut Table) {
        match self {
            Self::Uring(engine) => engine.pass(now, table),
            Self::Poller(engine) => engine.pass(now, table),
        }
    }
}

impl Watch for Engine {
    fn watch(&mut self, place: usize, socket: &UdpSocket) -> io::Result<()> {
        match self {
            Self::Uring(engine) => engine.watch(place, socket),
            Self::Poller(engine) => engine.watch(place, socket),
        }
    }

    fn unwatch(&mut self, place: usize, socket: &UdpSocket) {
        match self {
            Self::Uring(engine) => engine.unwatch(place, socket),
            Self::Poller(engine) => engine.unwatch(place, socket),
        }
    }
}
