//! The table of requests that we sent.

use super::key::KeyMap;
use super::{ClientInvite, ClientRequest, FlowIndex, Keyer, TransactionId};
use crate::endpoint::{Outbox, Timers};
use crate::{Flow, Method, Request};

/// One request of ours, with what its user wants to know when it is answered.
#[derive(Debug)]
pub(crate) struct ClientTransaction<U> {
    serial: u32,
    pub(crate) flow: Flow,
    pub(crate) machine: ClientMachine,
    pub(crate) user: U,
}

impl<U> ClientTransaction<U> {
    /// Whether the final answer is still to come.
    pub(crate) fn is_waiting(&self) -> bool {
        match &self.machine {
            ClientMachine::Invite(machine) => machine.is_waiting(),
            ClientMachine::Request(machine) => machine.is_waiting(),
        }
    }
}

/// The state machine of either kind.
#[derive(Debug)]
pub(crate) enum ClientMachine {
    Invite(Box<ClientInvite>),
    Request(ClientRequest),
}

/// All requests of ours that are not over.
#[derive(Debug)]
pub(crate) struct ClientTransactions<U> {
    keyer: Keyer,
    table: KeyMap<ClientTransaction<U>>,
    by_flow: FlowIndex<TransactionId>,
    last_serial: u32,
}

impl<U> ClientTransactions<U> {
    pub(crate) fn new(keyer: Keyer) -> Self {
        Self {
            by_flow: FlowIndex::new(keyer.clone()),
            keyer,
            table: KeyMap::default(),
            last_serial: 0,
        }
    }

    /// Sends an INVITE whose top Via has this branch.
    pub(crate) fn start_invite(
        &mut self,
        flow: Flow,
        branch: &str,
        invite: Request,
        user: U,
        timers: &Timers,
        out: &mut Outbox,
    ) -> TransactionId {
        let transaction = self.name(branch, &Method::Invite);
        let machine = ClientInvite::start(transaction, flow, invite, timers, out);
        self.insert(
            transaction,
            flow,
            ClientMachine::Invite(Box::new(machine)),
            user,
        )
    }

    /// Sends any other request, whose top Via has this branch.
    pub(crate) fn start_request(
        &mut self,
        flow: Flow,
        branch: &str,
        request: &Request,
        user: U,
        timers: &Timers,
        out: &mut Outbox,
    ) -> TransactionId {
        let transaction = self.name(branch, &request.method);
        let payload = request.to_bytes();
        let machine = ClientRequest::start(transaction, flow, payload, timers, out);
        self.insert(transaction, flow, ClientMachine::Request(machine), user)
    }

    /// The request that a response with this branch and CSeq method answers (section 17.1.3).
    pub(crate) fn find(&self, branch: &str, method: &Method) -> Option<TransactionId> {
        let key = self.keyer.key(&[branch, method.as_str()]);
        let serial = self.table.get(&key)?.serial;
        Some(TransactionId { key, serial })
    }

    pub(crate) fn get_mut(&mut self, id: TransactionId) -> Option<&mut ClientTransaction<U>> {
        self.table
            .get_mut(&id.key)
            .filter(|found| found.serial == id.serial)
    }

    pub(crate) fn remove(&mut self, id: TransactionId) -> Option<ClientTransaction<U>> {
        let flow = self.get_mut(id)?.flow;
        self.by_flow.remove(flow, id);
        self.table.remove(&id.key)
    }

    /// The requests that may have gone over this flow, in the order of sending.
    pub(crate) fn on_flow(&self, flow: Flow) -> Vec<TransactionId> {
        self.by_flow.on(flow, TransactionId::LEAST)
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    fn name(&mut self, branch: &str, method: &Method) -> TransactionId {
        self.last_serial = self.last_serial.wrapping_add(1);
        let key = self.keyer.key(&[branch, method.as_str()]);
        TransactionId {
            key,
            serial: self.last_serial,
        }
    }

    fn insert(
        &mut self,
        id: TransactionId,
        flow: Flow,
        machine: ClientMachine,
        user: U,
    ) -> TransactionId {
        let transaction = ClientTransaction {
            serial: id.serial,
            flow,
            machine,
            user,
        };
        self.by_flow.insert(flow, id);
        self.table.insert(id.key, transaction);
        id
    }
}
