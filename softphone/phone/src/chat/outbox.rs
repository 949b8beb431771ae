//! What was written and is not on the server's disk yet.

use std::collections::VecDeque;

use api::room::{Addressee, Body, MessageId, RoomId};

use super::Attachment;

/// Where something is said, or to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// In a room.
    Room(RoomId),
    /// To one person; the conversation is made by the first message.
    Person(Addressee),
}

/// How something that was written stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OutgoingState {
    /// It waits for a connection, or for the server's word.
    #[default]
    Waiting,
    /// Its file is on the way to the server; the message follows.
    Uploading,
    /// Its file goes to the other person's device, or waits for a direct connection to go on.
    Passing,
    /// The server does not take it; one sentence says why.
    Refused(String),
}

/// Something that was written and is not on the server's disk yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// Made once for this message.
    pub id: MessageId,
    /// Where it goes.
    pub whom: Whom,
    /// What it says.
    pub body: Body,
    /// When it was written (RFC 3339).
    pub written: String,
    /// How it stands.
    pub state: OutgoingState,
    /// The file of this computer that has to be on the server before.
    pub attachment: Option<Attachment>,
}

/// All of it, in the order in which it was written.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Outgoing>,
}

impl Outbox {
    pub(super) fn new(waiting: Vec<Outgoing>) -> Self {
        Self {
            waiting: waiting.into(),
        }
    }

    /// Adds something; `false` when it is there already.
    pub(super) fn add(&mut self, outgoing: Outgoing) -> bool {
        let is_new = self.get(&outgoing.id).is_none();
        if is_new {
            self.waiting.push_back(outgoing);
        }
        is_new
    }

    pub(super) fn get(&self, id: &MessageId) -> Option<&Outgoing> {
        self.waiting.iter().find(|one| one.id == *id)
    }

    /// Takes something out.
    pub(super) fn take(&mut self, id: &MessageId) -> Option<Outgoing> {
        let at = self.waiting.iter().position(|one| one.id == *id)?;
        self.waiting.remove(at)
    }

    /// Changes how something stands; gives it back as it is now.
    pub(super) fn settle(&mut self, id: &MessageId, state: OutgoingState) -> Option<Outgoing> {
        let one = self.waiting.iter_mut().find(|one| one.id == *id)?;
        one.state = state;
        Some(one.clone())
    }

    /// Changes something; gives it back as it is now.
    pub(super) fn change(
        &mut self,
        id: &MessageId,
        change: impl FnOnce(&mut Outgoing),
    ) -> Option<Outgoing> {
        let one = self.waiting.iter_mut().find(|one| one.id == *id)?;
        change(one);
        Some(one.clone())
    }

    /// Whose files are on the way.
    pub(super) fn to_upload(&self) -> impl Iterator<Item = &Outgoing> {
        let is_on_the_way = |one: &&Outgoing| one.state == OutgoingState::Uploading;
        self.waiting.iter().filter(is_on_the_way)
    }

    /// Whose files go from device to device.
    pub(super) fn to_pass(&self) -> impl Iterator<Item = &Outgoing> {
        let passes = |one: &&Outgoing| one.state == OutgoingState::Passing;
        self.waiting.iter().filter(passes)
    }

    /// What waits under an id with this end.
    pub(super) fn ending_with(&self, end: &str) -> Option<MessageId> {
        let mut waiting = self.to_send().map(|one| &one.id);
        waiting.find(|id| id.as_str().ends_with(end)).cloned()
    }

    /// What is to be sent over a new connection.
    pub(super) fn to_send(&self) -> impl Iterator<Item = &Outgoing> {
        let waits = |one: &&Outgoing| one.state == OutgoingState::Waiting;
        self.waiting.iter().filter(waits)
    }
}
