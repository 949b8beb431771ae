//! Timers that can be taken back.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Timer;

/// Timers of minutes, by their instant as time since the endpoint's first input. A server would carry
/// them long after their calls, so they are taken back when they are of no use any more.
#[derive(Debug, Default)]
pub(crate) struct Deadlines(BTreeSet<(Duration, Timer)>);

impl Deadlines {
    pub(crate) fn set(&mut self, at: Duration, timer: Timer) {
        self.0.insert((at, timer));
    }

    /// Takes back what was set for that instant.
    pub(crate) fn take_back(&mut self, at: Duration, timer: Timer) {
        self.0.remove(&(at, timer));
    }

    /// The next one that is due by `now`.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<Timer> {
        self.next().filter(|next| *next <= now)?;
        self.0.pop_first().map(|(_, timer)| timer)
    }

    pub(crate) fn next(&self) -> Option<Duration> {
        self.0.first().map(|(at, _)| *at)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LegId;

    #[test]
    fn what_was_taken_back_never_runs_out() {
        let timer = |number| Timer::GlareOver(LegId::from_number(number));
        let at = Duration::from_secs;
        let mut deadlines = Deadlines::default();
        for second in [3, 1, 2] {
            deadlines.set(at(second), timer(second));
        }
        deadlines.take_back(at(1), timer(1));
        assert_eq!((deadlines.next(), deadlines.len()), (Some(at(2)), 2));
        assert_eq!(deadlines.pop(at(1)), None);
        assert_eq!(deadlines.pop(at(2)), Some(timer(2)));
        assert_eq!(deadlines.pop(at(9)), Some(timer(3)));
        assert_eq!(deadlines.pop(at(9)), None);
    }
}
