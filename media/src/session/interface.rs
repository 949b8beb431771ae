//! What goes into a session and what comes out.

use std::time::Duration;

use bytes::Bytes;

use crate::srtp;
use crate::{Codec, Digit, Frame};

/// What a session is told at its start; usually the outcome of an offer and its answer.
#[derive(Clone, Debug)]
pub struct Config {
    /// Codec of both directions.
    pub codec: Codec,
    /// RTP payload type of that codec.
    pub payload_type: u8,
    /// RTP payload type of telephone-event (RFC 4733), when it was agreed upon.
    pub telephone_event: Option<u8>,
    /// Keys of secure RTP (RFC 3711), when it was agreed upon: everything is sealed then, and nothing else is taken.
    pub srtp: Option<srtp::Keys>,
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
            srtp: None,
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
    /// Send a dialled digit (RFC 4733): packets of its own take the place of sound for 140 ms. Several wait for each
    /// other. Nothing is sent when telephone-event was not agreed upon.
    Digit(Digit),
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
        /// Time since the last packet, or since the start if none ever came.
        since: Duration,
    },
    /// The other side has dialled a digit (RFC 4733); told once for each press, with the first of its packets that comes.
    Digit(Digit),
    /// The other side said goodbye (RTCP BYE).
    Goodbye,
}
