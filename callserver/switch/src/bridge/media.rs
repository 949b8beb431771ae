//! What the descriptions of two phones come to.

use sdp::{Direction, SessionDescription};

use crate::{MediaPlan, MediaSide};

/// The plan for phones that have agreed on what `answer` says, if it names a codec that is known here.
pub(super) fn same_on_both_sides(answer: &SessionDescription) -> Option<MediaPlan> {
    let audio = answer.audio()?;
    let (codec, payload_type) = *audio.speech().first()?;
    let callee = MediaSide {
        codec,
        payload_type,
        telephone_event: audio.telephone_event(codec),
        direction: Direction::of(answer, audio),
        crypto: None,
        plays: None,
    };
    let caller = MediaSide {
        direction: callee.direction.reversed(),
        ..callee
    };
    Some(MediaPlan { caller, callee })
}
