//! Hands the inputs of subscriptions and publications on.

use super::{Endpoint, Input, subscribing};

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
                let wish = subscribing::Wish {
                    flow,
                    uri,
                    from,
                    to,
                    event,
                    expires_seconds,
                    headers,
                    body,
                    credential,
                };
                self.subscribe(subscription, wish);
            }
            Input::Refer {
                subscription,
                leg,
                refer_to,
                headers,
            } => self.refer(subscription, leg, refer_to, headers),
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
