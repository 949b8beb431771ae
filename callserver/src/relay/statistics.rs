//! What a call's relay tells of its two sides.

use serde::{Deserialize, Serialize};

/// What has passed through one call's relay.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Statistics {
    /// What came from the caller.
    pub caller: SideStatistics,
    /// What came from the callee.
    pub callee: SideStatistics,
}

/// What came from one side, as the server saw it, and what that side's phone reported of what it received.
///
/// Everything is read from headers, which are in clear for SRTP too. Reports (RTCP) are read where they are not encrypted.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct SideStatistics {
    /// RTP and RTCP packets that were passed on.
    pub packets: u64,
    /// How many of them the kernel passed by itself.
    pub by_kernel: u64,
    /// Their bytes, without UDP and IP headers.
    pub bytes: u64,
    /// Packets from somebody else than this side's phone; dropped.
    pub from_strangers: u64,
    /// Packets that are neither RTP nor RTCP; dropped.
    pub not_rtp: u64,
    /// Packets of this side's phone beyond what a call may send in a second; dropped.
    pub over_limit: u64,
    /// RTP packets alone.
    pub rtp_packets: u64,
    /// RTP packets that got lost between this side's phone and the server (RFC 3550 appendix A.3).
    pub lost: u64,
    /// RTP packets that came after later ones.
    pub reordered: u64,
    /// RTP packets that came again. They are passed on.
    pub duplicates: u64,
    /// How unevenly RTP came from this side's phone to the server, in microseconds (RFC 3550 section 6.4.1, "interarrival
    /// jitter"). The relay takes packets in bunches; differences below two milliseconds mean nothing.
    pub jitter_micros: u32,
    /// The time from the server to this side's phone and back, in microseconds, from the last report that told it.
    pub round_trip_micros: Option<u32>,
    /// What this side's phone last reported of the audio that it receives.
    pub reported: Option<Reported>,
}

/// What a phone reports of the audio that it receives (RFC 3550 section 6.4.1): from the other phone, over the server, to it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reported {
    /// Packets that it misses since the beginning of the other side's stream; negative if more duplicates came.
    pub lost: i32,
    /// The share of packets that it missed between its last two reports, in 256ths.
    pub lost_of_256: u8,
    /// How unevenly the packets came, in microseconds.
    pub jitter_micros: u32,
}

/// What has passed all calls' relays since the start, both sides together.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Totals {
    /// RTP and RTCP packets that were passed on.
    pub packets: u64,
    /// How many of them the kernel passed by itself.
    pub by_kernel: u64,
    /// Their bytes, without UDP and IP headers.
    pub bytes: u64,
    /// Dropped: from somebody else than the phone.
    pub from_strangers: u64,
    /// Dropped: neither RTP nor RTCP.
    pub not_rtp: u64,
    /// Dropped: more than a call may send in a second.
    pub over_limit: u64,
    /// Lost between the phones and the server.
    pub lost: u64,
}

impl std::ops::AddAssign<Statistics> for Totals {
    fn add_assign(&mut self, call: Statistics) {
        for side in [call.caller, call.callee] {
            self.packets += side.packets;
            self.by_kernel += side.by_kernel;
            self.bytes += side.bytes;
            self.from_strangers += side.from_strangers;
            self.not_rtp += side.not_rtp;
            self.over_limit += side.over_limit;
            self.lost += side.lost;
        }
    }
}

impl SideStatistics {
    /// These after those of an earlier part of the same call: what counts is added, what measures is the newer.
    pub(super) fn after(self, earlier: Self) -> Self {
        Self {
            packets: earlier.packets + self.packets,
            by_kernel: earlier.by_kernel + self.by_kernel,
            bytes: earlier.bytes + self.bytes,
            from_strangers: earlier.from_strangers + self.from_strangers,
            not_rtp: earlier.not_rtp + self.not_rtp,
            over_limit: earlier.over_limit + self.over_limit,
            rtp_packets: earlier.rtp_packets + self.rtp_packets,
            lost: earlier.lost + self.lost,
            reordered: earlier.reordered + self.reordered,
            duplicates: earlier.duplicates + self.duplicates,
            jitter_micros: if self.rtp_packets > 1 {
                self.jitter_micros
            } else {
                earlier.jitter_micros
            },
            round_trip_micros: self.round_trip_micros.or(earlier.round_trip_micros),
            reported: self.reported.or(earlier.reported),
        }
    }
}
