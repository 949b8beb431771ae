//! What the server has not taken out of the journal: it stays with the two devices, until its person sends it again as if it
//! were new, or throws it away.

use api::room::{MessageId, RoomId};

use super::JournalEntry;
use crate::chat::core::Chat;
use crate::chat::{ChatEvent, Keep, Outgoing, OutgoingState, Whom};

impl Chat {
    /// Sends something of one's own again that the server has refused: through the server and under the same id, and behind
    /// it what was done to it here. `false` if the journal holds no such thing.
    pub(in crate::chat) fn send_refused_again(&mut self, id: &MessageId) -> bool {
        let me = self.config.me;
        let refused = self.refused_with_acts(id);
        let mut said = refused.iter().filter(|entry| entry.message.id == *id);
        let is_own = said.any(|entry| entry.is_from(me));
        if is_own {
            for entry in refused {
                match entry.is_from(me) {
                    true => self.send_as_new(entry),
                    // What the other one has done to it is theirs to do again.
                    false => self.drop_journalled(entry),
                }
            }
        }
        is_own
    }

    /// Throws away what the server has refused, with all that was done to it. `false` if the journal holds no such thing.
    pub(in crate::chat) fn discard_refused(&mut self, id: &MessageId) -> bool {
        let refused = self.refused_with_acts(id);
        let is_there = !refused.is_empty();
        for entry in refused {
            self.drop_journalled(entry);
        }
        is_there
    }

    /// What is done to a message, and was refused, is kept as long as the message is refused, too. Gives the place of the
    /// first message to which something was done that is not done any more.
    pub(super) fn drop_refused_acts(&mut self, room: &RoomId) -> Option<i64> {
        let conversation = self.archive.conversations.get(room)?;
        let is_useless = |entry: &&JournalEntry| {
            let is_alone = |target| !conversation.is_refused(target);
            entry.refused.is_some() && entry.body().target().is_some_and(is_alone)
        };
        let useless = conversation.journal.iter().filter(is_useless);
        let useless: Vec<JournalEntry> = useless.cloned().collect();
        let first = { useless.iter() }
            .filter_map(|entry| Some(conversation.message(entry.body().target()?)?.sequence))
            .min();
        for entry in useless {
            self.drop_journalled(entry);
        }
        first
    }

    /// Something in the journal that the server has refused, and behind it what the journal does to it.
    fn refused_with_acts(&self, id: &MessageId) -> Vec<JournalEntry> {
        let mut conversations = self.archive.conversations.values();
        let Some(conversation) = conversations.find(|one| one.is_refused(id)) else {
            return Vec::new();
        };
        let is_about =
            |entry: &&JournalEntry| entry.message.id == *id || entry.body().target() == Some(id);
        let about = conversation.journal.iter().filter(is_about);
        about.cloned().collect()
    }

    fn send_as_new(&mut self, entry: JournalEntry) {
        let id = entry.message.id.clone();
        self.forget_bringing(&id);
        let outgoing = Outgoing {
            id: id.clone(),
            whom: Whom::Room(entry.room.clone()),
            body: entry.body(),
            state: match entry.attachment {
                Some(_) => OutgoingState::Uploading,
                None => OutgoingState::Waiting,
            },
            written: entry.message.written,
            attachment: entry.attachment,
        };
        self.outbox.add(outgoing.clone());
        // It is nowhere for no moment, and never twice.
        self.stands(outgoing.clone());
        self.keep(Keep::Journaled(id));
        match outgoing.state {
            OutgoingState::Uploading => self.tell(ChatEvent::Upload(Box::new(outgoing))),
            _ => self.send_in_order(&outgoing),
        }
    }

    fn drop_journalled(&mut self, entry: JournalEntry) {
        let id = entry.message.id;
        self.forget_bringing(&id);
        if let Some(attachment) = entry.attachment {
            self.tell(ChatEvent::Release {
                id: id.clone(),
                attachment: Box::new(attachment),
                is_sent: false,
            });
        }
        self.keep(Keep::Journaled(id.clone()));
        self.tell_and_take(ChatEvent::Discarded(id));
        let known = self.archive.conversations.get_mut(&entry.room);
        if let Some(conversation) = known.filter(|_| !entry.is_read) {
            let unread = &mut conversation.room.unread;
            *unread = (*unread - 1).max(0);
            self.tell_room(&entry.room);
        }
    }
}
