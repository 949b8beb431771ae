//! What travels over a direct connection: messages, and word that they are on disk.

use std::time::Instant;

use api::room::{
    Body, LONGEST_PEER_BODY, MessageId, PeerFrame, PeerMessage, Receipt, RoomId, check_said,
};

use super::keys::is_signed;
use super::session::{End, Stage, Unacked};
use super::{JOURNAL_LIMIT, JournalEntry, PeerOrder, Way};
use crate::chat::core::Chat;
use crate::chat::{Attachment, ChatEvent, Keep, Outgoing};

/// What is said about a file has a name, a hash and more around it.
pub(super) const LONGEST_CAPTION: usize = LONGEST_PEER_BODY / 4;

impl Chat {
    /// Whether something goes over the direct connection of a room.
    pub(in crate::chat) fn goes_directly(&self, room: &RoomId, body: &Body) -> bool {
        self.way(room) == Way::Direct
            && body.file().is_none()
            && is_good(body)
            && self.has_journal_room(room)
            && (body.target().is_none() || self.acts_directly(room, body))
    }

    /// Whether both devices know what something is done to.
    fn acts_directly(&self, room: &RoomId, body: &Body) -> bool {
        let known = self.archive.conversations.get(room);
        match known.and_then(|known| known.may_act(self.config.me, body)) {
            Some(may) => may,
            // What was said a moment ago arrives before it.
            None => body.target().is_some_and(|target| {
                let session = self.peers.sessions.get(room);
                let unacked = session.into_iter().flat_map(|one| &one.unacked);
                let mut said = unacked.filter(|one| !one.is_file);
                said.any(|one| one.message.id == *target)
            }),
        }
    }

    pub(super) fn has_journal_room(&self, room: &RoomId) -> bool {
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
        self.say_directly(now, room, outgoing, &outgoing.body);
    }

    /// Says something over the direct connection of a room, in these words.
    pub(super) fn say_directly(
        &mut self,
        now: Instant,
        room: &RoomId,
        outgoing: &Outgoing,
        body: &Body,
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
            body,
        );
        let message = key.sign(room, message);
        session.unacked.push_back(Unacked {
            message: message.clone(),
            since: now,
            is_file: body.file().is_some(),
            transfer: None,
            has_moved: false,
        });
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
            PeerFrame::Want {
                id,
                transfer,
                offset,
            } => self.file_wanted(now, room, &id, transfer, offset),
            PeerFrame::Read { id } => self.read_there(room, &id),
            PeerFrame::Decline { id } => self.declined(now, room, &id),
        }
    }

    fn told_directly(&mut self, now: Instant, room: &RoomId, message: PeerMessage) {
        let Some(session) = self.peers.sessions.get(room) else {
            return;
        };
        let is_theirs =
            message.sender == session.with && Some(&message.key) == session.key.as_ref();
        let body = message.said().filter(is_good);
        let body = body.filter(|_| is_theirs && is_signed(&message, room));
        let Some(body) = body else {
            // The server would not take it, so it is not taken here.
            return self.end_session(now, room, End::Failed);
        };
        let known = self.archive.conversations.get(room);
        let is_known = known.is_some_and(|one| {
            one.is_journalled(&message.id) || one.message(&message.id).is_some()
        });
        let acts = body.target().is_some();
        let may_act = known.and_then(|one| one.may_act(message.sender, &body));
        match (is_known, body.file()) {
            (false, _) if !self.has_journal_room(room) => self.decline(room, message.id),
            // What is not here, or not any more, the server knows.
            (false, _) if acts && may_act != Some(true) => self.decline(room, message.id),
            (false, Some(file)) => self.file_offered(now, room, message, file),
            _ => self.take_message(now, room, message, None),
        }
    }

    /// Takes something that the other side has said, with its file if it sends one, and acknowledges it.
    pub(super) fn take_message(
        &mut self,
        now: Instant,
        room: &RoomId,
        message: PeerMessage,
        attachment: Option<Attachment>,
    ) {
        let id = message.id.clone();
        let (Some(conversation), Some(session)) = (
            self.archive.conversations.get(room),
            self.peers.sessions.get(room),
        ) else {
            return;
        };
        let link = session.link;
        let is_known = conversation.is_journalled(&id) || conversation.message(&id).is_some();
        if !is_known {
            let is_to_read = message.said().is_some_and(|body| body.is_to_read());
            let is_read = !is_to_read || self.looked_at.as_ref() == Some(room);
            self.typing.remove(&(room.clone(), message.sender));
            let entry = JournalEntry {
                room: room.clone(),
                message,
                is_read,
                refused: None,
                attachment,
                is_file_there: false,
                was_read: false,
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
        self.tell_read(room);
    }

    /// Says over the direct connection of a room up to which message the person here has read, if that is news.
    pub(in crate::chat) fn tell_read(&mut self, room: &RoomId) {
        let (Some(known), Some(session)) = (
            self.archive.conversations.get(room),
            self.peers.sessions.get_mut(room),
        ) else {
            return;
        };
        if !session.is_direct() {
            return;
        }
        let with = session.with;
        let is_read =
            |entry: &&JournalEntry| entry.is_read && entry.is_from(with) && entry.is_to_read();
        let last = known.journal.iter().rev().find(is_read);
        let own = known.room.participants.iter();
        let read = own
            .filter(|one| one.account == self.config.me)
            .map(|one| one.read);
        let read = read.max().unwrap_or_default();
        let mut stored = { known.messages.range(..=read).rev() }.map(|(_, message)| message);
        let last = match last {
            Some(entry) => Some(&entry.message.id),
            None => stored
                .find(|one| one.sender == Some(with) && one.body.is_to_read())
                .map(|one| &one.id),
        };
        if let Some(id) = last.filter(|id| session.told_read.as_ref() != Some(*id)) {
            session.told_read = Some(id.clone());
            let (link, id) = (session.link, id.clone());
            let frame = Box::new(PeerFrame::Read { id });
            self.order(PeerOrder::Send { link, frame });
        }
    }

    /// The other person has read everything up to a message.
    fn read_there(&mut self, room: &RoomId, id: &MessageId) {
        let (Some(known), Some(session)) = (
            self.archive.conversations.get(room),
            self.peers.sessions.get(room),
        ) else {
            return;
        };
        let (me, account) = (self.config.me, session.with);
        if let Some(message) = known.message(id) {
            let sequence = message.sequence;
            if message.sender == Some(me) {
                self.receipt_is(room, account, Receipt::Read, sequence);
            }
            return;
        }
        let Some(last) = { known.journal.iter() }.position(|entry| entry.message.id == *id) else {
            return;
        };
        let unread = { known.journal.iter().take(last + 1) }
            .filter(|entry| entry.is_from(me) && !entry.was_read)
            .cloned();
        let unread: Vec<JournalEntry> = unread.collect();
        if unread.is_empty() {
            return;
        }
        for entry in unread {
            let was_read = true;
            self.tell_journal(JournalEntry { was_read, ..entry }, false);
        }
        let (room, id) = (room.clone(), id.clone());
        self.tell(ChatEvent::ReadDirectly { room, id, account });
    }

    /// How far the other one has come, as their own device has said.
    pub(super) fn receipt_is(
        &mut self,
        room: &RoomId,
        account: api::AccountId,
        receipt: Receipt,
        sequence: i64,
    ) {
        let known = self.archive.conversations.get(room);
        let mut people = known.into_iter().flat_map(|one| &one.room.participants);
        let before = people
            .find(|one| one.account == account)
            .map(|one| match receipt {
                Receipt::Read => one.read,
                Receipt::Delivered => one.delivered,
            });
        if before.is_some_and(|before| before < sequence) {
            let room = room.clone();
            self.tell_and_take(ChatEvent::Receipt {
                room: room.clone(),
                account,
                receipt,
                sequence,
            });
            self.keep_room(&room);
        }
    }

    /// A message is on the other one's disk.
    fn acknowledged(&mut self, now: Instant, room: &RoomId, id: &MessageId) {
        let Some(session) = self.peers.sessions.get_mut(room) else {
            return;
        };
        let account = session.with;
        let Some(Unacked {
            message, is_file, ..
        }) = session.take_unacked(|one| one.message.id == *id)
        else {
            return;
        };
        if let Some(outgoing) = self.outbox.take(id) {
            self.taken_there(now, room, account, message, outgoing);
        }
        // Else it was given up, or went through the server meanwhile.
        if is_file {
            self.peers.fruitless.remove(id);
            self.pass_next(now, room);
        }
    }

    /// What waited here is on the other one's disk.
    fn taken_there(
        &mut self,
        now: Instant,
        room: &RoomId,
        account: api::AccountId,
        message: PeerMessage,
        outgoing: Outgoing,
    ) {
        let id = &outgoing.id;
        self.keep(Keep::Sent(id.clone()));
        let known = self.archive.conversations.get(room);
        if let Some(known) = known.and_then(|one| one.message(id)) {
            // The other one has brought it to the server already.
            let (id, room, sequence) = (id.clone(), room.clone(), known.sequence);
            self.release(&outgoing, false);
            return self.tell_and_take(ChatEvent::Stored { id, room, sequence });
        }
        let entry = JournalEntry {
            room: room.clone(),
            message,
            is_read: true,
            refused: None,
            attachment: outgoing.attachment,
            is_file_there: false,
            was_read: false,
        };
        self.journal(now, entry, false);
        let (room, id) = (room.clone(), outgoing.id);
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
        self.tell_read(room);
    }
}

/// Whether something may go directly: what the server will take, and can be signed.
pub(super) fn is_good(body: &Body) -> bool {
    // Escaped it is no longer than twice as long, with something around it.
    let is_short = |text: &str| text.len() <= LONGEST_PEER_BODY / 2 - 256;
    check_said(body).is_ok()
        && match body {
            Body::Text { text, .. } => is_short(text),
            Body::File { file, caption, .. } => {
                file.is_named_by_contents() && caption.len() <= LONGEST_CAPTION
            }
            Body::VoiceNote { file, .. } => file.is_named_by_contents(),
            Body::Edit { text, .. } => is_short(text),
            Body::Delete { .. } | Body::Reaction { .. } => true,
            _ => false,
        }
}
