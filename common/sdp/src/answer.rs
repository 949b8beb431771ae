//! Answering an offer (RFC 3264 section 6).

use crate::codec::{Format, Payload, payloads};
use crate::negotiated::{address, obstacle, ptime_millis, telephone_event};
use crate::offer::{audio, empty};
use crate::{
    AnswerError, Codec, Crypto, CryptoPair, Direction, Media, MediaKind, Negotiated, OfferConfig,
    SessionDescription, Transport,
};

/// Answers `offer`: one audio stream, one codec, all other streams refused.
///
/// Opus is chosen whenever both sides have it, else the first codec in the order of the offer that `config` has too.
///
/// With keys in `config`, a stream of SRTP is taken before a plain one, with the first of its `a=crypto` lines of a suite
/// that `config` has (RFC 4568 section 5.1.2); an offer that has only a plain stream is still answered, and
/// [`Negotiated::crypto`] tells.
///
/// # Errors
/// [`AnswerError`] says why no stream of the offer is of use; refuse the offer with 488.
pub fn answer(
    offer: &SessionDescription,
    config: &OfferConfig<'_>,
) -> Result<(SessionDescription, Negotiated), AnswerError> {
    let Choice {
        index,
        speech,
        crypto,
    } = choose(offer, config)?;
    let offered = &offer.media[index];
    let (Format::Speech(codec), payload_type) = (speech.format, speech.payload_type) else {
        return Err(AnswerError::NoCommonCodec);
    };
    let events = telephone_event(&payloads(offered), codec);
    let direction = Direction::of(offer, offered)
        .reversed()
        .and(config.direction);

    let negotiated = Negotiated {
        remote: address(offer, offered)?,
        codec,
        payload_type,
        receive_payload_type: payload_type,
        telephone_event: events.map(|payload| payload.payload_type),
        ptime_millis: ptime_millis(offered),
        direction,
        crypto,
    };
    let mut description = empty(config);
    let keys: Vec<Crypto> = crypto.iter().map(|pair| pair.ours).collect();
    let config = OfferConfig {
        direction,
        crypto: &keys,
        ..*config
    };
    description.media = offer.media.iter().map(Media::refused).collect();
    let chosen: Vec<Payload> = [Some(speech), events].into_iter().flatten().collect();
    description.media[index] = audio(&config, &offered.proto, &chosen);
    Ok((description, negotiated))
}

/// What an offer is answered with.
struct Choice {
    index: usize,
    speech: Payload,
    crypto: Option<CryptoPair>,
}

/// The stream to go on with: a sealed one if there are keys, else the first. The error is that of the stream that came
/// closest.
fn choose(offer: &SessionDescription, config: &OfferConfig<'_>) -> Result<Choice, AnswerError> {
    let mut closest = AnswerError::NoAudio;
    let mut plain = None;
    for (index, media) in offer.media.iter().enumerate() {
        if media.kind != MediaKind::Audio || media.port == 0 {
            continue;
        }
        if let Some(error) = obstacle(media.transport(), !config.crypto.is_empty()) {
            if closest == AnswerError::NoAudio {
                closest = error;
            }
            continue;
        }
        let Some(speech) = best(media, config.codecs) else {
            closest = AnswerError::NoCommonCodec;
            continue;
        };
        let choice = |crypto| Choice {
            index,
            speech,
            crypto,
        };
        if media.transport() == Transport::Rtp {
            plain = plain.or(Some(choice(None)));
        } else if let Some(pair) = pair(media, config.crypto) {
            return Ok(choice(Some(pair)));
        } else {
            closest = AnswerError::NoCommonCrypto;
        }
    }
    plain.ok_or(closest)
}

/// The codec to speak on this stream.
fn best(media: &Media, codecs: &[Codec]) -> Option<Payload> {
    let payloads = payloads(media);
    let mut usable = payloads.iter().filter_map(|payload| match payload.format {
        Format::Speech(codec) if codecs.contains(&codec) => Some((codec, *payload)),
        _ => None,
    });
    let (codec, first) = usable.next()?;
    Some(match codec {
        Codec::Opus => first,
        _ => usable
            .find(|(codec, _)| *codec == Codec::Opus)
            .map_or(first, |(_, payload)| payload),
    })
}

/// The first of their lines for which there is a key of ours; ours goes out under their tag.
fn pair(media: &Media, keys: &[Crypto]) -> Option<CryptoPair> {
    media.crypto().into_iter().find_map(|theirs| {
        let ours = keys.iter().find(|ours| ours.suite == theirs.suite)?;
        let ours = Crypto {
            tag: theirs.tag,
            ..*ours
        };
        Some(CryptoPair { ours, theirs })
    })
}
