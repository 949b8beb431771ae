//! The figures of a session.

use std::time::Duration;

/// Figures of a session since its start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets received, duplicates not counted.
    pub received: u64,
    /// Packets of the other side that never came.
    pub lost: u64,
    /// Packets that came too late to be played.
    pub late: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that came after a later one.
    pub reordered: u64,
    /// Datagrams that were no RTP or RTCP, of a payload type not agreed upon, not decodable, or not sealed with
    /// the key that was agreed upon.
    pub malformed: u64,
    /// Packets whose sound was played.
    pub played: u64,
    /// Frames rebuilt from the redundancy in the packet after them (Opus in-band FEC).
    pub recovered: u64,
    /// Frames invented because nothing was there to play.
    pub concealed: u64,
    /// Interarrival jitter (RFC 3550 §6.4.1) in milliseconds.
    pub jitter_millis: f64,
    /// Delay that the jitter buffer adds now, in milliseconds.
    pub buffer_millis: f64,
    /// Round trip between the two RTCP ends, when reports have measured it.
    pub round_trip: Option<Duration>,
    /// Share of our packets that the other side missed in its last report, 0 to 1.
    pub remote_loss: Option<f64>,
    /// Estimated mean opinion score of what we hear, 1 to 4.4: the E-model of ITU-T G.107, simplified
    /// to codec, loss and delay, on the scale of narrow-band telephony.
    pub mos: f64,
}
