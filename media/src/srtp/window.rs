//! Packet indices (RFC 3711 §3.3.1) and what has been there before (§3.3.2).

/// Indices behind the highest that are told apart; older ones count as seen.
const WIDTH: u64 = 128;

/// What one source has sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    highest: u64,
    /// Bit n: the index n below the highest has been there.
    seen: u128,
}

impl Window {
    /// Of a source of which this index was the first.
    pub(super) fn beginning_at(index: u64) -> Self {
        Window {
            highest: index,
            seen: 1,
        }
    }

    /// The index that a sequence number stands for: the nearest to the highest so far. None when that lies
    /// before the beginning.
    pub(super) fn index_of(&self, sequence: u16) -> Option<u64> {
        let distance = sequence.wrapping_sub(self.highest as u16) as i16;
        self.highest.checked_add_signed(distance.into())
    }

    pub(super) fn is_new(&self, index: u64) -> bool {
        match self.highest.checked_sub(index) {
            None => true,
            Some(behind) => behind < WIDTH && self.seen >> behind & 1 == 0,
        }
    }

    pub(super) fn mark(&mut self, index: u64) {
        if let Some(behind) = self.highest.checked_sub(index) {
            if behind < WIDTH {
                self.seen |= 1 << behind;
            }
            return;
        }
        let ahead = index - self.highest;
        self.seen = if ahead < WIDTH {
            self.seen << ahead | 1
        } else {
            1
        };
        self.highest = index;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_counter_rolls_over_and_back() {
        let mut window = Window::beginning_at(65_530);
        for (sequence, index) in [(65_535, 65_535), (2, 65_538), (65_533, 65_533), (3, 65_539)] {
            assert_eq!(window.index_of(sequence), Some(index));
            assert!(window.is_new(index));
            window.mark(index);
            assert!(!window.is_new(index));
        }
        assert_eq!(Window::beginning_at(3).index_of(65_530), None);
    }

    proptest! {
        #[test]
        fn each_index_is_new_once(steps in prop::collection::vec(0u64..300, 1..200)) {
            let mut window = Window::beginning_at(1_000);
            let mut seen = std::collections::HashSet::from([1_000]);
            let mut highest: u64 = 1_000;
            for step in steps {
                let index = (highest + step).saturating_sub(150);
                let is_new = window.is_new(index);
                let old = highest.saturating_sub(index) >= WIDTH;
                prop_assert_eq!(is_new, !seen.contains(&index) && !old);
                if is_new {
                    window.mark(index);
                    seen.insert(index);
                    highest = highest.max(index);
                }
            }
        }
    }
}
