//! The server's side of an INVITE (RFC 3261 section 17.2.1, RFC 6026 section 7.1).

use std::time::Duration;

use bytes::Bytes;

use super::TransactionId;
use crate::endpoint::{Outbox, Timer, Timers};
use crate::{Flow, StatusCode};

/// An INVITE that came in.
#[derive(Debug)]
pub(crate) struct ServerInvite {
    state: State,
}

#[derive(Debug)]
enum State {
    /// The last provisional answer, if there is one, is repeated to each repetition of the INVITE.
    Proceeding(Option<Bytes>),
    /// Refused; the refusal is repeated until the ACK.
    Completed { payload: Bytes, interval: Duration },
    /// Refused and acknowledged; repetitions of the ACK are absorbed.
    Confirmed,
    /// Accepted; repetitions of the INVITE are absorbed, and the call itself repeats the 2xx.
    Accepted,
}

impl ServerInvite {
    /// Starts with a 100 that is sent at once.
    pub(crate) fn start(reply_to: Flow, trying: Bytes, out: &mut Outbox) -> Self {
        out.send(reply_to, trying.clone());
        Self {
            state: State::Proceeding(Some(trying)),
        }
    }

    /// Starts with nothing, for an INVITE whose final answer follows at once.
    pub(crate) fn unanswered() -> Self {
        Self {
            state: State::Proceeding(None),
        }
    }

    /// The INVITE came again.
    pub(crate) fn receive_again(&self, reply_to: Flow, out: &mut Outbox) {
        match &self.state {
            State::Proceeding(Some(payload)) | State::Completed { payload, .. } => {
                out.send(reply_to, payload.clone());
            }
            State::Proceeding(None) | State::Confirmed | State::Accepted => {}
        }
    }

    /// Answers; anything after a final answer changes nothing.
    pub(crate) fn respond(
        &mut self,
        transaction: TransactionId,
        reply_to: Flow,
        status: StatusCode,
        payload: Bytes,
        timers: &Timers,
        out: &mut Outbox,
    ) {
        if !matches!(self.state, State::Proceeding(_)) {
            return;
        }
        out.send(reply_to, payload.clone());
        if status.is_provisional() {
            self.state = State::Proceeding(Some(payload));
        } else if status.is_success() {
            out.after(
                timers.transaction_life(),
                Timer::InviteAbsorbed(transaction),
            );
            self.state = State::Accepted;
        } else {
            if !reply_to.transport.is_reliable() {
                out.after(timers.t1, Timer::RefusalRetransmit(transaction));
            }
            out.after(
                timers.transaction_life(),
                Timer::RefusalTimeout(transaction),
            );
            self.state = State::Completed {
                payload,
                interval: timers.t1,
            };
        }
    }

    /// An ACK with the INVITE's branch came. Says whether the transaction is over.
    pub(crate) fn acknowledge(
        &mut self,
        transaction: TransactionId,
        reply_to: Flow,
        timers: &Timers,
        out: &mut Outbox,
    ) -> bool {
        if !matches!(self.state, State::Completed { .. }) {
            return false;
        }
        self.state = State::Confirmed;
        if reply_to.transport.is_reliable() {
            return true;
        }
        out.after(timers.t4, Timer::AckAbsorbed(transaction));
        false
    }

    /// Says whether the transaction is over.
    pub(crate) fn fire(
        &mut self,
        timer: Timer,
        reply_to: Flow,
        timers: &Timers,
        out: &mut Outbox,
    ) -> bool {
        match (timer, &mut self.state) {
            (Timer::RefusalRetransmit(_), State::Completed { payload, interval }) => {
                *interval = (*interval * 2).min(timers.t2);
                out.send(reply_to, payload.clone());
                out.after(*interval, timer);
                false
            }
            (Timer::RefusalTimeout(_), State::Completed { .. })
            | (Timer::AckAbsorbed(_), State::Confirmed)
            | (Timer::InviteAbsorbed(_), State::Accepted) => true,
            _ => false,
        }
    }

    /// Whether no final answer was given yet.
    pub(crate) fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding(_))
    }

    /// Whether an ACK with this branch belongs to the call rather than to the transaction.
    pub(crate) fn is_accepted(&self) -> bool {
        matches!(self.state, State::Accepted)
    }
}
