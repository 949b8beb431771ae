//! Making offers (RFC 3264 sections 5 and 8).

use std::net::SocketAddr;

use crate::codec::{Format, Payload, payloads};
use crate::{
    Attribute, Codec, Connection, Crypto, Direction, Media, MediaKind, Origin, SessionDescription,
    Transport,
};

/// What this side has to say in an offer or an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OfferConfig<'a> {
    /// Where RTP is received.
    pub address: SocketAddr,
    /// The codecs, best first.
    pub codecs: &'a [Codec],
    /// The id of the session; the same in all descriptions of one call.
    pub session_id: u64,
    /// The version of the description; one more whenever it differs from the last.
    pub version: u64,
    /// Which way sound may flow.
    pub direction: Direction,
    /// How much sound the other side should put in a packet, in ms.
    pub ptime_millis: u32,
    /// The keys for what is sent from here, one for each suite, best first. With any, offers are of SRTP.
    pub crypto: &'a [Crypto],
}

impl OfferConfig<'_> {
    /// The transport of a new stream.
    fn proto(&self) -> &'static str {
        if self.crypto.is_empty() {
            "RTP/AVP"
        } else {
            "RTP/SAVP"
        }
    }
}

/// Payload types of dialled digits in offers, with their clocks.
const TELEPHONE_EVENTS: [(u32, u8); 2] = [(48_000, 110), (8_000, 101)];

/// The first offer of a call.
#[must_use]
pub fn offer(config: &OfferConfig<'_>) -> SessionDescription {
    let mut description = empty(config);
    description
        .media
        .push(audio(config, config.proto(), &wanted(config, &[])));
    description
}

/// A later offer in the same call, to hold, resume or move it. `previous` is the last description that this side sent: its
/// streams keep their places, and its payload types their meanings (RFC 3264 section 8). Whether it is SRTP is for the keys of
/// `config` to say: those of before, unless they shall change.
#[must_use]
pub fn offer_again(previous: &SessionDescription, config: &OfferConfig<'_>) -> SessionDescription {
    let mut description = empty(config);
    let audio_index = previous.audio_index();
    for (index, media) in previous.media.iter().enumerate() {
        description.media.push(if Some(index) == audio_index {
            // Feedback stays as it was; what is sealed needs keys.
            let proto = match media.transport() {
                Transport::Rtp if config.crypto.is_empty() => media.proto.as_str(),
                _ => config.proto(),
            };
            audio(config, proto, &wanted(config, &payloads(media)))
        } else {
            media.refused()
        });
    }
    if audio_index.is_none() {
        description
            .media
            .push(audio(config, config.proto(), &wanted(config, &[])));
    }
    description
}

/// The description around the streams.
pub(crate) fn empty(config: &OfferConfig<'_>) -> SessionDescription {
    let ip = config.address.ip();
    let origin = Origin::new(config.session_id, config.version, ip);
    SessionDescription::new(origin, Some(Connection::new(ip)))
}

/// The audio stream with these payload types.
pub(crate) fn audio(config: &OfferConfig<'_>, proto: &str, payloads: &[Payload]) -> Media {
    let mut media = Media::new(MediaKind::Audio, config.address.port(), proto);
    for payload in payloads {
        describe(&mut media, *payload);
    }
    media
        .attributes
        .extend(config.crypto.iter().map(Crypto::to_attribute));
    media
        .attributes
        .push(Attribute::new("ptime", config.ptime_millis.to_string()));
    media
        .attributes
        .push(Attribute::flag(config.direction.as_str()));
    media
}

/// Appends a format and what is to be said about it.
pub(crate) fn describe(media: &mut Media, payload: Payload) {
    let payload_type = payload.payload_type;
    media.formats.push(payload_type.to_string());
    let mut attribute = |name, value| media.attributes.push(Attribute::new(name, value));
    match payload.format {
        Format::Speech(codec) => {
            attribute("rtpmap", format!("{payload_type} {}", codec.encoding()));
            if let Some(parameters) = codec.parameters() {
                attribute("fmtp", format!("{payload_type} {parameters}"));
            }
        }
        Format::TelephoneEvent(clock_rate) => {
            let encoding = format!("{payload_type} telephone-event/{clock_rate}");
            attribute("rtpmap", encoding);
            // The sixteen keys of a phone.
            attribute("fmtp", format!("{payload_type} 0-15"));
        }
    }
}

/// All codecs of `config`, and the dialled digits on each of their clocks, under numbers that `known` gave them already.
fn wanted(config: &OfferConfig<'_>, known: &[Payload]) -> Vec<Payload> {
    let clock_is_used = |clock: u32| {
        config
            .codecs
            .iter()
            .any(|codec| codec.clock_rate() == clock)
    };
    let speech = config
        .codecs
        .iter()
        .map(|codec| (Format::Speech(*codec), codec.default_payload_type()));
    let events = TELEPHONE_EVENTS
        .into_iter()
        .filter(|(clock, _)| clock_is_used(*clock))
        .map(|(clock, payload_type)| (Format::TelephoneEvent(clock), payload_type));
    let mut chosen: Vec<Payload> = Vec::new();
    for (format, default) in speech.chain(events) {
        let is_free = |number: &u8| {
            known
                .iter()
                .chain(&chosen)
                .all(|payload| payload.payload_type != *number)
        };
        let payload_type = known
            .iter()
            .find(|payload| payload.format == format)
            .map(|payload| payload.payload_type)
            .or_else(|| Some(default).filter(is_free))
            .or_else(|| (96..=127).find(is_free));
        chosen.extend(payload_type.map(|payload_type| Payload {
            payload_type,
            format,
        }));
    }
    chosen
}
