//! How long packets are gathered before they are passed on: as long as it spares the processor something.

use std::time::Duration;

/// Follows how packets come.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Pace {
    /// So many packets are passed on at once before gathering is tried again.
    at_once: usize,
    /// How many came last time.
    last: usize,
    /// How often in a row few were followed by a bunch.
    bunches: u32,
}

/// A fifth of a millisecond: where packets come evenly, each would wake the worker for itself. It is a hundredth of what one
/// packet of audio holds, and the slowest packets are not slower for it than with half of it.
const GATHER: Duration = Duration::from_micros(200);
/// A round of so many is a bunch, as network cards make them.
const BUNCH: usize = 8;
/// One bunch alone may be a hiccup on the way.
const PROOF: u32 = 3;
const TRIED_AGAIN: usize = 2000;

impl Pace {
    /// How long to gather once something has come.
    pub(super) fn gather(&self) -> Duration {
        if self.at_once == 0 {
            GATHER
        } else {
            Duration::ZERO
        }
    }

    /// So many packets came in a round.
    pub(super) fn came(&mut self, packets: usize) {
        if self.at_once > 0 {
            self.at_once = self.at_once.saturating_sub(packets);
        } else if packets >= BUNCH && packets >= 2 * self.last {
            // The first of a bunch woke the worker, and the rest came while it gathered: they come together anyway, and
            // would only be delayed. Where every round is full, so many come evenly that gathering pays.
            self.bunches += 1;
        } else if packets >= BUNCH || self.last < BUNCH {
            self.bunches = 0;
        }
        if self.bunches >= PROOF {
            self.bunches = 0;
            self.at_once = TRIED_AGAIN;
        }
        self.last = packets;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathers_after(rounds: &[usize]) -> bool {
        let mut pace = Pace::default();
        for packets in rounds {
            pace.came(*packets);
        }
        !pace.gather().is_zero()
    }

    #[test]
    fn what_comes_evenly_is_gathered_however_much_it_is() {
        assert!(gathers_after(&[]));
        assert!(gathers_after(&[3; 100]));
        assert!(gathers_after(&[1, 2, 1, 2, 1, 1]));
        assert!(gathers_after(&[4, 20, 30, 40, 48, 30]));
        assert!(
            gathers_after(&[1, 19, 3, 2, 19, 3, 1, 19, 2, 2, 19]),
            "hiccups"
        );
    }

    #[test]
    fn what_comes_in_bunches_is_not_and_that_is_tried_again() {
        const BUNCHES: [usize; 6] = [1, 19, 4, 16, 3, 17];
        let and_then = |more: &[usize]| gathers_after(&[&BUNCHES, more].concat());
        assert!(!and_then(&[]));
        assert!(!and_then(&[6, 6, 8, 1900]));
        assert!(and_then(&[1000, 1000]));
        assert!(and_then(&[1000, 1000, 1, 19]));
    }
}
