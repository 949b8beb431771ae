//! A phone that should speak, and from which no audio comes.

use std::time::Instant;

use super::Bridge;
use super::call::{Phone, Stage};
use crate::desk::Desk;
use crate::{CallId, Side};

impl Bridge {
    /// Asks the phone whether it still has the call (RFC 4028 section 7.4); the core ends the leg if it has not, or does not
    /// answer.
    pub(crate) fn media_silent(&mut self, now: Instant, desk: &mut Desk, id: CallId, side: Side) {
        let Some(phone) = self.phone_of(id, side) else {
            return;
        };
        // Who holds, or only listens, is silent by agreement.
        if phone
            .audio
            .agreed
            .is_some_and(|agreed| !agreed.direction.sends())
        {
            return;
        }
        let leg = phone.leg;
        desk.endpoint.handle(now, sip::Input::RefreshLeg { leg });
    }

    /// The phone on one side of an answered call.
    pub(super) fn phone_of(&mut self, id: CallId, side: Side) -> Option<&mut Phone> {
        let call = self.calls.get_mut(&id)?;
        match (&mut call.stage, side) {
            (Stage::Talking(_), Side::Caller) => Some(&mut call.caller_phone),
            (Stage::Talking(talking), Side::Callee) => Some(&mut talking.callee_phone),
            _ => None,
        }
    }
}
