//! A subscription that somebody has with us.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::endpoint::{LegId, RequestId};
use crate::transaction::TransactionKey;
use crate::{
    EventHeader, Flow, HeaderName, Headers, SubscriptionPhase, SubscriptionState, Text, TypedHeader,
};

/// More notifications than these do not wait behind an unanswered one; the oldest are left out, for
/// what is newer counts more.
const MOST_WAITING: usize = 16;

/// One subscription with us.
#[derive(Debug)]
pub(crate) struct Notifier {
    pub(crate) flow: Flow,
    /// Who is counted for it.
    pub(crate) peer: IpAddr,
    pub(crate) key: TransactionKey,
    /// The call that carries it.
    pub(crate) leg: Option<LegId>,
    /// `None` in the dialog of a call.
    pub(crate) dialog: Option<Dialog>,
    pub(crate) remote_tag: Text,
    /// As our notifications say it.
    pub(crate) event: EventHeader,
    pub(crate) contact: Text,
    /// The SUBSCRIBE or REFER that waits for the application's answer.
    pub(crate) open: Option<Open>,
    pub(crate) is_refer: bool,
    /// The sender of the REFER wants no notifications (RFC 4488).
    pub(crate) is_quiet: bool,
    pub(crate) is_accepted: bool,
    /// When it ends without a refresh, as time since the endpoint's first input.
    pub(crate) expires_at: Duration,
    /// What is due next, and the plan of its timer.
    pub(crate) due: (u32, NotifierDue),
    /// A notification that has to follow the answer, and is still the application's to give.
    pub(crate) owes: bool,
    /// Whether a NOTIFY is under way: the next one waits, for it must not overtake it.
    pub(crate) is_asking: bool,
    pub(crate) waiting: VecDeque<Notification>,
    /// Whether the last notification was put into line.
    pub(crate) is_ending: bool,
    /// Whether the NOTIFY under way is the last one.
    pub(crate) is_last_sent: bool,
}

/// A SUBSCRIBE or REFER that waits for its answer.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) request: RequestId,
    /// The life that was asked for, in seconds.
    pub(crate) asked_seconds: Option<u32>,
    /// Its Record-Route, which the answer repeats.
    pub(crate) record_route: Vec<Text>,
}

/// What a notifier waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotifierDue {
    /// The application's answer.
    Answer,
    /// The application's notification, which has to follow its answer.
    Notification,
    /// The end of what was granted.
    End,
}

/// One notification.
#[derive(Debug)]
pub(crate) struct Notification {
    /// The last one says why.
    pub(crate) end: Option<Text>,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

impl Notifier {
    pub(crate) fn next_plan(&mut self, due: NotifierDue) -> u32 {
        let plan = self.due.0.wrapping_add(1);
        self.due = (plan, due);
        plan
    }

    /// Puts a notification into line.
    pub(crate) fn enqueue(&mut self, notification: Notification) {
        if self.is_ending {
            return;
        }
        self.is_ending = notification.end.is_some();
        self.owes = false;
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(notification);
    }

    /// The state that a notification tells, and its headers without that state.
    pub(crate) fn state_for(
        &self,
        now: Duration,
        end: Option<&Text>,
        headers: &mut Headers,
    ) -> SubscriptionState {
        if let Some(end) = end {
            // A reason that is none is told as one that asks for nothing.
            let value = Text::from(format!("terminated;reason={end}"));
            return SubscriptionState::parse(&value)
                .unwrap_or_else(|_| SubscriptionState::terminated("noresource"));
        }
        let left = self.expires_at.saturating_sub(now).as_secs();
        let seconds = u32::try_from(left).unwrap_or(u32::MAX);
        let mut state = SubscriptionState::active(seconds);
        // The application may say that it has not decided yet.
        if let Ok(Some(SubscriptionState { phase, .. })) = headers.typed()
            && phase != SubscriptionPhase::Terminated
        {
            state.phase = phase;
        }
        headers.remove(&HeaderName::SubscriptionState);
        state
    }
}
