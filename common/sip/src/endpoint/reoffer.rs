//! New offers in both directions: what waits, re-INVITEs and their glare (RFC 3261 section 14). What
//! is particular to UPDATE is in `update`.

use std::time::Duration;

use bytes::Bytes;

use super::authentication::credentials_of;
use super::calling::push_body;
use super::purpose::Purpose;
use super::receive::Envelope;
use super::requests::next_number;
use super::ringing::Accepting;
use super::{Endpoint, Event, LegId, Timer};
use crate::dialog::{
    Established, Exchange, Leg, OpenAnswer, OurReoffer, Phase, Session, TheirReoffer, contact_of,
};
use crate::transaction::{ServerInvite, ServerMachine, TransactionId};
use crate::{HeaderName, Headers, Method, Request, Response, RetryAfter, StatusCode, Text};

impl Endpoint {
    /// Whether what [`Input::Reinvite`](super::Input::Reinvite) offers reaches the peer before it answers
    /// the call; it may have to wait for its turn. In an answered call that is always so. Before, it takes a
    /// peer that allows UPDATE, and a first offer that was answered reliably (RFC 3311 section 5.1).
    pub fn may_offer(&self, leg: LegId) -> bool {
        let early = |session: &Session| session.may_update && session.exchange == Exchange::Settled;
        match self.legs.get(&leg).map(|leg| &leg.phase) {
            Some(Phase::Established(_)) => true,
            Some(Phase::Ringing(ringing)) => ringing.held.is_some() || early(&ringing.session),
            Some(Phase::Calling(calling)) => {
                let last = calling.early.last();
                last.is_some_and(|last| early(&last.session))
            }
            None => false,
        }
    }

    /// [`Input::Reinvite`](super::Input::Reinvite).
    pub(super) fn reinvite(&mut self, id: LegId, body: Bytes) {
        if let Some(leg) = self.legs.get_mut(&id)
            && !leg.is_parting()
        {
            leg.wish = Some(body);
            self.offer_if_wished(id);
        }
    }

    /// Sends the offer that waits, if nothing stands in its way any more.
    pub(super) fn offer_if_wished(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if leg.wish.is_none() {
            return;
        }
        let Some((method, session)) = leg.session_to_offer() else {
            return;
        };
        let mut request = session.dialog.request(method);
        let contact = session.dialog.contact();
        request.headers.push(HeaderName::Contact, contact);
        let to_tag = Text::from(session.dialog.remote_tag());
        let body = leg.wish.take().unwrap_or_default();
        self.push_abilities(&mut request.headers);
        if self.established(id).is_some() {
            self.push_interval(id, &mut request.headers);
        }
        push_body(&mut request, body);
        self.send_reoffer(id, &to_tag, Box::new(request), false);
    }

    /// Sends a re-INVITE or UPDATE of ours to this phone.
    pub(super) fn send_reoffer(
        &mut self,
        id: LegId,
        to_tag: &str,
        request: Box<Request>,
        is_refresh: bool,
    ) {
        let Some(leg) = self.legs.get(&id) else {
            return;
        };
        let purpose = if request.method == Method::Invite {
            Purpose::Reoffer(id)
        } else {
            let to_tag = Text::from(to_tag);
            Purpose::Update { leg: id, to_tag }
        };
        self.launch(leg.flow, Request::clone(&request), purpose);
        if let Some(leg) = self.legs.get_mut(&id)
            && let Some(session) = leg.session_mut(to_tag)
        {
            session.ours = OurReoffer::Sent {
                request,
                is_refresh,
            };
        }
    }

    /// The connection under our offer is gone, but the call has moved to another one.
    pub(super) fn offer_again(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let is_sent = |session: &&mut Session| matches!(session.ours, OurReoffer::Sent { .. });
        let Some(session) = leg.sessions_mut().find(is_sent) else {
            return;
        };
        if let OurReoffer::Sent {
            request,
            is_refresh,
        } = std::mem::replace(&mut session.ours, OurReoffer::No)
        {
            if is_refresh {
                // A question whether the peer still has the call is asked again once it has come back; it is not our
                // task to keep the call alive, and its time is not over.
                if leg.clock.is_some_and(|clock| clock.is_ours) {
                    self.postpone_refresh(id, self.out.now);
                }
                return;
            }
            leg.wish.get_or_insert(request.body);
            self.offer_if_wished(id);
        }
    }

    pub(super) fn reinvite_answered(
        &mut self,
        id: LegId,
        known: TransactionId,
        response: Response,
        to_tag: &str,
    ) {
        let Some((request, is_refresh)) = self.take_sent(id, to_tag) else {
            return;
        };
        self.note_change(id);
        let remote_key = self.keyer.of_body(&response.body);
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if let Some(digest) = &mut leg.digest {
            digest.accepted(&response);
        }
        let Phase::Established(established) = &mut leg.phase else {
            return;
        };
        let session = &mut established.session;
        session.learn_methods(&response.headers);
        session
            .dialog
            .refresh_target(contact_of(&response.headers).ok().flatten());
        // Nobody needs to know of a refresh that changes nothing.
        let is_silent = is_refresh && (remote_key.is_none() || remote_key == session.remote_key);
        session.remote_key = remote_key.or(session.remote_key);
        let number = next_number(&request).map_or(1, |next| next - 1);
        let credentials = credentials_of(&request.headers);
        if request.body.is_empty() {
            established.open_answer = Some(OpenAnswer {
                transaction: known,
                number,
                credentials,
            });
        } else {
            session.local = request.body.clone();
            let ack = session
                .dialog
                .ack(number, credentials.as_ref(), Bytes::new());
            self.send_ack(known, to_tag, ack);
        }
        self.learn_interval(id, &response.headers);
        if !is_silent {
            let Response { headers, body, .. } = response;
            self.out.tell(Event::Answered {
                leg: id,
                headers,
                body,
            });
        }
        self.offer_if_wished(id);
    }

    pub(super) fn reinvite_refused(&mut self, id: LegId, response: Response, to_tag: &str) {
        if let Some((request, is_refresh)) = self.take_sent(id, to_tag) {
            self.reoffer_refused(id, to_tag, request, is_refresh, response);
        }
    }

    /// Section 14.1: who made the Call-ID waits 2.1 to 4 s, the other one up to 2 s, in steps of
    /// 10 ms; longer if the peer wishes so.
    pub(super) fn wait_after_glare(
        &mut self,
        id: LegId,
        to_tag: &str,
        body: Bytes,
        least: Duration,
    ) {
        let (long, short) = (210 + self.random.below(191), self.random.below(201));
        let Some(session) = self
            .legs
            .get_mut(&id)
            .and_then(|leg| leg.session_mut(to_tag))
        else {
            return;
        };
        let steps = if session.is_caller { long } else { short };
        session.ours = OurReoffer::AfterGlare { body };
        let pause = Duration::from_millis(10) * steps;
        self.out.after(pause.max(least), Timer::GlareOver(id));
    }

    pub(super) fn glare_over(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if let Some(session) = leg.session_after_glare()
            && let OurReoffer::AfterGlare { body } =
                std::mem::replace(&mut session.ours, OurReoffer::No)
        {
            // What the application has wished since then is newer.
            leg.wish.get_or_insert(body);
            self.offer_if_wished(id);
        }
    }

    pub(super) fn receive_reinvite(&mut self, id: LegId, envelope: Envelope, request: Request) {
        let offer_key = self.keyer.of_body(&request.body);
        let interval = self.interval_wish(&request.headers);
        if self.established(id).is_some()
            && let Some((status, headers)) = self.refusal_of_interval(&request.headers)
        {
            return self.refuse_now(id, &envelope, &request, status, headers);
        }
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let established = match &mut leg.phase {
            Phase::Established(established) => established,
            // An INVITE on top of ours, or of one that we have not answered yet (section 14.2).
            Phase::Calling(_) => return self.refuse_glare(id, &envelope, &request),
            Phase::Ringing(_) => return self.refuse_for_now(id, &envelope, &request),
        };
        match established.refusal_of_offer() {
            Some(StatusCode::REQUEST_PENDING) => {
                return self.refuse_glare(id, &envelope, &request);
            }
            Some(_) => return self.refuse_for_now(id, &envelope, &request),
            None => {}
        }
        established.session.learn_methods(&request.headers);
        let is_unchanged = established.session.is_unchanged(offer_key);
        let target = contact_of(&request.headers).ok().flatten();
        let transaction = self.try_invite(&envelope, &request, id);
        let theirs = TheirReoffer {
            transaction,
            method: Method::Invite,
            answer: Response::to(&request, StatusCode::OK),
            target,
            number: envelope.number,
            offer: request.body.clone(),
            offer_key,
            interval,
            request: request.clone(),
        };
        let Some(established) = self.established(id) else {
            return;
        };
        if is_unchanged {
            let body = established.session.local.clone();
            return self.accept_reinvite(id, theirs, Headers::new(), body, true);
        }
        established.session.theirs = Some(Box::new(theirs));
        self.out.tell(Event::Reoffer {
            leg: id,
            invite: request,
        });
    }

    fn refuse_glare(&mut self, id: LegId, envelope: &Envelope, request: &Request) {
        self.refuse_now(
            id,
            envelope,
            request,
            StatusCode::REQUEST_PENDING,
            Headers::new(),
        );
    }

    pub(super) fn refuse_for_now(&mut self, id: LegId, envelope: &Envelope, request: &Request) {
        let mut headers = Headers::new();
        headers.push_typed(&RetryAfter::seconds(self.random.below(11)));
        self.refuse_now(
            id,
            envelope,
            request,
            StatusCode::SERVER_INTERNAL_ERROR,
            headers,
        );
    }

    /// Refuses a re-INVITE in a transaction: asked again a moment later, we would answer otherwise.
    fn refuse_now(
        &mut self,
        id: LegId,
        envelope: &Envelope,
        request: &Request,
        status: StatusCode,
        headers: Headers,
    ) {
        let transaction = self.servers.insert(envelope.key, envelope.reply_to, |_| {
            ServerMachine::Invite(ServerInvite::unanswered(), id)
        });
        let answer = self.refusal(envelope, request, status);
        self.refuse_invite(transaction, answer, status, headers);
    }

    /// The application has accepted a new offer.
    pub(super) fn accept_reoffer(&mut self, id: LegId, headers: Headers, body: Bytes) {
        let taken = self.legs.get_mut(&id).and_then(|leg| {
            let session = leg.session_with_offer()?;
            let theirs = *session.theirs.take()?;
            if theirs.method != Method::Invite {
                session.dialog.refresh_target(theirs.target.clone());
                session.local = body.clone();
                session.remote = theirs.offer.clone();
                session.remote_key = theirs.offer_key;
            }
            Some((theirs, session.dialog.contact().clone()))
        });
        let Some((theirs, contact)) = taken else {
            return;
        };
        if theirs.method == Method::Invite {
            self.accept_reinvite(id, theirs, headers, body, false);
        } else {
            self.accept_update(id, theirs, contact, headers, body);
            self.go_on_ringing(id);
        }
    }

    /// Accepts a re-INVITE; silently if the application does not know of it.
    fn accept_reinvite(
        &mut self,
        id: LegId,
        theirs: TheirReoffer,
        headers: Headers,
        body: Bytes,
        is_silent: bool,
    ) {
        let Some(established) = self.established(id) else {
            return;
        };
        let session = &mut established.session;
        session.dialog.refresh_target(theirs.target);
        session.local = body.clone();
        session.remote_key = theirs.offer_key.or(session.remote_key);
        let contact = session.dialog.contact().clone();
        let is_offer = theirs.offer.is_empty() && !body.is_empty();
        let accepting = Accepting {
            answer: theirs.answer,
            contact,
            headers,
            body,
            transaction: theirs.transaction,
            number: theirs.number,
            is_offer,
            is_first: false,
            is_silent,
            interval: theirs.interval,
        };
        self.send_acceptance(id, accepting);
    }

    pub(super) fn reject_reoffer(&mut self, id: LegId, status: StatusCode, headers: Headers) {
        let theirs = self
            .legs
            .get_mut(&id)
            .and_then(|leg| leg.session_with_offer()?.theirs.take());
        if let Some(theirs) = theirs {
            self.refuse_reoffer(*theirs, status, headers);
            self.go_on_ringing(id);
        }
    }

    /// The peer takes its re-INVITE back.
    pub(super) fn reoffer_cancelled(&mut self, id: LegId, transaction: TransactionId) {
        let is_this = self
            .established(id)
            .and_then(|established| established.session.theirs.as_ref())
            .is_some_and(|theirs| theirs.transaction == transaction);
        if is_this {
            self.reject_reoffer(id, StatusCode::REQUEST_TERMINATED, Headers::new());
            self.out.tell(Event::ReofferWithdrawn { leg: id });
        }
    }

    pub(super) fn established(&mut self, id: LegId) -> Option<&mut Established> {
        match self.legs.get_mut(&id) {
            Some(Leg {
                phase: Phase::Established(established),
                ..
            }) => Some(established),
            _ => None,
        }
    }
}
