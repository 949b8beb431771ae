//! All sockets of one worker and the calls that they belong to: what is passed on, and to where. It neither waits nor
//! sends; whoever does has it told what to watch.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::packet::Carries;
use super::port::{Port, Takes};
use super::ports::{Pair, Returned, Taken, in_family_of};
use super::{MediaId, Side};

/// Waits for packets on sockets, which it knows by their place in the table.
pub(super) trait Watch {
    /// From now on.
    fn watch(&mut self, place: usize, socket: &UdpSocket) -> io::Result<()>;

    /// Not any more. What had come before is lost.
    fn unwatch(&mut self, place: usize, socket: &UdpSocket);
}

/// The sockets of one worker.
#[derive(Debug)]
pub(super) struct Table {
    worker: usize,
    back: mpsc::Sender<Returned>,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    // Pairs of sockets that wait for another call.
    kept: usize,
    most_kept: usize,
    calls: HashMap<MediaId, Call>,
    draining: VecDeque<(Instant, Call)>,
    /// Places of phones that have moved, and of those that have stayed for a while.
    moved: Vec<usize>,
    steady: Vec<usize>,
}

/// One socket.
#[derive(Debug)]
struct Slot {
    pair: Arc<Pair>,
    carries: Carries,
    /// Whose it is; nobody's while late packets are swallowed and until the next call has it.
    port: Option<Port>,
    /// The place of the other side's socket for the same kind of packet.
    other: usize,
    // Whether somebody sent to it after it was closed.
    has_latecomers: bool,
}

/// The places of one call's sockets: caller RTP, caller RTCP, callee RTP, callee RTCP.
#[derive(Clone, Copy, Debug)]
struct Call {
    places: [usize; 4],
}

/// Where a packet is to go: out of the socket at this place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Way {
    pub(super) place: usize,
    pub(super) target: SocketAddr,
}

/// One direction of a call's audio.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Leg {
    /// Where it comes from.
    pub(super) source: SocketAddr,
    /// The socket that it comes to.
    pub(super) listens: IpAddr,
    pub(super) port: u16,
    /// The socket that it leaves from.
    pub(super) leaves_from: IpAddr,
    pub(super) leaves_from_port: u16,
    /// Where it goes.
    pub(super) target: SocketAddr,
}

/// How long the ports of a closed call swallow late packets before somebody else may get them: longer than a packet
/// travels around the world.
const DRAIN: Duration = Duration::from_millis(500);

/// The ports of all calls that ended within this time are given back in one go.
const DRAIN_SLACK: Duration = Duration::from_millis(100);

/// So many pairs are kept for coming calls, and two more for each call that goes on: a call that begins finds the sockets
/// of one that has ended, which is far cheaper than new ones.
const KEPT: usize = 64;

impl Table {
    pub(super) fn new(worker: usize, back: mpsc::Sender<Returned>, most_kept: usize) -> Self {
        Self {
            worker,
            back,
            slots: Vec::new(),
            free: Vec::new(),
            kept: 0,
            most_kept,
            calls: HashMap::new(),
            draining: VecDeque::new(),
            moved: Vec::new(),
            steady: Vec::new(),
        }
    }

    /// A call's sockets, with its ports in the order of [`Call::places`].
    pub(super) fn open(
        &mut self,
        watch: &mut dyn Watch,
        media: MediaId,
        pairs: [Taken; 2],
        ports: [Port; 4],
    ) -> io::Result<()> {
        let mut result = Ok(());
        let [[a, b], [c, d]] = pairs.map(|taken| match taken.places {
            Some(places) => {
                self.kept -= 1;
                places
            }
            None => [Carries::Rtp, Carries::Rtcp].map(|carries| {
                let (place, watched) = self.place(watch, &taken.pair, carries);
                if result.is_ok() {
                    result = watched;
                }
                place
            }),
        });
        let places = [a, b, c, d];
        self.calls.insert(media, Call { places });
        for ((place, other), port) in places.into_iter().zip([c, d, a, b]).zip(ports) {
            if let Some(slot) = self.slot_mut(place) {
                slot.port = Some(port);
                slot.other = other;
                slot.has_latecomers = false;
            }
        }
        result
    }

    /// Puts a socket somewhere and has it watched.
    fn place(
        &mut self,
        watch: &mut dyn Watch,
        pair: &Arc<Pair>,
        carries: Carries,
    ) -> (usize, io::Result<()>) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let watched = watch.watch(place, pair.socket(carries));
        self.slots[place] = Some(Slot {
            pair: Arc::clone(pair),
            carries,
            port: None,
            other: place,
            has_latecomers: false,
        });
        (place, watched)
    }

    pub(super) fn expect(
        &mut self,
        media: MediaId,
        side: Side,
        signalled: SocketAddr,
        sip_source: IpAddr,
    ) {
        let Some(call) = self.calls.get(&media).copied() else {
            return;
        };
        for place in call.places {
            let port = self.slot_mut(place).and_then(|slot| slot.port.as_mut());
            if let Some(port) = port.filter(|port| port.side == side) {
                port.expect(signalled, sip_source);
            }
        }
    }

    /// A call is over: what still comes is swallowed for a while.
    pub(super) fn close(&mut self, now: Instant, media: MediaId) {
        let Some(call) = self.calls.remove(&media) else {
            return;
        };
        for place in call.places {
            if let Some(slot) = self.slot_mut(place) {
                slot.port = None;
            }
        }
        self.draining.push_back((now + DRAIN, call));
    }

    /// Gives a call's sockets away: what is known of them, in the order of [`Call::places`].
    pub(super) fn lend(&mut self, watch: &mut dyn Watch, media: MediaId) -> Option<[Port; 4]> {
        let call = self.calls.remove(&media)?;
        let ports = call.places.map(|place| {
            let slot = self.slots.get_mut(place)?.take()?;
            watch.unwatch(place, slot.pair.socket(slot.carries));
            self.free.push(place);
            slot.port
        });
        let [Some(a), Some(b), Some(c), Some(d)] = ports else {
            return None;
        };
        Some([a, b, c, d])
    }

    /// When [`release_drained`](Self::release_drained) has something to do.
    pub(super) fn next_release(&self) -> Option<Instant> {
        self.draining.front().map(|(at, _)| *at + DRAIN_SLACK)
    }

    /// Lets go of the ports of calls that have been over for a while.
    pub(super) fn release_drained(&mut self, watch: &mut dyn Watch, now: Instant) {
        while let Some((_, call)) = self.draining.pop_front_if(|(at, _)| *at <= now) {
            let [a, b, c, d] = call.places;
            for places in [[a, b], [c, d]] {
                self.release(watch, places);
            }
        }
    }

    /// Keeps a pair for another call, or closes it. One that somebody still sends to is closed: behind the same address
    /// translator that sender would be taken for the next call's phone.
    fn release(&mut self, watch: &mut dyn Watch, places: [usize; 2]) {
        let is_silent = places.iter().all(|place| {
            let slot = self.slots.get(*place).and_then(Option::as_ref);
            slot.is_some_and(|slot| !slot.has_latecomers)
        });
        let is_room = self.kept < self.most_kept.min(KEPT + 2 * self.calls.len());
        let pair = self.slots.get(places[0]).and_then(Option::as_ref);
        if let Some(pair) = pair.map(|slot| Arc::clone(&slot.pair))
            && is_silent
            && is_room
        {
            self.kept += 1;
            let taken = Taken {
                pair,
                places: Some(places),
            };
            let worker = self.worker;
            // Nobody listens any more when the relay is being dropped.
            let _ = self.back.send(Returned::Kept { worker, taken });
            return;
        }
        for place in places {
            if let Some(slot) = self.slots.get_mut(place).and_then(Option::take) {
                watch.unwatch(place, slot.pair.socket(slot.carries));
                self.free.push(place);
            }
        }
    }

    /// A datagram came to the socket at `place`. Where it is to go, if anywhere.
    pub(super) fn takes(
        &mut self,
        now: Instant,
        place: usize,
        datagram: &[u8],
        source: SocketAddr,
    ) -> Option<Way> {
        let slot = self.slots.get_mut(place).and_then(Option::as_mut)?;
        let Some(port) = &mut slot.port else {
            slot.has_latecomers = true;
            return None;
        };
        let takes = port.takes(now, datagram, source);
        match (takes, slot.carries) {
            (Takes::Not, _) => return None,
            (Takes::Moved, Carries::Rtp) => self.moved.push(place),
            (Takes::Steady, Carries::Rtp) => self.steady.push(place),
            _ => {}
        }
        let place = slot.other;
        let other = self.slots.get(place)?.as_ref()?;
        let target = other.port.as_ref()?.target()?;
        let target = in_family_of(other.pair.is_ipv6(), target);
        Some(Way { place, target })
    }

    /// Places of phones that have moved since the last time, and of those that have stayed where they are for a while.
    pub(super) fn take_changes(&mut self) -> (Vec<usize>, Vec<usize>) {
        (
            std::mem::take(&mut self.moved),
            std::mem::take(&mut self.steady),
        )
    }

    /// The way of what comes to a place, if both its ends are known.
    pub(super) fn leg(&self, place: usize) -> Option<Leg> {
        let slot = self.slots.get(place)?.as_ref()?;
        let other = self.slots.get(slot.other)?.as_ref()?;
        Some(Leg {
            source: slot.port.as_ref()?.source()?,
            listens: slot.pair.listen,
            port: slot.pair.port(),
            leaves_from: other.pair.listen,
            leaves_from_port: other.pair.port(),
            target: other.port.as_ref()?.target()?,
        })
    }

    /// The kernel has passed what came to a place. Returns whether that was no more than may be.
    pub(super) fn passed(
        &mut self,
        at: Instant,
        place: usize,
        header: &[u8; 12],
        length: usize,
    ) -> bool {
        let port = self.slot_mut(place).and_then(|slot| slot.port.as_mut());
        port.is_none_or(|port| port.passed(at, header, length))
    }

    /// Whether the phone at a place stays where it is must show anew.
    pub(super) fn begin_anew(&mut self, place: usize) {
        if let Some(port) = self.slot_mut(place).and_then(|slot| slot.port.as_mut()) {
            port.begin_anew();
        }
    }

    /// The place of the other side's socket for the same kind of packet.
    pub(super) fn opposite(&self, place: usize) -> Option<usize> {
        Some(self.slots.get(place)?.as_ref()?.other)
    }

    /// The places of a call's sockets for RTP.
    pub(super) fn places(&self, media: MediaId) -> Option<[usize; 2]> {
        let [caller, _, callee, _] = self.calls.get(&media)?.places;
        Some([caller, callee])
    }

    /// A datagram came that did not fit into a buffer.
    pub(super) fn refuse_cut(&mut self, place: usize) {
        if let Some(slot) = self.slot_mut(place) {
            match &slot.port {
                Some(port) => port.refuse_cut(),
                None => slot.has_latecomers = true,
            }
        }
    }

    /// The socket at a place.
    pub(super) fn socket(&self, place: usize) -> Option<&UdpSocket> {
        let slot = self.slots.get(place)?.as_ref()?;
        Some(slot.pair.socket(slot.carries))
    }

    fn slot_mut(&mut self, place: usize) -> Option<&mut Slot> {
        self.slots.get_mut(place).and_then(Option::as_mut)
    }
}
