//! What other servers have sent a moment ago, so that nobody else can send it again.

use std::collections::{HashSet, VecDeque};

use sip::FlowMac;

/// How far the clocks of two servers may differ, in seconds. It is also how long a message may be under way.
pub(super) const WINDOW: u64 = 60;

/// So many are remembered: five hundred calls in each second of the time that they are good for. Only what another
/// server has signed gets in, so no stranger fills it.
const MOST: usize = 60_000;

/// The numbers that came and are still good.
#[derive(Default, Debug)]
pub(super) struct Heard {
    known: HashSet<FlowMac>,
    /// The same with their time in seconds since 1970, in the order in which they came.
    order: VecDeque<(u64, FlowMac)>,
}

/// Why one more is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NotNew {
    /// It came before.
    Repeated,
    /// Too many are under way.
    TooMany,
}

impl Heard {
    /// Takes the number of a message that came at `now`, in seconds since 1970.
    pub(super) fn note(&mut self, now: u64, number: FlowMac) -> Result<(), NotNew> {
        // What was sent at the end of the window by a clock that is ahead is good for two windows.
        while let Some((at, old)) = self.order.front()
            && at.saturating_add(2 * WINDOW) < now
        {
            self.known.remove(old);
            self.order.pop_front();
        }
        if self.known.contains(&number) {
            return Err(NotNew::Repeated);
        }
        if self.order.len() >= MOST {
            return Err(NotNew::TooMany);
        }
        self.known.insert(number);
        self.order.push_back((now, number));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(of: u64) -> FlowMac {
        let mut number = FlowMac::default();
        number[..8].copy_from_slice(&of.to_be_bytes());
        number
    }

    #[test]
    fn a_number_is_taken_once_as_long_as_it_could_be_good() {
        let mut heard = Heard::default();
        assert_eq!(heard.note(1000, number(1)), Ok(()));
        assert_eq!(heard.note(1120, number(1)), Err(NotNew::Repeated));
        assert_eq!(heard.note(1121, number(2)), Ok(()));
        assert_eq!(heard.known.len(), 1);
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let mut heard = Heard::default();
        for of in 0..MOST as u64 {
            assert_eq!(heard.note(1000, number(of)), Ok(()));
        }
        let one_more = number(u64::MAX);
        assert_eq!(heard.note(1000, one_more), Err(NotNew::TooMany));
        assert_eq!(heard.note(1121, one_more), Ok(()));
        assert_eq!(heard.order.len(), 1);
    }
}
