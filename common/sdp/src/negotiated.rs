//! What offer and answer come to.

use std::net::SocketAddr;

use thiserror::Error;

use crate::codec::{Format, Payload};
use crate::{Codec, CryptoPair, Direction, Media, SessionDescription, Transport};

/// Packets of 20 ms unless somebody says otherwise (RFC 3551 section 4.2).
pub(crate) const DEFAULT_PTIME_MILLIS: u32 = 20;

/// The audio stream that two sides agreed on, seen from here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Negotiated {
    /// Where to send RTP; unspecified (`0.0.0.0`) when the other side wants none.
    pub remote: SocketAddr,
    /// The codec, both ways.
    pub codec: Codec,
    /// The payload type to send with.
    pub payload_type: u8,
    /// The payload type that the other side sends with; nearly always the same.
    pub receive_payload_type: u8,
    /// The payload type of dialled digits (RFC 4733), if the other side takes them.
    pub telephone_event: Option<u8>,
    /// How much sound the other side wants in a packet, in ms.
    pub ptime_millis: u32,
    /// Which way sound flows.
    pub direction: Direction,
    /// The keys, where the stream is SRTP.
    pub crypto: Option<CryptoPair>,
}

/// Why there is no stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum AnswerError {
    /// No audio stream, or only refused ones.
    #[error("the session description has no audio stream")]
    NoAudio,
    /// Neither plain RTP nor SRTP.
    #[error("the audio stream uses neither RTP/AVP nor RTP/SAVP")]
    UnknownTransport,
    /// SRTP, and there are no keys of ours for it.
    #[error("the audio stream is encrypted (RTP/SAVP), and this side has no keys for it")]
    Encrypted,
    /// Browsers' encryption.
    #[error(
        "the audio stream wants keys by DTLS (UDP/TLS/RTP/SAVPF); only RTP/SAVP with a=crypto is spoken"
    )]
    WantsDtls,
    /// SRTP with early feedback.
    #[error("the audio stream uses RTP/SAVPF; only RTP/SAVP without feedback is spoken")]
    WantsFeedback,
    /// SRTP without a usable key, or of another suite than was offered.
    #[error("the two sides have no a=crypto line in common")]
    NoCommonCrypto,
    /// The answer goes over from plain RTP to SRTP or back (RFC 3264 section 6).
    #[error("the answer changes the transport of the stream")]
    TransportChanged,
    /// Nothing in common.
    #[error("the two sides have no codec in common")]
    NoCommonCodec,
    /// No `c=` line, or a host name where only an IP address is of use.
    #[error("the audio stream has no IP address")]
    NoAddress,
    /// The answer has not as many streams as the offer (RFC 3264 section 6).
    #[error("the answer does not have as many streams as the offer")]
    StreamsDoNotMatch,
}

/// Why a stream with this transport cannot be used by a side that has keys of its own, or not.
pub(crate) fn obstacle(transport: Transport, has_keys: bool) -> Option<AnswerError> {
    match transport {
        Transport::Srtp if !has_keys => Some(AnswerError::Encrypted),
        Transport::Rtp | Transport::Srtp => None,
        Transport::SrtpWithFeedback => Some(AnswerError::WantsFeedback),
        Transport::DtlsSrtp => Some(AnswerError::WantsDtls),
        Transport::Other => Some(AnswerError::UnknownTransport),
    }
}

/// Where `media` of `description` is received.
pub(crate) fn address(
    description: &SessionDescription,
    media: &Media,
) -> Result<SocketAddr, AnswerError> {
    description
        .connection_of(media)
        .and_then(|connection| connection.ip())
        .map(|ip| SocketAddr::new(ip, media.port))
        .ok_or(AnswerError::NoAddress)
}

/// What the other side wants in a packet: `a=ptime`, within what packets can be (RFC 8866 6.4).
pub(crate) fn ptime_millis(media: &Media) -> u32 {
    let read = |name| {
        media
            .attribute(name)
            .and_then(|value| value.trim().parse::<u32>().ok())
    };
    let most = read("maxptime").unwrap_or(u32::MAX).max(10);
    read("ptime")
        .filter(|millis| (10..=120).contains(millis))
        .unwrap_or(DEFAULT_PTIME_MILLIS)
        .min(most)
}

/// The payload type of dialled digits: on the codec's clock if there is one (RFC 4733 section 2.1), else the first.
pub(crate) fn telephone_event(payloads: &[Payload], codec: Codec) -> Option<Payload> {
    let events = || {
        payloads
            .iter()
            .filter(|payload| matches!(payload.format, Format::TelephoneEvent(_)))
    };
    events()
        .find(|payload| payload.format == Format::TelephoneEvent(codec.clock_rate()))
        .or_else(|| events().next())
        .copied()
}
