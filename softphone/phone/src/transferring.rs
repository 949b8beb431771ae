//! Handing a call over to somebody else (REFER, RFC 3515; RFC 5589): at once, or after having asked.

use std::time::Instant;

use bytes::Bytes;
use sip::{Headers, NameAddr, ReferredBy, Sipfrag, StatusCode, SubscriptionEnd, SubscriptionId};

use crate::call::State;
use crate::{CallNumber, EndReason, Event, Phone, target};

/// How a transfer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferProgress {
    /// The server was asked.
    Asked,
    /// It rings at the one who shall take over.
    Ringing,
    /// Done: both calls of this phone that took part end.
    Done,
    /// It came to nothing, and the call goes on. Why, in one sentence.
    Failed(String),
}

/// A transfer under way.
#[derive(Debug)]
pub(crate) struct Handover {
    subscription: SubscriptionId,
    /// Who shall take over, as dialled.
    pub(crate) to: String,
    /// The call with them, if they were asked.
    consulted: Option<CallNumber>,
    progress: TransferProgress,
}

impl Phone {
    /// Hands a call over to a number, without asking there.
    pub(crate) fn transfer(&mut self, now: Instant, call: CallNumber, target: &str) {
        match target::address(target, self.config.domain.as_str()) {
            Ok(uri) => self.refer(now, call, NameAddr::new(uri), target.trim(), None),
            Err(error) => self.transfer_failed(call, error.to_string()),
        }
    }

    /// Joins the other sides of two calls of ours.
    pub(crate) fn transfer_to_call(
        &mut self,
        now: Instant,
        call: CallNumber,
        consulted: CallNumber,
    ) {
        let other = self.lines.get(&consulted).filter(|_| call != consulted);
        let Some((party, name)) = other.and_then(|line| {
            let name = self.endpoint.name_of(line.leg()?)?;
            Some((line.call.party.clone(), name))
        }) else {
            let sentence =
                "There is no answered call to hand this one over to; wait for the answer.";
            return self.transfer_failed(call, sentence.into());
        };
        match target::address(&party.number, self.config.domain.as_str()) {
            Ok(mut uri) => {
                uri.headers = Some(name.to_uri_header());
                let who = party.display_name.unwrap_or(party.number);
                self.refer(now, call, NameAddr::new(uri), &who, Some(consulted));
            }
            Err(error) => self.transfer_failed(call, error.to_string()),
        }
    }

    fn refer(
        &mut self,
        now: Instant,
        call: CallNumber,
        refer_to: NameAddr,
        who: &str,
        consulted: Option<CallNumber>,
    ) {
        let own = NameAddr::new(self.own_address());
        let Some(line) = self.lines.get_mut(&call) else {
            return;
        };
        let State::Established { leg } = line.state else {
            let sentence = "Only a call that was answered can be handed over.";
            return self.transfer_failed(call, sentence.into());
        };
        if line.handover.is_some() {
            return;
        }
        let subscription = self.endpoint.next_subscription();
        line.handover = Some(Handover {
            subscription,
            to: who.to_owned(),
            consulted,
            progress: TransferProgress::Asked,
        });
        let mut headers = Headers::default();
        headers.push_typed(&ReferredBy(own));
        let input = sip::Input::Refer {
            subscription,
            leg,
            refer_to,
            headers,
        };
        self.endpoint.handle(now, input);
        self.tell_transfer(call, TransferProgress::Asked);
    }

    /// The server reports how it goes.
    pub(crate) fn transfer_is_reported(
        &mut self,
        now: Instant,
        subscription: SubscriptionId,
        body: &Bytes,
    ) {
        let Some(call) = self.call_handed_over_by(subscription) else {
            return;
        };
        let Ok(report) = Sipfrag::parse(body) else {
            return;
        };
        match report.status.code() {
            180..=189 => self.transfer_moves(call, TransferProgress::Ringing),
            200..=299 => self.transfer_is_done(now, call),
            300.. => self.transfer_is_refused(call, report.status),
            _ => {}
        }
    }

    /// No more reports will come.
    pub(crate) fn transfer_ended(&mut self, subscription: SubscriptionId, cause: &SubscriptionEnd) {
        let Some(call) = self.call_handed_over_by(subscription) else {
            return;
        };
        match cause {
            SubscriptionEnd::Refused { status, .. } => self.transfer_is_refused(call, *status),
            _ => {
                let sentence =
                    "The server does not say whether the call was handed over; it goes on.";
                self.lines.get_mut(&call).map(|line| line.handover.take());
                self.transfer_failed(call, sentence.into());
            }
        }
    }

    fn transfer_moves(&mut self, call: CallNumber, progress: TransferProgress) {
        let handover = self
            .lines
            .get_mut(&call)
            .and_then(|line| line.handover.as_mut());
        if let Some(handover) = handover
            && handover.progress != progress
        {
            handover.progress = progress.clone();
            self.tell_transfer(call, progress);
        }
    }

    fn transfer_is_refused(&mut self, call: CallNumber, status: StatusCode) {
        let handover = self
            .lines
            .get_mut(&call)
            .and_then(|line| line.handover.take());
        let Some(handover) = handover else { return };
        let reason = crate::reason::refusal(status, &Headers::default(), true);
        let why = reason.sentence(&handover.to);
        self.transfer_failed(
            call,
            format!("The call was not handed over and goes on. {why}"),
        );
    }

    fn transfer_is_done(&mut self, now: Instant, call: CallNumber) {
        self.tell_transfer(call, TransferProgress::Done);
        let handover = self
            .lines
            .get(&call)
            .and_then(|line| line.handover.as_ref());
        let Some((to, consulted)) = handover.map(|one| (one.to.clone(), one.consulted)) else {
            return;
        };
        if let Some(other) = consulted {
            let to = self
                .lines
                .get(&call)
                .map(|line| line.call.party.number.clone());
            let reason = EndReason::Transferred(to.unwrap_or_default());
            self.end_call(now, other, reason);
        }
        self.end_call(now, call, EndReason::Transferred(to));
    }

    /// Whether the end of this call is what a transfer was for; gives to whom it was handed over.
    pub(crate) fn was_handed_over(&self, call: CallNumber) -> Option<String> {
        if let Some(handover) = self.lines.get(&call)?.handover.as_ref() {
            return Some(handover.to.clone());
        }
        let consulted = |handover: &Handover| handover.consulted == Some(call);
        let mut lines = self.lines.values();
        lines
            .find(|line| line.handover.as_ref().is_some_and(consulted))
            .map(|line| line.call.party.number.clone())
    }

    fn call_handed_over_by(&self, subscription: SubscriptionId) -> Option<CallNumber> {
        let is_it = |handover: &Handover| handover.subscription == subscription;
        let mut lines = self.lines.iter();
        lines
            .find(|(_, line)| line.handover.as_ref().is_some_and(is_it))
            .map(|(call, _)| *call)
    }

    fn transfer_failed(&mut self, call: CallNumber, sentence: String) {
        self.tell_transfer(call, TransferProgress::Failed(sentence));
    }

    fn tell_transfer(&mut self, call: CallNumber, progress: TransferProgress) {
        if self.lines.contains_key(&call) {
            self.events.push_back(Event::Transfer { call, progress });
        }
    }
}
