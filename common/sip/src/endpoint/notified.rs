//! What our subscriptions tell: NOTIFY in (RFC 6665 section 4.1.3).

use std::time::Duration;

use super::receive::Envelope;
use super::{Endpoint, Event, LegId, SubscriptionId};
use crate::dialog::{Dialog, contact_of};
use crate::subscription::{Branch, BranchDue, Subscriber, SubscriptionEnd};
use crate::{
    EventHeader, HeaderError, Headers, Method, ParseError, Request, StatusCode, SubscriptionPhase,
    SubscriptionState,
};

impl Endpoint {
    /// Whether a request in a dialog belongs to a subscription outside calls.
    pub(super) fn is_in_subscription(&self, envelope: &Envelope, request: &Request) -> bool {
        matches!(
            request.method,
            Method::Notify | Method::Subscribe | Method::Refer
        ) && envelope.to_tag.as_deref().is_some_and(|tag| {
            let key = self.dialog_key(&envelope.call_id, tag);
            !self.subscriptions.of_dialog(key).is_empty()
        })
    }

    /// Whether a request in a call is a notification of a REFER of ours, which needs no permission.
    pub(super) fn is_notify_for_us(&self, envelope: &Envelope, request: &Request) -> bool {
        request.method == Method::Notify && self.is_in_subscription(envelope, request)
    }

    /// A NOTIFY in a dialog; `leg` is the call whose dialog it is, and then its number was checked.
    pub(super) fn receive_notify(
        &mut self,
        envelope: &Envelope,
        request: Request,
        leg: Option<LegId>,
    ) {
        let (event, state) = match what_it_says(&request.headers) {
            Ok(said) => said,
            Err(error) => {
                let error = ParseError::in_request(&request, error);
                return self.refuse_malformed(envelope.flow, error);
            }
        };
        let Some(id) = self.subscriber_for(envelope, &event) else {
            return self.refuse(envelope, &request, StatusCode::CALL_DOES_NOT_EXIST);
        };
        let tag = envelope.from_tag.clone();
        let target = match contact_of(&request.headers) {
            Ok(target) => target,
            Err(error) => {
                let error = ParseError::in_request(&request, error);
                return self.refuse_malformed(envelope.flow, error);
            }
        };
        let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) else {
            return;
        };
        let carrier = subscriber.carrier;
        if subscriber.branch_mut(&tag).is_none() {
            let dialog = if carrier.is_some() {
                None
            } else {
                let local_tag = envelope.to_tag.clone().unwrap_or_default();
                let contact = subscriber.contact.clone();
                match Dialog::from_request(&request, &local_tag, contact) {
                    Ok(mut dialog) => {
                        dialog.count_from(subscriber.number);
                        Some(dialog)
                    }
                    Err(error) => {
                        let error = ParseError::in_request(&request, error);
                        return self.refuse_malformed(envelope.flow, error);
                    }
                }
            };
            subscriber.branches.push(Branch {
                remote_tag: tag.clone(),
                dialog,
                is_asking: false,
                expires_at: self.out.now,
                due: (0, BranchDue::End),
            });
        } else if leg.is_none() {
            let dialog = match (subscriber.branch_mut(&tag), carrier) {
                (Some(branch), None) => branch.dialog.as_mut(),
                (_, Some(leg)) => {
                    let orphan = self.subscriptions.orphans.get_mut(&leg);
                    orphan.map(|orphan| &mut orphan.dialog)
                }
                (None, None) => None,
            };
            if let Some(dialog) = dialog {
                if !dialog.advance_remote(envelope.number) {
                    let status = StatusCode::SERVER_INTERNAL_ERROR;
                    return self.refuse(envelope, &request, status);
                }
                dialog.refresh_target(target);
            }
        }
        self.answer_now(envelope, &request, StatusCode::OK);
        if let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) {
            subscriber.flow = envelope.flow;
        }
        self.notified(id, &tag, state, request);
    }

    pub(super) fn notified(
        &mut self,
        id: SubscriptionId,
        tag: &str,
        state: SubscriptionState,
        request: Request,
    ) {
        self.out.tell(Event::Notified {
            subscription: id,
            state: state.clone(),
            headers: request.headers,
            body: request.body,
        });
        let now = self.out.now;
        let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) else {
            return;
        };
        let is_leaving = subscriber.is_leaving;
        if state.phase == SubscriptionPhase::Terminated {
            let cause = if is_leaving || subscriber.wanted_seconds == 0 {
                SubscriptionEnd::Unsubscribed
            } else {
                SubscriptionEnd::terminated(&state)
            };
            return self.branch_over(id, tag, cause);
        }
        let granted = subscriber.granted_seconds;
        let wanted = subscriber.wanted_seconds;
        let Some(branch) = subscriber.branch_mut(tag) else {
            return;
        };
        let is_new = branch.due.0 == 0;
        if is_leaving {
            if is_new && !branch.is_asking {
                self.send_subscribe(id, tag);
            }
            return;
        }
        // What the notifier says counts more than what the answer to SUBSCRIBE said (RFC 6665
        // section 4.1.2.4).
        let seconds = match state.expires() {
            Some(seconds) => seconds,
            None if is_new => granted.unwrap_or(wanted),
            None => return,
        };
        branch.expires_at = now + Duration::from_secs(u64::from(seconds));
        if !branch.is_asking {
            self.plan_refresh(id, tag, seconds);
        }
    }

    /// The subscription that a NOTIFY is for.
    fn subscriber_for(&self, envelope: &Envelope, event: &EventHeader) -> Option<SubscriptionId> {
        let to_tag = envelope.to_tag.as_deref()?;
        let key = self.dialog_key(&envelope.call_id, to_tag);
        let ids = self.subscriptions.of_dialog(key);
        let with = |wanted: &dyn Fn(&Subscriber) -> bool| {
            let found = ids.iter().find(|id| {
                let subscriber = self.subscriptions.subscribers.get(id);
                subscriber.is_some_and(|one| one.is_about(event) && wanted(one))
            });
            found.copied()
        };
        let knows = |one: &Subscriber| {
            one.branches
                .iter()
                .any(|branch| branch.remote_tag == envelope.from_tag)
        };
        with(&knows).or_else(|| with(&Subscriber::takes_branches))
    }
}

fn what_it_says(headers: &Headers) -> Result<(EventHeader, SubscriptionState), HeaderError> {
    Ok((headers.required()?, headers.required()?))
}
