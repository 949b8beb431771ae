//! Calls whose way to the server is lost: they wait, and go on when this phone is registered again.

use std::time::Instant;

use sip::LegId;

use crate::call::{Sound, Way};
use crate::{Event, Phone};

impl Phone {
    /// The connection of an answered call broke. The core keeps the call for a while.
    pub(crate) fn way_is_lost(&mut self, leg: LegId) {
        let Some(call) = self.call_of(leg) else {
            return;
        };
        if let Some(line) = self.lines.get_mut(&call)
            && line.way != Way::Lost
        {
            line.way = Way::Lost;
            self.events.push_back(Event::Reconnecting { call });
        }
    }

    /// This phone is registered: calls that have lost their connection go on over the new one. The core asks the server
    /// with a refresh whether it still has them.
    pub(crate) fn take_calls_along(&mut self, now: Instant) {
        let waiting = self.lines.values().filter(|line| line.way == Way::Lost);
        let legs: Vec<LegId> = waiting.filter_map(|line| line.leg()).collect();
        let flow = self.config.server;
        for leg in legs {
            self.endpoint.handle(now, sip::Input::MoveLeg { leg, flow });
        }
    }

    /// The call has a connection again: ours, or one over which the server has said something in it.
    pub(crate) fn way_is_restored(&mut self, now: Instant, leg: LegId) {
        let Some(call) = self.call_of(leg) else {
            return;
        };
        if let Some(line) = self.lines.get_mut(&call)
            && line.way == Way::Lost
        {
            line.way = Way::Restored;
            // Sound may need a moment too.
            if let Sound::Missing { since } = &mut line.sound {
                *since = now;
            }
            self.events.push_back(Event::Reconnected { call });
        }
    }
}
