//! The one table that holds all timers.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use super::Timer;

/// Timers by their instant, as time since the endpoint's first input; those of one instant in the
/// order of setting.
///
/// Nearly all timers of a busy server run for one of a few periods: T1, T4, 64*T1. Those of one
/// period run out in the order in which they were set, so a queue for each period holds them, and
/// setting one or taking it off touches neighbouring memory only. A heap of the hundreds of
/// thousands that wait at a thousand calls a second would be walked from end to end for each.
#[derive(Debug, Default)]
pub(crate) struct TimerTable {
    lanes: Vec<Lane>,
    /// Timers of periods that found no lane.
    others: BinaryHeap<Reverse<Entry>>,
    set: u64,
    len: usize,
    /// The instant of the first timer.
    next: Option<Duration>,
}

/// Timers of one period.
#[derive(Debug)]
struct Lane {
    period: Duration,
    queue: VecDeque<Entry>,
}

/// More periods at once than RFC 3261 has; a lane is given to another period when it is empty, so
/// the periods that are in use all the time keep theirs.
const MOST_LANES: usize = 24;

/// A lane gives memory back when it is filled to less than a quarter, but not below this.
const SMALL_LANE: usize = 64;

#[derive(Debug)]
struct Entry {
    /// Nanoseconds, which last for 584 years.
    at: u64,
    order: u64,
    timer: Timer,
}

impl Entry {
    fn rank(&self) -> (u64, u64) {
        (self.at, self.order)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
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
        self.rank().cmp(&other.rank())
    }
}

impl TimerTable {
    /// Sets a timer that runs out `period` after `now`. Later calls must not bring an earlier `now`.
    pub(crate) fn set(&mut self, now: Duration, period: Duration, timer: Timer) {
        let due = now.saturating_add(period);
        let at = u64::try_from(due.as_nanos()).unwrap_or(u64::MAX);
        self.set += 1;
        self.len += 1;
        let order = self.set;
        self.next = Some(self.next.map_or(due, |next| next.min(due)));
        let entry = Entry { at, order, timer };
        match self.lane(period) {
            Some(lane) => lane.queue.push_back(entry),
            None => self.others.push(Reverse(entry)),
        }
    }

    /// The next timer that is due by `now`.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<Timer> {
        if self.next? > now {
            return None;
        }
        let entry = match self.first_lane() {
            Some(lane) => lane.pop(),
            None => self.others.pop().map(|Reverse(entry)| entry),
        };
        self.len -= usize::from(entry.is_some());
        self.next = self.first().map(|first| Duration::from_nanos(first.at));
        entry.map(|entry| entry.timer)
    }

    pub(crate) fn next(&self) -> Option<Duration> {
        self.next
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The lane of a period, a fresh one if need be.
    fn lane(&mut self, period: Duration) -> Option<&mut Lane> {
        let of_period = self.lanes.iter().position(|lane| lane.period == period);
        if let Some(place) = of_period {
            return self.lanes.get_mut(place);
        }
        if self.lanes.len() < MOST_LANES {
            let queue = VecDeque::new();
            self.lanes.push(Lane { period, queue });
            return self.lanes.last_mut();
        }
        let lane = self.lanes.iter_mut().find(|lane| lane.queue.is_empty())?;
        lane.period = period;
        Some(lane)
    }

    /// The lane that holds the first timer of all; `None` if it is among the others.
    fn first_lane(&mut self) -> Option<&mut Lane> {
        let first = self.others.peek().map(|Reverse(entry)| entry.rank());
        let ranks = self.lanes.iter().enumerate();
        let (rank, place) = ranks
            .filter_map(|(place, lane)| Some((lane.queue.front()?.rank(), place)))
            .min()?;
        if first.is_some_and(|first| first < rank) {
            return None;
        }
        self.lanes.get_mut(place)
    }

    fn first(&self) -> Option<&Entry> {
        let in_lanes = self.lanes.iter().filter_map(|lane| lane.queue.front());
        let other = self.others.peek().map(|Reverse(entry)| entry);
        in_lanes.chain(other).min()
    }
}

impl Lane {
    fn pop(&mut self) -> Option<Entry> {
        let entry = self.queue.pop_front();
        let (len, capacity) = (self.queue.len(), self.queue.capacity());
        if capacity > SMALL_LANE && len < capacity / 4 {
            self.queue.shrink_to((len * 2).max(SMALL_LANE));
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::LegId;

    fn named(number: u64) -> Timer {
        Timer::GlareOver(LegId::from_number(number))
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn all(table: &mut TimerTable, now: Duration) -> Vec<Timer> {
        std::iter::from_fn(|| table.pop(now)).collect()
    }

    #[test]
    fn timers_run_out_by_instant_and_then_in_the_order_of_setting() {
        let mut table = TimerTable::default();
        for (now, period, number) in [(0, 30, 1), (0, 10, 2), (10, 20, 3), (10, 10, 4)] {
            table.set(millis(now), millis(period), named(number));
        }
        assert_eq!(table.next(), Some(millis(10)));
        assert_eq!(table.pop(Duration::ZERO), None);
        assert_eq!(all(&mut table, millis(30)), [2, 4, 1, 3].map(named));
        assert_eq!((table.len(), table.next()), (0, None));
    }

    #[test]
    fn more_periods_than_lanes_run_out_in_order_too() {
        let mut table = TimerTable::default();
        let count = 4 * MOST_LANES as u64;
        for number in (0..count).rev() {
            table.set(Duration::ZERO, millis(number), named(number));
        }
        for number in 0..count {
            table.set(millis(number), millis(count), named(count + number));
        }
        let expected: Vec<_> = (0..2 * count).map(named).collect();
        assert_eq!(all(&mut table, millis(2 * count)), expected);
    }

    #[test]
    fn a_lane_that_was_full_gives_its_memory_back() {
        let mut table = TimerTable::default();
        for number in 0..10_000 {
            table.set(Duration::ZERO, millis(5), named(number));
        }
        assert_eq!(all(&mut table, millis(5)).len(), 10_000);
        let capacity: usize = table.lanes.iter().map(|lane| lane.queue.capacity()).sum();
        assert!(capacity <= SMALL_LANE, "{capacity}");
    }
}
