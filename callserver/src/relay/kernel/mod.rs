//! The kernel path: what a call's phones say is passed from one to the other by the kernel itself, as a router passes
//! packets, once the relay knows who they are. It is off unless asked for, because it takes rights over the network
//! (`CAP_BPF` and `CAP_NET_ADMIN`) that a server otherwise does without.
//!
//! The worker still decides everything: which packets are a call's, and when. When a phone has spoken for a second from
//! where the worker believes it, [`KernelPath::follow`] lists source, port and target with the kernel; whatever does not
//! fit that to the last bit (strangers, reports, a phone that has moved, IPv6) comes to the worker as ever. Of each packet
//! that it passes the kernel notes the header, and the worker counts from the notes as if it had passed the packets.

mod bpf;
mod code;
mod forward;
mod route;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use self::bpf::{Link, Map, Notes, Program};
use self::forward::{HOP, Hop, Key};
use self::route::{Route, Routes};
use super::MediaId;
use super::table::{Leg, Table};

/// The program, and what it is told; one for all workers.
#[derive(Debug)]
pub(super) struct Kernel {
    program: Program,
    hops: Map,
    // Only kept: the program has it.
    _notes: Map,
    /// Where it runs, by the interface's number.
    links: Mutex<HashMap<u32, Link>>,
}

/// One worker's part of it.
#[derive(Debug)]
pub(super) struct KernelPath {
    kernel: Arc<Kernel>,
    worker: u32,
    notes: Notes,
    routes: Routes,
    /// What is listed, by the place of the socket that it comes to.
    listed: HashMap<usize, Listed>,
    generation: u32,
    next_look: Instant,
    /// What went wrong has been told.
    has_complained: bool,
}

/// One direction of a call that the kernel passes.
#[derive(Debug)]
struct Listed {
    plan: Plan,
    next_check: Instant,
}

/// How it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Plan {
    key: Key,
    hop: Hop,
    /// The number of the interface that packets come to.
    arrives_by: u32,
}

/// How many directions of calls may be listed.
const MOST: u32 = 65_536;
/// So often the notes are read: what is shown of a call is at most this old.
const LOOK: Duration = Duration::from_millis(100);
/// So often it is looked whether the ways to a call's phones are still the same.
const CHECK: Duration = Duration::from_secs(5);

impl KernelPath {
    /// One for each of so many workers.
    ///
    /// # Errors
    /// If the process may not, or the kernel is older than Linux 6.6.
    pub(super) fn for_workers(count: usize) -> io::Result<Vec<Self>> {
        let hops = Map::hash::<{ size_of::<Key>() }, HOP>(MOST)?;
        let (rings, notes) = Notes::for_workers(count)?;
        let code = forward::program(hops.descriptor(), notes.descriptor());
        let kernel = Arc::new(Kernel {
            program: Program::load(&code)?,
            hops,
            _notes: notes,
            links: Mutex::default(),
        });
        // Whether it may be used at all is known now, and not first when somebody speaks.
        let routes = Routes::new()?;
        if let Some(home) = routes.to(Ipv4Addr::LOCALHOST)? {
            kernel.run_at(home.interface)?;
        }
        let paths = (0..).zip(rings).map(|(worker, notes)| {
            Ok(Self {
                kernel: Arc::clone(&kernel),
                worker,
                notes,
                routes: Routes::new()?,
                listed: HashMap::new(),
                generation: 0,
                next_look: Instant::now(),
                has_complained: false,
            })
        });
        paths.collect()
    }

    /// When [`follow`](Self::follow) has something to do, whether packets come or not.
    pub(super) fn next_look(&self) -> Option<Instant> {
        (!self.listed.is_empty()).then_some(self.next_look)
    }

    /// Lists those that have spoken for a while, takes back those that have moved, and counts what has passed.
    pub(super) fn follow(&mut self, now: Instant, table: &mut Table) {
        let (moved, steady) = table.take_changes();
        for place in moved {
            self.leave_with(table, place);
        }
        for place in steady {
            if let Some(leg) = table.leg(place)
                && let Err(error) = self.enter(now, place, leg)
            {
                self.complain(&error);
            }
        }
        if !self.listed.is_empty() && now >= self.next_look {
            self.next_look = now + LOOK;
            self.count(now, table);
            self.check(now, table);
        }
    }

    /// Takes a call back from the kernel; then everything that it passed has been counted.
    pub(super) fn leave(&mut self, table: &mut Table, media: MediaId) {
        for place in table.places(media).into_iter().flatten() {
            self.leave_with(table, place);
        }
    }

    /// Both directions of what comes to a place.
    fn leave_with(&mut self, table: &mut Table, place: usize) {
        let places = [Some(place), table.opposite(place)];
        let mut left = Vec::new();
        for place in places.into_iter().flatten() {
            if self.unlist(place) {
                left.push(place);
            }
            table.begin_anew(place);
        }
        if !left.is_empty() {
            self.count(Instant::now(), table);
        }
        for place in left {
            self.listed.remove(&place);
        }
    }

    /// The kernel passes nothing any more that comes to a place. What it has passed is still to be counted. Returns whether
    /// it passed anything at all.
    fn unlist(&mut self, place: usize) -> bool {
        let Some(listed) = self.listed.get(&place) else {
            return false;
        };
        if let Err(error) = self.kernel.hops.remove(&listed.plan.key) {
            tracing::error!(%error, "the kernel does not let go of a call's audio");
        }
        true
    }

    /// Lists one direction of a call.
    fn enter(&mut self, now: Instant, place: usize, leg: Leg) -> io::Result<()> {
        let generation = self.generation.wrapping_add(1);
        let Some(plan) = self.plan(place, generation, leg)? else {
            return Ok(());
        };
        self.generation = generation;
        self.kernel.run_at(plan.arrives_by)?;
        self.kernel.hops.put(&plan.key, &plan.hop.to_bytes())?;
        let next_check = now + CHECK;
        self.listed.insert(place, Listed { plan, next_check });
        Ok(())
    }

    /// How the kernel would pass it. `None`: it cannot.
    fn plan(&self, place: usize, generation: u32, leg: Leg) -> io::Result<Option<Plan>> {
        let (Some(from), Some(to)) = (ipv4(leg.source), ipv4(leg.target)) else {
            return Ok(None);
        };
        let (Some(towards), Some(back)) = (self.routes.to(*to.ip())?, self.routes.to(*from.ip())?)
        else {
            return Ok(None);
        };
        // What comes from elsewhere for a phone on this machine would seem to come from this machine itself.
        if towards.is_local != back.is_local {
            return Ok(None);
        }
        let (Some(here), Some(leaves)) = (
            own_address(leg.listens, back),
            own_address(leg.leaves_from, towards),
        ) else {
            return Ok(None);
        };
        let hop = Hop {
            addresses: addresses(SocketAddrV4::new(leaves, leg.leaves_from_port), to),
            interface: match towards.is_local {
                true => 0,
                false => towards.interface,
            },
            worker: self.worker,
            place: place as u32,
            generation,
        };
        Ok(Some(Plan {
            key: addresses(from, SocketAddrV4::new(here, leg.port)),
            hop,
            arrives_by: back.interface,
        }))
    }

    /// Looks whether the ways to the phones have changed since they were listed: a network was lost, another one came.
    fn check(&mut self, now: Instant, table: &mut Table) {
        let due = |(place, listed): (&usize, &Listed)| (listed.next_check <= now).then_some(*place);
        for place in self.listed.iter().filter_map(due).collect::<Vec<_>>() {
            let Some(listed) = self.listed.get(&place) else {
                continue;
            };
            let plan = match table.leg(place) {
                Some(leg) => self.plan(place, listed.plan.hop.generation, leg),
                None => Ok(None),
            };
            match plan {
                Ok(Some(plan)) if plan == listed.plan => {
                    if let Some(listed) = self.listed.get_mut(&place) {
                        listed.next_check = now + CHECK;
                    }
                }
                _ => self.leave_with(table, place),
            }
        }
    }

    /// Counts what the kernel has passed, and takes back from it who sends more than audio can be.
    fn count(&mut self, now: Instant, table: &mut Table) {
        let too_much = self.read_notes(now, table);
        if too_much.is_empty() {
            return;
        }
        // From here on the worker sees to it that no more passes than may.
        for place in &too_much {
            self.unlist(*place);
        }
        self.read_notes(now, table);
        for place in too_much {
            self.listed.remove(&place);
        }
    }

    /// Counts what the kernel has noted. Returns the places to which more came than may.
    fn read_notes(&mut self, now: Instant, table: &mut Table) -> Vec<usize> {
        let clock = clock_gettime(ClockId::Monotonic);
        let clock = Duration::new(clock.tv_sec.unsigned_abs(), clock.tv_nsec as u32);
        let mut too_much = Vec::new();
        while let Some(noted) = self.notes.take() {
            let place = noted.place as usize;
            let listed = self.listed.get(&place);
            if listed.is_none_or(|listed| listed.plan.hop.generation != noted.generation) {
                continue;
            }
            let ago = clock.saturating_sub(Duration::from_nanos(noted.arrival));
            let at = now.checked_sub(ago).unwrap_or(now);
            let is_within = table.passed(at, place, &noted.header, noted.length as usize);
            if !is_within && !too_much.contains(&place) {
                too_much.push(place);
            }
        }
        too_much
    }

    /// A call that cannot be listed is passed by the worker: worth a word, once.
    fn complain(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.has_complained, true) {
            tracing::warn!(%error, "the kernel does not take a call's audio; the relay passes it itself");
        }
    }
}

impl Kernel {
    /// Has the program run for what comes to an interface.
    fn run_at(&self, interface: u32) -> io::Result<()> {
        let Ok(mut links) = self.links.lock() else {
            return Err(io::ErrorKind::Other.into());
        };
        if let Entry::Vacant(free) = links.entry(interface) {
            free.insert(self.program.attach(interface)?);
        }
        Ok(())
    }
}

fn ipv4(address: SocketAddr) -> Option<SocketAddrV4> {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => Some(SocketAddrV4::new(ip, address.port())),
        IpAddr::V6(_) => None,
    }
}

/// The address that a socket has on a way: its own, or if it has all of them, the one that the kernel would choose.
fn own_address(bound: IpAddr, way: Route) -> Option<Ipv4Addr> {
    match bound.to_canonical() {
        IpAddr::V4(bound) if !bound.is_unspecified() => Some(bound),
        IpAddr::V6(bound) if !bound.is_unspecified() => None,
        _ => Some(way.source),
    }
}

fn addresses(from: SocketAddrV4, to: SocketAddrV4) -> Key {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&from.ip().octets());
    key[4..8].copy_from_slice(&to.ip().octets());
    key[8..10].copy_from_slice(&from.port().to_be_bytes());
    key[10..].copy_from_slice(&to.port().to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_key_stand_as_in_a_packet() {
        let at = |text: &str| text.parse::<SocketAddrV4>().unwrap();
        let key = addresses(at("192.0.2.1:258"), at("198.51.100.2:772"));
        assert_eq!(key, [192, 0, 2, 1, 198, 51, 100, 2, 1, 2, 3, 4]);
    }

    #[test]
    fn a_socket_that_hears_all_addresses_has_the_one_that_the_way_begins_at() {
        let way = Route {
            source: Ipv4Addr::new(192, 0, 2, 1),
            interface: 2,
            is_local: false,
        };
        for (bound, own) in [
            ("0.0.0.0", Some("192.0.2.1")),
            ("::", Some("192.0.2.1")),
            ("198.51.100.7", Some("198.51.100.7")),
            ("::ffff:198.51.100.7", Some("198.51.100.7")),
            ("2001:db8::1", None),
        ] {
            let own = own.map(|own| own.parse().unwrap());
            assert_eq!(own_address(bound.parse().unwrap(), way), own, "{bound}");
        }
    }
}
