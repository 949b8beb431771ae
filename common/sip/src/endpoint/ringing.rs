//! Their INVITE until it is answered (RFC 3261 sections 13.3 and 9.2).

use bytes::Bytes;

use super::calling::push_content_type;
use super::receive::{Envelope, push_to_tag};
use super::requests::set_status;
use super::{DigestClient, EndCause, Endpoint, Event, LegId, Timer};
use crate::dialog::{Acceptance, Dialog, Established, Leg, Phase, Ringing};
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
        let local_tag = self.random.tag();
        let contact = self.contact(envelope.flow, request.uri.user.as_deref());
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
        let ringing = Ringing {
            transaction,
            dialog,
            answer,
            record_route: request
                .headers
                .all(&HeaderName::RecordRoute)
                .cloned()
                .collect(),
            progress: None,
            has_offer: !request.body.is_empty(),
            number: envelope.number,
        };
        let phase = Phase::Ringing(Box::new(ringing));
        self.legs_by_flow.insert(envelope.flow, id);
        self.legs.insert(
            id,
            Leg {
                flow: envelope.flow,
                key,
                digest: None,
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

    /// [`Input::Progress`](super::Input::Progress).
    pub(super) fn progress(&mut self, id: LegId, status: StatusCode, body: Bytes) {
        if status.code() <= 100 || !status.is_provisional() {
            return;
        }
        let Some(Leg {
            phase: Phase::Ringing(ringing),
            ..
        }) = self.legs.get(&id)
        else {
            return;
        };
        let mut answer = ringing.answer.clone();
        set_status(&mut answer, status);
        answer
            .headers
            .push(HeaderName::Contact, ringing.dialog.contact());
        push_record_route(&mut answer.headers, ringing);
        push_content_type(&mut answer.headers, &body);
        answer.body = body;
        let transaction = ringing.transaction;
        let is_first = ringing.progress.is_none();
        let payload = self.print_answer(answer);
        self.answer_invite(transaction, status, payload.clone());
        if let Some(Leg {
            phase: Phase::Ringing(ringing),
            ..
        }) = self.legs.get_mut(&id)
        {
            ringing.progress = Some(payload);
        }
        if is_first {
            let pause = self.config.timers.progress_repeat;
            self.out.after(pause, Timer::ProgressRepeat(id));
        }
    }

    /// The call rings for another minute.
    pub(super) fn repeat_progress(&mut self, id: LegId) {
        if let Some(Leg {
            phase: Phase::Ringing(ringing),
            ..
        }) = self.legs.get(&id)
            && let Some(payload) = ringing.progress.clone()
        {
            let transaction = ringing.transaction;
            self.answer_invite(transaction, StatusCode::RINGING, payload);
            let pause = self.config.timers.progress_repeat;
            self.out.after(pause, Timer::ProgressRepeat(id));
        }
    }

    /// [`Input::Accept`](super::Input::Accept).
    pub(super) fn accept(&mut self, id: LegId, headers: Headers, body: Bytes) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let ringing = match &mut leg.phase {
            Phase::Calling(_) => return,
            Phase::Established(_) => return self.accept_reoffer(id, headers, body),
            Phase::Ringing(ringing) => ringing,
        };
        let mut answer = ringing.answer.clone();
        push_record_route(&mut answer.headers, ringing);
        let (transaction, number) = (ringing.transaction, ringing.number);
        let is_offer = !ringing.has_offer && !body.is_empty();
        let dialog = ringing.dialog.clone();
        let contact = dialog.contact().clone();
        leg.phase = Phase::Established(Box::new(Established::new(dialog, false)));
        let news = Accepting {
            answer,
            contact,
            headers,
            body,
            transaction,
            number,
        };
        self.send_acceptance(id, news, is_offer, true);
    }

    /// Sends a 2xx to an INVITE and sees to its repetition until the ACK (section 13.3.1.4).
    pub(super) fn send_acceptance(
        &mut self,
        id: LegId,
        accepting: Accepting,
        is_offer: bool,
        is_first: bool,
    ) {
        let Accepting {
            mut answer,
            contact,
            headers,
            body,
            transaction,
            number,
        } = accepting;
        set_status(&mut answer, StatusCode::OK);
        if !headers.has(&HeaderName::Contact) {
            answer.headers.push(HeaderName::Contact, contact);
        }
        answer.headers.append(headers);
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
        match self.legs.get(&id).map(|leg| &leg.phase) {
            Some(Phase::Ringing(_)) => {
                self.refuse_call(id, status, headers);
                self.end(id, EndCause::LocalHangup);
            }
            Some(Phase::Established(_)) => self.reject_reoffer(id, status, headers),
            Some(Phase::Calling(_)) | None => {}
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

    fn answer_invite(&mut self, transaction: TransactionId, status: StatusCode, payload: Bytes) {
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
}

/// Answers that begin a dialog repeat the Record-Route of their request (section 12.1.1).
fn push_record_route(headers: &mut Headers, ringing: &Ringing) {
    for route in &ringing.record_route {
        headers.push(HeaderName::RecordRoute, route);
    }
}
