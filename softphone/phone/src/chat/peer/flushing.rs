//! Bringing the journal to the server, and what becomes of it there.

use std::time::Instant;

use api::room::{
    FLUSH_MESSAGES, Flushed, Message, MessageId, PeerMessage, Receipt, ReceiptEntry, RoomErrorCode,
    RoomId, Said,
};

use super::{FlushOutcome, JournalEntry};
use crate::chat::core::{Chat, DELIVER_PAUSE, Link};
use crate::chat::{ChatEvent, Keep, Outgoing, Whom};

/// Bodies of one batch in bytes: far below what the server takes, with all that is around them.
const BATCH_BYTES: usize = 256 * 1024;

impl Chat {
    /// Says or sends something, whichever way it goes now.
    pub(in crate::chat) fn dispatch(&mut self, now: Instant, outgoing: &Outgoing) {
        if let Whom::Room(room) = &outgoing.whom {
            if self.goes_directly(room, &outgoing.body) {
                return self.send_directly(now, room, outgoing);
            }
            self.seek_peer(now, room);
        }
        self.send_in_order(outgoing);
    }

    /// Sends something to the server, behind what the journal of its room holds.
    pub(in crate::chat) fn send_in_order(&mut self, outgoing: &Outgoing) {
        if self.link != Link::Online {
            return;
        }
        if let Whom::Room(room) = &outgoing.whom {
            let sessions = &self.peers.sessions;
            let is_under_way = sessions
                .get(room)
                .is_some_and(|one| one.holds(&outgoing.id));
            if is_under_way {
                return;
            }
            if self.flush_now(room) {
                self.peers.held.insert(room.clone());
                return;
            }
        }
        self.send(outgoing);
    }

    /// Sends what waited for a room's journal to be brought, unless there is more of it.
    fn let_go(&mut self, room: &RoomId) {
        if self.peers.held.remove(room) {
            self.send_room(room);
        }
    }

    /// Sends what waits for a room.
    pub(super) fn send_room(&mut self, room: &RoomId) {
        let whom = Whom::Room(room.clone());
        let waiting = self.outbox.to_send().filter(|one| one.whom == whom);
        for outgoing in &waiting.cloned().collect::<Vec<_>>() {
            self.send_in_order(outgoing);
        }
    }

    /// Brings a room's journal to the server; `false` if there is nothing to bring.
    pub(in crate::chat) fn flush_now(&mut self, room: &RoomId) -> bool {
        let messages = self.to_bring(room);
        if messages.is_empty() {
            self.peers.flush_at.remove(room);
            return false;
        }
        if self.link == Link::Online && self.peers.flushing.insert(room.clone()) {
            self.peers.flush_at.remove(room);
            let room = room.clone();
            self.tell(ChatEvent::Flush { room, messages });
        }
        true
    }

    /// The first messages of a room's journal, as many as go at once.
    fn to_bring(&self, room: &RoomId) -> Vec<PeerMessage> {
        let known = self.archive.conversations.get(room);
        let entries = known.into_iter().flat_map(|one| &one.journal);
        let mut bytes = 0;
        entries
            .filter(|entry| entry.refused.is_none())
            .take(FLUSH_MESSAGES)
            .take_while(|entry| {
                bytes += entry.message.body.len();
                bytes <= BATCH_BYTES
            })
            .map(|entry| entry.message.clone())
            .collect()
    }

    fn journalled_rooms(&self) -> Vec<RoomId> {
        let all = self.archive.conversations.iter();
        let some = all.filter(|(_, one)| !one.journal.is_empty());
        some.map(|(room, _)| room.clone()).collect()
    }

    /// Brings all journals to the server.
    pub(in crate::chat) fn flush_all(&mut self) {
        for room in self.journalled_rooms() {
            self.flush_now(&room);
        }
    }

    pub(super) fn run_flush_timers(&mut self, now: Instant) {
        if self.link != Link::Online {
            return;
        }
        let due = self.peers.flush_at.iter().filter(|(_, at)| **at <= now);
        for room in due.map(|(room, _)| room.clone()).collect::<Vec<_>>() {
            self.flush_now(&room);
        }
    }

    /// When a journal is to be brought next, if the server can be reached.
    pub(in crate::chat) fn flush_due(&self) -> Option<Instant> {
        let next = self.peers.flush_at.values().min().copied();
        next.filter(|_| self.link == Link::Online)
    }

    /// What became of a batch.
    pub(in crate::chat) fn flushed(&mut self, now: Instant, room: &RoomId, outcome: FlushOutcome) {
        self.peers.flushing.remove(room);
        let again = now + self.peers.flush_every;
        match outcome {
            FlushOutcome::Done(flushed) => {
                if self.take_flushed(now, room, flushed) {
                    // What came behind it.
                    self.flush_now(room);
                }
            }
            FlushOutcome::Later => {}
            FlushOutcome::Refused(sentence) => {
                let brought: Vec<MessageId> =
                    self.to_bring(room).into_iter().map(|one| one.id).collect();
                for id in &brought {
                    self.refuse(room, id, &sentence);
                }
            }
        }
        if self.to_bring(room).is_empty() {
            self.let_go(room);
        } else if !self.peers.flushing.contains(room) {
            self.peers.flush_at.entry(room.clone()).or_insert(again);
        }
    }

    /// Whether any of them left the journal's queue.
    fn take_flushed(&mut self, now: Instant, room: &RoomId, flushed: Flushed) -> bool {
        let mut is_moved = false;
        for answer in flushed.messages {
            match (answer.sequence, answer.error) {
                (Some(sequence), _) => {
                    is_moved = true;
                    let known = self.archive.conversations.get(room);
                    let mut journal = known.into_iter().flat_map(|one| &one.journal);
                    let entry = journal.find(|entry| entry.message.id == answer.id);
                    if let Some(entry) = entry {
                        let message = entry.placed(sequence, answer.sent.unwrap_or_default());
                        self.message_is(now, message, false);
                    }
                }
                // That passes.
                (None, Some(error)) if error.code == RoomErrorCode::ConnectionError => {}
                (None, Some(error)) => {
                    is_moved = true;
                    self.refuse(room, &answer.id, &error.sentence);
                }
                (None, None) => {}
            }
        }
        is_moved
    }

    /// The server does not take it: it stays here, and says so.
    fn refuse(&mut self, room: &RoomId, id: &MessageId, sentence: &str) {
        let known = self.archive.conversations.get(room);
        let mut journal = known.into_iter().flat_map(|one| &one.journal);
        if let Some(entry) = journal.find(|entry| entry.message.id == *id) {
            let entry = JournalEntry {
                refused: Some(sentence.to_owned()),
                ..entry.clone()
            };
            self.tell_journal(entry, false);
        }
    }

    /// An entry of the room is one of the journal: it has its place now. Gives what it was before.
    pub(in crate::chat) fn take_journalled(&mut self, message: &Message) -> Option<JournalEntry> {
        let conversation = self.archive.conversations.get_mut(&message.room)?;
        let entry = conversation.take_journalled(&message.id)?;
        self.keep(Keep::Journaled(message.id.clone()));
        Some(entry)
    }

    /// Tells what follows when something of the journal has its place.
    pub(in crate::chat) fn settled(&mut self, now: Instant, entry: &JournalEntry, sequence: i64) {
        let room = entry.room.clone();
        if self.to_bring(&room).is_empty() {
            // The other side has brought it all.
            self.let_go(&room);
        }
        if entry.is_from(self.config.me) {
            let id = entry.message.id.clone();
            return self.tell(ChatEvent::Stored { id, room, sequence });
        }
        if !entry.is_read {
            self.undelivered.insert(room);
            self.deliver_at.get_or_insert(now + DELIVER_PAUSE);
        } else if self.looked_at.as_ref() == Some(&room) {
            self.read_what_is_looked_at();
        } else {
            let entry = ReceiptEntry {
                room: Some(room),
                receipt: Receipt::Read,
                sequence,
            };
            self.say(Said::Receipt(entry), None);
        }
    }
}
