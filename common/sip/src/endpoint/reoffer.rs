//! Re-INVITEs in both directions, and their glare (RFC 3261 section 14).

use std::time::Duration;

use bytes::Bytes;

use super::authentication::credentials_of;
use super::calling::push_body;
use super::purpose::Purpose;
use super::receive::Envelope;
use super::requests::next_number;
use super::responses::loses_dialog;
use super::ringing::Accepting;
use super::{DigestClient, EndCause, Endpoint, Event, LegId, Timer};
use crate::dialog::{Established, Leg, OpenAnswer, OurReoffer, Phase, TheirReoffer, contact_of};
use crate::transaction::{ServerInvite, ServerMachine, TransactionId};
use crate::{CSeq, HeaderName, Headers, Method, Request, Response, RetryAfter, StatusCode};

impl Endpoint {
    /// [`Input::Reinvite`](super::Input::Reinvite).
    pub(super) fn reinvite(&mut self, id: LegId, body: Bytes) {
        if let Some(established) = self.established(id)
            && established.parting.is_none()
        {
            established.wish = Some(body);
            self.offer_if_wished(id);
        }
    }

    /// Sends the offer that waits, if nothing stands in its way any more.
    pub(super) fn offer_if_wished(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let flow = leg.flow;
        let Phase::Established(established) = &mut leg.phase else {
            return;
        };
        if !established.may_offer() || established.parting.is_some() {
            return;
        }
        let Some(body) = established.wish.take() else {
            return;
        };
        let mut request = established.dialog.request(Method::Invite);
        request
            .headers
            .push(HeaderName::Contact, established.dialog.contact());
        self.push_abilities(&mut request.headers);
        push_body(&mut request, body);
        self.launch(flow, request.clone(), Purpose::Reoffer(id));
        if let Some(established) = self.established(id) {
            let request = Box::new(request);
            established.ours = OurReoffer::Sent { request };
        }
    }

    pub(super) fn reoffer_answered(
        &mut self,
        id: LegId,
        known: TransactionId,
        response: Response,
        to_tag: &str,
    ) {
        let Some(request) = self.take_sent(id) else {
            return;
        };
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if let Some(digest) = &mut leg.digest {
            digest.accepted(&response);
        }
        let Phase::Established(established) = &mut leg.phase else {
            return;
        };
        established
            .dialog
            .refresh_target(contact_of(&response.headers).ok().flatten());
        let number = next_number(&request).map_or(1, |next| next - 1);
        let credentials = credentials_of(&request.headers);
        if request.body.is_empty() {
            established.open_answer = Some(OpenAnswer {
                transaction: known,
                number,
                credentials,
            });
        } else {
            let ack = established
                .dialog
                .ack(number, credentials.as_ref(), Bytes::new());
            self.send_ack(known, to_tag, ack);
        }
        let Response { headers, body, .. } = response;
        self.out.tell(Event::Answered {
            leg: id,
            headers,
            body,
        });
        self.offer_if_wished(id);
    }

    pub(super) fn reoffer_refused(&mut self, id: LegId, response: Response) {
        let Some(mut request) = self.take_sent(id) else {
            return;
        };
        let status = response.status;
        if status == StatusCode::REQUEST_PENDING {
            return self.wait_after_glare(id, request.body);
        }
        if DigestClient::is_challenge(status)
            && let Some(leg) = self.legs.get_mut(&id)
            && let Phase::Established(established) = &mut leg.phase
            && let Some(digest) = &mut leg.digest
            && digest.learn(&response)
        {
            let number = established.dialog.next_sequence();
            request.headers.set_typed(&CSeq {
                number,
                method: Method::Invite,
            });
            digest.authorize(&mut request, &mut self.random);
            let flow = leg.flow;
            self.launch(flow, Request::clone(&request), Purpose::Reoffer(id));
            if let Some(established) = self.established(id) {
                established.ours = OurReoffer::Sent { request };
            }
            return;
        }
        if loses_dialog(status) {
            let headers = response.headers;
            return self.end_with_bye(id, EndCause::Refused { status, headers });
        }
        self.out.tell(Event::ReofferRefused { leg: id, status });
        self.offer_if_wished(id);
    }

    /// Section 14.1: who made the Call-ID waits 2.1 to 4 s, the other one up to 2 s, in steps of
    /// 10 ms.
    fn wait_after_glare(&mut self, id: LegId, body: Bytes) {
        let (long, short) = (210 + self.random.below(191), self.random.below(201));
        let Some(established) = self.established(id) else {
            return;
        };
        let steps = if established.is_caller { long } else { short };
        established.ours = OurReoffer::AfterGlare { body };
        let pause = Duration::from_millis(10) * steps;
        self.out.after(pause, Timer::GlareOver(id));
    }

    pub(super) fn glare_over(&mut self, id: LegId) {
        let Some(established) = self.established(id) else {
            return;
        };
        if let OurReoffer::AfterGlare { body } = &mut established.ours {
            let body = std::mem::take(body);
            established.ours = OurReoffer::No;
            // What the application has wished since then is newer.
            established.wish.get_or_insert(body);
            self.offer_if_wished(id);
        }
    }

    pub(super) fn receive_reinvite(&mut self, id: LegId, envelope: Envelope, request: Request) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let established = match &mut leg.phase {
            Phase::Established(established) => established,
            // An INVITE on top of ours, or of one that we have not answered yet (section 14.2).
            Phase::Calling(_) => return self.refuse_glare(id, &envelope, &request),
            Phase::Ringing(_) => return self.refuse_for_now(id, &envelope, &request),
        };
        if established.theirs.is_some() {
            return self.refuse_for_now(id, &envelope, &request);
        }
        // An offer of ours is open: our re-INVITE, or a 2xx of ours or theirs that carried one.
        let is_glare = matches!(established.ours, OurReoffer::Sent { .. })
            || established.open_answer.is_some()
            || established
                .acceptances
                .iter()
                .any(|acceptance| acceptance.is_offer);
        if is_glare {
            return self.refuse_glare(id, &envelope, &request);
        }
        let target = contact_of(&request.headers).ok().flatten();
        let transaction = self.try_invite(&envelope, &request, id);
        let answer = Response::to(&request, StatusCode::OK);
        let (number, has_offer) = (envelope.number, !request.body.is_empty());
        if let Some(established) = self.established(id) {
            established.theirs = Some(TheirReoffer {
                transaction,
                answer,
                target,
                number,
                has_offer,
            });
        }
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

    fn refuse_for_now(&mut self, id: LegId, envelope: &Envelope, request: &Request) {
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

    pub(super) fn accept_reoffer(&mut self, id: LegId, headers: Headers, body: Bytes) {
        let Some(established) = self.established(id) else {
            return;
        };
        let Some(theirs) = established.theirs.take() else {
            return;
        };
        established.dialog.refresh_target(theirs.target);
        let contact = established.dialog.contact().clone();
        let is_offer = !theirs.has_offer && !body.is_empty();
        let TheirReoffer {
            transaction,
            answer,
            number,
            ..
        } = theirs;
        let accepting = Accepting {
            answer,
            contact,
            headers,
            body,
            transaction,
            number,
        };
        self.send_acceptance(id, accepting, is_offer, false);
    }

    pub(super) fn reject_reoffer(&mut self, id: LegId, status: StatusCode, headers: Headers) {
        let theirs = self
            .established(id)
            .and_then(|established| established.theirs.take());
        if let Some(theirs) = theirs {
            self.refuse_invite(theirs.transaction, theirs.answer, status, headers);
            self.offer_if_wished(id);
        }
    }

    /// The peer takes its re-INVITE back.
    pub(super) fn reoffer_cancelled(&mut self, id: LegId, transaction: TransactionId) {
        let is_this = self
            .established(id)
            .and_then(|established| established.theirs.as_ref())
            .is_some_and(|theirs| theirs.transaction == transaction);
        if is_this {
            self.reject_reoffer(id, StatusCode::REQUEST_TERMINATED, Headers::new());
        }
    }

    fn established(&mut self, id: LegId) -> Option<&mut Established> {
        match self.legs.get_mut(&id) {
            Some(Leg {
                phase: Phase::Established(established),
                ..
            }) => Some(established),
            _ => None,
        }
    }

    fn take_sent(&mut self, id: LegId) -> Option<Box<Request>> {
        let established = self.established(id)?;
        match std::mem::replace(&mut established.ours, OurReoffer::No) {
            OurReoffer::Sent { request } => Some(request),
            other => {
                established.ours = other;
                None
            }
        }
    }
}
