//! How long packets must wait so that nearly all of them come before they are played.

/// Packets remembered: five seconds at 20 ms.
const REMEMBERED: usize = 256;
/// Share of packets that shall be in time; for the rest concealment is the better bargain.
const IN_TIME: f64 = 0.97;
/// Before so many packets have come, the first guess is a lower bound.
const ENOUGH: usize = 50;
/// First guess, in microseconds: enough for a local network and its computers.
const FIRST_GUESS: i64 = 40_000;
/// Bounds, in microseconds. Less than 10 ms leaves nothing for the playing computer's own unrest;
/// over 400 ms nobody can talk (ITU-T G.114), it is better to lose.
const LEAST: i64 = 10_000;
const MOST: i64 = 400_000;
/// Added to what was measured, in microseconds.
const MARGIN: i64 = 5_000;

/// Measures arrivals. All times in microseconds; only their differences count.
#[derive(Debug, Default)]
pub(crate) struct ArrivalDelay {
    /// Arrival minus timestamp of the last packets, in a ring.
    transits: Vec<i64>,
    oldest: usize,
    shortest: i64,
    target: i64,
}

impl ArrivalDelay {
    pub(crate) fn new() -> Self {
        ArrivalDelay {
            target: FIRST_GUESS,
            ..ArrivalDelay::default()
        }
    }

    /// A packet of time `timestamp` came at `now`.
    pub(crate) fn arrived(&mut self, now: i64, timestamp: i64) {
        let transit = now - timestamp;
        if self.transits.len() < REMEMBERED {
            self.transits.push(transit);
        } else {
            self.transits[self.oldest] = transit;
            self.oldest = (self.oldest + 1) % REMEMBERED;
        }
        self.shortest = self.transits.iter().copied().min().unwrap_or(transit);
        let mut sorted = self.transits.clone();
        let rank = ((sorted.len() - 1) as f64 * IN_TIME).ceil() as usize;
        let (_, &mut nearly_longest, _) = sorted.select_nth_unstable(rank);
        let measured = nearly_longest - self.shortest + MARGIN;
        self.target = measured.clamp(LEAST, MOST);
        if self.transits.len() < ENOUGH {
            self.target = self.target.max(FIRST_GUESS);
        }
    }

    /// How long after the fastest packets' time a packet shall be played.
    pub(crate) fn target(&self) -> i64 {
        self.target
    }

    /// How long after the fastest packets' time sound of time `timestamp` is played if that is `now`.
    pub(crate) fn at(&self, now: i64, timestamp: i64) -> i64 {
        now - timestamp - self.shortest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(jitter: impl Fn(i64) -> i64) -> ArrivalDelay {
        let mut delay = ArrivalDelay::new();
        for n in 0..500 {
            let timestamp = n * 20_000;
            delay.arrived(1_000_000 + timestamp + jitter(n), timestamp);
        }
        delay
    }

    #[test]
    fn the_target_follows_the_jitter() {
        assert_eq!(ArrivalDelay::new().target(), FIRST_GUESS);
        assert_eq!(after(|_| 0).target(), LEAST);
        let uneven = after(|n| n * 7_919 % 60_000).target();
        assert!((58_000..=65_000).contains(&uneven), "{uneven}");
        // One packet in a hundred is not worth waiting for.
        assert_eq!(
            after(|n| if n % 100 == 0 { 200_000 } else { 0 }).target(),
            LEAST
        );
        assert_eq!(after(|n| n % 2 * 900_000).target(), MOST);
    }

    #[test]
    fn a_drifting_clock_does_not_look_like_jitter() {
        // A sender 100 parts in a million too slow.
        let drifting = after(|n| n * 2);
        assert!(drifting.target() < LEAST + 2_000);
        assert!(drifting.at(1_000_000 + 499 * 20_000, 499 * 20_000) < 0);
    }
}
