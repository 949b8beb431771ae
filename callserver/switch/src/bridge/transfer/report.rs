//! What the transferor hears of its transfer (RFC 3515 section 2.4.5).

use std::time::Instant;

use sip::{HeaderName, Headers, Sipfrag, StatusCode, SubscriptionId, Text};

use super::Transfer;
use crate::desk::Desk;

impl Transfer {
    /// Tells how it goes; a final status is the last word.
    pub(super) fn report(&mut self, now: Instant, desk: &mut Desk, status: StatusCode) {
        // Several phones ring, once is enough.
        if self.reported == status.code() {
            return;
        }
        self.reported = status.code();
        report(now, desk, self.subscription, status);
    }
}

pub(super) fn report(
    now: Instant,
    desk: &mut Desk,
    subscription: SubscriptionId,
    status: StatusCode,
) {
    let mut headers = Headers::new();
    let kind = Text::from_static(Sipfrag::CONTENT_TYPE);
    headers.push(HeaderName::ContentType, kind);
    let body = Sipfrag::new(status).to_bytes();
    let input = if status.is_final() {
        sip::Input::EndSubscription {
            subscription,
            reason: Text::from_static("noresource"),
            headers,
            body,
        }
    } else {
        sip::Input::Notify {
            subscription,
            headers,
            body,
        }
    };
    desk.endpoint.handle(now, input);
}
