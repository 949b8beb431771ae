//! Answering an offer (RFC 3264 section 6).

use crate::codec::{Format, Payload, payloads};
use crate::negotiated::{address, is_plain_rtp, ptime_millis, telephone_event};
use crate::offer::{audio, empty};
use crate::{
    AnswerError, Codec, Direction, Media, MediaKind, Negotiated, OfferConfig, SessionDescription,
};

/// Answers `offer`: one audio stream, one codec, all other streams refused.
///
/// Opus is chosen whenever both sides have it, else the first codec in the order of the offer that `config` has too.
///
/// # Errors
/// [`AnswerError`] says why no stream of the offer is of use; refuse the offer with 488.
pub fn answer(
    offer: &SessionDescription,
    config: &OfferConfig<'_>,
) -> Result<(SessionDescription, Negotiated), AnswerError> {
    let (index, speech) = choose(offer, config.codecs)?;
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
    };
    let mut description = empty(config);
    let config = OfferConfig {
        direction,
        ..*config
    };
    description.media = offer.media.iter().map(Media::refused).collect();
    let chosen: Vec<Payload> = [Some(speech), events].into_iter().flatten().collect();
    description.media[index] = audio(&config, &offered.proto, &chosen);
    Ok((description, negotiated))
}

/// The stream and its codec to go on with. The error is that of the stream that came closest.
fn choose(offer: &SessionDescription, codecs: &[Codec]) -> Result<(usize, Payload), AnswerError> {
    let mut closest = AnswerError::NoAudio;
    for (index, media) in offer.media.iter().enumerate() {
        if media.kind != MediaKind::Audio || media.port == 0 {
            continue;
        }
        if !is_plain_rtp(media) {
            if closest == AnswerError::NoAudio {
                closest = AnswerError::UnknownTransport;
            }
            continue;
        }
        let payloads = payloads(media);
        let mut usable = payloads.iter().filter_map(|payload| match payload.format {
            Format::Speech(codec) if codecs.contains(&codec) => Some((codec, *payload)),
            _ => None,
        });
        let Some((codec, first)) = usable.next() else {
            closest = AnswerError::NoCommonCodec;
            continue;
        };
        let best = match codec {
            Codec::Opus => first,
            _ => usable
                .find(|(codec, _)| *codec == Codec::Opus)
                .map_or(first, |(_, payload)| payload),
        };
        return Ok((index, best));
    }
    Err(closest)
}
