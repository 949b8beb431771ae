//! The media plan of a call, told whenever it has changed.

use std::net::SocketAddr;

use bytes::Bytes;
use sdp::{Direction, SessionDescription};

use super::Bridge;
use super::audio::{Audio, End, propose_again};
use super::call::{Call, Phone, Stage};
use super::settle::{Mismatch, settle};
use crate::desk::Desk;
use crate::{CallId, Event, MediaPlan, MediaSide, Play, Side};

impl Bridge {
    /// Tells what is to be done with the audio, if that is not what was told last.
    pub(super) fn plan_media(&mut self, desk: &mut Desk, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let plan = call.media_plan();
        if plan.is_some() && plan != call.plan {
            call.plan = plan;
            desk.emit_plan(id, plan);
        }
    }
}

impl Desk {
    fn emit_plan(&mut self, call: CallId, plan: Option<MediaPlan>) {
        if let Some(plan) = plan {
            let plan = Box::new(plan);
            self.emit(Event::MediaPlan { call, plan });
        }
    }
}

impl Call {
    fn media_plan(&self) -> Option<MediaPlan> {
        let caller = &self.caller_phone.audio;
        let callee = match &self.stage {
            Stage::AwaitingPorts(_) => return None,
            Stage::Hosted(hosted) => {
                let caller = MediaSide {
                    plays: hosted.plays,
                    ..caller.agreed?
                };
                // The server speaks what the phone speaks.
                let callee = MediaSide {
                    direction: Direction::Inactive,
                    crypto: None,
                    is_sealed: false,
                    plays: None,
                    ..caller
                };
                return Some(MediaPlan {
                    caller,
                    callee,
                    house: Some(Side::Callee),
                });
            }
            Stage::Ringing(ringing) => &ringing.branches.first()?.phone.audio,
            Stage::Talking(talking) => &talking.callee_phone.audio,
        };
        Some(MediaPlan {
            caller: side(caller, callee)?,
            callee: side(callee, caller)?,
            house: None,
        })
    }
}

/// The leg of `of`, with music if the other side has put it on hold. Who holds the other hears nothing, and a phone that has
/// its keys from the other one nothing of ours.
fn side(of: &Audio, other: &Audio) -> Option<MediaSide> {
    let agreed = of.agreed?;
    let is_held = other.holds() && !of.holds() && agreed.direction.receives();
    Some(MediaSide {
        plays: (is_held && !agreed.is_sealed_by_phone()).then_some(Play::HoldMusic),
        ..agreed
    })
}

impl Phone {
    fn end(&mut self) -> End<'_> {
        End {
            flow: self.flow,
            audio: &mut self.audio,
        }
    }

    /// The body with which this phone is offered in mid-call what the phone `near` has said.
    pub(super) fn offered(
        &mut self,
        desk: &mut Desk,
        near: &mut Phone,
        offer: &SessionDescription,
        relay: SocketAddr,
    ) -> Bytes {
        let told = propose_again(&mut desk.key_maker, &near.end(), &mut self.end(), offer);
        self.told.tell(told, relay)
    }

    /// The body with which this phone hears how `far` has answered its `offer`.
    pub(super) fn answered(
        &mut self,
        desk: &mut Desk,
        far: &mut Phone,
        offer: &SessionDescription,
        answer: SessionDescription,
        relay: SocketAddr,
    ) -> Result<Bytes, Mismatch> {
        let told = settle(
            &mut desk.key_maker,
            &mut self.audio,
            &mut far.audio,
            offer,
            answer,
        )?;
        Ok(self.told.tell(told, relay))
    }
}
