//! Bringing the journal to the server, and what becomes of it there.

use std::time::Instant;

use api::room::{
    FLUSH_MESSAGES, Flushed, Message, MessageId, PeerMessage, Receipt, ReceiptEntry, RoomErrorCode,
    RoomId, Said,
};

use super::{BRING_PATIENCE, FlushOutcome, JournalEntry};
use crate::chat::core::{Chat, DELIVER_PAUSE, GAP, Link};
use crate::chat::{ChatEvent, Conversation, Keep, Outgoing, OutgoingState, UploadNews, Whom};

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
            // What is done to a message comes behind it, also if that waits for its file.
            let known = self.archive.conversations.get(room);
            let waits = outgoing.body.target().is_some_and(|target| {
                let sent = self.outbox.get(target).map(|one| &one.state);
                let is_file = [OutgoingState::Uploading, OutgoingState::Passing];
                known.is_some_and(|known| known.is_to_be_brought(target))
                    || sent.is_some_and(|state| is_file.contains(state))
            });
            if self.flush_now(room) || waits {
                self.peers.held.insert(room.clone());
                return;
            }
        }
        self.send(outgoing);
    }

    /// Sends what waited for a room's journal to be brought, unless there is more of it.
    pub(in crate::chat) fn let_go(&mut self, room: &RoomId) {
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

    /// Brings a room's journal to the server; `false` if there is nothing to bring. A message whose file is not there yet
    /// follows with it, and does not hold up the others.
    pub(in crate::chat) fn flush_now(&mut self, room: &RoomId) -> bool {
        self.bring_files(room, None);
        let messages = self.to_bring(room);
        if messages.is_empty() {
            if !self.is_journal_open(room) {
                self.peers.flush_at.remove(room);
            }
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
        let Some(known) = self.archive.conversations.get(room) else {
            return Vec::new();
        };
        let has_files = known.journal.iter().any(|one| one.attachment.is_some());
        let mut bytes = 0;
        { known.journal.iter() }
            .filter(|entry| entry.refused.is_none())
            .filter(|entry| !has_files || self.may_be_brought(known, entry))
            .take(FLUSH_MESSAGES)
            .take_while(|entry| {
                bytes += entry.message.body.len();
                bytes <= BATCH_BYTES
            })
            .map(|entry| entry.message.clone())
            .collect()
    }

    /// Whether the server may have what it needs for an entry of a journal that has files.
    fn may_be_brought(&self, known: &Conversation, entry: &JournalEntry) -> bool {
        if entry.attachment.is_some() {
            let is_there = entry.is_file_there || !entry.is_from(self.config.me);
            return is_there && !self.peers.missing.contains(&entry.message.id);
        }
        let body = entry.body();
        let target = body.target();
        let mut files = known.journal.iter().filter(|one| one.attachment.is_some());
        // What is done to a message that is not there comes after it.
        !files.any(|file| Some(&file.message.id) == target)
    }

    /// Whether anything of a room's journal is still to be brought, now or later.
    fn is_journal_open(&self, room: &RoomId) -> bool {
        let known = self.archive.conversations.get(room);
        known.is_some_and(|one| one.journal.iter().any(|entry| entry.refused.is_none()))
    }

    /// Brings the files of a room's journal to the server: one's own, and those that their sender has not brought for too
    /// long, as far as it is known how late it is.
    fn bring_files(&mut self, room: &RoomId, now: Option<Instant>) {
        if self.link != Link::Online {
            return;
        }
        let Some(known) = self.archive.conversations.get(room) else {
            return;
        };
        let is_overdue = |entry: &&JournalEntry| {
            let since = self.peers.missing_since.get(&entry.message.id);
            since
                .zip(now)
                .is_some_and(|(since, now)| *since + BRING_PATIENCE <= now)
        };
        let files = { known.journal.iter() }
            .filter(|entry| entry.attachment.is_some() && !entry.is_file_there)
            .filter(|entry| entry.refused.is_none())
            .filter(|entry| entry.is_from(self.config.me) || is_overdue(entry))
            .cloned();
        for entry in files.collect::<Vec<_>>() {
            if self.peers.bringing.insert(entry.message.id.clone()) {
                self.tell(ChatEvent::Upload(Box::new(Outgoing {
                    id: entry.message.id.clone(),
                    whom: Whom::Room(room.clone()),
                    body: entry.body(),
                    written: entry.message.written,
                    state: OutgoingState::Uploading,
                    attachment: entry.attachment,
                })));
            }
        }
    }

    /// How the file of a journalled message comes to the server.
    pub(in crate::chat) fn journalled_upload_is(&mut self, id: &MessageId, news: UploadNews) {
        let mut entries = { self.archive.conversations.values() }.flat_map(|one| &one.journal);
        let Some(mut entry) = entries.find(|entry| entry.message.id == *id).cloned() else {
            return;
        };
        let is_own = entry.is_from(self.config.me);
        let Some(attachment) = &mut entry.attachment else {
            return;
        };
        let is_done = news == UploadNews::Done;
        match news {
            UploadNews::Measured { .. } => return,
            UploadNews::Begun { upload } => attachment.upload = Some(upload),
            UploadNews::Lost => attachment.upload = None,
            UploadNews::Done => entry.is_file_there = true,
            UploadNews::Failed { sentence } if is_own => entry.refused = Some(sentence),
            UploadNews::Failed { .. } => {
                // Its sender may still bring it; else it is tried again as late as the first time.
                self.peers.bringing.remove(id);
                self.peers.missing_since.remove(id);
                return;
            }
        }
        if is_done || entry.refused.is_some() {
            self.peers.bringing.remove(id);
            self.peers.missing.remove(id);
        }
        let room = entry.room.clone();
        self.tell_journal(entry, false);
        if is_done {
            self.flush_now(&room);
        }
    }

    /// Whether a file of a journal is on its way to the server.
    #[must_use]
    pub fn is_bringing_files(&self) -> bool {
        !self.peers.bringing.is_empty()
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
            self.peers.flush_at.remove(&room);
            let known = self.archive.conversations.get(&room);
            for entry in known.into_iter().flat_map(|one| &one.journal) {
                self.peers.missing.remove(&entry.message.id);
            }
            self.bring_files(&room, Some(now));
            if !self.flush_now(&room) && self.is_journal_open(&room) {
                let again = now + self.peers.flush_every;
                self.peers.flush_at.insert(room, again);
            }
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
        }
        if self.is_journal_open(room) && !self.peers.flushing.contains(room) {
            self.peers.flush_at.entry(room.clone()).or_insert(again);
        }
    }

    /// Whether any of them left the journal's queue.
    fn take_flushed(&mut self, now: Instant, room: &RoomId, flushed: Flushed) -> bool {
        let mut is_moved = false;
        for answer in flushed.messages {
            let known = self.archive.conversations.get(room);
            let mut journal = known.into_iter().flat_map(|one| &one.journal);
            let entry = journal.find(|entry| entry.message.id == answer.id);
            let is_file = entry.is_some_and(|entry| entry.attachment.is_some());
            match (answer.sequence, answer.error) {
                // It comes with what its file is known by at the server, as to everybody.
                (Some(_), _) if is_file => drop(self.peers.missing.insert(answer.id)),
                (Some(sequence), _) => {
                    is_moved = true;
                    if let Some(entry) = entry {
                        let message = entry.placed(sequence, answer.sent.unwrap_or_default());
                        self.message_is(now, message, false);
                    }
                }
                // That passes.
                (None, Some(error)) if error.code == RoomErrorCode::ConnectionError => {
                    if let Some(entry) = entry.filter(|_| is_file).cloned() {
                        self.file_is_missing(now, entry);
                    }
                }
                (None, Some(error)) => {
                    is_moved = true;
                    self.refuse(room, &answer.id, &error.sentence);
                }
                (None, None) => {}
            }
        }
        is_moved
    }

    /// The server does not have the file of an entry, or no time.
    fn file_is_missing(&mut self, now: Instant, entry: JournalEntry) {
        let id = &entry.message.id;
        let since = &mut self.peers.missing_since;
        since.entry(id.clone()).or_insert(now);
        self.peers.missing.insert(id.clone());
        if entry.is_file_there {
            // It was there; it is looked after with the next flush.
            let is_file_there = false;
            self.tell_journal(
                JournalEntry {
                    is_file_there,
                    ..entry
                },
                false,
            );
        }
    }

    /// The server does not take it: it stays here, and says so. Of what was done to a message that is only said.
    fn refuse(&mut self, room: &RoomId, id: &MessageId, sentence: &str) {
        let known = self.archive.conversations.get(room);
        let mut journal = known.into_iter().flat_map(|one| &one.journal);
        if let Some(entry) = journal.find(|entry| entry.message.id == *id) {
            let entry = JournalEntry {
                refused: Some(sentence.to_owned()),
                ..entry.clone()
            };
            self.tell_journal(entry, false);
            if let Some(first) = self.drop_refused_acts(room) {
                // The server tells what it says without it.
                self.ask_for_history(GAP, room, Some(first - 1), None);
            }
        }
    }

    /// An entry of the room is one of the journal: it has its place now. Gives what it was before.
    pub(in crate::chat) fn take_journalled(&mut self, message: &Message) -> Option<JournalEntry> {
        let conversation = self.archive.conversations.get_mut(&message.room)?;
        let mut entry = conversation.take_journalled(&message.id)?;
        self.keep(Keep::Journaled(message.id.clone()));
        if let Some(attachment) = entry.attachment.take() {
            self.forget_bringing(&message.id);
            // The other side may have brought the file, too: then what came here of it is of no use.
            let file = message.body.file().map(|file| &file.file);
            let is_sent = file.is_some() && file == attachment.upload.as_ref();
            self.tell(ChatEvent::Release {
                id: message.id.clone(),
                attachment: Box::new(attachment),
                is_sent,
            });
        }
        Some(entry)
    }

    pub(super) fn forget_bringing(&mut self, id: &MessageId) {
        self.peers.bringing.remove(id);
        self.peers.missing.remove(id);
        self.peers.missing_since.remove(id);
    }

    /// Tells what follows when something of the journal has its place.
    pub(in crate::chat) fn settled(&mut self, now: Instant, entry: &JournalEntry, sequence: i64) {
        let room = entry.room.clone();
        self.drop_refused_acts(&room);
        if self.to_bring(&room).is_empty() {
            // The other side has brought it all.
            self.let_go(&room);
        }
        if entry.is_from(self.config.me) {
            let id = entry.message.id.clone();
            let stored = ChatEvent::Stored {
                id,
                room: room.clone(),
                sequence,
            };
            self.tell(stored);
            if let Some(other) = self.other_of_two(&room).filter(|_| entry.was_read) {
                // Their device tells the server as soon as it knows the place.
                self.receipt_is(&room, other, Receipt::Read, sequence);
            }
            return;
        }
        if !entry.is_read || !entry.is_to_read() {
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
