//! How our subscriptions go on: refreshes, farewells, and their clocks (RFC 6665 section 4.1.2).

use std::time::Duration;

use super::subscribing::{ends_subscription, longer};
use super::{DigestClient, Endpoint, Event, SubscriptionId, Timer};
use crate::registration::{refresh_after, replace_after};
use crate::subscription::{BranchDue, SubscriptionEnd};
use crate::{CSeq, Expires, Flow, HeaderName, Method, Request, Response, Text};

impl Endpoint {
    pub(super) fn refresh_answered(
        &mut self,
        id: SubscriptionId,
        tag: &str,
        mut message: Request,
        response: Response,
    ) {
        let now = self.out.now;
        let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) else {
            return;
        };
        let (is_leaving, leg) = (subscriber.is_leaving, subscriber.carrier);
        let wanted = subscriber.wanted_seconds;
        let Some(branch) = subscriber.branch_mut(tag) else {
            return;
        };
        branch.is_asking = false;
        let status = response.status;
        if status.is_success() {
            if let Some(digest) = &mut subscriber.digest {
                digest.accepted(&response);
            }
            if is_leaving {
                // What was under way may have been a refresh.
                return if message.headers.typed() == Ok(Some(Expires(0))) {
                    self.expect_farewell(id, tag);
                } else {
                    self.send_subscribe(id, tag);
                };
            }
            let seconds = match response.headers.typed() {
                Ok(Some(Expires(seconds))) => seconds,
                _ => wanted,
            };
            subscriber.granted_seconds = Some(seconds);
            if let Some(branch) = subscriber.branch_mut(tag) {
                branch.expires_at = now + Duration::from_secs(u64::from(seconds));
            }
            self.plan_refresh(id, tag, seconds);
            self.out.tell(Event::Subscribed {
                subscription: id,
                expires_seconds: seconds,
            });
            return;
        }
        let is_learnt = DigestClient::is_challenge(status)
            && subscriber
                .digest
                .as_mut()
                .is_some_and(|digest| digest.learn(&response));
        let seconds = longer(subscriber, &response);
        if let Some(seconds) = seconds {
            message.headers.set_typed(&Expires(seconds));
        }
        if is_learnt || seconds.is_some() {
            let number = match subscriber.branch_mut(tag).map(|branch| &mut branch.dialog) {
                Some(Some(dialog)) => Some(dialog.next_sequence()),
                _ => leg.and_then(|leg| self.next_sequence_of(leg)),
            };
            if let Some(number) = number
                && let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id)
            {
                let method = Method::Subscribe;
                message.headers.set_typed(&CSeq { number, method });
                if let Some(digest) = &mut subscriber.digest {
                    digest.authorize(&mut message, &mut self.random);
                }
                if let Some(branch) = subscriber.branch_mut(tag) {
                    branch.is_asking = true;
                }
                let flow = subscriber.flow;
                return self.launch_subscribe(id, flow, Some(tag.into()), message);
            }
        }
        if is_leaving {
            self.branch_over(id, tag, SubscriptionEnd::Unsubscribed);
        } else if ends_subscription(status) {
            let headers = response.headers;
            self.branch_over(id, tag, SubscriptionEnd::Refused { status, headers });
        } else {
            self.try_refresh_again(id, tag);
        }
    }

    /// [`Input::Unsubscribe`](super::Input::Unsubscribe).
    pub(super) fn unsubscribe(&mut self, id: SubscriptionId) {
        let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) else {
            return;
        };
        if !subscriber.is_leaving {
            subscriber.is_leaving = true;
            self.leave(id);
        }
    }

    /// Leaves all notifiers that are known. One that has not spoken yet is left when it does: only
    /// then there is a dialog to do it in.
    pub(super) fn leave(&mut self, id: SubscriptionId) {
        let Some(subscriber) = self.subscriptions.subscribers.get(&id) else {
            return;
        };
        let idle: Vec<Text> = subscriber
            .branches
            .iter()
            .filter(|branch| !branch.is_asking && branch.due.1 != BranchDue::Farewell)
            .map(|branch| branch.remote_tag.clone())
            .collect();
        for tag in idle {
            self.send_subscribe(id, &tag);
        }
    }

    /// Refreshes or leaves one notifier.
    pub(super) fn send_subscribe(&mut self, id: SubscriptionId, tag: &str) {
        let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) else {
            return;
        };
        let (flow, leg, contact) = (
            subscriber.flow,
            subscriber.carrier,
            subscriber.contact.clone(),
        );
        let Some(branch) = subscriber.branch_mut(tag) else {
            return;
        };
        branch.is_asking = true;
        let made = match (&mut branch.dialog, leg) {
            (Some(dialog), _) => Some((flow, dialog.request(Method::Subscribe))),
            (None, Some(leg)) => self.request_in(leg, Method::Subscribe),
            (None, None) => None,
        };
        let Some((flow, mut request)) = made else {
            return self.branch_over(id, tag, SubscriptionEnd::NoSuchCall);
        };
        request.headers.set(HeaderName::Contact, contact);
        if let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) {
            subscriber.fill(&mut request);
            if let Some(digest) = &mut subscriber.digest {
                digest.authorize(&mut request, &mut self.random);
            }
        }
        self.launch_subscribe(id, flow, Some(tag.into()), request);
    }

    /// Timer N, or what is due of a notifier.
    pub(super) fn subscriber_due(&mut self, id: SubscriptionId, plan: u32) {
        let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) else {
            return;
        };
        if subscriber.opening == Some(plan) {
            subscriber.opening = None;
            if subscriber.branches.is_empty() {
                let cause = if subscriber.is_leaving {
                    SubscriptionEnd::Unsubscribed
                } else {
                    SubscriptionEnd::Timeout
                };
                self.end_subscriber(id, cause);
            }
            return;
        }
        let found = subscriber
            .branches
            .iter()
            .find(|branch| branch.due.0 == plan);
        let Some((tag, due)) = found.map(|branch| (branch.remote_tag.clone(), branch.due.1)) else {
            return;
        };
        match due {
            BranchDue::Refresh => self.send_subscribe(id, &tag),
            BranchDue::End => self.branch_over(id, &tag, SubscriptionEnd::Expired),
            BranchDue::Farewell => self.branch_over(id, &tag, SubscriptionEnd::Unsubscribed),
        }
    }

    pub(super) fn plan_refresh(&mut self, id: SubscriptionId, tag: &str, seconds: u32) {
        let pause = if seconds == 0 {
            // Fetched: the last notification follows, or was this one.
            return self.plan(
                id,
                tag,
                self.config.timers.transaction_life(),
                BranchDue::End,
            );
        } else {
            refresh_after(seconds, &mut self.random)
        };
        self.plan(id, tag, pause, BranchDue::Refresh);
    }

    /// A refresh that failed for a passing reason leaves the subscription as long as it was granted.
    pub(super) fn try_refresh_again(&mut self, id: SubscriptionId, tag: &str) {
        let life = self.config.timers.transaction_life();
        let now = self.out.now;
        let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) else {
            return;
        };
        let Some(branch) = subscriber.branch_mut(tag) else {
            return;
        };
        let left = branch.expires_at.saturating_sub(now);
        if left > life * 2 {
            self.plan(id, tag, left / 2, BranchDue::Refresh);
        } else {
            self.plan(id, tag, left, BranchDue::End);
        }
    }

    fn expect_farewell(&mut self, id: SubscriptionId, tag: &str) {
        let life = self.config.timers.transaction_life();
        self.plan(id, tag, life, BranchDue::Farewell);
    }

    fn plan(&mut self, id: SubscriptionId, tag: &str, pause: Duration, due: BranchDue) {
        if let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) {
            let plan = subscriber.next_plan();
            if let Some(branch) = subscriber.branch_mut(tag) {
                branch.due = (plan, due);
                self.out.after(pause, Timer::Subscriber(id, plan));
            }
        }
    }

    /// One notifier is gone; with the last one the subscription is over.
    pub(super) fn branch_over(&mut self, id: SubscriptionId, tag: &str, cause: SubscriptionEnd) {
        let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) else {
            return;
        };
        subscriber
            .branches
            .retain(|branch| branch.remote_tag != tag);
        if subscriber.branches.is_empty() {
            self.end_subscriber(id, cause);
        }
    }

    pub(super) fn end_subscriber(&mut self, id: SubscriptionId, cause: SubscriptionEnd) {
        if self.subscriptions.remove_subscriber(id).is_some() {
            self.out.tell(Event::SubscriptionEnded {
                subscription: id,
                cause,
            });
        }
    }

    /// The connections under these subscriptions are gone: refreshing over new ones tells the
    /// notifiers the new way.
    pub(super) fn subscriptions_lost(&mut self, is_gone: impl Fn(Flow) -> bool) {
        let mut lost = Vec::new();
        for (id, subscriber) in &mut self.subscriptions.subscribers {
            if subscriber.carrier.is_none() && is_gone(subscriber.flow) {
                subscriber.flow.connection = 0;
                for branch in subscriber
                    .branches
                    .iter()
                    .filter(|branch| !branch.is_asking && branch.due.1 == BranchDue::Refresh)
                {
                    lost.push((*id, branch.remote_tag.clone()));
                }
            }
        }
        for (id, tag) in lost {
            let pause = replace_after(&mut self.random);
            self.plan(id, &tag, pause, BranchDue::Refresh);
        }
    }
}
