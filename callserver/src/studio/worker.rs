//! One thread of the studio: waits for its calls' sockets and for their next 20 ms.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use media::Digit;
use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use switch::MediaPlan;
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;

use super::News;
use super::booth::{Booth, BoothError};
use super::sounds::Source;
use super::tape::{Recorded, Sink, Tape, TapeLimits};
use crate::relay::{Lent, LentPort, MediaId, Side};

/// What a worker is told to do.
pub(super) enum Order {
    Take {
        media: MediaId,
        lent: Box<Lent>,
        plan: Box<MediaPlan>,
        seed: [u8; 32],
    },
    Change {
        media: MediaId,
        plan: Box<MediaPlan>,
    },
    Expect {
        media: MediaId,
        side: Side,
        signalled: SocketAddr,
        sip_source: IpAddr,
    },
    Record {
        media: MediaId,
        side: Side,
        sink: Sink,
        limits: TapeLimits,
        answer: oneshot::Sender<io::Result<Recorded>>,
    },
    StopRecording {
        media: MediaId,
    },
    Play {
        media: MediaId,
        side: Side,
        number: u32,
        source: Source,
    },
    Digit {
        media: MediaId,
        side: Side,
        digit: Digit,
    },
    Release {
        media: MediaId,
        answer: mpsc::SyncSender<Box<Lent>>,
    },
    Close {
        media: MediaId,
    },
    Stop,
}

/// Wakes a worker.
#[derive(Clone, Debug)]
pub(super) struct Bell(Arc<OwnedFd>);

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Bell(Arc::new(event)))
    }

    /// Give the order before.
    pub(super) fn ring(&self) -> io::Result<()> {
        match rustix::io::write(&*self.0, &1u64.to_ne_bytes()) {
            // Full: it has rung often enough.
            Ok(_) | Err(rustix::io::Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn hush(&self) {
        // Empty is as good.
        let _ = rustix::io::read(&*self.0, &mut [0; 8]);
    }
}

/// One call with its sockets.
struct Call {
    lent: Lent,
    /// None when its plan could not be followed: nothing is sent then.
    booth: Option<Booth>,
    /// Its place among the watched.
    place: usize,
    /// Where it stands among the timers.
    due: Option<Instant>,
}

pub(super) struct Worker {
    orders: mpsc::Receiver<Order>,
    bell: Bell,
    news: Sender<News>,
    epoll: OwnedFd,
    calls: HashMap<MediaId, Call>,
    /// Which call has which place; a socket's number for epoll is four times that, and its port.
    places: Vec<Option<MediaId>>,
    timers: BTreeSet<(Instant, MediaId)>,
    buffer: Box<[u8; LARGEST]>,
}

const BELL: u64 = u64::MAX;
/// So many sockets at once.
const EVENTS: usize = 256;
/// The largest datagram; audio is far smaller.
const LARGEST: usize = 2048;
/// So many packets of one socket are taken before the others have their turn.
const TURN: usize = 32;
/// Each call's sockets, in the order of their numbers.
const PORTS: [(Side, bool); 4] = [
    (Side::Caller, false),
    (Side::Caller, true),
    (Side::Callee, false),
    (Side::Callee, true),
];

fn port(lent: &mut Lent, side: Side, is_control: bool) -> &mut LentPort {
    let side = lent.side_mut(side);
    if is_control {
        &mut side.rtcp
    } else {
        &mut side.rtp
    }
}

impl Worker {
    pub(super) fn new(
        orders: mpsc::Receiver<Order>,
        bell: Bell,
        news: Sender<News>,
    ) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let data = epoll::EventData::new_u64(BELL);
        epoll::add(&epoll, &*bell.0, data, epoll::EventFlags::IN)?;
        Ok(Worker {
            orders,
            bell,
            news,
            epoll,
            calls: HashMap::new(),
            places: Vec::new(),
            timers: BTreeSet::new(),
            buffer: Box::new([0; LARGEST]),
        })
    }

    /// Works until told to stop, or until nobody can give orders any more.
    pub(super) fn run(mut self) {
        let mut events: Vec<epoll::Event> = Vec::with_capacity(EVENTS);
        loop {
            let wait = self.timers.first().map(|(due, _)| {
                let wait = due.saturating_duration_since(Instant::now());
                let wait = wait.min(Duration::from_secs(60));
                Timespec {
                    tv_sec: wait.as_secs() as _,
                    tv_nsec: wait.subsec_nanos().into(),
                }
            });
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), wait.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    tracing::error!(%error, "the studio cannot wait for packets; its calls are silent now");
                    return;
                }
            }
            if self.follow_orders().is_break() {
                return;
            }
            for event in &events {
                let number = event.data.u64();
                if number != BELL {
                    self.receive(number as usize / 4, PORTS[number as usize % 4]);
                }
            }
            let now = Instant::now();
            while let Some(&(due, media)) = self.timers.first()
                && due <= now
            {
                self.tick(media);
                // Somebody may wait for a call to come back.
                if self.follow_orders().is_break() {
                    return;
                }
            }
        }
    }

    fn follow_orders(&mut self) -> ControlFlow<()> {
        self.bell.hush();
        loop {
            match self.orders.try_recv() {
                Ok(Order::Take {
                    media,
                    lent,
                    plan,
                    seed,
                }) => self.take(media, *lent, *plan, seed),
                Ok(Order::Change { media, plan }) => {
                    self.alter(media, |now, booth| booth.change(now, *plan));
                }
                Ok(Order::Record {
                    media,
                    side,
                    sink,
                    limits,
                    answer,
                }) => self.alter(media, |now, booth| {
                    booth.record(now, Tape::begin(side, sink, limits, answer))
                }),
                Ok(Order::StopRecording { media }) => {
                    self.alter(media, |now, booth| booth.stop_recording(now));
                }
                Ok(Order::Play {
                    media,
                    side,
                    number,
                    source,
                }) => self.alter(media, |now, booth| booth.play(now, side, number, source)),
                Ok(Order::Digit { media, side, digit }) => {
                    self.alter(media, |now, booth| booth.sound_digit(now, side, digit));
                }
                Ok(Order::Expect {
                    media,
                    side,
                    signalled,
                    sip_source,
                }) => {
                    if let Some(call) = self.calls.get_mut(&media) {
                        call.lent.expect(side, signalled, sip_source);
                    }
                }
                Ok(Order::Release { media, answer }) => {
                    if let Some(lent) = self.remove(media) {
                        // Who asked waits for it.
                        let _ = answer.send(Box::new(lent));
                    }
                }
                Ok(Order::Close { media }) => drop(self.remove(media)),
                Err(mpsc::TryRecvError::Empty) => return ControlFlow::Continue(()),
                Ok(Order::Stop) | Err(mpsc::TryRecvError::Disconnected) => {
                    return ControlFlow::Break(());
                }
            }
        }
    }

    /// Lets a call work in another way.
    fn alter(
        &mut self,
        media: MediaId,
        alter: impl FnOnce(Instant, &mut Booth) -> Result<(), BoothError>,
    ) {
        if let Some(call) = self.calls.get_mut(&media)
            && let Some(booth) = &mut call.booth
            && let Err(error) = alter(Instant::now(), booth)
        {
            tracing::error!(%error, call = media.0, "a call's audio cannot be changed as agreed; it is silent now");
            call.booth = None;
        }
        self.rearm(media);
    }

    fn take(&mut self, media: MediaId, mut lent: Lent, plan: MediaPlan, seed: [u8; 32]) {
        let booth = Booth::new(Instant::now(), plan, seed)
            .inspect_err(|error| {
                tracing::error!(%error, call = media.0, "a call's audio cannot be translated; it is silent");
            })
            .ok();
        let free = self.places.iter().position(Option::is_none);
        let place = free.unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some(media);
        for (number, (side, is_control)) in (0..).zip(PORTS) {
            let data = epoll::EventData::new_u64(place as u64 * 4 + number);
            let socket = port(&mut lent, side, is_control).socket();
            if let Err(error) = epoll::add(&self.epoll, socket, data, epoll::EventFlags::IN) {
                tracing::error!(%error, call = media.0, "the studio cannot watch a call's sockets");
            }
        }
        let call = Call {
            lent,
            booth,
            place,
            due: None,
        };
        self.calls.insert(media, call);
        self.rearm(media);
    }

    fn remove(&mut self, media: MediaId) -> Option<Lent> {
        let mut call = self.calls.remove(&media)?;
        self.places[call.place] = None;
        if let Some(due) = call.due {
            self.timers.remove(&(due, media));
        }
        for (side, is_control) in PORTS {
            // One that was refused when it came is not there.
            let _ = epoll::delete(&self.epoll, port(&mut call.lent, side, is_control).socket());
        }
        if let Some(refused) = call.booth.as_ref().map(Booth::refused).filter(|n| *n > 0) {
            tracing::debug!(call = media.0, refused, "packets were not sealed as agreed");
        }
        Some(call.lent)
    }

    /// Sets the call's timer as it wants it now.
    fn rearm(&mut self, media: MediaId) {
        let Some(call) = self.calls.get_mut(&media) else {
            return;
        };
        let due = call.booth.as_ref().and_then(Booth::poll_timeout);
        if due == call.due {
            return;
        }
        if let Some(before) = std::mem::replace(&mut call.due, due) {
            self.timers.remove(&(before, media));
        }
        if let Some(due) = due {
            self.timers.insert((due, media));
        }
    }

    fn receive(&mut self, place: usize, (side, is_control): (Side, bool)) {
        let Some(&Some(media)) = self.places.get(place) else {
            return;
        };
        let Some(call) = self.calls.get_mut(&media) else {
            return;
        };
        for _ in 0..TURN {
            let port = port(&mut call.lent, side, is_control);
            let (length, source) = match port.socket().recv_from(&mut *self.buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // The peer's machine said that nobody listens at its port (ICMP): not our packet's fault.
                Err(_) => continue,
            };
            let now = Instant::now();
            // A datagram that fills the buffer was cut.
            let datagram = &self.buffer[..length];
            if length == LARGEST || !port.takes(now, datagram, source) {
                continue;
            }
            if let Some(booth) = &mut call.booth {
                booth.receive(now, side, is_control, datagram);
                send_all(booth, &mut call.lent);
                tell_all(booth, media, &self.news);
            }
        }
    }

    fn tick(&mut self, media: MediaId) {
        if let Some(call) = self.calls.get_mut(&media)
            && let Some(booth) = &mut call.booth
        {
            booth.tick(Instant::now());
            send_all(booth, &mut call.lent);
            tell_all(booth, media, &self.news);
        }
        self.rearm(media);
    }
}

fn tell_all(booth: &mut Booth, media: MediaId, news: &Sender<News>) {
    while let Some(told) = booth.poll_told() {
        // The end of a prompt that is lost here is made up for by the patience of whoever waits for it.
        if news.try_send(News { media, told }).is_err() {
            tracing::warn!(call = media.0, "news of a call were lost");
        }
    }
}

fn send_all(booth: &mut Booth, lent: &mut Lent) {
    while let Some(outgoing) = booth.poll_transmit() {
        let port = port(lent, outgoing.side, outgoing.to_control_port);
        if let Some(target) = port.target() {
            // A full buffer loses the packet, as the network would.
            let _ = port.socket().send_to(&outgoing.datagram, target);
        }
    }
}
