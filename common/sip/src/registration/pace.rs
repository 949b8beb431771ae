//! When a registration is refreshed or tried again.

use std::time::Duration;

use crate::endpoint::{Random, RetryDelay};

/// No server may make us wait longer than this before we try again.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// How long after a grant of that many seconds the refresh begins: with a tenth of the life left, at
/// least a minute, so that a refresh that gets lost can be repeated, but never before half of it.
/// Randomly up to a tenth earlier, so that the phones of one morning do not stay in step.
pub(crate) fn refresh_after(granted_seconds: u32, random: &mut Random) -> Duration {
    let granted = Duration::from_secs(u64::from(granted_seconds));
    let margin = (granted / 10).max(Duration::from_secs(60)).min(granted / 2);
    let latest = granted - margin;
    let earlier = (latest / 10).mul_f64(f64::from(random.below(1000)) / 1000.0);
    // A grant of a second or two would keep us busy with nothing else.
    (latest - earlier).max(Duration::from_secs(1))
}

/// How long after the loss of a connection that has served the device begins anew: almost at once, for
/// nobody can call it now, but not in the same instant as all other devices of a server that restarts.
pub(crate) fn replace_after(random: &mut Random) -> Duration {
    Duration::from_millis(u64::from(random.below(1000)))
}

/// How long after that many failures in a row the next attempt begins (RFC 5626 section 4.5).
/// `has_others` when another registration of the same address works. A wish of the server for more
/// is respected.
pub(crate) fn retry_after(
    failures: u32,
    has_others: bool,
    wished: Option<Duration>,
    delay: &RetryDelay,
    random: &mut Random,
) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let first = if has_others {
        delay.first_beside_others
    } else {
        delay.first
    };
    let most = first.saturating_mul(1 << doublings).min(delay.longest);
    let wished = wished.unwrap_or_default().min(LONGEST_RETRY_AFTER);
    random.half_to(most).max(wished)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refresh_begins_before_the_end() {
        let mut random = Random::new([1; 32]);
        for granted in [1, 2, 10, 60, 120, 300, 3600, 86_400, u32::MAX] {
            let after = refresh_after(granted, &mut random);
            let granted = Duration::from_secs(u64::from(granted));
            assert!(after <= granted, "{granted:?} is refreshed after {after:?}");
            assert!(
                after >= granted.mul_f64(0.44),
                "{granted:?} is refreshed after {after:?}"
            );
        }
    }

    #[test]
    fn each_failure_doubles_the_pause_up_to_the_longest() {
        let mut random = Random::new([1; 32]);
        let delay = RetryDelay::default();
        for (failures, most) in [(1, 4), (2, 8), (3, 16), (7, 256), (8, 300), (100, 300)] {
            let pause = retry_after(failures, false, None, &delay, &mut random);
            let most = Duration::from_secs(most);
            assert!(
                pause >= most / 2 && pause <= most,
                "{failures} failures: {pause:?}"
            );
        }
    }

    #[test]
    fn the_pace_of_outbound_is_that_of_its_rfc() {
        let mut random = Random::new([1; 32]);
        let delay = RetryDelay::OUTBOUND;
        // W = min(max-time, base-time * 2^failures), and between half of it and all of it.
        for (failures, has_others, most) in [
            (1, false, 60),
            (2, false, 120),
            (5, false, 960),
            (6, false, 1800),
            (1, true, 180),
            (2, true, 360),
            (40, true, 1800),
        ] {
            let pause = retry_after(failures, has_others, None, &delay, &mut random);
            let most = Duration::from_secs(most);
            assert!(
                pause >= most / 2 && pause <= most,
                "{failures} failures: {pause:?}"
            );
        }
    }

    #[test]
    fn a_server_may_ask_for_more_patience() {
        let mut random = Random::new([1; 32]);
        let delay = RetryDelay::default();
        let minute = Duration::from_secs(60);
        assert_eq!(
            retry_after(1, false, Some(minute), &delay, &mut random),
            minute
        );
        let year = Duration::from_secs(31_536_000);
        assert_eq!(
            retry_after(1, false, Some(year), &delay, &mut random),
            LONGEST_RETRY_AFTER
        );
    }
}
