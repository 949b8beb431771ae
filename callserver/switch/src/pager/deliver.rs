//! A message goes out to the phones of its recipient, and their answers come back.

use std::time::Instant;

use bytes::Bytes;
use sip::{
    FromHeader, Headers, MaxForwards, Method, Request, RequestId, Response, StatusCode, ToHeader,
};

use super::{Addressed, Attempt, Delivery, Pager, send};
use crate::cluster::{Sender, Visit};
use crate::desk::Desk;
use crate::passing::passed_on;
use crate::reached::{Callee, Unreached};
use crate::refusal::Refusals;
use crate::registrar::{Reachable, Registrar, Target};
use crate::way::Way;
use crate::{Party, Reached};

impl Pager {
    /// Passes a message to the phones of its recipient. The sender of one for a number that has moved is told the new
    /// number, as a caller is: its owner did not want to be followed.
    pub(super) fn pass(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        addressed: Addressed,
        reached: Reached,
    ) {
        let Addressed {
            request,
            message,
            sender,
        } = addressed;
        let recipient = match reached.into_callee() {
            Ok(recipient) => recipient,
            Err(unreached) => {
                let headers = unreached.headers(&desk.config.domain);
                let status = match unreached {
                    // As if nobody were there: no phone is too busy for a message.
                    Unreached::Blocked => StatusCode::TEMPORARILY_UNAVAILABLE,
                    _ => unreached.status(),
                };
                return desk.respond(now, request, status, headers);
            }
        };
        self.deliver(
            now,
            desk,
            registrar,
            (request, &message),
            (sender, recipient),
        );
    }

    /// Another server has passed a message on, for one phone of ours.
    pub(super) fn visited(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        (request, message): (RequestId, Request),
        visit: Visit,
    ) {
        let people = (visit.sender, visit.callee);
        self.deliver(now, desk, registrar, (request, &message), people);
    }

    fn deliver(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        (request, message): (RequestId, &Request),
        (sender, recipient): (Sender, Callee),
    ) {
        let account = recipient.party.account;
        let phones = match recipient.only {
            Some(only) => registrar.binding(account, only).into_iter().collect(),
            None => registrar.reachable(account, Some(sender.device)),
        };
        if phones.is_empty() {
            let status = StatusCode::TEMPORARILY_UNAVAILABLE;
            return desk.respond(now, request, status, Headers::new());
        }
        let message = passed(message, &sender.party, &recipient, desk);
        self.last_delivery += 1;
        let delivery = self.last_delivery;
        let waiting = Delivery {
            request: Some(request),
            message,
            sender,
            open: phones.len(),
            refusals: Refusals::default(),
        };
        self.deliveries.insert(delivery, waiting);
        for Reachable { first, others } in phones {
            self.send(now, desk, &first, Attempt { delivery, others });
        }
    }

    fn send(&mut self, now: Instant, desk: &mut Desk, target: &Target, attempt: Attempt) {
        let Some(delivery) = self.deliveries.get(&attempt.delivery) else {
            return;
        };
        let mut message = delivery.message.clone();
        message.uri = target.contact.clone();
        target.push_route(&mut message.headers);
        let (sender, body) = (delivery.sender.clone(), message.body.clone());
        let from = message.headers.typed::<FromHeader>().ok().flatten();
        let to = message.headers.typed::<ToHeader>().ok().flatten();
        if let (Some(FromHeader(from)), Some(ToHeader(to))) = (from, to) {
            let people = (&sender, &from, &to);
            let headers = &mut message.headers;
            desk.vouch(now, headers, &Method::Message, target, people, &body);
        }
        let request = desk.endpoint.next_request();
        self.attempts.insert(request, attempt);
        send(now, desk, request, target, message);
    }

    /// A phone answered.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        request: RequestId,
        response: Response,
    ) {
        if !response.status.is_final() {
            return;
        }
        let Some(attempt) = self.attempts.remove(&request) else {
            return self.letter_answered(now, desk, request, response.status);
        };
        if response.status.is_success() {
            let Some(delivery) = self.deliveries.get_mut(&attempt.delivery) else {
                return;
            };
            if let Some(sender) = delivery.request.take() {
                let respond = sip::Input::Respond {
                    request: sender,
                    status: response.status,
                    headers: passed_on(&response.headers),
                    body: response.body,
                };
                desk.endpoint.handle(now, respond);
            }
            self.close_one(now, desk, attempt.delivery);
        } else {
            self.refused(now, desk, attempt, response.status);
        }
    }

    /// A phone did not answer, or is gone.
    pub(crate) fn failed(&mut self, now: Instant, desk: &mut Desk, request: RequestId) {
        match self.attempts.remove(&request) {
            Some(attempt) => self.refused(now, desk, attempt, StatusCode::REQUEST_TIMEOUT),
            None => self.letter_lost(now, desk, request),
        }
    }

    fn refused(&mut self, now: Instant, desk: &mut Desk, mut attempt: Attempt, status: StatusCode) {
        let is_lost = matches!(
            status,
            StatusCode::FLOW_FAILED | StatusCode::REQUEST_TIMEOUT
        );
        if is_lost && !attempt.others.is_empty() {
            let next = attempt.others.remove(0);
            return self.send(now, desk, &next, attempt);
        }
        if let Some(delivery) = self.deliveries.get_mut(&attempt.delivery) {
            delivery.refusals.note(status, None);
        }
        self.close_one(now, desk, attempt.delivery);
    }

    fn close_one(&mut self, now: Instant, desk: &mut Desk, id: u64) {
        let Some(delivery) = self.deliveries.get_mut(&id) else {
            return;
        };
        delivery.open = delivery.open.saturating_sub(1);
        if delivery.open > 0 {
            return;
        }
        if let Some(delivery) = self.deliveries.remove(&id)
            && let Some(sender) = delivery.request
        {
            desk.respond(now, sender, delivery.refusals.best().0, Headers::new());
        }
    }
}

/// The message as the recipient's phones get it: between the people's numbers, whatever addresses the sender wrote.
fn passed(message: &Request, sender: &Party, recipient: &Callee, desk: &Desk) -> Request {
    let domain = &desk.config.domain;
    let to = recipient.party.address(domain);
    let mut passed = Request::new(Method::Message, to.uri.clone());
    passed
        .headers
        .push_typed(&FromHeader(sender.address(domain)));
    passed.headers.push_typed(&ToHeader(to));
    let hops = message.headers.typed::<MaxForwards>().ok().flatten();
    // The core has refused what may go no further.
    let hops = hops.unwrap_or(MaxForwards::INITIAL).0.saturating_sub(1);
    passed.headers.push_typed(&MaxForwards(hops));
    Way::to(recipient).push_history(&mut passed.headers, domain);
    passed.headers.append(passed_on(&message.headers));
    passed.body = Bytes::clone(&message.body);
    passed
}
