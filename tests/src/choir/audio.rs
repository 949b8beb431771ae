//! The audio of one section: a packet on each call every 20 ms, and how long nothing came.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;

/// As phones send.
const PACKET_EVERY: Duration = Duration::from_millis(20);

/// The calls take turns in so many parts of that time, so that no queue overflows.
const SLOTS: u32 = 20;

/// One socket and its thread.
#[derive(Debug)]
pub(super) struct Audio {
    calls: Arc<Mutex<HashMap<SocketAddr, Heard>>>,
    local: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What was heard of one call. The relay has a port for each side of each call, which tells them apart.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    slot: u32,
    last: Option<Instant>,
    longest: Duration,
    sequence: u16,
}

/// The longest silence of each side of each call.
#[derive(Debug, Clone, Default)]
pub struct Silences(Vec<Duration>);

impl Silences {
    pub(super) fn append(&mut self, mut other: Silences) {
        self.0.append(&mut other.0);
    }

    /// The longest of all.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.0.iter().max().copied().unwrap_or_default()
    }

    /// The one in the middle.
    #[must_use]
    pub fn median(&self) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

impl Audio {
    pub(super) fn start() -> Result<Audio> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let local = socket.local_addr()?;
        let calls = Arc::new(Mutex::new(HashMap::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let (shared, ending) = (Arc::clone(&calls), Arc::clone(&is_over));
        let thread = std::thread::Builder::new()
            .name("choir audio".into())
            .spawn(move || {
                // What is measured is the server's silence, not that of a busy machine; where it is not allowed, both.
                let _ = rustix::process::setpriority_process(None, -11);
                let mut slot = 0;
                let mut next = Instant::now();
                while !ending.load(Ordering::Relaxed) {
                    speak(&socket, &shared, slot);
                    slot = (slot + 1) % SLOTS;
                    next += PACKET_EVERY / SLOTS;
                    listen(&socket, &shared, next);
                }
            })?;
        Ok(Audio {
            calls,
            local,
            is_over,
            thread: Some(thread),
        })
    }

    /// Where its packets come from and go to.
    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    /// A call begins whose other side is heard from there.
    pub(super) fn begin(&self, relay: SocketAddr) {
        let mut calls = self.calls();
        let slot = calls.len() as u32 % SLOTS;
        calls.entry(relay).or_insert(Heard {
            slot,
            ..Heard::default()
        });
    }

    pub(super) fn end(&self, relay: SocketAddr) {
        self.calls().remove(&relay);
    }

    /// On how many calls anything was heard.
    pub(super) fn heard(&self) -> usize {
        let calls = self.calls();
        calls.values().filter(|call| call.last.is_some()).count()
    }

    pub(super) fn begin_to_measure(&self, now: Instant) {
        for call in self.calls().values_mut() {
            (call.last, call.longest) = (Some(now), Duration::ZERO);
        }
    }

    pub(super) fn silences(&self, now: Instant) -> Silences {
        let longest = |call: &Heard| {
            let since = call.last.map(|last| now - last).unwrap_or_default();
            call.longest.max(since)
        };
        Silences(self.calls().values().map(longest).collect())
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<SocketAddr, Heard>> {
        lock(&self.calls)
    }
}

impl Drop for Audio {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

type Calls = Mutex<HashMap<SocketAddr, Heard>>;

fn lock(calls: &Calls) -> MutexGuard<'_, HashMap<SocketAddr, Heard>> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A packet of G.711 on each call whose turn it is.
fn speak(socket: &UdpSocket, calls: &Calls, slot: u32) {
    let mut packet = [0xff; 172];
    packet[..12].fill(0);
    packet[0] = 0x80;
    for (relay, call) in lock(calls).iter_mut().filter(|(_, call)| call.slot == slot) {
        call.sequence = call.sequence.wrapping_add(1);
        packet[2..4].copy_from_slice(&call.sequence.to_be_bytes());
        let samples = u32::from(call.sequence) * 160;
        packet[4..8].copy_from_slice(&samples.to_be_bytes());
        packet[8..12].copy_from_slice(&u32::from(relay.port()).to_be_bytes());
        // Nobody may be there at this moment.
        let _ = socket.send_to(&packet, relay);
    }
}

/// Takes in what comes until `end`.
fn listen(socket: &UdpSocket, calls: &Calls, end: Instant) {
    let mut buffer = [0; 2048];
    loop {
        let now = Instant::now();
        let left = end.saturating_duration_since(now);
        if left.is_zero() || socket.set_read_timeout(Some(left)).is_err() {
            return;
        }
        let Ok((_, source)) = socket.recv_from(&mut buffer) else {
            // Its time is over, or a port was closed (ICMP), which the next packet will tell better.
            continue;
        };
        let now = Instant::now();
        if let Some(call) = lock(calls).get_mut(&source) {
            let silence = call.last.map(|last| now - last).unwrap_or_default();
            call.longest = call.longest.max(silence);
            call.last = Some(now);
        }
    }
}
