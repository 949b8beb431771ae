//! Their INVITE until it is answered (RFC 3261 sections 13.3 and 9.2).

use std::collections::VecDeque;

use bytes::Bytes;

use super::calling::push_content_type;
use super::receive::{Envelope, push_to_tag};
use super::requests::set_status;
use super::{DigestClient, EndCause, Endpoint, Event, LegId, Timer};
use crate::dialog::{
    Acceptance, Dialog, Established, Exchange, IntervalWish, Leg, Phase, Ringing, Session,
};
use crate::transaction::{ServerInvite, ServerMachine, TransactionId};
use crate::{HeaderName, Headers, ParseError, Request, Response, StatusCode, Text};

impl Endpoint {
    pub(super) fn receive_invite(&mut self, envelope: Envelope, request: Request) {
        if self.legs.len() >= self.config.capacity.legs {
            return self.refuse_for_room(&envelope, &request);
        }
        let Ok(replaces) = self.inspect_replaces(&envelope, &request) else {
            return;
        };
        if let Some((_, headers)) = self.refusal_of_interval(&request.headers) {
            let status = StatusCode::SESSION_INTERVAL_TOO_SMALL;
            let mut answer = self.refusal(&envelope, &request, status);
            answer.headers.append(headers);
            return self.send_alone(envelope.reply_to, answer);
        }
        let local_tag = self.random.tag();
        let contact = self.contact_against(envelope.flow, &request);
        let dialog = match Dialog::from_request(&request, &local_tag, contact) {
            Ok(dialog) => dialog,
            Err(error) => {
                let error = ParseError::in_request(&request, error);
                return self.refuse_malformed(envelope.flow, error);
            }
        };
        let id = LegId::from_number(self.next_number());
        let mut answer = Response::to(&request, StatusCode::OK);
        push_to_tag(&mut answer, &local_tag);
        let transaction = self.try_invite(&envelope, &request, id);
        if let Some(copy_mark) = envelope.copy_mark {
            self.servers.mark_copies(transaction, copy_mark);
        }
        let key = self.dialog_key(&envelope.call_id, &local_tag);
        self.dialogs.insert(key, id);
        let exchange = if request.body.is_empty() {
            Exchange::Open
        } else {
            Exchange::TheirOffer
        };
        let mut session = Session::new(dialog, false, exchange);
        session.learn_methods(&request.headers);
        session.remote_key = self.keyer.of_body(&request.body);
        let ringing = Ringing {
            transaction,
            session,
            answer,
            record_route: request
                .headers
                .all(&HeaderName::RecordRoute)
                .cloned()
                .collect(),
            progress: None,
            number: envelope.number,
            interval: self.interval_wish(&request.headers),
            reliability: self.reliability_of(&request.headers),
            last_reliable: 0,
            unacknowledged: None,
            waiting: VecDeque::new(),
            held: None,
        };
        let phase = Phase::Ringing(Box::new(ringing));
        self.legs_by_flow.insert(envelope.flow, id);
        self.legs.insert(
            id,
            Leg {
                flow: envelope.flow,
                lost_at: None,
                key,
                digest: None,
                wish: None,
                clock: None,
                phase,
            },
        );
        self.out.tell(Event::Incoming {
            leg: id,
            flow: envelope.flow,
            invite: request,
            replaces,
        });
    }

    /// Starts the transaction of an INVITE with 100.
    pub(super) fn try_invite(
        &mut self,
        envelope: &Envelope,
        request: &Request,
        leg: LegId,
    ) -> TransactionId {
        let trying = Response::to(request, StatusCode::TRYING).to_bytes();
        let machine = ServerInvite::start(envelope.reply_to, trying, &mut self.out);
        self.servers.insert(envelope.key, envelope.reply_to, |_| {
            ServerMachine::Invite(machine, leg)
        })
    }

    /// [`Input::Accept`](super::Input::Accept).
    pub(super) fn accept(&mut self, id: LegId, headers: Headers, body: Bytes) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if leg.session_with_offer().is_some() {
            return self.accept_reoffer(id, headers, body);
        }
        let Phase::Ringing(ringing) = &mut leg.phase else {
            return;
        };
        // RFC 3262 section 3: no 2xx before the description that the caller has is acknowledged.
        let must_wait = ringing
            .unacknowledged
            .as_ref()
            .is_some_and(|open| open.has_body);
        if must_wait {
            ringing
                .held
                .get_or_insert_with(|| Box::new((headers, body)));
        } else {
            self.accept_call(id, headers, body);
        }
    }

    /// Answers a call that rings with 200.
    pub(super) fn accept_call(&mut self, id: LegId, headers: Headers, mut body: Bytes) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let place = &mut leg.phase;
        let Phase::Ringing(ringing) = place else {
            return;
        };
        let mut answer = ringing.answer.clone();
        push_record_route(&mut answer.headers, ringing);
        let (transaction, number) = (ringing.transaction, ringing.number);
        let late_prack = ringing
            .unacknowledged
            .as_ref()
            .map(|open| (open.sequence, number));
        let contact = ringing.session.dialog.contact().clone();
        let (exchange, interval) = (ringing.session.exchange, ringing.interval);
        let is_offer = exchange == Exchange::Open && !body.is_empty();
        let mut session = ringing.session.take();
        if exchange == Exchange::Settled {
            // The answer was given before; another one can only be a new offer.
            if !body.is_empty() && body != session.local {
                leg.wish.get_or_insert(body);
            }
            body = Bytes::new();
        } else {
            session.local = body.clone();
        }
        let mut established = Established::new(session);
        established.late_prack = late_prack;
        *place = Phase::Established(Box::new(established));
        let accepting = Accepting {
            answer,
            contact,
            headers,
            body,
            transaction,
            number,
            is_offer,
            is_first: true,
            is_silent: false,
            interval,
        };
        self.send_acceptance(id, accepting);
    }

    /// Sends a 2xx to an INVITE and sees to its repetition until the ACK (section 13.3.1.4).
    pub(super) fn send_acceptance(&mut self, id: LegId, accepting: Accepting) {
        let Accepting {
            mut answer,
            contact,
            headers,
            body,
            transaction,
            number,
            is_offer,
            is_first,
            is_silent,
            interval,
        } = accepting;
        set_status(&mut answer, StatusCode::OK);
        if !headers.has(&HeaderName::Contact) {
            answer.headers.push(HeaderName::Contact, contact);
        }
        answer.headers.append(headers);
        self.grant_interval(id, interval, &mut answer);
        self.push_abilities(&mut answer.headers);
        push_content_type(&mut answer.headers, &body);
        answer.body = body;
        let payload = self.print_answer(answer);
        let Some(found) = self.servers.get_mut(transaction) else {
            return;
        };
        let reply_to = found.reply_to;
        self.answer_invite(transaction, StatusCode::OK, payload.clone());
        let timers = self.config.timers;
        if let Some(Leg {
            phase: Phase::Established(established),
            ..
        }) = self.legs.get_mut(&id)
        {
            let interval = timers.t1;
            established.acceptances.push(Acceptance {
                number,
                reply_to,
                payload,
                interval,
                is_offer,
                is_first,
                is_silent,
            });
        }
        self.out
            .after(timers.t1, Timer::AcceptanceRetransmit(id, number));
        self.out.after(
            timers.transaction_life(),
            Timer::AcceptanceTimeout(id, number),
        );
    }

    /// [`Input::Reject`](super::Input::Reject).
    pub(super) fn reject(&mut self, id: LegId, status: StatusCode, headers: Headers) {
        if !status.is_failure() {
            return;
        }
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if leg.session_with_offer().is_some() {
            self.reject_reoffer(id, status, headers);
        } else if let Phase::Ringing(_) = leg.phase {
            self.refuse_call(id, status, headers);
            self.end(id, EndCause::LocalHangup);
        }
    }

    /// Gives the final answer to a call that rings.
    pub(super) fn refuse_call(&mut self, id: LegId, status: StatusCode, headers: Headers) {
        if let Some(Leg {
            phase: Phase::Ringing(ringing),
            ..
        }) = self.legs.get(&id)
        {
            let (transaction, answer) = (ringing.transaction, ringing.answer.clone());
            self.refuse_invite(transaction, answer, status, headers);
        }
    }

    pub(super) fn refuse_invite(
        &mut self,
        transaction: TransactionId,
        mut answer: Response,
        status: StatusCode,
        headers: Headers,
    ) {
        set_status(&mut answer, status);
        answer.headers.append(headers);
        let payload = self.print_answer(answer);
        self.answer_invite(transaction, status, payload);
    }

    pub(super) fn answer_invite(
        &mut self,
        transaction: TransactionId,
        status: StatusCode,
        payload: Bytes,
    ) {
        // Who comes back with credentials should count on, but not everybody does.
        if DigestClient::is_challenge(status) {
            self.servers.forget_copies(transaction);
        }
        if let Some(found) = self.servers.get_mut(transaction) {
            let reply_to = found.reply_to;
            if let ServerMachine::Invite(machine, _) = &mut found.machine {
                let timers = &self.config.timers;
                machine.respond(
                    transaction,
                    reply_to,
                    status,
                    payload,
                    timers,
                    &mut self.out,
                );
            }
        }
    }

    pub(super) fn receive_cancel(&mut self, envelope: &Envelope, request: &Request) {
        let transaction = self.servers.find(envelope.key);
        let found = transaction.and_then(|id| Some((id, self.servers.get_mut(id)?)));
        let Some((transaction, found)) = found else {
            return self.refuse(envelope, request, StatusCode::CALL_DOES_NOT_EXIST);
        };
        let ServerMachine::Invite(machine, leg) = &found.machine else {
            return self.refuse(envelope, request, StatusCode::CALL_DOES_NOT_EXIST);
        };
        let (id, is_open) = (*leg, machine.is_proceeding());
        self.refuse(envelope, request, StatusCode::OK);
        if !is_open {
            return;
        }
        match self.legs.get(&id).map(|leg| &leg.phase) {
            Some(Phase::Ringing(_)) => {
                self.refuse_call(id, StatusCode::REQUEST_TERMINATED, Headers::new());
                let reason: Option<Text> = request.headers.get(&HeaderName::Reason).cloned();
                self.end(id, EndCause::Cancelled { reason });
            }
            Some(Phase::Established(_)) => self.reoffer_cancelled(id, transaction),
            Some(Phase::Calling(_)) | None => {}
        }
    }
}

/// What a 2xx to an INVITE is made of.
pub(super) struct Accepting {
    pub(super) answer: Response,
    pub(super) contact: Text,
    pub(super) headers: Headers,
    pub(super) body: Bytes,
    pub(super) transaction: TransactionId,
    pub(super) number: u32,
    pub(super) is_offer: bool,
    pub(super) is_first: bool,
    pub(super) is_silent: bool,
    pub(super) interval: IntervalWish,
}

/// Answers that begin a dialog repeat the Record-Route of their request (section 12.1.1).
pub(super) fn push_record_route(headers: &mut Headers, ringing: &Ringing) {
    for route in &ringing.record_route {
        headers.push(HeaderName::RecordRoute, route);
    }
}
