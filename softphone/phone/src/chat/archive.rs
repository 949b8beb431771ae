//! All conversations, as whoever shows them keeps them: from the events of a [`super::Chat`].

use std::collections::BTreeMap;

use api::AccountId;
use api::room::{Addressee, Receipt, Room, RoomId, RoomKind};

use super::{ChatEvent, Conversation, LinkState, Outgoing, Whom};

/// All conversations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Archive {
    /// By room.
    pub conversations: BTreeMap<RoomId, Conversation>,
    /// What waits to be sent, in the order in which it was written.
    pub outgoing: Vec<Outgoing>,
    /// Where the connection stands.
    pub link: LinkState,
}

impl Archive {
    /// Takes in what happened.
    pub fn hear(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::Link(link) => self.link = *link,
            ChatEvent::Room(room) => self.room_is(room),
            ChatEvent::RoomGone(room) => {
                self.conversations.remove(room);
            }
            ChatEvent::Message { message, .. } => {
                if let Some(conversation) = self.conversations.get_mut(&message.room) {
                    conversation.take_journalled(&message.id);
                    conversation.take_in((**message).clone());
                }
            }
            ChatEvent::Forgotten { room, sequence } => {
                if let Some(conversation) = self.conversations.get_mut(room) {
                    conversation.forget_until(*sequence);
                }
            }
            ChatEvent::Outgoing(outgoing) => {
                if let Whom::Room(room) = &outgoing.whom
                    && let Some(conversation) = self.conversations.get_mut(room)
                {
                    // The server has refused it there, and it goes out as if it were new.
                    conversation.take_journalled(&outgoing.id);
                }
                match self.outgoing.iter_mut().find(|one| one.id == outgoing.id) {
                    Some(known) => *known = (**outgoing).clone(),
                    None => self.outgoing.push((**outgoing).clone()),
                }
            }
            ChatEvent::Stored { id, .. } => self.outgoing.retain(|one| one.id != *id),
            ChatEvent::Discarded(id) => {
                self.outgoing.retain(|one| one.id != *id);
                for conversation in self.conversations.values_mut() {
                    conversation.take_journalled(id);
                }
            }
            ChatEvent::Journal { entry, .. } => {
                let id = &entry.message.id;
                self.outgoing.retain(|one| one.id != *id);
                if let Some(conversation) = self.conversations.get_mut(&entry.room) {
                    conversation.arriving.remove(id);
                    conversation.note((**entry).clone());
                }
            }
            ChatEvent::Arriving { room, id, file } => {
                if let Some(conversation) = self.conversations.get_mut(room) {
                    match file {
                        Some(file) => conversation.arriving.insert(id.clone(), (**file).clone()),
                        None => conversation.arriving.remove(id),
                    };
                }
            }
            ChatEvent::Way { room, way } => {
                if let Some(conversation) = self.conversations.get_mut(room) {
                    conversation.way = *way;
                }
            }
            ChatEvent::Receipt {
                room,
                account,
                receipt,
                sequence,
            } => {
                if let Some(conversation) = self.conversations.get_mut(room) {
                    conversation.receipt_came(*account, *receipt, *sequence);
                }
            }
            ChatEvent::Typing {
                room,
                account,
                is_typing,
            } => {
                if let Some(conversation) = self.conversations.get_mut(room) {
                    match is_typing {
                        true => conversation.typing.insert(*account),
                        false => conversation.typing.remove(account),
                    };
                }
            }
            ChatEvent::Earlier { room, is_more } => {
                if let Some(conversation) = self.conversations.get_mut(room) {
                    conversation.has_earlier = *is_more;
                }
            }
            ChatEvent::Connect
            | ChatEvent::Upload(_)
            | ChatEvent::Measure(_)
            | ChatEvent::Passing { .. }
            | ChatEvent::Release { .. }
            | ChatEvent::Disconnect
            | ChatEvent::Answer { .. }
            | ChatEvent::Acknowledged { .. }
            | ChatEvent::ReadDirectly { .. }
            | ChatEvent::Peer(_)
            | ChatEvent::Flush { .. }
            | ChatEvent::Keep(_) => {}
        }
    }

    /// A room is as it is told; what was said in it stays.
    pub(super) fn room_is(&mut self, room: &Room) {
        match self.conversations.get_mut(&room.id) {
            Some(conversation) => conversation.room = room.clone(),
            None => {
                let conversation = Conversation::new(room.clone(), Vec::new());
                self.conversations.insert(room.id.clone(), conversation);
            }
        }
    }

    /// Rooms in which something happened last first.
    #[must_use]
    pub fn latest_first(&self) -> Vec<&Conversation> {
        let mut all: Vec<&Conversation> = self.conversations.values().collect();
        let last = |one: &Conversation| match (one.journal.last(), &one.room.last_message) {
            (Some(entry), _) => entry.message.written.clone(),
            (None, Some(message)) => message.sent.clone(),
            (None, None) => one.room.opened.clone(),
        };
        all.sort_by_key(|one| std::cmp::Reverse(last(one)));
        all
    }

    /// The conversation of two with somebody, if there is one already.
    #[must_use]
    pub fn direct(&self, whom: &Addressee, me: AccountId) -> Option<&Conversation> {
        let is_meant = |one: &api::room::Participant| {
            one.account != me
                && (whom.account == Some(one.account)
                    || whom.name.as_ref() == Some(&one.name)
                    || whom.number.is_some()
                        && one.number.as_ref().map(|number| number.as_str())
                            == whom.number.as_deref())
        };
        self.conversations.values().find(|conversation| {
            let room = &conversation.room;
            room.kind == RoomKind::Direct && room.participants.iter().any(is_meant)
        })
    }

    /// What waits to be sent there.
    pub fn waiting<'a>(&'a self, whom: &'a Whom) -> impl Iterator<Item = &'a Outgoing> {
        self.outgoing.iter().filter(move |one| one.whom == *whom)
    }

    /// Where the file of a message is on this computer that went from device to device, by what the message calls it, until
    /// the server has the message.
    #[must_use]
    pub fn local_file(&self, file: &str) -> Option<&str> {
        let journals = self.conversations.values().flat_map(|one| &one.journal);
        let mut attached = journals.filter(|entry| entry.attachment.is_some());
        let entry = attached.find(|entry| {
            let body = entry.body();
            body.file().is_some_and(|one| one.file == file)
        })?;
        Some(entry.attachment.as_ref()?.path.as_str())
    }

    /// How many messages were not read, in all rooms.
    #[must_use]
    pub fn unread(&self) -> usize {
        let all = self.conversations.values();
        all.map(|one| usize::try_from(one.room.unread).unwrap_or_default())
            .sum()
    }

    /// How far one's own message has come.
    #[must_use]
    pub fn receipt(&self, room: &RoomId, sequence: i64, me: AccountId) -> Option<Receipt> {
        self.conversations.get(room)?.receipt(sequence, me)
    }
}
