//! A subscription of ours.

use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::dialog::Dialog;
use crate::endpoint::{DigestClient, LegId};
use crate::transaction::TransactionKey;
use crate::{EventHeader, Flow, Headers, Request, Text};

/// More notifiers of a forked SUBSCRIBE than these get 481.
pub(crate) const MOST_BRANCHES: usize = 8;

/// A notifier that wishes for a longer life each time would be asked for ever.
pub(crate) const MOST_ADJUSTMENTS: u8 = 3;

/// One subscription that we keep alive.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) flow: Flow,
    pub(crate) key: TransactionKey,
    pub(crate) usage: Usage,
    /// The call in whose dialog it lives; `None` in dialogs of its own.
    pub(crate) carrier: Option<LegId>,
    pub(crate) event: EventHeader,
    pub(crate) digest: Option<DigestClient>,
    pub(crate) contact: Text,
    pub(crate) wanted_seconds: u32,
    /// The life that the last 2xx granted.
    pub(crate) granted_seconds: Option<u32>,
    /// The application's headers and body, repeated in each refresh.
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
    /// The last number before there were dialogs.
    pub(crate) number: u32,
    /// One for each notifier that has spoken.
    pub(crate) branches: SmallVec<[Branch; 1]>,
    /// The plan of timer N: until it is over further notifiers may speak up.
    pub(crate) opening: Option<u32>,
    /// Whether the request that began it waits for its answer.
    pub(crate) is_asking: bool,
    /// Whether it shall end.
    pub(crate) is_leaving: bool,
    pub(crate) adjustments: u8,
    pub(crate) last_plan: u32,
}

/// What made the subscription.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Usage {
    /// SUBSCRIBE.
    Subscribe,
    /// REFER; it is about the REFER itself.
    Refer,
}

/// Where a subscription begins.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) flow: Flow,
    pub(crate) key: TransactionKey,
    pub(crate) carrier: Option<LegId>,
    pub(crate) contact: Text,
    pub(crate) digest: Option<DigestClient>,
    /// Of the request that begins it.
    pub(crate) number: u32,
}

/// One notifier of a subscription.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) remote_tag: Text,
    /// `None` in the dialog of a call.
    pub(crate) dialog: Option<Dialog>,
    /// Whether a SUBSCRIBE in this dialog is under way.
    pub(crate) is_asking: bool,
    /// When the subscription ends without a refresh, as time since the endpoint's first input.
    pub(crate) expires_at: Duration,
    /// What is due next, and the plan of its timer.
    pub(crate) due: (u32, BranchDue),
}

/// What a branch waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BranchDue {
    /// The time to refresh.
    Refresh,
    /// The end of what was granted.
    End,
    /// The last notification after we have left (timer N).
    Farewell,
}

impl Subscriber {
    pub(crate) fn new(
        beginning: Beginning,
        usage: Usage,
        event: EventHeader,
        wanted_seconds: u32,
        headers: Headers,
        body: Bytes,
    ) -> Self {
        Self {
            flow: beginning.flow,
            key: beginning.key,
            usage,
            carrier: beginning.carrier,
            event,
            digest: beginning.digest,
            contact: beginning.contact,
            wanted_seconds,
            granted_seconds: None,
            headers,
            body,
            number: beginning.number,
            branches: SmallVec::new(),
            opening: None,
            is_asking: false,
            is_leaving: false,
            adjustments: 0,
            last_plan: 0,
        }
    }

    /// A number for the next timer.
    pub(crate) fn next_plan(&mut self) -> u32 {
        self.last_plan = self.last_plan.wrapping_add(1);
        self.last_plan
    }

    /// Whether a NOTIFY with this Event is for us. The first REFER of a dialog may be spoken of
    /// without `id` (RFC 3515 section 2.4.6).
    pub(crate) fn is_about(&self, event: &EventHeader) -> bool {
        match self.usage {
            Usage::Subscribe => self.event.matches(event),
            Usage::Refer => {
                self.event.package == event.package
                    && event.id().is_none_or(|id| id.parse() == Ok(self.number))
            }
        }
    }

    pub(crate) fn branch_mut(&mut self, remote_tag: &str) -> Option<&mut Branch> {
        self.branches
            .iter_mut()
            .find(|branch| branch.remote_tag == remote_tag)
    }

    /// Whether one more notifier may speak up.
    pub(crate) fn takes_branches(&self) -> bool {
        // In a call there is one peer.
        let most = match self.carrier {
            None => MOST_BRANCHES,
            Some(_) => 1,
        };
        self.opening.is_some() && self.branches.len() < most
    }

    /// Writes what every SUBSCRIBE of this subscription carries.
    pub(crate) fn fill(&self, request: &mut Request) {
        request.headers.push_typed(&self.event);
        let seconds = if self.is_leaving {
            0
        } else {
            self.wanted_seconds
        };
        request.headers.push_typed(&crate::Expires(seconds));
        for header in &self.headers {
            request.headers.push(header.name.clone(), &header.value);
        }
        if !self.is_leaving {
            request.body = self.body.clone();
        }
    }
}
