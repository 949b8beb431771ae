//! The codecs that this crate negotiates, and how formats name them.

use serde::{Deserialize, Serialize};

use crate::Media;

/// A speech codec.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Codec {
    /// Opus, RFC 6716 and RFC 7587.
    Opus,
    /// G.722 at 64 kbit/s, RFC 3551 section 4.5.2.
    G722,
    /// G.711 µ-law, RFC 3551.
    Pcmu,
    /// G.711 A-law, RFC 3551.
    Pcma,
}

impl Codec {
    /// All, best first.
    pub const ALL: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma];

    /// The encoding name in `a=rtpmap`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::G722 => "G722",
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
        }
    }

    /// The RTP clock, in Hz. That of G.722 is half its sampling rate, by an old slip of the pen (RFC 3551 4.5.2).
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            Codec::G722 | Codec::Pcmu | Codec::Pcma => 8_000,
        }
    }

    /// The payload type in our offers; for G.711 and G.722 it is fixed by RFC 3551.
    #[must_use]
    pub fn default_payload_type(self) -> u8 {
        match self {
            Codec::Opus => 111,
            Codec::G722 => 9,
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
        }
    }

    /// What follows the payload type in `a=rtpmap`. RFC 7587 section 7: Opus always says two channels.
    pub(crate) fn encoding(self) -> &'static str {
        match self {
            Codec::Opus => "opus/48000/2",
            Codec::G722 => "G722/8000",
            Codec::Pcmu => "PCMU/8000",
            Codec::Pcma => "PCMA/8000",
        }
    }

    /// What we say in `a=fmtp`.
    pub(crate) fn parameters(self) -> Option<&'static str> {
        match self {
            Codec::Opus => Some("minptime=10;useinbandfec=1"),
            Codec::G722 | Codec::Pcmu | Codec::Pcma => None,
        }
    }
}

/// What a payload type of a stream stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// Speech.
    Speech(Codec),
    /// Dialled digits (RFC 4733) on a clock of so many Hz.
    TelephoneEvent(u32),
}

/// A payload type with its meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Payload {
    pub(crate) payload_type: u8,
    pub(crate) format: Format,
}

/// The payload types of `media` that we understand, in the order of the `m=` line.
pub(crate) fn payloads(media: &Media) -> Vec<Payload> {
    media
        .formats
        .iter()
        .filter_map(|token| {
            let payload_type = token.parse().ok().filter(|number| *number < 128)?;
            let format = mapped(media, token).or_else(|| fixed(media, payload_type, token))?;
            Some(Payload {
                payload_type,
                format,
            })
        })
        .collect()
}

/// The payload type's `a=rtpmap`.
fn rtpmap<'a>(media: &'a Media, token: &str) -> Option<&'a str> {
    media
        .attributes
        .iter()
        .filter(|attribute| attribute.name == "rtpmap")
        .filter_map(|attribute| attribute.value.as_deref()?.split_once(' '))
        .find(|(payload_type, _)| *payload_type == token)
        .map(|(_, encoding)| encoding.trim())
}

fn mapped(media: &Media, token: &str) -> Option<Format> {
    let mut fields = rtpmap(media, token)?.split('/');
    let name = fields.next()?;
    let clock_rate: u32 = fields.next()?.parse().ok()?;
    let channels = fields.next().unwrap_or("1");
    if name.eq_ignore_ascii_case("telephone-event") {
        return Some(Format::TelephoneEvent(clock_rate));
    }
    Codec::ALL
        .into_iter()
        .find(|codec| name.eq_ignore_ascii_case(codec.name()) && clock_rate == codec.clock_rate())
        // Some gateways forget that Opus says two; it is one stream either way.
        .filter(|codec| *codec == Codec::Opus || channels == "1")
        .map(Format::Speech)
}

/// Payload types that need no `a=rtpmap` (RFC 3551 section 6). One that has another map means what that says.
fn fixed(media: &Media, payload_type: u8, token: &str) -> Option<Format> {
    if rtpmap(media, token).is_some() {
        return None;
    }
    match payload_type {
        0 => Some(Format::Speech(Codec::Pcmu)),
        8 => Some(Format::Speech(Codec::Pcma)),
        9 => Some(Format::Speech(Codec::G722)),
        _ => None,
    }
}
