//! The server's side of a request that is not an INVITE (RFC 3261 section 17.2.2).

use bytes::Bytes;

use super::TransactionId;
use crate::endpoint::{Outbox, Timer, Timers};
use crate::{Flow, StatusCode};

/// A request that came in.
#[derive(Debug)]
pub(crate) struct ServerRequest {
    state: State,
}

#[derive(Debug)]
enum State {
    /// The application has not answered; repetitions are swallowed.
    Trying,
    /// A provisional answer is repeated to each repetition.
    Proceeding(Bytes),
    /// The final answer is repeated to each repetition.
    Completed(Bytes),
}

impl ServerRequest {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Trying,
        }
    }

    /// The request came again.
    pub(crate) fn receive_again(&self, reply_to: Flow, out: &mut Outbox) {
        match &self.state {
            State::Trying => {}
            State::Proceeding(payload) | State::Completed(payload) => {
                out.send(reply_to, payload.clone());
            }
        }
    }

    /// Answers. Says whether the transaction is over at once, because a reliable transport does not
    /// repeat requests; a second final answer changes nothing.
    pub(crate) fn respond(
        &mut self,
        transaction: TransactionId,
        reply_to: Flow,
        status: StatusCode,
        payload: Bytes,
        timers: &Timers,
        out: &mut Outbox,
    ) -> bool {
        if matches!(self.state, State::Completed(_)) {
            return false;
        }
        out.send(reply_to, payload.clone());
        if status.is_provisional() {
            self.state = State::Proceeding(payload);
            return false;
        }
        let is_over = reply_to.transport.is_reliable();
        if !is_over {
            out.after(
                timers.transaction_life(),
                Timer::RequestAbsorbed(transaction),
            );
            self.state = State::Completed(payload);
        }
        is_over
    }
}
