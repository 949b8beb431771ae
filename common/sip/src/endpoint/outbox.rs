//! Where state machines put what they want to happen.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::timer_table::TimerTable;
use super::{Event, Timer, Transmit};
use crate::Flow;

/// Messages to send, events to tell and timers to set.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Now, as time since the endpoint's first input.
    pub(crate) now: Duration,
    pub(crate) transmits: VecDeque<Transmit>,
    pub(crate) events: VecDeque<Event>,
    pub(crate) timers: TimerTable,
}

impl Outbox {
    pub(crate) fn send(&mut self, flow: Flow, payload: Bytes) {
        self.transmits.push_back(Transmit { flow, payload });
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.events.push_back(event);
    }

    pub(crate) fn after(&mut self, delay: Duration, timer: Timer) {
        self.timers.set(self.now, delay, timer);
    }
}
