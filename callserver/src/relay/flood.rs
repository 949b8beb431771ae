//! One port's flood must not take the others' time: a port that gets far more than audio rests for a moment.

use std::time::{Duration, Instant};

/// What came to each place within a short time.
#[derive(Debug)]
pub(super) struct Flood {
    since: Instant,
    /// By place.
    counts: Vec<u32>,
    /// Places with a count.
    touched: Vec<usize>,
    resting: Vec<usize>,
}

const WINDOW: Duration = Duration::from_millis(100);
/// 20,000 a second: four hundred times what a phone sends. A worker takes ten such floods and still has time.
const MOST: u32 = 2000;

impl Flood {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            counts: Vec::new(),
            touched: Vec::new(),
            resting: Vec::new(),
        }
    }

    /// Places whose rest is over.
    pub(super) fn rested(&mut self, now: Instant) -> Vec<usize> {
        if now.saturating_duration_since(self.since) < WINDOW {
            return Vec::new();
        }
        self.since = now;
        for place in self.touched.drain(..) {
            self.counts[place] = 0;
        }
        std::mem::take(&mut self.resting)
    }

    /// One more at this place. Returns whether it must rest from now on.
    pub(super) fn came(&mut self, place: usize) -> bool {
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        let count = &mut self.counts[place];
        if *count == 0 {
            self.touched.push(place);
        }
        *count = count.saturating_add(1);
        let is_over = *count == MOST;
        if is_over {
            self.resting.push(place);
        }
        is_over
    }

    pub(super) fn is_resting(&self, place: usize) -> bool {
        // Hardly ever more than none.
        self.resting.contains(&place)
    }

    /// Somebody else is at this place.
    pub(super) fn forget(&mut self, place: usize) {
        self.resting.retain(|other| *other != place);
    }

    /// How long until somebody has rested.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        (!self.resting.is_empty()).then(|| (self.since + WINDOW).saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flooded_place_rests_to_the_end_of_the_window_and_audio_never_does() {
        let start = Instant::now();
        let mut flood = Flood::new(start);
        let over = (0..10 * MOST).filter(|_| flood.came(3)).count();
        assert_eq!(
            (over, flood.is_resting(3), flood.is_resting(4)),
            (1, true, false)
        );
        assert!((0..MOST / 2).all(|_| !flood.came(4)));
        assert_eq!(flood.wait(start), Some(WINDOW));
        assert!(flood.rested(start + WINDOW / 2).is_empty());
        assert_eq!(flood.rested(start + WINDOW), [3]);
        assert_eq!(flood.wait(start), None);
        assert!((0..MOST - 1).all(|_| !flood.came(3) && !flood.came(4)));
    }

    #[test]
    fn a_new_socket_at_a_place_need_not_rest_for_the_old_one() {
        let start = Instant::now();
        let mut flood = Flood::new(start);
        while !flood.came(0) {}
        flood.forget(0);
        assert!(flood.rested(start + WINDOW).is_empty());
    }
}
