//! Questions that wait for their answers, and what goes on when they come.

use std::collections::HashMap;

use sip::{Credentials, Flow, LegId, Request, RequestId};

use crate::completion::Asked;
use crate::pager::{Addressed, Enclosed};
use crate::presence::{Asking, Finding};
use crate::timetable::TimerId;
use crate::{AccountId, AskId, CallId, CompletionId};

/// What waits for an answer.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// A REGISTER waits for its sender's credential.
    Register(Box<Waiting>),
    /// A message waits for its sender's credential.
    Sender(Box<Waiting>),
    /// A message waits to hear whom it reaches.
    Recipient(Box<Addressed>),
    /// A message waits to be kept.
    Letter(Box<Enclosed>),
    /// A new call waits for its caller's credential.
    Caller(LegId),
    /// A new call waits to hear who is called.
    Callee(LegId),
    /// A call that rings waits to hear who is there where a phone sent it.
    Redirection(CallId),
    /// A call waits to hear who is there where its callee has it sent.
    Forward(CallId),
    /// A call waits to hear to whom it is handed over.
    TransferTarget(CallId),
    /// A call waits for its ports.
    Ports(CallId),
    /// The call is over, but ports that still come have to be given back.
    AbandonedPorts(CallId),
    /// Somebody who wants to hear the own messages waits to hear which there are.
    MessagesToHear(CallId),
    /// A SUBSCRIBE waits for its sender's credential.
    Subscriber(Box<Asking>),
    /// A SUBSCRIBE waits to hear whom it is for.
    Presentity(Box<Finding>),
    /// A PUBLISH waits for its sender's credential.
    Publisher(Box<Waiting>),
    /// A wish to be called back waits to hear whom it is about.
    Completion(Box<Asked>),
    /// Somebody is to be called back, if the number still leads to the same callee.
    CompletionDue(CompletionId),
    /// Those who watch an account wait to hear what it tells, and whether to them.
    Viewers(AccountId),
    /// Message lamps wait for the number of messages.
    Messages(AccountId),
}

/// A REGISTER, MESSAGE or PUBLISH whose credentials cannot be checked yet.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) request: RequestId,
    pub(crate) flow: Flow,
    pub(crate) message: Request,
    pub(crate) credentials: Credentials,
}

/// All open questions.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    open: HashMap<AskId, (Purpose, TimerId)>,
    last_ask: u64,
}

impl Questions {
    pub(crate) fn next_id(&mut self) -> AskId {
        self.last_ask += 1;
        AskId(self.last_ask)
    }

    pub(crate) fn insert(&mut self, ask: AskId, purpose: Purpose, timer: TimerId) {
        self.open.insert(ask, (purpose, timer));
    }

    pub(crate) fn remove(&mut self, ask: AskId) -> Option<(Purpose, TimerId)> {
        self.open.remove(&ask)
    }

    /// The call that waits for ports with this question.
    pub(crate) fn waiting_for_ports(&self, ask: AskId) -> Option<CallId> {
        match self.open.get(&ask) {
            Some((Purpose::Ports(call), _)) => Some(*call),
            _ => None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }
}
