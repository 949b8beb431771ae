//! One audio stream in both directions: the façade of this crate.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::{Codec, CodecError, Frame, SILENCE};

/// What a session is told at its start; usually the outcome of an offer and its answer.
#[derive(Clone, Debug)]
pub struct Config {
    /// Codec of both directions.
    pub codec: Codec,
    /// RTP payload type of that codec.
    pub payload_type: u8,
    /// RTP payload type of telephone-event (RFC 4733), when it was agreed upon.
    pub telephone_event: Option<u8>,
    /// Canonical name in our RTCP reports (RFC 3550 §6.5.1). Empty: made from the seed (RFC 7022).
    pub cname: String,
}

impl Config {
    /// The defaults for a codec.
    pub fn new(codec: Codec) -> Self {
        Config {
            codec,
            payload_type: codec.payload_type(),
            telephone_event: None,
            cname: String::new(),
        }
    }
}

/// What happens to a session.
#[derive(Debug)]
pub enum Input<'a> {
    /// An RTP packet came from the network.
    Packet(Bytes),
    /// An RTCP packet came from the network.
    Control(Bytes),
    /// The microphone gave its next 20 ms.
    Capture(&'a Frame),
    /// The moment that `poll_timeout` named has come.
    Timeout,
    /// Send silence instead of what the microphone gives, or stop doing so.
    Mute(bool),
    /// The call is over: say goodbye (RTCP BYE). Nothing more is sent afterwards.
    Close,
}

/// What a session wants sent, to the address and port of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// To its RTP port.
    Packet(Bytes),
    /// To its RTCP port, or to its RTP port when both share one (RFC 5761).
    Control(Bytes),
}

/// What a session tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Loudness of what was played in the last 100 ms.
    HeardLevel {
        /// Root mean square in decibels relative to full scale: 0 is the loudest, -96 silence.
        dbfs: f32,
    },
    /// Loudness of what was captured in the last 100 ms.
    SpokenLevel {
        /// As in `HeardLevel`.
        dbfs: f32,
    },
    /// The first packet of the other side has come, or packets come again after `Stalled`.
    Flowing,
    /// No packet has come for this long.
    Stalled {
        /// Time since the last packet.
        since: Duration,
    },
    /// The other side said goodbye (RTCP BYE).
    Goodbye,
}

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
    /// Datagrams that were no RTP or RTCP, or of an unknown payload type.
    pub malformed: u64,
    /// Frames invented because nothing was there to play.
    pub concealed: u64,
    /// Frames rebuilt from the redundancy in the packet after them (Opus in-band FEC).
    pub recovered: u64,
    /// Frames played from their own packet.
    pub played: u64,
    /// Interarrival jitter (RFC 3550 §6.4.1) in milliseconds.
    pub jitter_millis: f64,
    /// Delay that the jitter buffer adds now, in milliseconds.
    pub buffer_millis: f64,
    /// Round trip between the two RTCP ends, when reports have measured it.
    pub round_trip: Option<Duration>,
    /// Share of our packets that the other side missed in its last report, 0 to 1.
    pub remote_loss: Option<f64>,
    /// Estimated mean opinion score of what we hear, 1 to 4.5 (E-model, simplified).
    pub mos: f64,
}

/// One audio stream in both directions.
#[derive(Debug)]
pub struct Session {
    statistics: Statistics,
}

impl Session {
    /// Sets up encoder, decoder and jitter buffer. The seed makes SSRC and starting numbers.
    ///
    /// # Errors
    /// The codec's library refuses to start.
    pub fn new(_config: Config, _seed: [u8; 32]) -> Result<Self, CodecError> {
        Ok(Session {
            statistics: Statistics::default(),
        })
    }

    /// Tells the session what happened at `now`.
    pub fn handle(&mut self, _now: Instant, _input: Input<'_>) {}

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        None
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// When to give `Input::Timeout` next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The next 20 ms for the speaker; its pace is the pace of these calls.
    pub fn playout(&mut self, _now: Instant) -> Frame {
        SILENCE
    }

    /// Figures since the start.
    pub fn statistics(&self) -> Statistics {
        self.statistics.clone()
    }
}

/// Whether a datagram on a port shared by RTP and RTCP is RTCP (RFC 5761 §4).
pub fn is_control(datagram: &[u8]) -> bool {
    datagram.len() >= 2 && datagram[0] >> 6 == 2 && (192..=223).contains(&datagram[1])
}
