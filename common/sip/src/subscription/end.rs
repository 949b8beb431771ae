//! Why a subscription is over, and what that means for a new one.

use std::time::Duration;

use crate::{Headers, StatusCode, SubscriptionState, Text};

/// The pause before a new subscription when the notifier asks for one and does not say how long.
const PROBATION: Duration = Duration::from_secs(60);

/// No notifier may make us wait longer than this.
const LONGEST_PROBATION: Duration = Duration::from_secs(3600);

/// Why a subscription is over, ours or theirs.
#[derive(Clone, Debug)]
pub enum SubscriptionEnd {
    /// The subscriber has left.
    Unsubscribed,
    /// The notifier has ended it: for ours with what its last notification said, for theirs because
    /// of [`Input::EndSubscription`](crate::Input::EndSubscription).
    Terminated {
        /// `deactivated`, `probation`, `rejected`, `timeout`, `giveup`, `noresource`, `invariant`, or a
        /// word of an extension (RFC 6665 section 4.1.3).
        reason: Option<Text>,
        /// How long the notifier asks us to wait before we subscribe again.
        retry_after: Option<Duration>,
    },
    /// The peer refused: our SUBSCRIBE or REFER, or our NOTIFY, which ends a subscription as well.
    Refused {
        /// 300–699.
        status: StatusCode,
        /// Of the answer: Retry-After, Allow-Events, …
        headers: Headers,
    },
    /// Its time is over without a refresh.
    Expired,
    /// The peer did not answer, or the notification that had to follow our request did not come
    /// (timer N, 64*T1); or nobody here answered theirs.
    Timeout,
    /// The connection that carried it is gone.
    FlowFailed,
    /// The REFER was accepted without a subscription, as its sender wished (RFC 4488).
    NotWanted,
    /// The call that should carry it does not exist or is not established.
    NoSuchCall,
}

impl SubscriptionEnd {
    pub(crate) fn terminated(state: &SubscriptionState) -> Self {
        Self::Terminated {
            reason: state.reason().map(Text::from),
            retry_after: state
                .retry_after()
                .map(|seconds| Duration::from_secs(u64::from(seconds))),
        }
    }

    /// How long to wait before subscribing to the same thing again; `None` when it would be refused
    /// again or is not wanted (RFC 6665 section 4.1.3).
    pub fn subscribe_again_after(&self) -> Option<Duration> {
        match self {
            Self::Terminated {
                reason,
                retry_after,
            } => match reason.as_deref() {
                Some("deactivated" | "timeout") => Some(Duration::ZERO),
                Some("rejected" | "noresource" | "invariant") => None,
                // A word that we do not know is treated as if there were none.
                _ => Some(retry_after.unwrap_or(PROBATION).min(LONGEST_PROBATION)),
            },
            Self::Refused { status, .. } if *status == StatusCode::CALL_DOES_NOT_EXIST => {
                Some(Duration::ZERO)
            }
            Self::Expired | Self::Timeout | Self::FlowFailed => Some(PROBATION),
            Self::Unsubscribed | Self::Refused { .. } | Self::NotWanted | Self::NoSuchCall => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TypedHeader;

    fn again(state: &str) -> Option<u64> {
        let state = SubscriptionState::parse(&Text::from(state)).unwrap();
        let end = SubscriptionEnd::terminated(&state);
        end.subscribe_again_after().map(|pause| pause.as_secs())
    }

    #[test]
    fn the_reason_says_whether_to_come_again() {
        assert_eq!(again("terminated;reason=deactivated"), Some(0));
        assert_eq!(again("terminated;reason=timeout"), Some(0));
        assert_eq!(again("terminated;reason=noresource"), None);
        assert_eq!(again("terminated;reason=rejected;retry-after=5"), None);
        assert_eq!(again("terminated;reason=probation"), Some(60));
        assert_eq!(again("terminated;reason=giveup;retry-after=90"), Some(90));
        assert_eq!(again("terminated;retry-after=900000"), Some(3600));
    }
}
