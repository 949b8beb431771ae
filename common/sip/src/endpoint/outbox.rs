//! Where state machines put what they want to happen.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::deadlines::Deadlines;
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
    timers: TimerTable,
    pub(crate) deadlines: Deadlines,
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

    /// The next timer that is due by now.
    pub(crate) fn pop_timer(&mut self) -> Option<Timer> {
        match (self.timers.next(), self.deadlines.next()) {
            (Some(timer), Some(deadline)) if timer <= deadline => self.timers.pop(self.now),
            (_, Some(_)) => self.deadlines.pop(self.now),
            (_, None) => self.timers.pop(self.now),
        }
    }

    /// When the next timer is due.
    pub(crate) fn next_timer(&self) -> Option<Duration> {
        let next = [self.timers.next(), self.deadlines.next()];
        next.into_iter().flatten().min()
    }

    pub(crate) fn timer_count(&self) -> usize {
        self.timers.len() + self.deadlines.len()
    }
}
