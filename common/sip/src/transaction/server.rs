//! The table of requests that came in.

use super::key::KeyMap;
use super::{Keyer, ServerInvite, ServerRequest, TransactionId, TransactionKey};
use crate::{Flow, Method};

/// The start of every branch that is unique (RFC 3261 section 8.1.1.7); without it the sender is one
/// of RFC 2543.
const MAGIC_COOKIE: &str = "z9hG4bK";

/// One request that came in.
#[derive(Debug)]
pub(crate) struct ServerTransaction<U> {
    serial: u32,
    /// What another copy of the request that came another way would have in common with it.
    copy_mark: Option<TransactionKey>,
    /// Where answers go.
    pub(crate) reply_to: Flow,
    pub(crate) machine: ServerMachine<U>,
}

/// The state machine of either kind.
#[derive(Debug)]
pub(crate) enum ServerMachine<U> {
    /// With the call that it belongs to.
    Invite(ServerInvite, U),
    Request(ServerRequest),
}

/// All requests that came in and are not over.
#[derive(Debug)]
pub(crate) struct ServerTransactions<U> {
    keyer: Keyer,
    table: KeyMap<ServerTransaction<U>>,
    /// The marks of all transactions that have one.
    copy_marks: KeyMap<()>,
    last_serial: u32,
}

/// The parts of a request that tell which transaction it belongs to (section 17.2.3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestMark<'a> {
    pub(crate) branch: Option<&'a str>,
    /// Host and port of the top Via, as printed.
    pub(crate) sent_by: &'a str,
    pub(crate) call_id: &'a str,
    pub(crate) from_tag: &'a str,
    pub(crate) sequence: u32,
}

impl<U> ServerTransactions<U> {
    pub(crate) fn new(keyer: Keyer) -> Self {
        Self {
            keyer,
            table: KeyMap::default(),
            copy_marks: KeyMap::default(),
            last_serial: 0,
        }
    }

    /// The key of a request. An ACK or a CANCEL has the key of its INVITE if `method` is INVITE.
    pub(crate) fn key(&self, mark: &RequestMark<'_>, method: &Method) -> TransactionKey {
        match mark.branch {
            Some(branch) if branch.starts_with(MAGIC_COOKIE) => {
                self.keyer.key(&[branch, mark.sent_by, method.as_str()])
            }
            // RFC 2543 had no unique branches: the call, its caller and the number must do.
            branch => self.keyer.key(&[
                branch.unwrap_or_default(),
                mark.sent_by,
                method.as_str(),
                mark.call_id,
                mark.from_tag,
                &mark.sequence.to_string(),
            ]),
        }
    }

    /// What all copies of a request outside dialogs have in common, on whatever way they came
    /// (section 8.2.2.2).
    pub(crate) fn copy_mark(&self, mark: &RequestMark<'_>, method: &Method) -> TransactionKey {
        self.keyer.key(&[
            mark.from_tag,
            mark.call_id,
            method.as_str(),
            &mark.sequence.to_string(),
        ])
    }

    /// Whether a copy of the request is being answered, or was a moment ago.
    pub(crate) fn has_copy(&self, copy_mark: TransactionKey) -> bool {
        self.copy_marks.contains_key(&copy_mark)
    }

    /// From now on copies of this transaction's request are recognized.
    pub(crate) fn mark_copies(&mut self, id: TransactionId, copy_mark: TransactionKey) {
        if let Some(transaction) = self.get_mut(id) {
            transaction.copy_mark = Some(copy_mark);
            self.copy_marks.insert(copy_mark, ());
        }
    }

    /// From now on they are new requests again.
    pub(crate) fn forget_copies(&mut self, id: TransactionId) {
        if let Some(transaction) = self.get_mut(id)
            && let Some(copy_mark) = transaction.copy_mark.take()
        {
            self.copy_marks.remove(&copy_mark);
        }
    }

    pub(crate) fn find(&self, key: TransactionKey) -> Option<TransactionId> {
        let serial = self.table.get(&key)?.serial;
        Some(TransactionId { key, serial })
    }

    pub(crate) fn insert(
        &mut self,
        key: TransactionKey,
        reply_to: Flow,
        machine: impl FnOnce(TransactionId) -> ServerMachine<U>,
    ) -> TransactionId {
        self.last_serial = self.last_serial.wrapping_add(1);
        let id = TransactionId {
            key,
            serial: self.last_serial,
        };
        let machine = machine(id);
        self.table.insert(
            key,
            ServerTransaction {
                serial: id.serial,
                copy_mark: None,
                reply_to,
                machine,
            },
        );
        id
    }

    pub(crate) fn get_mut(&mut self, id: TransactionId) -> Option<&mut ServerTransaction<U>> {
        self.table
            .get_mut(&id.key)
            .filter(|found| found.serial == id.serial)
    }

    pub(crate) fn remove(&mut self, id: TransactionId) {
        self.forget_copies(id);
        if self.get_mut(id).is_some() {
            self.table.remove(&id.key);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }
}
