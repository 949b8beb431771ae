//! Hold and resume (RFC 3264 section 8.4, RFC 6337 section 5.3), and one call at a time that is spoken in.

use std::time::Instant;

use bytes::Bytes;
use sdp::Direction;

use crate::call::{Line, State};
use crate::{CallNumber, CallStage, Event, Phone};

/// Who has put a call on hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// This phone has.
    pub by_us: bool,
    /// The other side has.
    pub by_them: bool,
}

impl Hold {
    /// Which way sound shall flow.
    pub(crate) fn direction(self) -> Direction {
        match (self.by_us, self.by_them) {
            (false, _) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (true, true) => Direction::Inactive,
        }
    }
}

impl Phone {
    /// Puts a call on hold, or goes on with it and puts the others on hold.
    pub(crate) fn hold_call(&mut self, now: Instant, call: CallNumber, on: bool) {
        let changes = |line: &Line| line.can_be_held() && line.call.hold.by_us != on;
        if !self.lines.get(&call).is_some_and(changes) {
            return;
        }
        if !on {
            self.hold_others(now, call);
        }
        self.set_hold(call, on);
        self.offer_anew(now, call);
    }

    /// Whoever speaks in one call does not speak in another.
    pub(crate) fn hold_others(&mut self, now: Instant, call: CallNumber) {
        let others = self
            .lines
            .iter()
            .filter(|(other, line)| **other != call && line.can_be_held() && !line.call.hold.by_us);
        let others: Vec<CallNumber> = others.map(|(other, _)| *other).collect();
        for other in others {
            self.hold_call(now, other, true);
        }
    }

    fn set_hold(&mut self, call: CallNumber, on: bool) {
        if let Some(line) = self.lines.get_mut(&call) {
            line.call.hold.by_us = on;
            let hold = line.call.hold;
            self.events.push_back(Event::Held { call, hold });
        }
    }

    /// Offers the session as it shall be now, in a re-INVITE.
    fn offer_anew(&mut self, now: Instant, call: CallNumber) {
        let known = |line: &Line| Some((line.leg()?, line.rtp?));
        let Some((leg, rtp)) = self.lines.get(&call).and_then(known) else {
            return;
        };
        let offer = self.fresh_offer(call, rtp);
        let body = Bytes::from(offer.to_string());
        if let Some(line) = self.lines.get_mut(&call) {
            line.offered = Some(offer);
        }
        self.endpoint
            .handle(now, sip::Input::Reinvite { leg, body });
    }

    /// The other side does not agree: the session is as it was (RFC 3261 section 14.1).
    pub(crate) fn offer_is_refused(&mut self, leg: sip::LegId) {
        let Some(call) = self.call_of(leg) else {
            return;
        };
        let Some(line) = self.lines.get_mut(&call) else {
            return;
        };
        if line.offered.take().is_some() {
            let on = !line.call.hold.by_us;
            self.set_hold(call, on);
        }
    }
}

impl Line {
    fn can_be_held(&self) -> bool {
        matches!(self.state, State::Established { .. })
            && matches!(self.call.stage, CallStage::Connected { .. })
    }
}
