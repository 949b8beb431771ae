//! What one call's relay has seen, written by the one who has its sockets and read by anybody.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use super::Side;
use super::packet::Carries;
use super::reports::{Reporting, Reports};
use super::statistics::{Reported, SideStatistics, Statistics};
use super::stream::StreamFigures;

/// One call's.
#[derive(Debug)]
pub(super) struct Shared {
    sides: [SideCounters; 2],
    reports: Mutex<Reports>,
    /// When it began: the zero of arrival times.
    began: Instant,
    /// What had passed when the call was taken over from an earlier process.
    before: Statistics,
}

/// One side's.
#[derive(Default, Debug)]
pub(super) struct SideCounters {
    pub(super) packets: Counter,
    pub(super) by_kernel: Counter,
    pub(super) bytes: Counter,
    pub(super) from_strangers: Counter,
    pub(super) not_rtp: Counter,
    pub(super) over_limit: Counter,
    rtp_packets: Counter,
    lost: Counter,
    reordered: Counter,
    duplicates: Counter,
    jitter_micros: Counter,
    /// The source and clock of its newest RTP stream, for reading the other side's reports.
    ssrc: AtomicU32,
    clock_rate: AtomicU32,
    /// Samples a second of dynamic payload types.
    dynamic_clock_rate: AtomicU32,
    told: Mutex<Told>,
}

/// What changes seldom.
#[derive(Clone, Copy, Default, Debug)]
struct Told {
    round_trip_micros: Option<u32>,
    reported: Option<Reported>,
    /// Where its packets come from: RTP, RTCP.
    heard: [Option<SocketAddr>; 2],
}

/// A number that one thread writes and others read.
#[derive(Default, Debug)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, amount: u64) {
        // There is only one writer, so no atomic read-modify-write is needed on the packets' path.
        self.set(self.read().wrapping_add(amount));
    }

    fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Opus counts 48,000 samples a second whatever it codes (RFC 7587 section 4.1).
const OPUS_CLOCK_RATE: u32 = 48_000;

impl Shared {
    pub(super) fn new(now: Instant, before: Statistics) -> Self {
        let shared = Self {
            sides: Default::default(),
            reports: Mutex::default(),
            began: now,
            before,
        };
        for side in &shared.sides {
            side.dynamic_clock_rate
                .store(OPUS_CLOCK_RATE, Ordering::Relaxed);
        }
        shared
    }

    pub(super) fn side(&self, side: Side) -> &SideCounters {
        &self.sides[side as usize]
    }

    /// `now` in microseconds since the call began.
    pub(super) fn micros(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.began);
        since.as_secs() * 1_000_000 + u64::from(since.subsec_micros())
    }

    /// Reports passed from one side: what they tell is kept.
    pub(super) fn reports_passed(&self, now: Instant, from: Side, datagram: &[u8]) {
        let other = self.side(from.other());
        let heard = Reporting {
            ssrc: other.ssrc.load(Ordering::Relaxed),
            clock_rate: other.clock_rate.load(Ordering::Relaxed),
        };
        let Ok(mut reports) = self.reports.lock() else {
            return;
        };
        let found = reports.passed(self.micros(now), from, datagram, heard);
        drop(reports);
        let side = self.side(from);
        side.tell(|told| {
            told.round_trip_micros = found.round_trip_micros.or(told.round_trip_micros);
            told.reported = found.reported.or(told.reported);
        });
    }

    pub(super) fn read(&self) -> Statistics {
        let [caller, callee] = self.sides.each_ref().map(SideCounters::read);
        Statistics {
            caller: caller.after(self.before.caller),
            callee: callee.after(self.before.callee),
        }
    }
}

impl SideCounters {
    /// Its packets of one kind come from there now; `None` if that is not known any more.
    pub(super) fn heard(&self, carries: Carries, source: Option<SocketAddr>) {
        self.tell(|told| told.heard[carries as usize] = source);
    }

    /// Where its packets come from: RTP, RTCP.
    pub(super) fn sources(&self) -> [Option<SocketAddr>; 2] {
        self.told.lock().map_or([None, None], |told| told.heard)
    }

    pub(super) fn dynamic_clock_rate(&self) -> u32 {
        self.dynamic_clock_rate.load(Ordering::Relaxed)
    }

    pub(super) fn set_dynamic_clock_rate(&self, hertz: u32) {
        self.dynamic_clock_rate.store(hertz, Ordering::Relaxed);
    }

    /// One more RTP packet, and what its stream's headers tell by now.
    pub(super) fn rtp_passed(&self, figures: &StreamFigures) {
        self.rtp_packets.add(1);
        self.lost.set(figures.lost);
        self.reordered.set(figures.reordered);
        self.duplicates.set(figures.duplicates);
        self.jitter_micros.set(figures.jitter_micros.into());
        self.ssrc.store(figures.ssrc, Ordering::Relaxed);
        self.clock_rate.store(figures.clock_rate, Ordering::Relaxed);
    }

    fn tell(&self, change: impl FnOnce(&mut Told)) {
        // A lock that was poisoned by a panic elsewhere costs figures, not audio.
        if let Ok(mut told) = self.told.lock() {
            change(&mut told);
        }
    }

    fn read(&self) -> SideStatistics {
        let told = self
            .told
            .lock()
            .map_or_else(|_| Told::default(), |told| *told);
        SideStatistics {
            packets: self.packets.read(),
            by_kernel: self.by_kernel.read(),
            bytes: self.bytes.read(),
            from_strangers: self.from_strangers.read(),
            not_rtp: self.not_rtp.read(),
            over_limit: self.over_limit.read(),
            rtp_packets: self.rtp_packets.read(),
            lost: self.lost.read(),
            reordered: self.reordered.read(),
            duplicates: self.duplicates.read(),
            jitter_micros: u32::try_from(self.jitter_micros.read()).unwrap_or(u32::MAX),
            round_trip_micros: told.round_trip_micros,
            reported: told.reported,
        }
    }
}
