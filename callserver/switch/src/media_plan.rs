//! What is to be done with the audio of a call, between the two phones.

use sdp::{Codec, CryptoPair, Direction};
use serde::{Deserialize, Serialize};

use crate::Side;

/// What each side of a call sends and hears. Mostly both are alike, and a relay passes packets on without a look inside:
/// [`MediaPlan::is_passed_through`]. Where they differ, somebody has to open, translate and seal them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MediaPlan {
    /// The caller's leg.
    pub caller: MediaSide,
    /// The callee's leg.
    pub callee: MediaSide,
    /// The side on which there is no phone, but the server itself: nothing comes from there and nothing goes there. What the
    /// other one hears is said with [`Event::MediaPlays`](crate::Event::MediaPlays).
    #[serde(default)]
    pub house: Option<Side>,
}

/// One leg: what the phone there and the server say to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MediaSide {
    /// The codec, both ways.
    pub codec: Codec,
    /// The number of the codec in packets to this phone. Those from it have the same, or that of the other leg, if the
    /// codec is the same there: each phone may number what it receives by itself (RFC 3264 section 5.1).
    pub payload_type: u8,
    /// The number of dialled digits (RFC 4733), if this phone takes them.
    pub telephone_event: Option<u8>,
    /// What the phone does: one that is on hold receives only, the one that holds it sends only, or nothing.
    pub direction: Direction,
    /// The keys of SRTP with this phone, where the server itself ends it: `ours` for packets to the phone, `theirs` for
    /// those from it. `None` where packets are plain, or pass sealed with keys that only the phones know.
    pub crypto: Option<CryptoPair>,
    /// Whether packets on this leg are SRTP, whoever has the keys.
    pub is_sealed: bool,
    /// What this phone hears from the server instead of the other phone.
    pub plays: Option<Play>,
}

/// What the server lets a phone hear.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Play {
    /// The other side has put this one on hold. A phone that holds another may still send sound of its own, and says so
    /// with `sendonly`: as long as packets come from it, they are to be heard, and not the server's music.
    HoldMusic,
}

impl MediaSide {
    /// Whether packets on this leg are SRTP with keys that the server does not use: it can neither open them nor seal
    /// others for this phone.
    #[must_use]
    pub fn is_sealed_by_phone(&self) -> bool {
        self.is_sealed && self.crypto.is_none()
    }
}

impl MediaPlan {
    /// The leg of one side.
    #[must_use]
    pub fn side(&self, side: Side) -> &MediaSide {
        match side {
            Side::Caller => &self.caller,
            Side::Callee => &self.callee,
        }
    }

    /// Whether nobody can listen in on the way to the server, or to the other phone.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        let is_sealed = |side| self.house == Some(side) || self.side(side).is_sealed;
        is_sealed(Side::Caller) && is_sealed(Side::Callee)
    }

    /// Whether a relay does all there is to do: same codec under the same number, no keys of the server's, nothing to play.
    /// And where only the phones have the keys, since then nobody else can do more.
    #[must_use]
    pub fn is_passed_through(&self) -> bool {
        if self.house.is_some() {
            return false;
        }
        if self.caller.is_sealed_by_phone() && self.callee.is_sealed_by_phone() {
            return true;
        }
        let (caller, callee) = (&self.caller, &self.callee);
        let is_plain = |side: &MediaSide| side.crypto.is_none() && side.plays.is_none();
        let have_same_digits = match (caller.telephone_event, callee.telephone_event) {
            (Some(caller), Some(callee)) => caller == callee,
            // Then no digits come.
            _ => true,
        };
        caller.codec == callee.codec
            && caller.payload_type == callee.payload_type
            && have_same_digits
            && is_plain(caller)
            && is_plain(callee)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side() -> MediaSide {
        MediaSide {
            codec: Codec::Opus,
            payload_type: 111,
            telephone_event: Some(110),
            direction: Direction::SendRecv,
            crypto: None,
            is_sealed: false,
            plays: None,
        }
    }

    #[test]
    fn what_the_phones_have_sealed_is_passed_as_it_is() {
        let caller = MediaSide {
            is_sealed: true,
            ..side()
        };
        let callee = MediaSide {
            payload_type: 96,
            ..caller
        };
        let plan = MediaPlan {
            caller,
            callee,
            house: None,
        };
        assert!(plan.is_passed_through() && plan.is_encrypted());
        let plan = MediaPlan {
            house: Some(Side::Callee),
            ..plan
        };
        assert!(!plan.is_passed_through() && plan.is_encrypted());
    }

    #[test]
    fn a_relay_does_for_two_phones_that_speak_alike() {
        let caller = side();
        let passes = |callee| {
            let house = None;
            let plan = MediaPlan {
                caller,
                callee,
                house,
            };
            plan.is_passed_through()
        };
        assert!(passes(side()));
        assert!(passes(MediaSide {
            telephone_event: None,
            ..side()
        }));
        let others = [
            MediaSide {
                codec: Codec::Pcma,
                ..side()
            },
            MediaSide {
                payload_type: 96,
                ..side()
            },
            MediaSide {
                telephone_event: Some(101),
                ..side()
            },
            MediaSide {
                plays: Some(Play::HoldMusic),
                ..side()
            },
        ];
        for other in others {
            assert!(!passes(other), "{other:?}");
        }
    }
}
