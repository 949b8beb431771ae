//! How much one port takes from its phone: a bucket that runs full again with time.

use std::time::Instant;

/// One port's.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Limit {
    /// Bytes that may still pass, as of `at`.
    left: u32,
    at: Option<Instant>,
}

impl Limit {
    /// Whether a packet of `bytes` may pass, with `per_second` bytes at length and as many at once.
    pub(super) fn allows(&mut self, now: Instant, bytes: usize, per_second: u32) -> bool {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        if self.left < bytes {
            self.refill(now, per_second);
        }
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    fn refill(&mut self, now: Instant, per_second: u32) {
        let added = match self.at {
            None => per_second,
            Some(at) => {
                let since = now.saturating_duration_since(at).as_micros();
                u32::try_from(since * u128::from(per_second) / 1_000_000).unwrap_or(u32::MAX)
            }
        };
        // Nothing gained is no reason to forget the fraction of a byte that was.
        if added > 0 {
            self.left = self.left.saturating_add(added).min(per_second);
            self.at = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_second_may_come_at_once_and_then_as_much_as_time_brings() {
        let start = Instant::now();
        let mut limit = Limit::default();
        let passed =
            |limit: &mut Limit, at| (0..1000).filter(|_| limit.allows(at, 200, 80_000)).count();
        assert_eq!(passed(&mut limit, start), 400);
        assert_eq!(passed(&mut limit, start + Duration::from_millis(100)), 40);
        assert_eq!(passed(&mut limit, start + Duration::from_secs(3600)), 400);
    }

    #[test]
    fn audio_is_never_held_up() {
        let start = Instant::now();
        let mut limit = Limit::default();
        // Opus at its most, encrypted: 1,275 bytes and headers, fifty times a second.
        for step in 0..100_000_u64 {
            assert!(
                limit.allows(start + Duration::from_millis(20 * step), 1301, 80_000),
                "{step}"
            );
        }
    }

    #[test]
    fn tiny_steps_of_time_add_up() {
        let start = Instant::now();
        let mut limit = Limit::default();
        while limit.allows(start, 100, 10_000) {}
        let steps = (1..=10_000_000_u64)
            .step_by(10)
            .filter(|step| limit.allows(start + Duration::from_micros(*step), 100, 10_000));
        assert_eq!(steps.count(), 999);
    }
}
