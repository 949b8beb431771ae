//! Waiting with epoll, and passing packets with one call each.

use std::io;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::table::{Table, Watch};
use super::worker::Bell;

/// Waits for many sockets.
pub(super) struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    /// Places that hold packets.
    ready: Vec<usize>,
    /// Those that had their turn and may hold more: epoll tells of new packets only.
    unfinished: Vec<usize>,
    buffer: Box<[u8; LARGEST]>,
}

const BELL: u64 = u64::MAX;
/// So many sockets at once.
const EVENTS: usize = 1024;
/// The largest datagram that passes: audio is far smaller, video packets stay below a network's usual 1,500 bytes.
const LARGEST: usize = 2048;
/// So many packets of one socket are forwarded before the others have their turn.
const TURN: usize = 64;

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
            events: Vec::with_capacity(EVENTS),
            ready: Vec::new(),
            unfinished: Vec::new(),
            buffer: Box::new([0; LARGEST]),
        })
    }

    /// Until something comes, or for so long.
    pub(super) fn wait(&mut self, longest: Option<Duration>) -> io::Result<()> {
        let longest = if self.unfinished.is_empty() {
            longest
        } else {
            Some(Duration::ZERO)
        };
        // At most an hour: nothing is due later, and it fits.
        let timeout = longest.map(|longest| {
            let longest = longest.min(Duration::from_secs(3600));
            Timespec {
                tv_sec: longest.as_secs() as _,
                tv_nsec: longest.subsec_nanos().into(),
            }
        });
        self.events.clear();
        match epoll::wait(
            &self.epoll,
            spare_capacity(&mut self.events),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        std::mem::swap(&mut self.ready, &mut self.unfinished);
        self.unfinished.clear();
        let places = self.events.iter().map(|event| event.data.u64());
        self.ready.extend(
            places
                .filter(|place| *place != BELL)
                .map(|place| place as usize),
        );
        Ok(())
    }

    /// Passes what has come.
    pub(super) fn pass(&mut self, now: Instant, table: &mut Table) {
        for place in std::mem::take(&mut self.ready) {
            if self.pass_of(now, table, place) {
                self.unfinished.push(place);
            }
        }
    }

    /// Passes what a socket holds. Returns whether it may hold more.
    fn pass_of(&mut self, now: Instant, table: &mut Table, place: usize) -> bool {
        for _ in 0..TURN {
            let Some(socket) = table.socket(place) else {
                return false;
            };
            let (length, source) = match socket.recv_from(&mut *self.buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // The peer's machine said that nobody listens at its port (ICMP): not our packet's fault.
                Err(_) => continue,
            };
            // A datagram that fills the buffer was cut.
            if length == LARGEST {
                table.refuse_cut(place);
                continue;
            }
            let datagram = &self.buffer[..length];
            if let Some(way) = table.takes(now, place, datagram, source)
                && let Some(socket) = table.socket(way.place)
            {
                // A full buffer loses the packet, as the network would.
                let _ = socket.send_to(datagram, way.target);
            }
        }
        true
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
        // It was refused when it came.
        let _ = epoll::delete(&self.epoll, socket);
        self.unfinished.retain(|other| *other != place);
    }
}
