//! Our NOTIFYs: one after the other, and what becomes of them (RFC 6665 section 4.2.2).

use bytes::Bytes;

use super::purpose::Purpose;
use super::subscribing::ends_subscription;
use super::{Endpoint, Event, Failure, SubscriptionId};
use crate::subscription::{Notification, SubscriptionEnd};
use crate::{Flow, HeaderName, Headers, Method, Request, Response, StatusCode};

impl Endpoint {
    /// Sends the notification that waits, unless one is under way.
    pub(super) fn notify_next(&mut self, id: SubscriptionId) {
        let now = self.out.now;
        let Some(notifier) = self.subscriptions.notifiers.get_mut(&id) else {
            return;
        };
        if notifier.is_asking {
            return;
        }
        let Some(Notification {
            end,
            mut headers,
            body,
        }) = notifier.waiting.pop_front()
        else {
            return;
        };
        let state = notifier.state_for(now, end.as_ref(), &mut headers);
        let (flow, leg, contact, event) = (
            notifier.flow,
            notifier.leg,
            notifier.contact.clone(),
            notifier.event.clone(),
        );
        notifier.is_asking = true;
        notifier.is_last_sent = end.is_some();
        let made = match (&mut notifier.dialog, leg) {
            (Some(dialog), _) => Some((flow, dialog.request(Method::Notify))),
            (None, Some(leg)) => self.request_in(leg, Method::Notify),
            (None, None) => None,
        };
        let Some((flow, mut request)) = made else {
            return self.notifier_lost(id, SubscriptionEnd::NoSuchCall);
        };
        request.headers.set(HeaderName::Contact, contact);
        request.headers.push_typed(&event);
        request.headers.push_typed(&state);
        request.headers.append(headers);
        request.body = body;
        // Who has no call with the subscriber has no credentials for it either.
        let call = leg.and_then(|leg| self.legs.get(&leg));
        let may_be_asked = call.is_some_and(|call| call.digest.is_some());
        let message = may_be_asked.then(|| Box::new(request.clone()));
        self.send_notify(id, flow, request, message);
    }

    fn send_notify(
        &mut self,
        subscription: SubscriptionId,
        flow: Flow,
        request: Request,
        message: Option<Box<Request>>,
    ) {
        let purpose = Purpose::Notify {
            subscription,
            message,
        };
        self.launch(flow, request, purpose);
    }

    /// An answer to a NOTIFY of ours.
    pub(super) fn notify_answered(
        &mut self,
        id: SubscriptionId,
        message: Option<Box<Request>>,
        response: Response,
    ) {
        let notifier = self.subscriptions.notifiers.get(&id);
        let place = notifier.and_then(|notifier| Some((notifier.leg?, &notifier.remote_tag)));
        if let Some(((leg, tag), mut message)) = place.zip(message)
            && let Some(flow) = self.flow_of(leg)
            && let tag = tag.clone()
            && self.authorize_in_dialog(leg, &tag, &mut message, &response)
        {
            let request = Request::clone(&message);
            return self.send_notify(id, flow, request, Some(message));
        }
        let Some(notifier) = self.subscriptions.notifiers.get_mut(&id) else {
            return;
        };
        notifier.is_asking = false;
        let status = response.status;
        // A refusal that says nothing of the subscription, and one that asks for patience, concern
        // this notification alone (RFC 6665 section 4.2.2).
        let is_lost = status.is_failure()
            && (ends_subscription(status) || !response.headers.has(&HeaderName::RetryAfter));
        if notifier.is_last_sent {
            self.subscriptions.remove_notifier(id);
        } else if is_lost {
            let headers = response.headers;
            self.notifier_lost(id, SubscriptionEnd::Refused { status, headers });
        } else {
            self.notify_next(id);
        }
    }

    /// A NOTIFY of ours gets no answer: the subscriber is gone.
    pub(super) fn notify_failed(&mut self, id: SubscriptionId, failure: Failure) {
        let cause = match failure {
            Failure::FlowFailed => SubscriptionEnd::FlowFailed,
            _ => SubscriptionEnd::Timeout,
        };
        self.notifier_lost(id, cause);
    }

    pub(super) fn notifier_lost(&mut self, id: SubscriptionId, cause: SubscriptionEnd) {
        let Some(notifier) = self.subscriptions.remove_notifier(id) else {
            return;
        };
        if let Some(open) = notifier.open {
            let status = StatusCode::CALL_DOES_NOT_EXIST;
            self.respond(open.request, status, Headers::new(), Bytes::new());
        }
        // Who has ended it knows.
        if !notifier.is_ending {
            self.out.tell(Event::SubscriptionEnded {
                subscription: id,
                cause,
            });
        }
    }
}
