//! Reading the answer to our offer (RFC 3264 section 7).

use crate::codec::{Format, payloads};
use crate::negotiated::{address, obstacle, ptime_millis, telephone_event};
use crate::{
    AnswerError, CryptoPair, Direction, Media, MediaKind, Negotiated, SessionDescription, Transport,
};

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
    if let Some(error) = obstacle(theirs.transport(), true) {
        return Err(error);
    }
    if theirs.transport() != ours.transport() {
        return Err(AnswerError::TransportChanged);
    }
    let crypto = match theirs.transport() {
        Transport::Srtp => Some(pair(ours, theirs)?),
        _ => None,
    };
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
        crypto,
    })
}

/// The line of our offer that they took, and theirs (RFC 4568 section 5.1.3).
fn pair(ours: &Media, theirs: &Media) -> Result<CryptoPair, AnswerError> {
    let theirs = theirs.crypto();
    let theirs = *theirs.first().ok_or(AnswerError::NoCommonCrypto)?;
    let ours = ours.crypto().into_iter();
    ours.filter(|ours| ours.tag == theirs.tag && ours.suite == theirs.suite)
        .map(|ours| CryptoPair { ours, theirs })
        .next()
        .ok_or(AnswerError::NoCommonCrypto)
}
