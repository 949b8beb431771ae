//! What travels over a direct connection: messages, and word that they are on disk.

use std::time::Instant;

use api::room::{Body, LONGEST_PEER_BODY, LONGEST_TEXT, MessageId, PeerFrame, PeerMessage, RoomId};

use super::keys::is_signed;
use super::session::{End, Stage};
use super::{JOURNAL_LIMIT, JournalEntry, PeerOrder, Way};
use crate::chat::core::Chat;
use crate::chat::{ChatEvent, Keep, Outgoing};

/// As many mentions as the server takes.
const MOST_MENTIONS: usize = 50;

impl Chat {
    /// Whether something goes over the direct connection of a room.
    pub(in crate::chat) fn goes_directly(&self, room: &RoomId, body: &Body) -> bool {
        self.way(room) == Way::Direct && is_good(body) && self.has_journal_room(room)
    }

    fn has_journal_room(&self, room: &RoomId) -> bool {
        let known = self.archive.conversations.get(room);
        known.is_some_and(|one| one.journal.len() < JOURNAL_LIMIT)
    }

    /// Says something over the direct connection of a room. It stays in the outbox until the other one has it.
    pub(in crate::chat) fn send_directly(
        &mut self,
        now: Instant,
        room: &RoomId,
        outgoing: &Outgoing,
    ) {
        let (Some(key), Some(session)) = (&self.peers.key, self.peers.sessions.get_mut(room))
        else {
            return;
        };
        if session.holds(&outgoing.id) {
            return;
        }
        let message = PeerMessage::unsigned(
            outgoing.id.clone(),
            self.config.me,
            key.public().to_owned(),
            outgoing.written.clone(),
            &outgoing.body,
        );
        let message = key.sign(room, message);
        session.unacked.push_back((message.clone(), now));
        session.stage = Stage::Direct { used: now };
        let (link, frame) = (session.link, Box::new(PeerFrame::Message { message }));
        self.order(PeerOrder::Send { link, frame });
    }

    /// The other side says something over the direct connection.
    pub(super) fn frame(&mut self, now: Instant, room: &RoomId, frame: PeerFrame) {
        let Some(session) = self.peers.sessions.get_mut(room) else {
            return;
        };
        session.stage = Stage::Direct { used: now };
        match frame {
            PeerFrame::Message { message } => self.told_directly(now, room, message),
            PeerFrame::Ack { id } => self.acknowledged(now, room, &id),
        }
    }

    fn told_directly(&mut self, now: Instant, room: &RoomId, message: PeerMessage) {
        let Some(session) = self.peers.sessions.get(room) else {
            return;
        };
        let (link, id) = (session.link, message.id.clone());
        let is_theirs =
            message.sender == session.with && Some(&message.key) == session.key.as_ref();
        let is_good = message.said().as_ref().is_some_and(is_good);
        if !is_theirs || !is_good || !is_signed(&message, room) {
            // The server would not take it, so it is not taken here.
            return self.end_session(now, room, End::Failed);
        }
        let Some(conversation) = self.archive.conversations.get(room) else {
            return;
        };
        let is_known = conversation.is_journalled(&id) || conversation.message(&id).is_some();
        if !is_known {
            if !self.has_journal_room(room) {
                // Without a word of it the other side takes the way through the server.
                return;
            }
            let is_read = self.looked_at.as_ref() == Some(room);
            self.typing.remove(&(room.clone(), message.sender));
            let entry = JournalEntry {
                room: room.clone(),
                message,
                is_read,
                refused: None,
            };
            self.journal(now, entry, true);
            if !is_read {
                if let Some(conversation) = self.archive.conversations.get_mut(room) {
                    conversation.room.unread += 1;
                }
                self.tell_room(room);
            }
        }
        // The owner writes what is to be kept before it sends anything.
        let frame = Box::new(PeerFrame::Ack { id });
        self.order(PeerOrder::Send { link, frame });
    }

    /// A message is on the other one's disk.
    fn acknowledged(&mut self, now: Instant, room: &RoomId, id: &MessageId) {
        let Some(session) = self.peers.sessions.get_mut(room) else {
            return;
        };
        let account = session.with;
        let at = session.unacked.iter().position(|(one, _)| one.id == *id);
        let Some((message, _)) = at.and_then(|at| session.unacked.remove(at)) else {
            return;
        };
        if self.outbox.take(id).is_none() {
            // It was given up, or went through the server meanwhile.
            return;
        }
        self.keep(Keep::Sent(id.clone()));
        let known = self.archive.conversations.get(room);
        if let Some(known) = known.and_then(|one| one.message(id)) {
            // The other one has brought it to the server already.
            let (id, room, sequence) = (id.clone(), room.clone(), known.sequence);
            return self.tell_and_take(ChatEvent::Stored { id, room, sequence });
        }
        let entry = JournalEntry {
            room: room.clone(),
            message,
            is_read: true,
            refused: None,
        };
        self.journal(now, entry, false);
        let (room, id) = (room.clone(), id.clone());
        self.tell(ChatEvent::Acknowledged { room, id, account });
    }

    /// Writes something down that both have.
    fn journal(&mut self, now: Instant, entry: JournalEntry, is_news: bool) {
        let at = now + self.peers.flush_every;
        let flush_at = &mut self.peers.flush_at;
        flush_at.entry(entry.room.clone()).or_insert(at);
        self.tell_journal(entry, is_news);
    }

    pub(super) fn tell_journal(&mut self, entry: JournalEntry, is_news: bool) {
        let entry = Box::new(entry);
        self.keep(Keep::Journal(entry.clone()));
        self.tell_and_take(ChatEvent::Journal { entry, is_news });
    }

    /// The person has seen what the journal of a room holds.
    pub(in crate::chat) fn read_journal(&mut self, room: &RoomId) {
        let Some(conversation) = self.archive.conversations.get_mut(room) else {
            return;
        };
        let unread = conversation.journal.iter().filter(|one| !one.is_read);
        let unread: Vec<JournalEntry> = unread.cloned().collect();
        if unread.is_empty() {
            return;
        }
        conversation.room.unread = 0;
        for entry in unread {
            let is_read = true;
            self.tell_journal(JournalEntry { is_read, ..entry }, false);
        }
        self.tell_room(room);
    }
}

/// Whether something may go directly: a text that the server will take.
fn is_good(body: &Body) -> bool {
    let Body::Text { text, mentions, .. } = body else {
        return false;
    };
    let is_bad = |c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    !text.trim().is_empty()
        && text.len() <= LONGEST_TEXT.min(LONGEST_PEER_BODY / 2)
        && !text.chars().any(is_bad)
        && mentions.len() <= MOST_MENTIONS
}
