//! What has passed, counted by the engine and read by anybody.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Side;

/// What has passed through one call's relay.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Statistics {
    /// What came from the caller.
    pub caller: SideStatistics,
    /// What came from the callee.
    pub callee: SideStatistics,
}

/// What came from one side.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct SideStatistics {
    /// RTP and RTCP packets that were passed on.
    pub packets: u64,
    /// Their bytes, without UDP and IP headers.
    pub bytes: u64,
    /// Packets from somebody else than this side's phone; dropped.
    pub from_strangers: u64,
    /// Packets that are neither RTP nor RTCP; dropped.
    pub not_rtp: u64,
}

impl std::ops::AddAssign for SideStatistics {
    fn add_assign(&mut self, other: Self) {
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.from_strangers += other.from_strangers;
        self.not_rtp += other.not_rtp;
    }
}

#[derive(Default, Debug)]
pub(super) struct Counters {
    caller: SideCounters,
    callee: SideCounters,
}

#[derive(Default, Debug)]
pub(super) struct SideCounters {
    pub(super) packets: Counter,
    pub(super) bytes: Counter,
    pub(super) from_strangers: Counter,
    pub(super) not_rtp: Counter,
}

/// A number that one thread writes and others read.
#[derive(Default, Debug)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, amount: u64) {
        // Only the engine writes, so no atomic read-modify-write is needed on the packets' path.
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_add(amount),
            Ordering::Relaxed,
        );
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(super) fn side(&self, side: Side) -> &SideCounters {
        match side {
            Side::Caller => &self.caller,
            Side::Callee => &self.callee,
        }
    }

    pub(super) fn read(&self) -> Statistics {
        Statistics {
            caller: self.caller.read(),
            callee: self.callee.read(),
        }
    }
}

impl SideCounters {
    fn read(&self) -> SideStatistics {
        SideStatistics {
            packets: self.packets.read(),
            bytes: self.bytes.read(),
            from_strangers: self.from_strangers.read(),
            not_rtp: self.not_rtp.read(),
        }
    }
}
