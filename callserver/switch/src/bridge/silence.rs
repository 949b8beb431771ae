//! Phones that should speak, and from which no audio comes.

use std::time::Instant;

use sdp::Direction;
use sip::StatusCode;

use super::Bridge;
use super::call::{Phone, Stage};
use super::end::{Ending, NO_AUDIO};
use crate::desk::Desk;
use crate::{CallEnd, CallId, Side};

impl Bridge {
    /// One side is silent: its phone is asked whether it still has the call (RFC 4028 section 7.4); the core ends the leg if
    /// it has not, or does not answer. Both are silent: nobody is there.
    pub(crate) fn media_silent(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        side: Option<Side>,
    ) {
        match side {
            Some(side) => self.ask_silent(now, desk, id, side),
            None if self.should_speak(id) => {
                let status = StatusCode::TEMPORARILY_UNAVAILABLE;
                let ending = Ending::by_server(CallEnd::Silent, status).because(NO_AUDIO);
                self.end(now, desk, id, ending);
            }
            None => {
                for side in [Side::Caller, Side::Callee] {
                    self.ask_silent(now, desk, id, side);
                }
            }
        }
    }

    fn ask_silent(&mut self, now: Instant, desk: &mut Desk, id: CallId, side: Side) {
        let Some(phone) = self.phone_of(id, side) else {
            return;
        };
        // Who holds, or only listens, is silent by agreement.
        let agreed = phone.audio.agreed;
        if phone.audio.holds() || agreed.is_some_and(|agreed| !agreed.direction.sends()) {
            return;
        }
        let leg = phone.leg;
        desk.endpoint.handle(now, sip::Input::RefreshLeg { leg });
    }

    /// Whether both phones are to be heard by each other at this moment, and nobody is being called or handed over. What is
    /// not known of an audio stream that only passes counts for the call.
    fn should_speak(&self, id: CallId) -> bool {
        let Some(call) = self.calls.get(&id) else {
            return false;
        };
        let Stage::Talking(talking) = &call.stage else {
            return false;
        };
        let speaks = |phone: &Phone| {
            let agreed = phone.audio.agreed;
            agreed.is_some_and(|agreed| agreed.direction == Direction::SendRecv)
        };
        talking.transfer.is_none()
            && talking.lent_to.is_none()
            && speaks(&call.caller_phone)
            && speaks(&talking.callee_phone)
    }

    /// The phone on one side of an answered call.
    pub(super) fn phone_of(&mut self, id: CallId, side: Side) -> Option<&mut Phone> {
        let call = self.calls.get_mut(&id)?;
        match (&mut call.stage, side) {
            (Stage::Talking(_) | Stage::Hosted(_), Side::Caller) => Some(&mut call.caller_phone),
            (Stage::Talking(talking), Side::Callee) => Some(&mut talking.callee_phone),
            _ => None,
        }
    }
}
