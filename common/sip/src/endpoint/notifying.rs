//! Subscriptions that others have with us: SUBSCRIBE and REFER in, NOTIFY out (RFC 6665 section 4.2,
//! RFC 3515).

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::receive::Envelope;
use super::subscribing::is_refer_sub_off;
use super::{Endpoint, Event, LegId, SubscriptionId, Timer};
use crate::dialog::Dialog;
use crate::subscription::{Notification, Notifier, NotifierDue, Open, Sipfrag, SubscriptionEnd};
use crate::{
    EventHeader, Expires, HeaderError, HeaderName, Headers, Method, ParseError, ReferTo, Request,
    StatusCode, Text,
};

impl Endpoint {
    /// A SUBSCRIBE or REFER; `leg` is the call whose dialog it is in.
    pub(super) fn receive_subscription(
        &mut self,
        envelope: Envelope,
        request: Request,
        leg: Option<LegId>,
    ) {
        let event = match self.event_of(&request) {
            Ok(event) => event,
            Err(error) => {
                let error = ParseError::in_request(&request, error);
                return self.refuse_malformed(envelope.flow, error);
            }
        };
        if let Some(event) = &event
            && let Some(id) = self.notifier_for(&envelope, event)
        {
            return self.receive_refresh(id, envelope, request);
        }
        // Nothing begins in the dialog of another subscription, nor in one that nobody knows.
        if envelope.to_tag.is_some() && leg.is_none() {
            return self.refuse(&envelope, &request, StatusCode::CALL_DOES_NOT_EXIST);
        }
        let is_refer = request.method == Method::Refer;
        let Some(event) = event.filter(|event| is_refer || self.knows_package(event)) else {
            let mut answer = self.refusal(&envelope, &request, StatusCode::BAD_EVENT);
            self.push_packages(&mut answer.headers);
            return self.send_alone(envelope.reply_to, answer);
        };
        let (capacity, peer) = (&self.config.capacity, envelope.flow.remote.ip());
        if self.subscriptions.len() >= capacity.subscriptions
            || self.subscriptions.of_peer(peer) >= capacity.subscriptions_per_peer
        {
            return self.refuse_for_room(&envelope, &request);
        }
        let local_tag = match &envelope.to_tag {
            Some(tag) => tag.to_string(),
            None => envelope.key.tag(),
        };
        let contact = self.contact_against(envelope.flow, &request);
        let dialog = if leg.is_some() {
            None
        } else {
            match Dialog::from_request(&request, &local_tag, contact.clone()) {
                Ok(dialog) => Some(dialog),
                Err(error) => {
                    let error = ParseError::in_request(&request, error);
                    return self.refuse_malformed(envelope.flow, error);
                }
            }
        };
        let id = self.next_subscription();
        let key = self.dialog_key(&envelope.call_id, &local_tag);
        let mut notifier = Notifier {
            flow: envelope.flow,
            peer,
            key,
            leg,
            dialog,
            remote_tag: envelope.from_tag.clone(),
            event,
            contact,
            open: None,
            is_refer,
            is_quiet: is_refer && is_refer_sub_off(&request.headers),
            is_accepted: false,
            expires_at: self.out.now,
            due: (0, NotifierDue::Answer),
            owes: false,
            is_asking: false,
            waiting: VecDeque::new(),
            is_ending: false,
            is_last_sent: false,
        };
        let plan = notifier.next_plan(NotifierDue::Answer);
        self.subscriptions.add_notifier(id, notifier);
        let life = self.config.timers.transaction_life();
        self.out.after(life, Timer::Notifier(id, plan));
        self.ask_application(id, envelope, request, leg);
    }

    /// A SUBSCRIBE in the dialog of its subscription.
    fn receive_refresh(&mut self, id: SubscriptionId, envelope: Envelope, request: Request) {
        let Some(notifier) = self.subscriptions.notifiers.get_mut(&id) else {
            return;
        };
        // In the dialog of a call that lives, the number was checked there.
        let dialog = match (&mut notifier.dialog, notifier.leg) {
            (Some(dialog), _) => Some(dialog),
            (None, Some(leg)) => {
                let orphan = self.subscriptions.orphans.get_mut(&leg);
                orphan.map(|orphan| &mut orphan.dialog)
            }
            (None, None) => None,
        };
        if let Some(dialog) = dialog {
            if !dialog.advance_remote(envelope.number) {
                let status = StatusCode::SERVER_INTERNAL_ERROR;
                return self.refuse(&envelope, &request, status);
            }
            // A Contact that cannot be read was refused with the request.
            dialog.refresh_target(crate::dialog::contact_of(&request.headers).unwrap_or_default());
        }
        notifier.flow = envelope.flow;
        let leg = notifier.leg;
        self.ask_application(id, envelope, request, leg);
    }

    fn ask_application(
        &mut self,
        id: SubscriptionId,
        envelope: Envelope,
        request: Request,
        leg: Option<LegId>,
    ) {
        let flow = envelope.flow;
        let asked_seconds = match request.headers.typed() {
            Ok(Some(Expires(seconds))) => Some(seconds),
            _ => None,
        };
        let record_route = request.headers.all(&HeaderName::RecordRoute);
        let record_route = record_route.cloned().collect();
        let is_in_dialog = envelope.to_tag.is_some();
        let open = Open {
            request: self.open_request(&envelope, &request, is_in_dialog),
            asked_seconds,
            record_route,
        };
        if let Some(notifier) = self.subscriptions.notifiers.get_mut(&id) {
            notifier.open = Some(open);
        }
        self.out.tell(Event::SubscriptionRequested {
            subscription: id,
            flow,
            request,
            leg,
        });
    }

    /// What a SUBSCRIBE is about; a REFER is about its own progress.
    fn event_of(&self, request: &Request) -> Result<Option<EventHeader>, HeaderError> {
        if request.method != Method::Refer {
            return request.headers.typed();
        }
        // Exactly one, or nobody knows where to go (RFC 3515 section 2.4.2).
        request.headers.required::<ReferTo>()?;
        let sequence: crate::CSeq = request.headers.required()?;
        let mut event = EventHeader::new(Text::from_static("refer"));
        event.params.set("id", Some(&sequence.number.to_string()));
        Ok(Some(event))
    }

    fn knows_package(&self, event: &EventHeader) -> bool {
        self.config.event_packages.contains(&event.package)
    }

    /// Writes Allow-Events (RFC 6665 section 4.4.4).
    pub(super) fn push_packages(&self, headers: &mut Headers) {
        if !self.config.event_packages.is_empty() && !headers.has(&HeaderName::AllowEvents) {
            let packages: Vec<_> = self
                .config
                .event_packages
                .iter()
                .map(Text::as_str)
                .collect();
            headers.push(HeaderName::AllowEvents, packages.join(", "));
        }
    }

    fn notifier_for(&self, envelope: &Envelope, event: &EventHeader) -> Option<SubscriptionId> {
        let to_tag = envelope.to_tag.as_deref()?;
        let key = self.dialog_key(&envelope.call_id, to_tag);
        let ids = self.subscriptions.of_dialog(key).iter();
        let mut found = ids.filter(|id| {
            self.subscriptions.notifiers.get(id).is_some_and(|one| {
                one.remote_tag == envelope.from_tag && one.event.matches(event) && !one.is_ending
            })
        });
        found.next().copied()
    }

    /// [`Input::AcceptSubscription`](super::Input::AcceptSubscription).
    pub(super) fn accept_subscription(
        &mut self,
        id: SubscriptionId,
        expires_seconds: u32,
        headers: Headers,
    ) {
        let t1 = self.config.timers.t1;
        let now = self.out.now;
        let Some(notifier) = self.subscriptions.notifiers.get_mut(&id) else {
            return;
        };
        let Some(open) = notifier.open.take() else {
            return;
        };
        // The notifier may shorten what was asked for, but not lengthen it (RFC 6665 section 4.2.1.1).
        let granted = expires_seconds.min(open.asked_seconds.unwrap_or(u32::MAX));
        let is_first = !notifier.is_accepted;
        notifier.is_accepted = true;
        notifier.expires_at = now + Duration::from_secs(u64::from(granted));
        let (is_refer, is_quiet) = (notifier.is_refer && is_first, notifier.is_quiet);
        let mut answer = Headers::new();
        if !headers.has(&HeaderName::Contact) {
            answer.push(HeaderName::Contact, &notifier.contact);
        }
        if !is_refer {
            answer.push_typed(&Expires(granted));
        }
        if is_first && notifier.leg.is_none() {
            for route in &open.record_route {
                answer.push(HeaderName::RecordRoute, route);
            }
        }
        if is_quiet {
            answer.push(HeaderName::ReferSub, Text::from_static("false"));
        }
        self.push_packages(&mut answer);
        answer.append(headers);
        let status = if is_refer {
            StatusCode::ACCEPTED
        } else {
            StatusCode::OK
        };
        self.respond(open.request, status, answer, Bytes::new());
        if is_quiet {
            self.subscriptions.remove_notifier(id);
            return self.out.tell(Event::SubscriptionEnded {
                subscription: id,
                cause: SubscriptionEnd::NotWanted,
            });
        }
        if let Some(notifier) = self.subscriptions.notifiers.get_mut(&id) {
            notifier.owes = true;
            let plan = notifier.next_plan(NotifierDue::Notification);
            self.out.after(t1, Timer::Notifier(id, plan));
        }
        if is_refer {
            let mut headers = Headers::new();
            let kind = Text::from_static(Sipfrag::CONTENT_TYPE);
            headers.push(HeaderName::ContentType, kind);
            let body = Sipfrag::new(StatusCode::TRYING).to_bytes();
            self.notify(id, headers, body);
        }
    }

    /// [`Input::RejectSubscription`](super::Input::RejectSubscription).
    pub(super) fn reject_subscription(
        &mut self,
        id: SubscriptionId,
        status: StatusCode,
        headers: Headers,
    ) {
        if !status.is_failure() {
            return;
        }
        let Some(notifier) = self.subscriptions.notifiers.get_mut(&id) else {
            return;
        };
        let Some(open) = notifier.open.take() else {
            return;
        };
        if !notifier.is_accepted {
            self.subscriptions.remove_notifier(id);
        }
        self.respond(open.request, status, headers, Bytes::new());
    }

    /// [`Input::Notify`](super::Input::Notify).
    pub(super) fn notify(&mut self, id: SubscriptionId, headers: Headers, body: Bytes) {
        let now = self.out.now;
        let Some(notifier) = self.subscriptions.notifiers.get_mut(&id) else {
            return;
        };
        if !notifier.is_accepted || notifier.is_ending {
            return;
        }
        // Who has asked for one notification, or leaves, gets the last one now.
        let is_last = notifier.expires_at <= now;
        let end = is_last.then(|| Text::from_static("timeout"));
        notifier.enqueue(Notification { end, headers, body });
        self.notify_next(id);
        if is_last {
            self.out.tell(Event::SubscriptionEnded {
                subscription: id,
                cause: SubscriptionEnd::Unsubscribed,
            });
        }
    }

    /// [`Input::EndSubscription`](super::Input::EndSubscription).
    pub(super) fn end_subscription(
        &mut self,
        id: SubscriptionId,
        reason: Text,
        headers: Headers,
        body: Bytes,
    ) {
        let Some(notifier) = self.subscriptions.notifiers.get(&id) else {
            return;
        };
        if !notifier.is_accepted {
            let status = StatusCode::TEMPORARILY_UNAVAILABLE;
            return self.reject_subscription(id, status, Headers::new());
        }
        if notifier.is_ending {
            return;
        }
        let word = reason.split(';').next().unwrap_or_default();
        let cause = SubscriptionEnd::Terminated {
            reason: Some(Text::from(word)),
            retry_after: None,
        };
        self.end_notifier(id, &reason, headers, body, cause);
    }

    fn end_notifier(
        &mut self,
        id: SubscriptionId,
        reason: &Text,
        headers: Headers,
        body: Bytes,
        cause: SubscriptionEnd,
    ) {
        if let Some(notifier) = self.subscriptions.notifiers.get_mut(&id) {
            let end = Some(reason.clone());
            notifier.enqueue(Notification { end, headers, body });
            self.notify_next(id);
            self.out.tell(Event::SubscriptionEnded {
                subscription: id,
                cause,
            });
        }
    }

    /// Something that a subscription with us waits for is due.
    pub(super) fn notifier_due(&mut self, id: SubscriptionId, plan: u32) {
        let now = self.out.now;
        let Some(notifier) = self.subscriptions.notifiers.get_mut(&id) else {
            return;
        };
        if notifier.due.0 != plan || notifier.is_ending {
            return;
        }
        match notifier.due.1 {
            NotifierDue::Answer => {
                notifier.open = None;
                self.notifier_lost(id, SubscriptionEnd::Timeout);
            }
            NotifierDue::Notification => {
                let owes = notifier.owes;
                let left = notifier.expires_at.saturating_sub(now);
                let plan = notifier.next_plan(NotifierDue::End);
                self.out.after(left, Timer::Notifier(id, plan));
                if owes {
                    self.notify(id, Headers::new(), Bytes::new());
                }
            }
            NotifierDue::End => {
                let reason = Text::from_static("timeout");
                let cause = SubscriptionEnd::Expired;
                self.end_notifier(id, &reason, Headers::new(), Bytes::new(), cause);
            }
        }
    }
}
