//! Requests outside calls, ours and theirs; and the answers that the application gives to requests.

use std::time::Duration;

use bytes::Bytes;

use super::purpose::{Purpose, Retry};
use super::receive::Envelope;
use super::{ClientCredential, DigestClient, Endpoint, Event, Failure, LegId, RequestId, Timer};
use crate::transaction::{ServerMachine, ServerRequest, TransactionId};
use crate::{
    CSeq, Flow, FromHeader, HeaderName, Headers, Method, Request, Response, StatusCode, Text,
};

/// A request that the application has not answered.
#[derive(Debug)]
pub(super) struct PendingAnswer {
    transaction: TransactionId,
    reply_to: Flow,
    /// What every answer begins with.
    answer: Response,
    method: Method,
    is_in_dialog: bool,
    /// When it came, as time since the endpoint's first input.
    since: Duration,
}

impl Endpoint {
    /// Hands a request to the application.
    pub(super) fn receive_plain(
        &mut self,
        envelope: Envelope,
        request: Request,
        leg: Option<LegId>,
    ) {
        let id = self.open_request(&envelope, &request, leg.is_some());
        let flow = envelope.flow;
        self.out.tell(Event::Request {
            request: id,
            flow,
            leg,
            message: request,
        });
    }

    /// Begins to wait for the application's answer.
    pub(super) fn open_request(
        &mut self,
        envelope: &Envelope,
        request: &Request,
        is_in_dialog: bool,
    ) -> RequestId {
        let transaction = self.servers.insert(envelope.key, envelope.reply_to, |_| {
            ServerMachine::Request(ServerRequest::new())
        });
        if let Some(copy_mark) = envelope.copy_mark {
            self.servers.mark_copies(transaction, copy_mark);
        }
        let answer = self.refusal(envelope, request, StatusCode::OK);
        let id = RequestId::from_number(self.next_number());
        let pending = PendingAnswer {
            transaction,
            reply_to: envelope.reply_to,
            answer,
            method: request.method.clone(),
            is_in_dialog,
            since: self.out.now,
        };
        self.answers.insert(id, pending);
        self.watch_answers();
        id
    }

    /// Answers at once and remembers the answer for repetitions of the request.
    pub(super) fn answer_now(
        &mut self,
        envelope: &Envelope,
        request: &Request,
        status: StatusCode,
    ) {
        let answer = self.refusal(envelope, request, status);
        self.answer_with(envelope, answer);
    }

    /// Gives this answer at once and remembers it for repetitions of the request.
    pub(super) fn answer_with(&mut self, envelope: &Envelope, answer: Response) {
        let transaction = self.servers.insert(envelope.key, envelope.reply_to, |_| {
            ServerMachine::Request(ServerRequest::new())
        });
        self.finish_answer(transaction, envelope.reply_to, answer, true);
    }

    /// [`Input::Respond`](super::Input::Respond).
    pub(super) fn respond(
        &mut self,
        request: RequestId,
        status: StatusCode,
        headers: Headers,
        body: Bytes,
    ) {
        let Some(pending) = self.answers.remove(&request) else {
            return;
        };
        let (transaction, reply_to) = (pending.transaction, pending.reply_to);
        // A challenge changes nothing in us, so outside calls its repetition may ask the application
        // again: the first half of each registration leaves nothing in memory (section 8.2.7). In a
        // call the number is noted, and the repetition would be refused for it.
        let is_kept = pending.is_in_dialog || !DigestClient::is_challenge(status);
        let method = pending.method.clone();
        let mut answer = if status.is_provisional() {
            let answer = pending.answer.clone();
            self.answers.insert(request, pending);
            answer
        } else {
            pending.answer
        };
        set_status(&mut answer, status);
        answer.headers.append(headers);
        answer.body = body;
        self.finish_by_method(&method, &mut answer);
        self.finish_answer(transaction, reply_to, answer, is_kept);
    }

    pub(super) fn finish_answer(
        &mut self,
        transaction: TransactionId,
        reply_to: Flow,
        answer: Response,
        is_kept: bool,
    ) {
        let status = answer.status;
        let payload = self.print_answer(answer);
        let Some(found) = self.servers.get_mut(transaction) else {
            return;
        };
        let ServerMachine::Request(machine) = &mut found.machine else {
            return;
        };
        let (timers, out) = (&self.config.timers, &mut self.out);
        let is_over = if is_kept {
            machine.respond(transaction, reply_to, status, payload, timers, out)
        } else {
            out.send(reply_to, payload);
            true
        };
        if is_over {
            self.servers.remove(transaction);
        }
    }

    /// Sets the timer for the oldest request without answer. One for each request would outlive
    /// most of them by half a minute.
    fn watch_answers(&mut self) {
        if self.are_answers_watched {
            return;
        }
        if let Some((_, oldest)) = self.answers.first_key_value() {
            let age = self.out.now.saturating_sub(oldest.since);
            let left = self.config.timers.transaction_life().saturating_sub(age);
            self.out.after(left, Timer::AnswersOverdue);
            self.are_answers_watched = true;
        }
    }

    /// Forgets the requests that the application has not answered as long as their senders waited.
    pub(super) fn answers_overdue(&mut self) {
        let life = self.config.timers.transaction_life();
        while let Some(oldest) = self.answers.first_entry() {
            if self.out.now.saturating_sub(oldest.get().since) < life {
                break;
            }
            let forgotten = oldest.remove();
            self.servers.remove(forgotten.transaction);
        }
        self.are_answers_watched = false;
        self.watch_answers();
    }

    /// [`Input::Request`](super::Input::Request).
    pub(super) fn send_request(
        &mut self,
        request: RequestId,
        flow: Flow,
        mut message: Request,
        credential: Option<ClientCredential>,
    ) {
        let is_ours = matches!(
            message.method,
            Method::Invite | Method::Ack | Method::Cancel
        );
        if is_ours || !self.complete(&mut message) {
            return self.fail_request(request, Failure::Unsendable);
        }
        self.preload_routes(flow, &mut message);
        let retry = credential.map(|credential| {
            let digest = DigestClient::new(credential);
            Box::new(Retry {
                message: message.clone(),
                digest,
            })
        });
        self.launch(flow, message, Purpose::Request { request, retry });
    }

    /// Fills in what the application has left to us.
    fn complete(&mut self, message: &mut Request) -> bool {
        let headers = &mut message.headers;
        let Ok(Some(FromHeader(from))) = headers.typed() else {
            return false;
        };
        if !headers.has(&HeaderName::To) {
            return false;
        }
        // RFC 3428 section 4: a MESSAGE begins no dialog, so nobody may be led to answer into one.
        if message.method == Method::Message {
            headers.remove(&HeaderName::Contact);
        }
        if from.tag().is_none() {
            headers.set_typed(&FromHeader(from.with_tag(&self.random.tag())));
        }
        if !headers.has(&HeaderName::MaxForwards) {
            headers.push(HeaderName::MaxForwards, Text::from_static("70"));
        }
        if !headers.has(&HeaderName::CallId) {
            headers.push(HeaderName::CallId, self.random.call_id());
        }
        if !headers.has(&HeaderName::CSeq) {
            let method = message.method.clone();
            headers.push_typed(&CSeq { number: 1, method });
        }
        true
    }

    /// An answer to a request of the application.
    pub(super) fn request_answered(
        &mut self,
        flow: Flow,
        request: RequestId,
        retry: Option<Box<Retry>>,
        response: Response,
    ) {
        if DigestClient::is_challenge(response.status)
            && let Some(mut retry) = retry
            && let Some(message) = self.prepare_retry(&mut retry, &response)
        {
            self.launch(
                flow,
                message,
                Purpose::Request {
                    request,
                    retry: Some(retry),
                },
            );
            return;
        }
        self.out.tell(Event::Response { request, response });
    }

    /// The challenged request with credentials and the next number; `None` if that is of no use.
    pub(super) fn prepare_retry(
        &mut self,
        retry: &mut Retry,
        response: &Response,
    ) -> Option<Request> {
        if !retry.digest.learn(response) {
            return None;
        }
        let number = next_number(&retry.message)?;
        let mut digest = retry.digest.clone();
        self.authorize_again(&mut digest, number, &mut retry.message);
        retry.digest = digest;
        Some(retry.message.clone())
    }

    pub(super) fn fail_request(&mut self, request: RequestId, cause: Failure) {
        self.out.tell(Event::RequestFailed { request, cause });
    }
}

/// Makes an answer one of another status, with its usual words.
pub(super) fn set_status(answer: &mut Response, status: StatusCode) {
    answer.status = status;
    answer.reason = Text::from_static(status.reason());
}

/// The CSeq number behind that of a request outside a dialog.
pub(super) fn next_number(message: &Request) -> Option<u32> {
    let sequence: CSeq = message.headers.typed().ok()??;
    sequence.number.checked_add(1)
}
