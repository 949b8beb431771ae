//! Reading the answer to our offer (RFC 3264 section 7).

use crate::codec::{Format, payloads};
use crate::negotiated::{address, is_plain_rtp, ptime_millis, telephone_event};
use crate::{AnswerError, Direction, MediaKind, Negotiated, SessionDescription};

/// What our `offer` and their `answer` come to.
///
/// # Errors
/// [`AnswerError`] says why there is no stream; hang up, and say so.
pub fn accept_answer(
    offer: &SessionDescription,
    answer: &SessionDescription,
) -> Result<Negotiated, AnswerError> {
    if offer.media.len() != answer.media.len() {
        return Err(AnswerError::StreamsDoNotMatch);
    }
    let (ours, theirs) = offer
        .media
        .iter()
        .zip(&answer.media)
        .find(|(ours, theirs)| ours.kind == MediaKind::Audio && ours.port != 0 && theirs.port != 0)
        .ok_or(AnswerError::NoAudio)?;
    if theirs.kind != MediaKind::Audio {
        return Err(AnswerError::StreamsDoNotMatch);
    }
    if !is_plain_rtp(theirs) {
        return Err(AnswerError::UnknownTransport);
    }
    let offered = payloads(ours);
    let answered = payloads(theirs);
    // Numbers may differ between the two directions: each side is sent what it asked for (RFC 3264 section 5.1).
    let (codec, payload_type, receive_payload_type) = answered
        .iter()
        .find_map(|payload| {
            let same = offered
                .iter()
                .find(|offered| offered.format == payload.format)?;
            match payload.format {
                Format::Speech(codec) => Some((codec, payload.payload_type, same.payload_type)),
                Format::TelephoneEvent(_) => None,
            }
        })
        .ok_or(AnswerError::NoCommonCodec)?;
    Ok(Negotiated {
        remote: address(answer, theirs)?,
        codec,
        payload_type,
        receive_payload_type,
        telephone_event: telephone_event(&answered, codec).map(|payload| payload.payload_type),
        ptime_millis: ptime_millis(theirs),
        direction: Direction::of(answer, theirs)
            .reversed()
            .and(Direction::of(offer, ours)),
    })
}
