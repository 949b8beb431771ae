//! The codecs that a session speaks.

mod concealment;
mod decoder;
mod encoder;
mod g711;
mod g722;
mod polyphase;

pub(crate) use decoder::Decoder;
pub(crate) use encoder::Encoder;

/// A codec of an audio stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Opus, RFC 6716, carried as RFC 7587 says.
    Opus,
    /// G.711 µ-law, 8 kHz.
    Pcmu,
    /// G.711 A-law, 8 kHz.
    Pcma,
    /// G.722 at 64 kbit/s: 16 kHz sound, though its RTP clock counts 8,000 a second (RFC 3551 §4.5.2).
    G722,
}

impl Codec {
    /// Payload type that we offer for it (RFC 3551 §6; dynamic for Opus).
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Opus => 111,
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
        }
    }

    /// Ticks of its RTP timestamp per second.
    pub const fn clock_rate(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            Codec::Pcmu | Codec::Pcma | Codec::G722 => 8_000,
        }
    }

    /// Its name in a session description (RFC 3551, RFC 7587).
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
            Codec::G722 => "G722",
        }
    }
}

/// Why a codec could not be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {codec} codec cannot be started: {cause}", codec = .codec.name())]
pub struct CodecError {
    /// The codec that was asked for.
    pub codec: Codec,
    /// What its library said.
    pub cause: String,
}

impl CodecError {
    fn new(codec: Codec, cause: &opus::Error) -> Self {
        CodecError {
            codec,
            cause: cause.to_string(),
        }
    }
}
