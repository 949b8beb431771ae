//! Several phones refused: which refusal does the caller hear? (RFC 3261 16.7 step 6)

use sip::{StatusCode, Text};

use crate::CallEnd;

/// The best refusal so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals {
    best: Option<(StatusCode, Option<Text>)>,
}

impl Refusals {
    /// Notes one, with the value of its `Reason`.
    pub(crate) fn note(&mut self, status: StatusCode, reason: Option<Text>) {
        let status = shown_to_caller(status);
        let is_better = |(best, _): &(StatusCode, _)| rank(status) < rank(*best);
        if self.best.as_ref().is_none_or(is_better) {
            self.best = Some((status, reason));
        }
    }

    /// The best one; without any, the phones have simply not been there.
    pub(crate) fn best(self) -> (StatusCode, Option<Text>) {
        self.best
            .unwrap_or((StatusCode::TEMPORARILY_UNAVAILABLE, None))
    }
}

/// A phone speaks for itself alone, so what it says about its own state must not sound like a word about the number: a phone
/// that answers 404 does not make the number unknown, and a challenge of a phone is nothing that the caller could answer.
fn shown_to_caller(status: StatusCode) -> StatusCode {
    match status {
        StatusCode::BUSY_HERE
        | StatusCode::NOT_ACCEPTABLE_HERE
        | StatusCode::NOT_ACCEPTABLE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE => status,
        // RFC 3261 16.7 step 6: 503 would tell the caller that the whole server is overloaded.
        StatusCode::SERVICE_UNAVAILABLE => StatusCode::SERVER_INTERNAL_ERROR,
        _ if status.code() >= 500 => status,
        _ => StatusCode::TEMPORARILY_UNAVAILABLE,
    }
}

/// Lower is better. A global refusal is a person's word and counts most; then what tells the caller something; a phone that
/// is broken or gone counts least.
fn rank(status: StatusCode) -> u8 {
    match status {
        _ if status.code() >= 600 => 0,
        StatusCode::BUSY_HERE => 1,
        StatusCode::NOT_ACCEPTABLE_HERE
        | StatusCode::NOT_ACCEPTABLE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE => 2,
        StatusCode::TEMPORARILY_UNAVAILABLE => 4,
        _ if status.code() >= 500 => 3,
        _ => 5,
    }
}

/// How the history calls it.
pub(crate) fn call_end(status: StatusCode) -> CallEnd {
    match status {
        StatusCode::BUSY_HERE | StatusCode::BUSY_EVERYWHERE => CallEnd::Busy,
        StatusCode::DECLINE => CallEnd::Declined,
        StatusCode::TEMPORARILY_UNAVAILABLE => CallEnd::Unreachable,
        _ => CallEnd::Refused(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(codes: &[u16]) -> u16 {
        let mut refusals = Refusals::default();
        for code in codes {
            refusals.note(StatusCode::new(*code).unwrap(), None);
        }
        refusals.best().0.code()
    }

    #[test]
    fn the_caller_hears_what_tells_most() {
        assert_eq!(best(&[]), 480);
        assert_eq!(best(&[486]), 486);
        assert_eq!(best(&[408, 486]), 486);
        assert_eq!(best(&[486, 603, 480]), 603);
        assert_eq!(best(&[480, 488]), 488);
        assert_eq!(best(&[408, 500]), 500);
    }

    #[test]
    fn a_phone_does_not_speak_for_the_number_or_the_server() {
        for (said, heard) in [
            (404, 480),
            (302, 480),
            (401, 480),
            (407, 480),
            (481, 480),
            (503, 500),
        ] {
            assert_eq!(best(&[said]), heard, "{said}");
        }
    }
}
