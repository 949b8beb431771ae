//! How long a call lives without a refresh, and who refreshes it (RFC 4028).

use std::time::Duration;

use crate::{Headers, MinSe, Refresher, SessionExpires};

/// Shorter intervals are not believed: a call is not refreshed every moment for anybody.
const SHORTEST_SECONDS: u32 = 20;

/// What a request says about the interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct IntervalWish {
    /// Its Session-Expires, in seconds.
    pub(crate) seconds: Option<u32>,
    pub(crate) refresher: Option<Refresher>,
    /// Its Min-SE, in seconds.
    pub(crate) minimum: u32,
    /// Whether its sender can refresh.
    pub(crate) is_supported: bool,
}

/// What was agreed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Interval {
    pub(crate) seconds: u32,
    /// Counted from the request.
    pub(crate) refresher: Refresher,
}

/// The life of an answered call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SessionClock {
    pub(crate) seconds: u32,
    /// Whether the refreshes are our task.
    pub(crate) is_ours: bool,
    /// When the call is over, and when there is something to do; as time since the endpoint's first
    /// input.
    pub(crate) end: Duration,
    pub(crate) due: Duration,
}

impl IntervalWish {
    pub(crate) fn of(headers: &Headers, is_supported: bool) -> Self {
        let expires = headers.typed::<SessionExpires>().ok().flatten();
        let minimum = headers.typed::<MinSe>().ok().flatten();
        Self {
            seconds: expires.as_ref().map(|expires| expires.seconds),
            refresher: expires.and_then(|expires| expires.refresher()),
            minimum: minimum.map_or(MinSe::LEAST_SECONDS, |minimum| minimum.seconds),
            is_supported,
        }
    }

    /// Whether it wants less than we take: only who understands the 422 gets one (section 9).
    pub(crate) fn is_too_brief(&self, minimum_seconds: u32) -> bool {
        self.is_supported
            && self
                .seconds
                .is_some_and(|seconds| seconds < minimum_seconds)
    }

    /// What we agree to when we want `wanted_seconds` (section 9): never more than was asked for,
    /// never less than anybody on the way accepts. `are_we_refresher` tells how it was before.
    pub(crate) fn grant(&self, wanted_seconds: u32, are_we_refresher: bool) -> Interval {
        let wanted = wanted_seconds.max(self.minimum);
        let seconds = self.seconds.map_or(wanted, |asked| asked.min(wanted));
        let refresher = match self.refresher {
            _ if !self.is_supported => Refresher::Uas,
            Some(refresher) => refresher,
            None if are_we_refresher => Refresher::Uas,
            None => Refresher::Uac,
        };
        Interval { seconds, refresher }
    }
}

impl SessionClock {
    /// A clock that starts now.
    pub(crate) fn start(now: Duration, seconds: u32, is_ours: bool) -> Self {
        let seconds = seconds.max(SHORTEST_SECONDS);
        let interval = Duration::from_secs(seconds.into());
        let end = now + interval;
        // Section 10: who refreshes does it at half the time; who waits gives up so long before the
        // end that the BYE still arrives in time.
        let due = if is_ours {
            now + interval / 2
        } else {
            end - (interval / 3).min(Duration::from_secs(32))
        };
        Self {
            seconds,
            is_ours,
            end,
            due,
        }
    }

    /// A clock that another process has started, and of which `left` is left. Whoever was to refresh the call could not
    /// reach us meanwhile: it has `grace` at least.
    pub(crate) fn resume(
        now: Duration,
        seconds: u32,
        is_ours: bool,
        left: Duration,
        grace: Duration,
    ) -> Self {
        let fresh = Self::start(now, seconds, is_ours);
        let gone = (fresh.end - now).saturating_sub(left);
        let due = fresh.due.saturating_sub(gone).max(now);
        let due = if is_ours { due } else { due.max(now + grace) };
        Self {
            end: fresh.end.saturating_sub(gone).max(now + grace).max(due),
            due,
            ..fresh
        }
    }

    /// When a refresh that brought nothing is tried again.
    pub(crate) fn retry(&self, now: Duration, least: Duration) -> Duration {
        let left = self.end.saturating_sub(now);
        (now + (left / 2).max(least)).min(self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(seconds: Option<u32>, refresher: Option<Refresher>, minimum: u32) -> IntervalWish {
        IntervalWish {
            seconds,
            refresher,
            minimum,
            is_supported: true,
        }
    }

    #[test]
    fn an_interval_is_shortened_and_never_made_longer() {
        let granted = |wish: IntervalWish| wish.grant(1800, false).seconds;
        assert_eq!(granted(wish(Some(3600), None, 90)), 1800);
        assert_eq!(granted(wish(Some(600), None, 90)), 600);
        assert_eq!(granted(wish(Some(3600), None, 2400)), 2400);
        assert_eq!(granted(wish(None, None, 90)), 1800);
        assert_eq!(granted(wish(None, None, 2400)), 2400);
    }

    #[test]
    fn who_refreshes_is_what_the_request_says_or_was_before() {
        let refresher = |wish: IntervalWish, before| wish.grant(1800, before).refresher;
        let (uac, uas) = (Refresher::Uac, Refresher::Uas);
        assert_eq!(refresher(wish(Some(600), Some(uas), 90), false), uas);
        assert_eq!(refresher(wish(Some(600), Some(uac), 90), true), uac);
        assert_eq!(refresher(wish(Some(600), None, 90), false), uac);
        assert_eq!(refresher(wish(Some(600), None, 90), true), uas);
        let mut unable = wish(None, None, 90);
        unable.is_supported = false;
        assert_eq!(refresher(unable, false), uas);
        assert!(!unable.is_too_brief(90));
        assert!(wish(Some(60), None, 90).is_too_brief(90));
    }

    #[test]
    fn the_refresher_acts_at_half_the_time_and_the_other_shortly_before_the_end() {
        let now = Duration::from_secs(1000);
        let due = |seconds, is_ours| SessionClock::start(now, seconds, is_ours).due - now;
        assert_eq!(due(1800, true), Duration::from_secs(900));
        assert_eq!(due(1800, false), Duration::from_secs(1768));
        assert_eq!(due(90, false), Duration::from_secs(60));
        assert_eq!(due(0, true), Duration::from_secs(10));
    }
}
