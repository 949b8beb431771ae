//! New offers in UPDATE and PRACK, and UPDATE without an offer (RFC 3311 section 5, RFC 3262
//! section 5).

use std::time::Duration;

use bytes::Bytes;

use super::calling::push_content_type;
use super::receive::Envelope;
use super::requests::set_status;
use super::responses::loses_dialog;
use super::{EndCause, Endpoint, Event, LegId, Timer};
use crate::dialog::{OurReoffer, Phase, TheirReoffer, contact_of};
use crate::transaction::{ServerMachine, ServerRequest};
use crate::{CSeq, HeaderName, Headers, Method, Request, Response, RetryAfter, StatusCode, Text};

impl Endpoint {
    /// An UPDATE, whose number was noted.
    pub(super) fn receive_update(&mut self, id: LegId, envelope: Envelope, request: Request) {
        if self.established(id).is_some() && self.refuse_interval(&envelope, &request) {
            return;
        }
        if !request.body.is_empty() {
            return self.receive_offer(id, envelope, request);
        }
        // Nothing is offered: it moves the peer's Contact and keeps the call alive.
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Some(session) = leg.session_mut(&envelope.from_tag) else {
            return;
        };
        session.learn_methods(&request.headers);
        session
            .dialog
            .refresh_target(contact_of(&request.headers).ok().flatten());
        self.answer_update(id, &envelope, &request, Bytes::new());
    }

    /// An offer in UPDATE or PRACK.
    pub(super) fn receive_offer(&mut self, id: LegId, envelope: Envelope, request: Request) {
        let offer_key = self.keyer.of_body(&request.body);
        let interval = self.interval_wish(&request.headers);
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let is_busy = leg.session_with_offer().is_some();
        let refusal = match &mut leg.phase {
            // One at a time, also when several phones ring: the application answers by the leg.
            _ if is_busy => Some(StatusCode::SERVER_INTERNAL_ERROR),
            Phase::Established(established) => established.refusal_of_offer(),
            _ => leg
                .session_mut(&envelope.from_tag)
                .and_then(|session| session.refusal_of_offer()),
        };
        if let Some(status) = refusal {
            return self.refuse_offer(&envelope, &request, status);
        }
        let Some(session) = self
            .legs
            .get_mut(&id)
            .and_then(|leg| leg.session_mut(&envelope.from_tag))
        else {
            return;
        };
        session.learn_methods(&request.headers);
        let target = contact_of(&request.headers).ok().flatten();
        if session.is_unchanged(offer_key) {
            session.dialog.refresh_target(target);
            let body = session.local.clone();
            return self.answer_update(id, &envelope, &request, body);
        }
        let transaction = self.servers.insert(envelope.key, envelope.reply_to, |_| {
            ServerMachine::Request(ServerRequest::new())
        });
        let theirs = TheirReoffer {
            transaction,
            method: request.method.clone(),
            answer: Response::to(&request, StatusCode::OK),
            target,
            number: envelope.number,
            offer: request.body.clone(),
            offer_key,
            interval,
            request: request.clone(),
        };
        session.theirs = Some(Box::new(theirs));
        // Its sender gives up after the life of a transaction; a refusal has to reach it before.
        let timers = &self.config.timers;
        let pause = timers.transaction_life().saturating_sub(timers.t2);
        self.out
            .after(pause, Timer::ReofferTimeout(id, envelope.number));
        self.out.tell(Event::Reoffer {
            leg: id,
            invite: request,
        });
    }

    /// Answers a request that changes nothing the application knows of.
    fn answer_update(&mut self, id: LegId, envelope: &Envelope, request: &Request, body: Bytes) {
        let mut answer = Response::to(request, StatusCode::OK);
        let session = self
            .legs
            .get_mut(&id)
            .and_then(|leg| leg.session_mut(&envelope.from_tag));
        if let Some(session) = session {
            let contact = session.dialog.contact();
            answer.headers.push(HeaderName::Contact, contact);
        }
        if self.established(id).is_some() {
            let wish = self.interval_wish(&request.headers);
            self.grant_interval(id, wish, &mut answer);
        }
        self.push_abilities(&mut answer.headers);
        push_content_type(&mut answer.headers, &body);
        answer.body = body;
        self.answer_with(envelope, answer);
    }

    /// Refuses an offer that crosses another one (RFC 3311 section 5.2).
    fn refuse_offer(&mut self, envelope: &Envelope, request: &Request, status: StatusCode) {
        let mut answer = self.refusal(envelope, request, status);
        if status == StatusCode::SERVER_INTERNAL_ERROR {
            let pause = RetryAfter::seconds(self.random.below(11));
            answer.headers.push_typed(&pause);
        }
        self.answer_with(envelope, answer);
    }

    /// The application has accepted an offer in UPDATE or PRACK.
    pub(super) fn accept_update(
        &mut self,
        id: LegId,
        theirs: TheirReoffer,
        contact: Text,
        headers: Headers,
        body: Bytes,
    ) {
        let mut answer = theirs.answer;
        set_status(&mut answer, StatusCode::OK);
        if theirs.method == Method::Update && !headers.has(&HeaderName::Contact) {
            answer.headers.push(HeaderName::Contact, contact);
        }
        answer.headers.append(headers);
        if theirs.method == Method::Update && self.established(id).is_some() {
            self.grant_interval(id, theirs.interval, &mut answer);
        }
        self.push_abilities(&mut answer.headers);
        push_content_type(&mut answer.headers, &body);
        answer.body = body;
        if let Some(found) = self.servers.get_mut(theirs.transaction) {
            let reply_to = found.reply_to;
            self.finish_answer(theirs.transaction, reply_to, answer, true);
        }
    }

    /// Refuses an offer that the application has not accepted, in whatever request it came.
    pub(super) fn refuse_reoffer(
        &mut self,
        theirs: TheirReoffer,
        status: StatusCode,
        headers: Headers,
    ) {
        if theirs.method == Method::Invite {
            return self.refuse_invite(theirs.transaction, theirs.answer, status, headers);
        }
        let mut answer = theirs.answer;
        set_status(&mut answer, status);
        answer.headers.append(headers);
        if let Some(found) = self.servers.get_mut(theirs.transaction) {
            let reply_to = found.reply_to;
            self.finish_answer(theirs.transaction, reply_to, answer, true);
        }
    }

    /// The application has not answered an offer in UPDATE or PRACK: its sender waits no longer.
    pub(super) fn reoffer_overdue(&mut self, id: LegId, number: u32) {
        let overdue = self.legs.get_mut(&id).and_then(|leg| {
            leg.session_with_offer()?
                .theirs
                .take_if(|theirs| theirs.method != Method::Invite && theirs.number == number)
        });
        if let Some(theirs) = overdue {
            // RFC 3311 section 5.2: who has to ask a person first answers 504.
            self.refuse_reoffer(*theirs, StatusCode::SERVER_TIMEOUT, Headers::new());
            self.out.tell(Event::ReofferWithdrawn { leg: id });
            self.go_on_ringing(id);
        }
    }

    /// Our UPDATE got its final answer.
    pub(super) fn update_answered(&mut self, id: LegId, to_tag: &str, response: Response) {
        let Some((request, is_refresh)) = self.take_sent(id, to_tag) else {
            return;
        };
        if !response.status.is_success() {
            return self.reoffer_refused(id, to_tag, request, is_refresh, response);
        }
        self.note_change(id);
        let remote_key = self.keyer.of_body(&response.body);
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let is_established = matches!(leg.phase, Phase::Established(_));
        if let Some(digest) = &mut leg.digest {
            digest.accepted(&response);
        }
        if let Some(session) = leg.session_mut(to_tag) {
            session.learn_methods(&response.headers);
            session
                .dialog
                .refresh_target(contact_of(&response.headers).ok().flatten());
            if !request.body.is_empty() {
                session.local = request.body.clone();
                session.remote_key = remote_key;
                if !is_established {
                    session.remote = response.body.clone();
                }
            }
        }
        if is_established {
            self.learn_interval(id, &response.headers);
        }
        if !request.body.is_empty() {
            let Response { headers, body, .. } = response;
            self.out.tell(Event::ReofferAccepted {
                leg: id,
                headers,
                body,
            });
        }
        self.go_on_ringing(id);
    }

    /// Our UPDATE got no answer.
    pub(super) fn update_failed(&mut self, id: LegId, to_tag: &str, cause: EndCause) {
        if self.take_sent(id, to_tag).is_none() {
            return;
        }
        let is_established = self
            .legs
            .get(&id)
            .is_some_and(|leg| matches!(leg.phase, Phase::Established(_)));
        if is_established {
            return self.end_with_bye(id, cause);
        }
        // While it rings, the INVITE decides about the call.
        let status = StatusCode::REQUEST_TIMEOUT;
        self.out.tell(Event::ReofferRefused { leg: id, status });
    }

    /// Our re-INVITE or UPDATE was refused.
    pub(super) fn reoffer_refused(
        &mut self,
        id: LegId,
        to_tag: &str,
        mut request: Box<Request>,
        is_refresh: bool,
        response: Response,
    ) {
        let status = response.status;
        if self.authorize_in_dialog(id, to_tag, &mut request, &response) {
            return self.send_reoffer(id, to_tag, request, is_refresh);
        }
        // Asked a second time, the peer only plays with us.
        if !request.headers.has(&HeaderName::MinSe)
            && Self::lengthen_interval(&mut request, &response)
        {
            self.renumber(id, to_tag, &mut request);
            return self.send_reoffer(id, to_tag, request, is_refresh);
        }
        if is_refresh && !loses_dialog(status) {
            self.refresh_refused(id, to_tag, &request.method, status);
            return self.offer_if_wished(id);
        }
        if status == StatusCode::REQUEST_PENDING {
            return self.wait_after_glare(id, to_tag, request.body, Duration::ZERO);
        }
        // The peer still owes an answer to an older offer of its own (RFC 3311 section 5.2).
        if status == StatusCode::SERVER_INTERNAL_ERROR
            && let Ok(Some(after)) = response.headers.typed::<RetryAfter>()
            && after.seconds <= LONGEST_POSTPONEMENT
        {
            let pause = Duration::from_secs(after.seconds.into());
            return self.wait_after_glare(id, to_tag, request.body, pause);
        }
        let is_established = self
            .legs
            .get(&id)
            .is_some_and(|leg| matches!(leg.phase, Phase::Established(_)));
        if is_established && loses_dialog(status) {
            let headers = response.headers;
            return self.end_with_bye(id, EndCause::Refused { status, headers });
        }
        self.out.tell(Event::ReofferRefused { leg: id, status });
        self.go_on_ringing(id);
    }

    /// The next number for a request that is sent once more.
    fn renumber(&mut self, id: LegId, to_tag: &str, request: &mut Request) {
        if let Some(leg) = self.legs.get_mut(&id)
            && let Some(session) = leg.session_mut(to_tag)
        {
            let (number, method) = (session.dialog.next_sequence(), request.method.clone());
            request.headers.set_typed(&CSeq { number, method });
        }
    }

    /// Takes back the offer that was under way to this phone.
    pub(super) fn take_sent(&mut self, id: LegId, to_tag: &str) -> Option<(Box<Request>, bool)> {
        let session = self.legs.get_mut(&id)?.session_mut(to_tag)?;
        match std::mem::replace(&mut session.ours, OurReoffer::No) {
            OurReoffer::Sent {
                request,
                is_refresh,
            } => Some((request, is_refresh)),
            other => {
                session.ours = other;
                None
            }
        }
    }
}

/// The RFC names 0 to 10 seconds; who wants much more refuses.
const LONGEST_POSTPONEMENT: u32 = 30;
