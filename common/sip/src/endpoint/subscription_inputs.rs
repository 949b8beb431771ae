//! Hands the inputs of subscriptions and publications on.

use super::subscribing::{About, Subject, Wish};
use super::{Endpoint, Input};

impl Endpoint {
    pub(super) fn handle_subscription(&mut self, input: Input) {
        match input {
            Input::Subscribe {
                subscription,
                flow,
                uri,
                from,
                to,
                event,
                expires_seconds,
                headers,
                body,
                credential,
            } => {
                let about = About {
                    subject: Subject::State(event),
                    expires_seconds,
                    headers,
                    body,
                };
                let wish = Wish {
                    flow,
                    uri,
                    from,
                    to,
                    credential,
                    about,
                };
                self.subscribe(subscription, wish);
            }
            Input::SubscribeInCall {
                subscription,
                leg,
                event,
                expires_seconds,
                headers,
                body,
            } => {
                let about = About {
                    subject: Subject::State(event),
                    expires_seconds,
                    headers,
                    body,
                };
                self.subscribe_in(subscription, leg, about);
            }
            Input::ReferOutsideCall {
                subscription,
                flow,
                uri,
                from,
                to,
                refer_to,
                headers,
                credential,
            } => {
                let wish = Wish {
                    flow,
                    uri,
                    from,
                    to,
                    credential,
                    about: About::reference(refer_to, headers),
                };
                self.subscribe(subscription, wish);
            }
            Input::Refer {
                subscription,
                leg,
                refer_to,
                headers,
            } => {
                let about = About::reference(refer_to, headers);
                self.subscribe_in(subscription, leg, about);
            }
            Input::Unsubscribe { subscription } => self.unsubscribe(subscription),
            Input::AcceptSubscription {
                subscription,
                expires_seconds,
                headers,
            } => self.accept_subscription(subscription, expires_seconds, headers),
            Input::RejectSubscription {
                subscription,
                status,
                headers,
            } => self.reject_subscription(subscription, status, headers),
            Input::Notify {
                subscription,
                headers,
                body,
            } => self.notify(subscription, headers, body),
            Input::EndSubscription {
                subscription,
                reason,
                headers,
                body,
            } => self.end_subscription(subscription, reason, headers, body),
            _ => {}
        }
    }
}
