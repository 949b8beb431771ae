//! A call that was answered, until its end (RFC 3261 sections 12.2, 13.2.2.4, 13.3.1.4 and 15).

use bytes::Bytes;

use super::purpose::Purpose;
use super::receive::Envelope;
use super::responses::loses_dialog;
use super::{DigestClient, EndCause, Endpoint, Event, Failure, LegId, RequestId, Timer};
use crate::dialog::{Leg, Parting, Phase};
use crate::transaction::ServerMachine;
use crate::{CSeq, HeaderName, Headers, Method, Request, Response, StatusCode, Text};

impl Endpoint {
    pub(super) fn receive_in_dialog(&mut self, id: LegId, envelope: Envelope, request: Request) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let is_parting = leg.is_parting();
        // What is refused in any case is refused before its number is noted: its repetition has to
        // meet the same refusal.
        if request.method != Method::Bye {
            if is_parting {
                return self.refuse(&envelope, &request, StatusCode::CALL_DOES_NOT_EXIST);
            }
            if !self.inspect(&envelope, &request) {
                return;
            }
        }
        let session = self
            .legs
            .get_mut(&id)
            .and_then(|leg| leg.session_mut(&envelope.from_tag));
        if !session.is_none_or(|session| session.dialog.advance_remote(envelope.number)) {
            return self.receive_old(id, envelope, request);
        }
        self.note_change(id);
        // The peer is where its last request came from, whatever it wrote into its Contact. Only a new
        // request tells: an old one may be the copy that somebody else has kept, to draw the call to
        // where he is.
        self.move_leg(id, envelope.flow);
        self.act_in_dialog(id, envelope, request);
    }

    pub(super) fn act_in_dialog(&mut self, id: LegId, envelope: Envelope, request: Request) {
        match request.method {
            Method::Bye => self.receive_bye(id, &envelope, &request),
            Method::Invite => self.receive_reinvite(id, envelope, request),
            Method::Notify => self.receive_notify(&envelope, request, Some(id)),
            Method::Subscribe | Method::Refer => {
                self.receive_subscription(envelope, request, Some(id));
            }
            Method::Prack => self.receive_prack(id, envelope, request),
            Method::Update => self.receive_update(id, envelope, request),
            _ => self.receive_plain(envelope, request, Some(id)),
        }
    }

    fn receive_bye(&mut self, id: LegId, envelope: &Envelope, request: &Request) {
        self.answer_now(envelope, request, StatusCode::OK);
        let reason = request.headers.get(&HeaderName::Reason).cloned();
        match self.legs.get(&id).map(|leg| &leg.phase) {
            Some(Phase::Ringing(_)) => {
                self.refuse_call(id, StatusCode::REQUEST_TERMINATED, Headers::new());
                self.end(id, EndCause::Cancelled { reason });
            }
            // The 2xx was lost or overtaken, or the phone does not know the rules.
            Some(Phase::Calling(_)) => {
                self.abandon_leg(id, None);
                self.end(id, EndCause::RemoteHangup { reason });
            }
            Some(Phase::Established(_)) => self.end(id, EndCause::RemoteHangup { reason }),
            None => {}
        }
    }

    pub(super) fn receive_ack(&mut self, envelope: &Envelope, ack: Request) {
        if let Some(known) = self.servers.find(envelope.key)
            && let Some(transaction) = self.servers.get_mut(known)
            && let ServerMachine::Invite(machine, _) = &mut transaction.machine
            && !machine.is_accepted()
        {
            let timers = &self.config.timers;
            if machine.acknowledge(known, transaction.reply_to, timers, &mut self.out) {
                self.servers.remove(known);
            }
            return;
        }
        let Some(id) = self.leg_of_request(envelope) else {
            return;
        };
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Phase::Established(established) = &mut leg.phase else {
            return;
        };
        let is_ours = |number| number == envelope.number;
        let Some(place) = established
            .acceptances
            .iter()
            .position(|acceptance| is_ours(acceptance.number))
        else {
            return;
        };
        let acceptance = established.acceptances.remove(place);
        if acceptance.is_offer {
            established.session.remote_key = self.keyer.of_body(&ack.body);
        }
        let is_parting = leg.is_parting();
        self.note_change(id);
        self.move_leg(id, envelope.flow);
        if is_parting {
            return self.part(id);
        }
        if !acceptance.is_silent {
            self.out.tell(Event::Acknowledged {
                leg: id,
                body: ack.body,
            });
        }
        self.offer_if_wished(id);
    }

    /// [`Input::Acknowledge`](super::Input::Acknowledge).
    pub(super) fn acknowledge(&mut self, id: LegId, body: Bytes) {
        let Some(Leg {
            phase: Phase::Established(established),
            ..
        }) = self.legs.get_mut(&id)
        else {
            return self.acknowledge_progress(id, body);
        };
        let Some(open) = established.open_answer.take() else {
            return;
        };
        let session = &mut established.session;
        session.local = body.clone();
        let to_tag = Text::from(session.dialog.remote_tag());
        let ack = session
            .dialog
            .ack(open.number, open.credentials.as_ref(), body);
        self.send_ack(open.transaction, &to_tag, ack);
        self.offer_if_wished(id);
    }

    /// [`Input::Hangup`](super::Input::Hangup).
    pub(super) fn hang_up(&mut self, id: LegId, reason: Option<Text>) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        match &mut leg.phase {
            Phase::Calling(_) => self.abandon_leg(id, reason),
            Phase::Ringing(_) => {
                let mut headers = Headers::new();
                if let Some(reason) = reason {
                    headers.push(HeaderName::Reason, reason);
                }
                self.refuse_call(id, StatusCode::DECLINE, headers);
            }
            Phase::Established(established) if established.parting.is_some() => return,
            // Section 15: the callee MUST NOT send a BYE before the ACK, or before it has waited for
            // it in vain.
            Phase::Established(established) if established.waits_for_first_ack() => {
                self.out.tell(Event::Ended {
                    leg: id,
                    cause: EndCause::LocalHangup,
                });
                established.parting = Some(Parting { reason });
                return;
            }
            Phase::Established(_) => {
                self.acknowledge(id, Bytes::new());
                self.send_bye(id, reason);
            }
        }
        self.end(id, EndCause::LocalHangup);
    }

    /// Sends the BYE that has waited for an ACK.
    fn part(&mut self, id: LegId) {
        let reason = match self.legs.get_mut(&id) {
            Some(Leg {
                phase: Phase::Established(established),
                ..
            }) => established
                .parting
                .as_mut()
                .and_then(|parting| parting.reason.take()),
            _ => None,
        };
        self.send_bye(id, reason);
        self.end(id, EndCause::LocalHangup);
    }

    fn send_bye(&mut self, id: LegId, reason: Option<Text>) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        // Nothing could carry it; a peer that comes back learns from the 481 to its next request.
        if leg.lost_at.is_some() {
            return;
        }
        let (flow, dialog, digest) = (leg.flow, leg.key, leg.digest.clone());
        if let Phase::Established(established) = &mut leg.phase {
            let mut bye = established.session.dialog.request(Method::Bye);
            if let Some(reason) = reason {
                bye.headers.push(HeaderName::Reason, reason);
            }
            self.launch_bye(flow, dialog, bye, digest);
        }
    }

    /// Ends a call that the peer may believe to be alive.
    pub(super) fn end_with_bye(&mut self, id: LegId, cause: EndCause) {
        // A call that is not answered has no BYE; its INVITE gets an end instead.
        self.refuse_call(id, StatusCode::TEMPORARILY_UNAVAILABLE, Headers::new());
        self.abandon_leg(id, None);
        self.acknowledge(id, Bytes::new());
        self.send_bye(id, None);
        self.end(id, cause);
    }

    /// Forgets a call and tells why, unless its owner has left it before.
    pub(super) fn end(&mut self, id: LegId, cause: EndCause) {
        let Some(mut leg) = self.legs.remove(&id) else {
            return;
        };
        self.dialogs.remove(&leg.key);
        self.keep_dialog(id, &mut leg);
        self.legs_by_flow.remove(leg.flow, id);
        self.stop_clock(id, &leg);
        let is_parting = leg.is_parting();
        if let Some(theirs) = leg
            .session_with_offer()
            .and_then(|session| session.theirs.take())
        {
            // Section 15.1.2: pending requests still get an answer, 487.
            self.refuse_reoffer(*theirs, StatusCode::REQUEST_TERMINATED, Headers::new());
        }
        if !is_parting {
            self.out.tell(Event::Ended { leg: id, cause });
        }
    }

    /// Our 2xx is not acknowledged yet.
    pub(super) fn repeat_acceptance(&mut self, id: LegId, number: u32) {
        let t2 = self.config.timers.t2;
        if let Some(Leg {
            phase: Phase::Established(established),
            ..
        }) = self.legs.get_mut(&id)
            && let Some(acceptance) = established
                .acceptances
                .iter_mut()
                .find(|acceptance| acceptance.number == number)
        {
            acceptance.interval = (acceptance.interval * 2).min(t2);
            self.out
                .send(acceptance.reply_to, acceptance.payload.clone());
            self.out
                .after(acceptance.interval, Timer::AcceptanceRetransmit(id, number));
        }
    }

    /// Our 2xx was never acknowledged.
    pub(super) fn acceptance_overdue(&mut self, id: LegId, number: u32) {
        let Some(leg) = self.legs.get(&id) else {
            return;
        };
        let Phase::Established(established) = &leg.phase else {
            return;
        };
        if !established
            .acceptances
            .iter()
            .any(|acceptance| acceptance.number == number)
        {
            return;
        }
        if leg.is_parting() {
            self.part(id);
        } else {
            self.end_with_bye(id, EndCause::NoAcknowledgement);
        }
    }

    /// [`Input::SendInDialog`](super::Input::SendInDialog).
    pub(super) fn send_in_dialog(
        &mut self,
        id: LegId,
        request: RequestId,
        method: Method,
        headers: Headers,
        body: Bytes,
    ) {
        if matches!(
            method,
            Method::Invite
                | Method::Ack
                | Method::Bye
                | Method::Cancel
                | Method::Prack
                | Method::Update
        ) {
            return self.fail_request(request, Failure::Unsendable);
        }
        let contact_needed = matches!(method, Method::Subscribe | Method::Refer);
        let Some(leg) = self.legs.get_mut(&id).filter(|leg| !leg.is_parting()) else {
            return self.fail_request(request, Failure::NoSuchCall);
        };
        if leg.lost_at.is_some() {
            return self.fail_request(request, Failure::FlowFailed);
        }
        let flow = leg.flow;
        let Some(dialog) = leg.dialog_mut() else {
            return self.fail_request(request, Failure::NoSuchCall);
        };
        let mut message = dialog.request(method);
        if contact_needed && !headers.has(&HeaderName::Contact) {
            message.headers.push(HeaderName::Contact, dialog.contact());
        }
        if headers.has(&HeaderName::MaxForwards) {
            message.headers.remove(&HeaderName::MaxForwards);
        }
        message.headers.append(headers);
        if message.method == Method::Message {
            message.headers.remove(&HeaderName::Contact);
        }
        message.body = body;
        let kept = Box::new(message.clone());
        self.launch(
            flow,
            message,
            Purpose::InDialog {
                leg: id,
                request,
                message: kept,
            },
        );
    }

    pub(super) fn in_dialog_answered(
        &mut self,
        id: LegId,
        request: RequestId,
        mut message: Request,
        response: Response,
    ) {
        let status = response.status;
        if DigestClient::is_challenge(status)
            && let Some(leg) = self.legs.get_mut(&id)
            && let Some(mut digest) = leg.digest.take()
        {
            let flow = leg.flow;
            let number = leg.dialog_mut().map(|dialog| dialog.next_sequence());
            if digest.learn(&response)
                && let Some(number) = number
            {
                let method = message.method.clone();
                message.headers.set_typed(&CSeq { number, method });
                digest.authorize(&mut message, &mut self.random);
                leg.digest = Some(digest);
                let kept = Box::new(message.clone());
                self.launch(
                    flow,
                    message,
                    Purpose::InDialog {
                        leg: id,
                        request,
                        message: kept,
                    },
                );
                return;
            }
            leg.digest = Some(digest);
        } else if let Some(Leg {
            digest: Some(digest),
            ..
        }) = self.legs.get_mut(&id)
        {
            digest.accepted(&response);
        }
        let headers = loses_dialog(status).then(|| response.headers.clone());
        self.out.tell(Event::Response { request, response });
        if let Some(headers) = headers {
            self.end_with_bye(id, EndCause::Refused { status, headers });
        }
    }
}
