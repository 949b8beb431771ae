//! RTP, jitter buffer, codecs and levels, without a clock or a device.
//!
//! A [`Session`] is one audio stream in both directions. It decides; the edge waits, sends and
//! plays. Time comes in as `now`, randomness as a seed, sound as 20 ms frames of 48 kHz mono.
//!
//! ```
//! use media::{Codec, Config, Input, Session, Transmit, SILENCE};
//! use std::time::Instant;
//!
//! let now = Instant::now();
//! let mut here = Session::new(Config::new(Codec::Opus), [1; 32]).unwrap();
//! let mut there = Session::new(Config::new(Codec::Opus), [2; 32]).unwrap();
//! here.handle(now, Input::Capture(&SILENCE));
//! while let Some(transmit) = here.poll_transmit() {
//!     match transmit {
//!         Transmit::Packet(rtp) => there.handle(now, Input::Packet(rtp)),
//!         Transmit::Control(rtcp) => there.handle(now, Input::Control(rtcp)),
//!     }
//! }
//! let frame = there.playout(now); // the speaker asks for the next 20 ms
//! assert_eq!(frame.len(), media::FRAME_SAMPLES);
//! ```
//!
//! [`srtp`] seals and opens what goes over the network; a session does so by itself when it is given keys.
//!
//! The edge tells RTP from RTCP, by port or by the rule of RFC 5761 §4 ([`is_control`]).

mod codec;
mod level;
mod mend;
mod music;
mod pitch;
mod player;
mod playout;
mod quality;
mod reception;
mod recording;
mod reports;
mod rtcp;
mod rtp;
mod session;
mod source;
pub mod srtp;
mod statistics;
mod stretch;
mod telephone_event;

pub use codec::{Codec, CodecError};
pub use level::{Level, SILENT_DBFS, dbfs};
pub use mend::{NotPlayable, length_of, mend};
pub use music::HoldMusic;
pub use player::{PlayError, Player};
pub use quality::mean_opinion_score_of;
pub use recording::Recorder;
pub use rtp::{Packet, PacketError, Sequence, Ssrc, Timestamp, is_control};
pub use session::{Config, Event, Input, Session, Transmit};
pub use statistics::Statistics;
pub use telephone_event::Digit;

/// Samples per second of all sound at the interface of a session, whatever its codec.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in one frame: 20 ms, one channel.
pub const FRAME_SAMPLES: usize = 960;

/// Length of one frame.
pub const FRAME_DURATION: std::time::Duration = std::time::Duration::from_millis(20);

/// 20 ms of 48 kHz mono sound, 16 bit signed.
pub type Frame = [i16; FRAME_SAMPLES];

/// A frame without sound.
pub const SILENCE: Frame = [0; FRAME_SAMPLES];
