//! The client's side of an INVITE (RFC 3261 section 17.1.1, RFC 6026 section 7.2).

use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;

use super::TransactionId;
use crate::endpoint::{Outbox, Timer, Timers};
use crate::{CSeq, Flow, HeaderName, Headers, Method, Request, Response, StatusCode, Text};

/// More phones than these cannot answer one forked INVITE; what comes beyond is not acknowledged.
const MOST_ACCEPTANCES: usize = 16;

/// An INVITE under way, or answered a short while ago.
#[derive(Debug)]
pub(crate) struct ClientInvite {
    /// As it was sent, without its body: ACK and CANCEL are made from it.
    invite: Request,
    state: State,
    cancel: Cancel,
}

#[derive(Debug)]
enum State {
    /// No answer yet.
    Calling { payload: Bytes, interval: Duration },
    /// A provisional answer came; the last one above 100, or the first one, at `heard`. Timer C is set
    /// for `limit`. Both as time since the endpoint's first input.
    Proceeding { heard: Duration, limit: Duration },
    /// Refused; the ACK is repeated to each repetition of the refusal.
    Completed { ack: Bytes },
    /// Accepted; each dialog's ACK is repeated to each repetition of its 2xx, also when the call is
    /// over by then. An ACK that waits for the application's answer is `None`.
    Accepted {
        acks: SmallVec<[(Text, Option<Bytes>); 1]>,
    },
}

#[derive(Debug)]
enum Cancel {
    No,
    /// A CANCEL must not be sent before the first provisional answer (section 9.1).
    Wanted {
        reason: Option<Text>,
    },
    Sent,
}

/// What the user of the transaction has to do.
#[derive(Debug)]
pub(crate) enum InviteOutcome {
    /// Nothing.
    Nothing,
    /// A provisional answer is news.
    Progress,
    /// A provisional answer came for which a CANCEL was waiting: send it.
    CancelNow(Box<Request>),
    /// A 2xx from a phone that had not answered before: acknowledge it.
    Accepted,
    /// The refusal is news. `is_over` when nothing needs to be absorbed.
    Refused { is_over: bool },
    /// Nobody answered; the transaction is over.
    TimedOut,
    /// Timer C: somebody answered provisionally and then fell silent.
    Silent,
    /// The transaction is over.
    Over,
}

impl ClientInvite {
    /// Sends the INVITE; `invite` carries its Via.
    pub(crate) fn start(
        transaction: TransactionId,
        flow: Flow,
        mut invite: Request,
        timers: &Timers,
        out: &mut Outbox,
    ) -> Self {
        let payload = invite.to_bytes();
        invite.body = Bytes::new();
        out.send(flow, payload.clone());
        if !flow.transport.is_reliable() {
            out.after(timers.t1, Timer::InviteRetransmit(transaction));
        }
        out.after(timers.transaction_life(), Timer::InviteTimeout(transaction));
        let state = State::Calling {
            payload,
            interval: timers.t1,
        };
        Self {
            invite,
            state,
            cancel: Cancel::No,
        }
    }

    pub(crate) fn receive(
        &mut self,
        transaction: TransactionId,
        flow: Flow,
        response: &Response,
        to_tag: Option<&str>,
        timers: &Timers,
        out: &mut Outbox,
    ) -> InviteOutcome {
        if !response.status.is_provisional() {
            self.take_back_limit(transaction, out);
        }
        match &mut self.state {
            State::Calling { .. } | State::Proceeding { .. }
                if response.status.is_provisional() =>
            {
                match &mut self.state {
                    State::Proceeding { heard, .. } => {
                        if response.status != StatusCode::TRYING {
                            *heard = out.now;
                        }
                    }
                    state => {
                        let (heard, limit) = (out.now, out.now + timers.c);
                        *state = State::Proceeding { heard, limit };
                        out.deadlines.set(limit, Timer::InviteSilence(transaction));
                    }
                }
                let Cancel::Wanted { reason } = &mut self.cancel else {
                    return InviteOutcome::Progress;
                };
                let reason = reason.take();
                let cancel = self.send_cancel(transaction, reason, timers, out);
                InviteOutcome::CancelNow(Box::new(cancel))
            }
            State::Calling { .. } | State::Proceeding { .. } if response.status.is_success() => {
                out.after(
                    timers.transaction_life(),
                    Timer::InviteAcceptanceAbsorbed(transaction),
                );
                let tag = Text::from(to_tag.unwrap_or_default());
                self.forget_details();
                self.state = State::Accepted {
                    acks: SmallVec::from_iter([(tag, None)]),
                };
                InviteOutcome::Accepted
            }
            State::Calling { .. } | State::Proceeding { .. } => {
                let ack = self.refusal_ack(response);
                out.send(flow, ack.clone());
                let is_over = flow.transport.is_reliable();
                if !is_over {
                    out.after(timers.d, Timer::InviteRefusalAbsorbed(transaction));
                }
                self.invite.headers = Headers::new();
                self.state = State::Completed { ack };
                InviteOutcome::Refused { is_over }
            }
            State::Completed { ack } => {
                if response.status.is_failure() {
                    out.send(flow, ack.clone());
                }
                InviteOutcome::Nothing
            }
            State::Accepted { acks } => {
                if !response.status.is_success() {
                    return InviteOutcome::Nothing;
                }
                let to_tag = to_tag.unwrap_or_default();
                match acks.iter().find(|(tag, _)| tag == to_tag) {
                    Some((_, Some(ack))) => out.send(flow, ack.clone()),
                    Some((_, None)) => {}
                    None if acks.len() < MOST_ACCEPTANCES => {
                        acks.push((Text::from(to_tag), None));
                        return InviteOutcome::Accepted;
                    }
                    None => {}
                }
                InviteOutcome::Nothing
            }
        }
    }

    /// Sends the ACK of a 2xx and keeps it for repetitions.
    pub(crate) fn acknowledge(&mut self, to_tag: &str, ack: Bytes, flow: Flow, out: &mut Outbox) {
        if let State::Accepted { acks } = &mut self.state
            && let Some((_, kept)) = acks.iter_mut().find(|(tag, _)| tag == to_tag)
        {
            out.send(flow, ack.clone());
            *kept = Some(ack);
        }
    }

    /// Gives the call up: returns the CANCEL if it may be sent now. Without a provisional answer it
    /// waits for one.
    pub(crate) fn cancel(
        &mut self,
        transaction: TransactionId,
        reason: Option<Text>,
        timers: &Timers,
        out: &mut Outbox,
    ) -> Option<Request> {
        match (&self.state, &self.cancel) {
            (State::Calling { .. }, Cancel::No) => {
                self.cancel = Cancel::Wanted { reason };
                None
            }
            (State::Proceeding { .. }, Cancel::No) => {
                Some(self.send_cancel(transaction, reason, timers, out))
            }
            _ => None,
        }
    }

    pub(crate) fn fire(
        &mut self,
        timer: Timer,
        flow: Flow,
        timers: &Timers,
        out: &mut Outbox,
    ) -> InviteOutcome {
        match (timer, &mut self.state) {
            (Timer::InviteRetransmit(_), State::Calling { payload, interval }) => {
                *interval *= 2;
                out.send(flow, payload.clone());
                out.after(*interval, timer);
                InviteOutcome::Nothing
            }
            (Timer::InviteSilence(_), State::Proceeding { heard, limit }) => {
                *limit = *heard + timers.c;
                if *limit <= out.now {
                    return InviteOutcome::Silent;
                }
                out.deadlines.set(*limit, timer);
                InviteOutcome::Nothing
            }
            (Timer::InviteTimeout(_), State::Calling { .. })
            | (Timer::CancelTimeout(_), State::Calling { .. } | State::Proceeding { .. }) => {
                InviteOutcome::TimedOut
            }
            (Timer::InviteRefusalAbsorbed(_), State::Completed { .. })
            | (Timer::InviteAcceptanceAbsorbed(_), State::Accepted { .. }) => InviteOutcome::Over,
            _ => InviteOutcome::Nothing,
        }
    }

    /// The transaction is forgotten before its end.
    pub(crate) fn take_back_limit(&self, transaction: TransactionId, out: &mut Outbox) {
        if let State::Proceeding { limit, .. } = self.state {
            out.deadlines
                .take_back(limit, Timer::InviteSilence(transaction));
        }
    }

    /// Whether the final answer is still to come.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Calling { .. } | State::Proceeding { .. })
    }

    /// Only ACKs may be made from it now: for half a minute it takes as little memory as it can.
    fn forget_details(&mut self) {
        let mut headers = Headers::new();
        let needed = [
            HeaderName::CSeq,
            HeaderName::Authorization,
            HeaderName::ProxyAuthorization,
        ];
        for name in needed {
            for value in self.invite.headers.all(&name) {
                headers.push(name.clone(), value);
            }
        }
        self.invite.headers = headers;
    }

    /// The INVITE as it was sent, without its body; of an answered one what its ACKs need.
    pub(crate) fn invite(&self) -> &Request {
        &self.invite
    }

    fn send_cancel(
        &mut self,
        transaction: TransactionId,
        reason: Option<Text>,
        timers: &Timers,
        out: &mut Outbox,
    ) -> Request {
        self.cancel = Cancel::Sent;
        out.after(timers.transaction_life(), Timer::CancelTimeout(transaction));
        let mut cancel = self.derive(Method::Cancel, None);
        if let Some(reason) = reason {
            cancel.headers.push(HeaderName::Reason, reason);
        }
        cancel
    }

    /// The ACK of a refusal, in the INVITE's own transaction (section 17.1.1.3).
    fn refusal_ack(&self, response: &Response) -> Bytes {
        self.derive(Method::Ack, response.headers.get(&HeaderName::To))
            .to_bytes()
    }

    /// A request in the INVITE's own transaction: same target, Via, From, Call-ID, number and Route.
    fn derive(&self, method: Method, to: Option<&Text>) -> Request {
        let mut request = Request::new(method.clone(), self.invite.uri.clone());
        let from = &self.invite.headers;
        let mut headers = Headers::new();
        if let Some(via) = from.get(&HeaderName::Via) {
            headers.push(HeaderName::Via, via);
        }
        headers.push(HeaderName::MaxForwards, Text::from_static("70"));
        for name in [HeaderName::From, HeaderName::To, HeaderName::CallId] {
            let value = match name {
                HeaderName::To => to.or_else(|| from.get(&name)),
                _ => from.get(&name),
            };
            if let Some(value) = value {
                headers.push(name, value);
            }
        }
        if let Ok(Some(sequence)) = from.typed::<CSeq>() {
            headers.push_typed(&CSeq {
                number: sequence.number,
                method,
            });
        }
        for route in from.all(&HeaderName::Route) {
            headers.push(HeaderName::Route, route);
        }
        request.headers = headers;
        request
    }
}
