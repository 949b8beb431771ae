//! Every timer there is, and the one table that holds them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::{LegId, RegistrationId};
use crate::transaction::TransactionId;

/// What happens when an instant is reached. The letters are those of RFC 3261 table 4 and RFC 6026.
///
/// A timer is never taken back: one whose owner has moved on finds nothing to do when it runs out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Timer {
    /// A: our INVITE got no answer yet and is sent again (unreliable transports).
    InviteRetransmit(TransactionId),
    /// B: our INVITE got no answer at all and is given up.
    InviteTimeout(TransactionId),
    /// D: a refused INVITE of ours no longer waits for repetitions of the refusal.
    InviteRefusalAbsorbed(TransactionId),
    /// M: an accepted INVITE of ours no longer waits for repeated or further 2xx.
    InviteAcceptanceAbsorbed(TransactionId),
    /// An INVITE that we cancelled got no final answer and is given up (RFC 3261 section 9.1).
    CancelTimeout(TransactionId),
    /// E: our request got no final answer yet and is sent again (unreliable transports).
    RequestRetransmit(TransactionId),
    /// F: our request got no final answer and is given up.
    RequestTimeout(TransactionId),
    /// K: an answered request of ours no longer waits for repetitions of its answer.
    RequestAnswerAbsorbed(TransactionId),
    /// G: our refusal of an INVITE is not acknowledged yet and is sent again (unreliable transports).
    RefusalRetransmit(TransactionId),
    /// H: our refusal of an INVITE was never acknowledged, which we no longer wait for.
    RefusalTimeout(TransactionId),
    /// I: an acknowledged refusal no longer waits for repetitions of the ACK.
    AckAbsorbed(TransactionId),
    /// L: an INVITE that we accepted no longer waits for its own repetitions.
    InviteAbsorbed(TransactionId),
    /// J: a request that we answered no longer waits for its own repetitions.
    RequestAbsorbed(TransactionId),
    /// The oldest request that the application has not answered may be as old as its sender's
    /// patience.
    AnswersOverdue,
    /// Our 2xx is not acknowledged yet and is sent again (RFC 3261 section 13.3.1.4).
    AcceptanceRetransmit(LegId, u32),
    /// H for the 2xx: it was never acknowledged, and the call ends.
    AcceptanceTimeout(LegId, u32),
    /// A call that still rings is reported again, so that no proxy gives it up.
    ProgressRepeat(LegId),
    /// The pause after a glare of two re-INVITEs is over (RFC 3261 section 14.1).
    GlareOver(LegId),
    /// A registration is refreshed, or tried again after a failure; the number tells whether it is
    /// still the plan.
    Register(RegistrationId, u32),
}

/// Timers by their instant, as time since the endpoint's first input; those of one instant in the
/// order of setting.
#[derive(Debug, Default)]
pub(crate) struct TimerTable {
    heap: BinaryHeap<Reverse<Entry>>,
    set: u64,
}

#[derive(Debug)]
struct Entry {
    at: Duration,
    order: u64,
    timer: Timer,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl TimerTable {
    pub(crate) fn set(&mut self, at: Duration, timer: Timer) {
        self.set += 1;
        self.heap.push(Reverse(Entry {
            at,
            order: self.set,
            timer,
        }));
    }

    /// The next timer that is due by `now`.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry.timer)
    }

    pub(crate) fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_run_out_by_instant_and_then_in_the_order_of_setting() {
        let leg = LegId::from_number;
        let mut table = TimerTable::default();
        for (millis, number) in [(30, 1), (10, 2), (30, 3), (20, 4)] {
            let at = Duration::from_millis(millis);
            table.set(at, Timer::GlareOver(leg(number)));
        }
        assert_eq!(table.next(), Some(Duration::from_millis(10)));
        assert_eq!(table.pop(Duration::ZERO), None);
        let later = Duration::from_millis(30);
        let order: Vec<_> = std::iter::from_fn(|| table.pop(later)).collect();
        assert_eq!(
            order,
            [2, 4, 1, 3].map(|number| Timer::GlareOver(leg(number)))
        );
        assert_eq!(table.len(), 0);
    }
}
