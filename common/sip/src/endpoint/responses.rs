//! Who learns an answer, or that there is none.

use super::purpose::Purpose;
use super::{BadMessage, EndCause, Endpoint, Event, Failure};
use crate::transaction::{ClientMachine, InviteOutcome, RequestOutcome, TransactionId};
use crate::{
    CSeq, Flow, HeaderError, HeaderName, Response, StatusCode, Text, ToHeader, TypedHeader, Via,
};

impl Endpoint {
    pub(super) fn receive_response(&mut self, flow: Flow, response: Response) {
        let known = match self.transaction_of(&response) {
            Ok(Some(known)) => known,
            Ok(None) if self.acknowledge_again(&response) => return,
            Ok(None) => {
                let error = BadMessage::StrayResponse;
                return self.out.tell(Event::BadMessage { flow, error });
            }
            Err(error) => {
                let error = BadMessage::MalformedResponse(error);
                return self.out.tell(Event::BadMessage { flow, error });
            }
        };
        let Some(transaction) = self.clients.get_mut(known) else {
            return;
        };
        let (timers, out) = (&self.config.timers, &mut self.out);
        let flow = transaction.flow;
        match &mut transaction.machine {
            ClientMachine::Request(machine) => {
                let outcome = machine.receive(known, flow, response.status, timers, out);
                self.request_outcome(known, outcome, Some(response));
            }
            ClientMachine::Invite(machine) => {
                let to_tag = match response.headers.required::<ToHeader>() {
                    Ok(ToHeader(to)) => to.params.text("tag"),
                    Err(error) => {
                        let error = BadMessage::MalformedResponse(error);
                        return out.tell(Event::BadMessage { flow, error });
                    }
                };
                let tag = to_tag.as_deref();
                let outcome = machine.receive(known, flow, &response, tag, timers, out);
                self.invite_outcome(known, outcome, Some((response, to_tag.unwrap_or_default())));
            }
        }
    }

    /// The request that a response answers (sections 17.1.3 and 8.1.3.3).
    fn transaction_of(&self, response: &Response) -> Result<Option<TransactionId>, HeaderError> {
        let via: Via = response.headers.required()?;
        let sequence: CSeq = response.headers.required()?;
        if response.headers.all(&HeaderName::Via).nth(1).is_some() {
            return Err(Via::malformed("names others behind us"));
        }
        let branch = via.branch().unwrap_or_default();
        Ok(self.clients.find(branch, &sequence.method))
    }

    pub(super) fn request_outcome(
        &mut self,
        known: TransactionId,
        outcome: RequestOutcome,
        response: Option<Response>,
    ) {
        match outcome {
            RequestOutcome::Nothing => {}
            RequestOutcome::Over => {
                self.clients.remove(known);
            }
            RequestOutcome::Progress => {
                if let Some(transaction) = self.clients.get_mut(known)
                    && let Purpose::Request { request, .. } | Purpose::InDialog { request, .. } =
                        transaction.user
                    && let Some(response) = response
                {
                    self.out.tell(Event::Response { request, response });
                }
            }
            RequestOutcome::TimedOut => self.request_failed(known, Failure::Timeout),
            RequestOutcome::Final { is_over } => {
                let Some(transaction) = self.clients.get_mut(known) else {
                    return;
                };
                let flow = transaction.flow;
                // What remains only absorbs repetitions.
                let purpose = std::mem::replace(&mut transaction.user, Purpose::Nobody);
                if is_over {
                    self.clients.remove(known);
                }
                if let Some(response) = response {
                    self.request_answered_for(flow, purpose, response);
                }
            }
        }
    }

    fn request_answered_for(&mut self, flow: Flow, purpose: Purpose, response: Response) {
        match purpose {
            Purpose::Request { request, retry } => {
                self.request_answered(flow, request, retry, response);
            }
            Purpose::InDialog {
                leg,
                request,
                message,
            } => {
                self.in_dialog_answered(leg, request, *message, response);
            }
            Purpose::Register(registration, plan) => {
                self.register_answered(registration, plan, response);
            }
            Purpose::Bye { dialog, retry } => self.bye_answered(flow, dialog, retry, &response),
            Purpose::Subscribe {
                subscription,
                branch,
                message,
            } => self.subscribe_answered(subscription, branch, *message, response),
            Purpose::Notify {
                subscription,
                message,
            } => self.notify_answered(subscription, message, response),
            Purpose::Publish(publication, plan) => {
                self.publish_answered(publication, plan, &response);
            }
            Purpose::Update { leg, to_tag } => self.update_answered(leg, &to_tag, response),
            Purpose::Prack {
                leg,
                to_tag,
                message,
            } => self.prack_answered(leg, &to_tag, message, Some(&response)),
            Purpose::Nobody
            | Purpose::Invite(_)
            | Purpose::Reoffer(_)
            | Purpose::Abandoned { .. } => {}
        }
    }

    /// A request that is no INVITE gets no answer any more.
    pub(super) fn request_failed(&mut self, known: TransactionId, cause: Failure) {
        let Some(transaction) = self.clients.remove(known) else {
            return;
        };
        match transaction.user {
            Purpose::Request { request, .. } => self.fail_request(request, cause),
            Purpose::InDialog { leg, request, .. } => {
                self.fail_request(request, cause);
                // Section 12.2.1.2: who does not answer any more has lost the dialog.
                if cause == Failure::Timeout {
                    self.end_with_bye(leg, EndCause::Timeout);
                }
            }
            Purpose::Register(registration, plan) => {
                self.register_failed(registration, plan, cause);
            }
            Purpose::Bye { dialog, .. } => {
                self.mortal.remove(&dialog);
            }
            Purpose::Subscribe {
                subscription,
                branch,
                ..
            } => self.subscribe_failed(subscription, branch, cause),
            Purpose::Notify { subscription, .. } => self.notify_failed(subscription, cause),
            Purpose::Publish(publication, plan) => self.publish_failed(publication, plan, cause),
            Purpose::Update { leg, to_tag } => self.update_failed(leg, &to_tag, EndCause::Timeout),
            Purpose::Prack {
                leg,
                to_tag,
                message,
            } => self.prack_answered(leg, &to_tag, message, None),
            Purpose::Nobody
            | Purpose::Invite(_)
            | Purpose::Reoffer(_)
            | Purpose::Abandoned { .. } => {}
        }
    }

    pub(super) fn invite_outcome(
        &mut self,
        known: TransactionId,
        outcome: InviteOutcome,
        response: Option<(Response, Text)>,
    ) {
        match (outcome, response) {
            (InviteOutcome::Over, _) => {
                self.clients.remove(known);
            }
            (InviteOutcome::CancelNow(cancel), _) => {
                if let Some(transaction) = self.clients.get_mut(known) {
                    let flow = transaction.flow;
                    self.launch_cancel(flow, &cancel);
                }
            }
            (InviteOutcome::Progress, Some((response, to_tag))) => {
                if let Some(transaction) = self.clients.get_mut(known)
                    && let Purpose::Invite(leg) = transaction.user
                {
                    self.call_progresses(leg, response, to_tag);
                }
            }
            (InviteOutcome::Accepted, Some((response, to_tag))) => {
                self.invite_accepted(known, response, &to_tag);
            }
            (InviteOutcome::Refused { is_over }, Some((response, to_tag))) => {
                self.invite_refused(known, is_over, response, &to_tag);
            }
            (InviteOutcome::Silent, _) => self.invite_is_silent(known),
            (InviteOutcome::TimedOut, _) => self.invite_failed(known, EndCause::Timeout),
            _ => {}
        }
    }

    /// Timer C: whoever rings says so every minute (section 13.3.1.1), and this one does not.
    fn invite_is_silent(&mut self, known: TransactionId) {
        let Some(transaction) = self.clients.get_mut(known) else {
            return;
        };
        match transaction.user {
            Purpose::Invite(leg) => {
                self.abandon_leg(leg, None);
                self.end(leg, EndCause::Timeout);
            }
            // The 487 to come leaves the call as it was.
            Purpose::Reoffer(_) => self.cancel(known, None),
            _ => {}
        }
    }

    fn invite_accepted(&mut self, known: TransactionId, response: Response, to_tag: &str) {
        let Some(transaction) = self.clients.get_mut(known) else {
            return;
        };
        match &transaction.user {
            Purpose::Invite(leg) => {
                let leg = *leg;
                self.call_answered(leg, known, response, to_tag);
            }
            Purpose::Reoffer(leg) => {
                let leg = *leg;
                self.reinvite_answered(leg, known, response, to_tag);
            }
            Purpose::Abandoned { contact, number } => {
                let (contact, number) = (contact.clone(), *number);
                self.thank_and_hang_up(known, &response, to_tag, contact, number);
            }
            _ => {}
        }
    }

    fn invite_refused(
        &mut self,
        known: TransactionId,
        is_over: bool,
        response: Response,
        to_tag: &str,
    ) {
        let Some(transaction) = self.clients.get_mut(known) else {
            return;
        };
        let purpose = std::mem::replace(&mut transaction.user, Purpose::Nobody);
        if is_over {
            self.clients.remove(known);
        }
        match purpose {
            Purpose::Invite(leg) => self.call_refused(leg, response),
            Purpose::Reoffer(leg) => self.reinvite_refused(leg, response, to_tag),
            _ => {}
        }
    }

    /// An INVITE gets no answer any more.
    pub(super) fn invite_failed(&mut self, known: TransactionId, cause: EndCause) {
        let Some(transaction) = self.clients.remove(known) else {
            return;
        };
        if let ClientMachine::Invite(machine) = &transaction.machine {
            machine.take_back_limit(known, &mut self.out);
        }
        match transaction.user {
            Purpose::Invite(leg) => self.end(leg, cause),
            // Section 14.1: a re-INVITE without any answer ends the call.
            Purpose::Reoffer(leg) => self.end_with_bye(leg, cause),
            _ => {}
        }
    }
}

/// Whether an answer to a request in a call says that the call is lost (section 12.2.1.2).
pub(super) fn loses_dialog(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::CALL_DOES_NOT_EXIST | StatusCode::REQUEST_TIMEOUT
    )
}
