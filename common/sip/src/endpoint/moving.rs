//! Calls whose peer comes over another flow, or whose connection broke (RFC 5626 section 4.2.2 for the phone's side
//! of it: a flow that failed is made anew, and the dialogs go on over the new one).

use super::{EndCause, Endpoint, Event, LegId, Timer};
use crate::Flow;
use crate::dialog::{Leg, Phase};

impl Endpoint {
    /// The calls whose requests go over this very flow, broken or not.
    pub fn legs_on(&self, flow: Flow) -> Vec<LegId> {
        let mut legs = self.legs_by_flow.on(flow, LegId::from_number(0));
        legs.retain(|id| self.legs.get(id).is_some_and(|leg| leg.flow == flow));
        legs
    }

    /// The call that a dialog belongs to, by its Call-ID and our tag.
    pub fn leg_named(&self, call_id: &str, local_tag: &str) -> Option<LegId> {
        let key = self.dialog_key(call_id, local_tag);
        self.dialogs.get(&key).copied()
    }

    /// Requests in this call go over `flow` from now on: the peer's last valid request came there.
    pub(super) fn move_leg(&mut self, id: LegId, flow: Flow) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if leg.flow == flow && leg.lost_at.is_none() {
            return;
        }
        self.legs_by_flow.relocate(leg.flow, flow, id);
        leg.flow = flow;
        leg.lost_at = None;
        // Our 2xx that wait for an ACK are repeated where somebody hears them.
        if let Phase::Established(established) = &mut leg.phase {
            for acceptance in &mut established.acceptances {
                acceptance.reply_to = flow;
            }
        }
        // Whoever has hung up, and only waits for the ACK, has heard the last of it.
        if !leg.is_parting() {
            self.out.tell(Event::Moved { leg: id, flow });
        }
        self.note_change(id);
        self.offer_if_wished(id);
    }

    /// [`Input::MoveLeg`](super::Input::MoveLeg).
    pub(super) fn move_leg_on_purpose(&mut self, id: LegId, flow: Flow) {
        let Some(leg) = self.legs.get(&id) else {
            return;
        };
        if leg.flow == flow && leg.lost_at.is_none() {
            return;
        }
        self.move_leg(id, flow);
        // An offer that has waited is as good a question as this one.
        self.refresh(id);
    }

    /// The connection of a call broke. Tells whether the call waits for another one.
    pub(super) fn waits_for_flow(&mut self, id: LegId) -> bool {
        let (now, patience) = (self.out.now, self.config.flow_recovery);
        let Some(leg) = self.legs.get_mut(&id) else {
            return false;
        };
        if leg.lost_at.is_some() {
            return true;
        }
        let is_answered = matches!(leg.phase, Phase::Established(_)) && !leg.is_parting();
        let is_recoverable = leg.flow.transport.is_reliable() || self.config.recovers_datagrams;
        if patience.is_zero() || !is_recoverable || !is_answered {
            return false;
        }
        leg.lost_at = Some(now);
        self.out.after(patience, Timer::FlowOverdue(id));
        self.out.tell(Event::FlowLost { leg: id });
        true
    }

    /// The peer has had its time to come back.
    pub(super) fn flow_overdue(&mut self, id: LegId) {
        let is_due = |leg: &Leg| {
            let lost_at = leg.lost_at?;
            Some(self.out.now >= lost_at.saturating_add(self.config.flow_recovery))
        };
        // It may have come back and have been lost again since the timer was set.
        if self.legs.get(&id).and_then(is_due) == Some(true) {
            self.end(id, EndCause::FlowFailed);
        }
    }
}
