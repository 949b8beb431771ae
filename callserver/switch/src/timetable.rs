//! The switch's own timers, in one table. Those of SIP transactions and dialogs live in the core below.

use std::collections::BTreeMap;
use std::time::Instant;

use sip::{LegId, SubscriptionId};

use crate::bridge::RecallId;
use crate::guard::Source;
use crate::{AccountId, AskId, BindingId, CallId, CompletionId, DeviceId};

/// What becomes due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Timer {
    /// A registration was not refreshed.
    BindingExpires {
        account: AccountId,
        binding: BindingId,
    },
    /// A phone whose connection broke in a call is not expected back any more.
    WayForgotten(DeviceId),
    /// A source was banned for long enough.
    BanEnds(Source),
    /// Nobody answered a question.
    QuestionExpires(AskId),
    /// Nobody picked up.
    RingsTooLong(CallId),
    /// Nobody picked up to whom a call is handed over.
    TransferRingsTooLong(CallId),
    /// What the server waits for in a call with it has not happened.
    HouseWaits(CallId),
    /// Somebody has waited for long enough to be called back.
    CompletionExpires(CompletionId),
    /// Whoever waits for this callee may have their turn.
    CalleeIsFree(AccountId),
    /// Whoever wanted to be called back is not there.
    CallBackRingsTooLong(RecallId),
    /// Nobody has taken the call in this slot.
    ParkedTooLong(u32),
    /// The person has read what the phone shows of a code that was dialled, or the phone has heard that its call is parked.
    ConfirmationOver(LegId),
    /// Somebody who watches may be told again, and there is something to tell.
    NotificationDue(SubscriptionId),
    /// The next published state has come to its end.
    PublicationExpires,
    /// After a drain, the last refusals and BYEs had their time to be answered.
    DrainEnds,
}

/// Names one set timer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct TimerId {
    due: Instant,
    // Tells timers of the same instant apart, and keeps them in the order in which they were set.
    number: u64,
}

/// All set timers, soonest first.
#[derive(Debug, Default)]
pub(crate) struct Timetable {
    timers: BTreeMap<TimerId, Timer>,
    last_number: u64,
}

impl Timetable {
    pub(crate) fn set(&mut self, due: Instant, timer: Timer) -> TimerId {
        self.last_number += 1;
        let id = TimerId {
            due,
            number: self.last_number,
        };
        self.timers.insert(id, timer);
        id
    }

    /// Does nothing if the timer has fired already.
    pub(crate) fn cancel(&mut self, id: TimerId) {
        self.timers.remove(&id);
    }

    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.timers.first_key_value().map(|(id, _)| id.due)
    }

    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Timer> {
        let first = self.timers.first_entry()?;
        (first.key().due <= now).then(|| first.remove())
    }

    pub(crate) fn len(&self) -> usize {
        self.timers.len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn timers_fire_in_order_and_cancelled_ones_never() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut timetable = Timetable::default();
        timetable.set(at(2), Timer::RingsTooLong(CallId(2)));
        timetable.set(at(1), Timer::RingsTooLong(CallId(1)));
        let cancelled = timetable.set(at(1), Timer::DrainEnds);
        timetable.cancel(cancelled);

        assert_eq!(timetable.next_due(), Some(at(1)));
        assert_eq!(timetable.pop_due(at(0)), None);
        assert_eq!(
            timetable.pop_due(at(3)),
            Some(Timer::RingsTooLong(CallId(1)))
        );
        assert_eq!(
            timetable.pop_due(at(3)),
            Some(Timer::RingsTooLong(CallId(2)))
        );
        assert_eq!(timetable.pop_due(at(3)), None);
        assert_eq!(timetable.len(), 0);
    }
}
