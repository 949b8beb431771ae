//! Passing packets with epoll, `recvmmsg` and `sendmmsg`, for kernels without io_uring.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::datagrams::{Datagrams, LARGEST, MOST};
use super::flood::Flood;
use super::table::{Table, Watch};
use super::worker::Bell;

/// Waits for many sockets, and passes.
pub(super) struct Poller {
    epoll: OwnedFd,
    /// Places that hold packets.
    ready: Vec<usize>,
    /// Those that had their turn and may hold more: epoll tells of new packets only.
    unfinished: Vec<usize>,
    datagrams: Datagrams,
    /// Which of them are to be sent out of one socket.
    leaving: Vec<(usize, SocketAddr)>,
    flood: Flood,
}

const BELL: u64 = u64::MAX;
/// So many sockets at once.
const EVENTS: usize = 256;

impl Poller {
    pub(super) fn new(bell: &Bell) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(
            &epoll,
            bell.descriptor(),
            epoll::EventData::new_u64(BELL),
            flags,
        )?;
        Ok(Self {
            epoll,
            ready: Vec::new(),
            unfinished: Vec::new(),
            datagrams: Datagrams::new(),
            leaving: Vec::new(),
            flood: Flood::new(Instant::now()),
        })
    }

    /// Until something comes, or for so long.
    pub(super) fn wait(&mut self, longest: Duration) -> io::Result<()> {
        let longest = if self.unfinished.is_empty() {
            self.flood
                .wait(Instant::now())
                .map_or(longest, |rest| rest.min(longest))
        } else {
            Duration::ZERO
        };
        let timeout = Timespec {
            tv_sec: longest.as_secs() as _,
            tv_nsec: longest.subsec_nanos().into(),
        };
        let mut events = Vec::with_capacity(EVENTS);
        match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        std::mem::swap(&mut self.ready, &mut self.unfinished);
        self.unfinished.clear();
        let places = events.iter().map(|event| event.data.u64());
        let places = places.filter(|place| *place != BELL);
        self.ready.extend(places.map(|place| place as usize));
        Ok(())
    }

    /// Passes what has come.
    pub(super) fn pass(&mut self, now: Instant, table: &mut Table) {
        let rested = self.flood.rested(now);
        self.ready.extend(rested);
        for place in std::mem::take(&mut self.ready) {
            if !self.flood.is_resting(place) && self.pass_of(now, table, place) {
                self.unfinished.push(place);
            }
        }
    }

    /// Passes what a socket holds. Returns whether it may hold more.
    fn pass_of(&mut self, now: Instant, table: &mut Table, place: usize) -> bool {
        let Some(socket) = table.socket(place) else {
            return false;
        };
        let count = match self.datagrams.receive(socket) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            // The peer's machine said that nobody listens at its port (ICMP): not our packet's fault.
            Err(_) => return true,
        };
        let mut other = None;
        let mut must_rest = false;
        for index in 0..count {
            must_rest |= self.flood.came(place);
            let Some((packet, source)) = self.datagrams.get(index) else {
                continue;
            };
            // A datagram that fills the room was cut.
            if packet.len() == LARGEST {
                table.refuse_cut(place);
            } else if let Some(way) = table.takes(now, place, packet, source) {
                other = Some(way.place);
                self.leaving.push((index, way.target));
            }
        }
        // All that come to one socket leave by one other.
        if let Some(socket) = other.and_then(|place| table.socket(place)) {
            self.datagrams.send(socket, &self.leaving);
        }
        self.leaving.clear();
        count == MOST && !must_rest
    }
}

impl Watch for Poller {
    fn watch(&mut self, place: usize, socket: &UdpSocket) -> io::Result<()> {
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(
            &self.epoll,
            socket,
            epoll::EventData::new_u64(place as u64),
            flags,
        )?;
        Ok(())
    }

    fn unwatch(&mut self, place: usize, socket: &UdpSocket) {
        // Only fails if it was refused when it came.
        let _ = epoll::delete(&self.epoll, socket);
        self.unfinished.retain(|other| *other != place);
        self.flood.forget(place);
    }
}
