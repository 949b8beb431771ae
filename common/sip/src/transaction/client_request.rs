//! The client's side of a request that is not an INVITE (RFC 3261 section 17.1.2).

use std::time::Duration;

use bytes::Bytes;

use super::TransactionId;
use crate::endpoint::{Outbox, Timer, Timers};
use crate::{Flow, StatusCode};

/// A request under way, or answered a short while ago.
#[derive(Debug)]
pub(crate) struct ClientRequest {
    state: State,
}

#[derive(Debug)]
enum State {
    /// No answer yet ("Trying") or a provisional one ("Proceeding").
    Waiting {
        payload: Bytes,
        interval: Duration,
        is_proceeding: bool,
    },
    /// The final answer came; repetitions are absorbed.
    Completed,
}

/// What the user of the transaction has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RequestOutcome {
    /// Nothing.
    Nothing,
    /// A provisional answer is news.
    Progress,
    /// The final answer is news. `is_over` when nothing needs to be absorbed.
    Final { is_over: bool },
    /// Nobody answered; the transaction is over.
    TimedOut,
    /// The transaction is over.
    Over,
}

impl ClientRequest {
    /// Sends the request.
    pub(crate) fn start(
        transaction: TransactionId,
        flow: Flow,
        payload: Bytes,
        timers: &Timers,
        out: &mut Outbox,
    ) -> Self {
        out.send(flow, payload.clone());
        if !flow.transport.is_reliable() {
            out.after(timers.t1, Timer::RequestRetransmit(transaction));
        }
        out.after(
            timers.transaction_life(),
            Timer::RequestTimeout(transaction),
        );
        let state = State::Waiting {
            payload,
            interval: timers.t1,
            is_proceeding: false,
        };
        Self { state }
    }

    pub(crate) fn receive(
        &mut self,
        transaction: TransactionId,
        flow: Flow,
        status: StatusCode,
        timers: &Timers,
        out: &mut Outbox,
    ) -> RequestOutcome {
        match &mut self.state {
            State::Waiting { is_proceeding, .. } if status.is_provisional() => {
                *is_proceeding = true;
                RequestOutcome::Progress
            }
            State::Waiting { .. } => {
                self.state = State::Completed;
                let is_over = flow.transport.is_reliable();
                if !is_over {
                    out.after(timers.t4, Timer::RequestAnswerAbsorbed(transaction));
                }
                RequestOutcome::Final { is_over }
            }
            State::Completed => RequestOutcome::Nothing,
        }
    }

    pub(crate) fn fire(
        &mut self,
        timer: Timer,
        flow: Flow,
        timers: &Timers,
        out: &mut Outbox,
    ) -> RequestOutcome {
        match (timer, &mut self.state) {
            (
                Timer::RequestRetransmit(_),
                State::Waiting {
                    payload,
                    interval,
                    is_proceeding,
                },
            ) => {
                // In "Proceeding" the pause is T2 from now on (section 17.1.2.2).
                *interval = if *is_proceeding {
                    timers.t2
                } else {
                    (*interval * 2).min(timers.t2)
                };
                out.send(flow, payload.clone());
                out.after(*interval, timer);
                RequestOutcome::Nothing
            }
            (Timer::RequestTimeout(_), State::Waiting { .. }) => RequestOutcome::TimedOut,
            (Timer::RequestAnswerAbsorbed(_), State::Completed) => RequestOutcome::Over,
            _ => RequestOutcome::Nothing,
        }
    }

    /// Whether the final answer is still to come.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }
}
