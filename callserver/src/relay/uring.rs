//! Passing packets with io_uring: the kernel receives for all sockets into one set of buffers, and one call sends what came
//! and waits for more.

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use super::flood::Flood;
use super::pace::Pace;
use super::ring::{Done, Ring};
use super::table::{Table, Watch};
use super::worker::Bell;

/// Waits for many sockets, and passes.
pub(super) struct Uring {
    ring: Ring,
    bell: Bell,
    /// By their place in the table.
    watched: Vec<Watched>,
    /// How many receptions the kernel has not ended.
    armed: usize,
    done: Vec<Done>,
    /// Places whose reception has ended and must begin again.
    ended: Vec<usize>,
    flood: Flood,
    pace: Pace,
    /// In this round.
    packets: usize,
}

/// What is known of a place.
#[derive(Clone, Copy, Default, Debug)]
struct Watched {
    /// Of the socket there at present, so that what the kernel still tells of another one is known for it.
    generation: u32,
    socket: Option<RawFd>,
}

/// Tokens say what they are about.
const RECEPTION: u64 = 1 << 56;
const BELL: u64 = 2 << 56;
const SENDING: u64 = 3 << 56;

/// As many packets are passed at once: more gain nothing, and the first one waits for the last.
const ENOUGH: usize = 48;

impl Uring {
    pub(super) fn new(bell: &Bell) -> io::Result<Self> {
        let mut ring = Ring::new()?;
        ring.watch(bell.descriptor().as_raw_fd(), BELL)?;
        ring.submit()?;
        Ok(Self {
            ring,
            bell: bell.clone(),
            watched: Vec::new(),
            armed: 0,
            done: Vec::new(),
            ended: Vec::new(),
            flood: Flood::new(Instant::now()),
            pace: Pace::default(),
            packets: 0,
        })
    }

    /// Sends what is to be sent and waits until something comes, or for so long.
    pub(super) fn wait(&mut self, longest: Duration) -> io::Result<()> {
        let rest = self.flood.wait(Instant::now());
        let longest = rest.map_or(longest, |rest| rest.min(longest));
        self.ring.wait(ENOUGH, self.pace.gather(), longest)
    }

    /// Passes what has come. It leaves with the next call of the kernel.
    pub(super) fn pass(&mut self, now: Instant, table: &mut Table) {
        for place in self.flood.rested(now) {
            self.receive(place);
        }
        let mut done = std::mem::take(&mut self.done);
        self.ring.done(&mut done);
        for done in done.drain(..) {
            match done.token & 0xff << 56 {
                RECEPTION => self.received(now, table, done),
                BELL if !done.is_going_on => {
                    // Only fails when the queue is full and the kernel takes nothing any more.
                    let _ = self.ring.watch(self.bell.descriptor().as_raw_fd(), BELL);
                }
                _ => {}
            }
        }
        self.done = done;
        self.pace.came(std::mem::take(&mut self.packets));
        for place in std::mem::take(&mut self.ended) {
            self.receive(place);
        }
    }

    fn received(&mut self, now: Instant, table: &mut Table, done: Done) {
        let place = done.token as u32 as usize;
        let is_current = self.token(place) == Some(done.token);
        if !done.is_going_on {
            self.armed -= 1;
            if is_current {
                self.ended.push(place);
            }
        }
        let Some(buffer) = done.buffer else {
            return;
        };
        self.packets += 1;
        if is_current && self.flood.came(place) {
            self.stop(place);
        }
        let received = self
            .ring
            .received(buffer, done.result)
            .filter(|_| is_current);
        if let Some((received, packet)) = received {
            if received.is_cut {
                table.refuse_cut(place);
            } else if let Some(way) = table.takes(now, place, packet, received.source)
                && let Some(socket) = table.socket(way.place)
            {
                let socket = socket.as_raw_fd();
                // What cannot be sent is lost, as in a network.
                if self
                    .ring
                    .send(socket, buffer, received.length, way.target, SENDING)
                    .is_ok()
                {
                    return;
                }
            }
        }
        self.ring.give_back(buffer);
    }

    /// Receives nothing at a place until told to, and forgets what is on its way from there.
    fn stop(&mut self, place: usize) {
        if let Some(token) = self.token(place) {
            // Only fails when the queue is full and the kernel takes nothing any more.
            let _ = self.ring.cancel(token);
            let watched = &mut self.watched[place];
            watched.generation = watched.generation.wrapping_add(1);
        }
    }

    fn receive(&mut self, place: usize) {
        let token = self.token(place);
        let socket = self.watched.get(place).and_then(|watched| watched.socket);
        if let (Some(token), Some(socket)) = (token, socket)
            && self.ring.receive(socket, token).is_ok()
        {
            self.armed += 1;
        }
    }

    /// The token of the reception at a place, if there is one.
    fn token(&self, place: usize) -> Option<u64> {
        let watched = self.watched.get(place)?;
        watched.socket?;
        Some(
            RECEPTION
                | u64::from(watched.generation & 0xff_ffff) << 32
                | place as u64 & 0xffff_ffff,
        )
    }
}

impl Watch for Uring {
    fn watch(&mut self, place: usize, socket: &UdpSocket) -> io::Result<()> {
        if self.watched.len() <= place {
            self.watched.resize(place + 1, Watched::default());
        }
        let watched = &mut self.watched[place];
        watched.generation = watched.generation.wrapping_add(1);
        watched.socket = Some(socket.as_raw_fd());
        self.receive(place);
        Ok(())
    }

    fn unwatch(&mut self, place: usize, _socket: &UdpSocket) {
        self.flood.forget(place);
        self.stop(place);
        if let Some(watched) = self.watched.get_mut(place) {
            watched.socket = None;
            // At once: the kernel holds the socket as long as it receives.
            let _ = self.ring.settle();
        }
    }
}

impl Drop for Uring {
    /// Lets go of all sockets before they are closed, or their ports would be taken for a while longer.
    fn drop(&mut self) {
        for place in 0..self.watched.len() {
            if let Some(token) = self.token(place) {
                let _ = self.ring.cancel(token);
            }
        }
        // Each round ends some; a kernel that ends none is not waited for.
        for _ in 0..1000 {
            if self.ring.settle().is_err() {
                return;
            }
            self.ring.done(&mut self.done);
            let ended = self
                .done
                .drain(..)
                .filter(|done| done.token & 0xff << 56 == RECEPTION && !done.is_going_on);
            self.armed -= ended.count().min(self.armed);
            if self.armed == 0 {
                return;
            }
        }
    }
}
