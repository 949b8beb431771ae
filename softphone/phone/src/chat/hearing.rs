//! What the server says, and what follows.

use std::time::Instant;

use api::room::{
    Connect, Cursors, GetRooms, HistoryPage, Message, MessageKind, NotificationKind, Response,
    Room, RoomError, RoomErrorCode, RoomId, Said, Stored, Told,
};

use super::conversation::Conversation;
use super::core::{Chat, DELIVER_PAUSE, EARLIER, GAP, Link, MESSAGE, RETRY_PAUSE, WISH};
use super::event::{ChatEvent, Keep, LinkState};
use super::outbox::OutgoingState;

impl Chat {
    pub(super) fn opened(&mut self, token: String) {
        let known = self.archive.conversations.iter();
        let cursors: Cursors = known
            .filter(|(_, conversation)| conversation.high() > 0)
            .map(|(id, conversation)| (id.clone(), conversation.high()))
            .collect();
        self.transmits.clear();
        let connect = Connect {
            token,
            session_id: self.config.session_id.clone(),
            cursors,
            peer_key: self.peers.key.as_ref().map(|key| key.public().to_owned()),
            ..Connect::default()
        };
        self.say(Said::Connect(connect), None);
    }

    pub(super) fn closed(&mut self, now: Instant) {
        if self.link == Link::Idle {
            return;
        }
        self.transmits.clear();
        self.asking.clear();
        self.own_typing = None;
        self.link = Link::Resting(now + self.pause.failed());
        let typing: Vec<_> = self.typing.keys().cloned().collect();
        for (room, account) in typing {
            self.types(now, room, account, false);
        }
        self.tell(ChatEvent::Link(LinkState::Offline));
    }

    pub(super) fn heard(&mut self, now: Instant, response: Response) {
        let id = response.id.unwrap_or_default();
        match response.told {
            Told::Connected(connected) => {
                self.link = Link::Online;
                self.pause.worked();
                self.files_up_to(connected.largest_file);
                self.tell(ChatEvent::Link(LinkState::Online));
                self.flush_all();
                self.send_all();
                self.go_on_passing(now);
            }
            Told::RoomsList(list) => {
                for room in list.rooms {
                    self.room_is(room);
                }
                if list.next.is_some() {
                    let after = list.next;
                    let limit = Some(200);
                    self.say(Said::GetRooms(GetRooms { after, limit }), None);
                }
                self.read_what_is_looked_at();
            }
            Told::RoomCreated(room) => {
                self.room_is(room.clone());
                self.answer(&id, Ok(Some(Box::new(room))));
            }
            Told::NewRoom(room) => {
                self.room_is(room);
            }
            Told::NewMessage(new) => {
                let is_own = new.message.sender == Some(self.config.me);
                self.message_is(now, new.message, !is_own);
            }
            Told::Stored(stored) => self.stored(now, stored),
            Told::History(page) => self.history(now, &id, page),
            Told::Receipt(told) => {
                let room = told.room.clone();
                if let Some(unread) = told.unread
                    && let Some(conversation) = self.archive.conversations.get_mut(&room)
                    && conversation.room.unread != unread
                {
                    conversation.room.unread = unread;
                    self.tell_room(&room);
                }
                self.tell_and_take(ChatEvent::Receipt {
                    room: room.clone(),
                    account: told.account,
                    receipt: told.receipt,
                    sequence: told.sequence,
                });
                self.keep_room(&room);
            }
            Told::Typing(told) => {
                if told.account != self.config.me {
                    self.types(now, told.room, told.account, told.is_typing);
                }
            }
            Told::Notification(notification) => {
                match (notification.about, notification.room, notification.sequence) {
                    (NotificationKind::RoomGone, Some(room), _) => self.room_gone(room),
                    (NotificationKind::RoomChanged, ..) => self.ask_for_rooms(),
                    (NotificationKind::CopyDeleted, Some(room), Some(sequence)) => {
                        self.keep(Keep::Forgotten(room.clone(), sequence));
                        self.tell_and_take(ChatEvent::Forgotten { room, sequence });
                    }
                    _ => {}
                }
                self.answer(&id, Ok(None));
            }
            Told::Error(error) => self.error(now, &id, response.status, error),
            Told::Signal(told) => self.signalled(now, told),
            // Presence comes by the stream of events.
            Told::Presence(_) => {}
        }
    }

    pub(super) fn stored(&mut self, now: Instant, stored: Stored) {
        let Some(outgoing) = self.outbox.take(&stored.id) else {
            return;
        };
        self.release(&outgoing, true);
        let message = Message {
            room: stored.room.clone(),
            sequence: stored.sequence,
            id: stored.id.clone(),
            kind: MessageKind::User,
            sender: Some(self.config.me),
            sender_name: String::new(),
            sent: stored.sent,
            body: outgoing.body,
            edited: None,
            reactions: Vec::new(),
        };
        self.peers.wanted.insert(stored.room.clone());
        let is_known = self.archive.conversations.contains_key(&stored.room);
        let has_it = self
            .archive
            .conversations
            .get(&stored.room)
            .is_some_and(|one| one.messages.contains_key(&stored.sequence));
        if is_known && !has_it {
            self.message_is(now, message, false);
        } else if !is_known {
            // The server tells what is in it once the room is known.
            self.ask_for_rooms();
        }
        self.keep(Keep::Sent(stored.id.clone()));
        let room = stored.room.clone();
        self.tell_and_take(ChatEvent::Stored {
            id: stored.id,
            room: stored.room,
            sequence: stored.sequence,
        });
        self.let_go(&room);
    }

    pub(super) fn error(&mut self, now: Instant, id: &str, status: u16, error: RoomError) {
        if let Some(end) = id.strip_prefix(MESSAGE) {
            let Some(message) = self.outbox.ending_with(end) else {
                return;
            };
            // The server has no time for it, or has made a mistake: that passes.
            if matches!(status, 408 | 429 | 500..) {
                self.retry_at.get_or_insert(now + RETRY_PAUSE);
                return;
            }
            let state = OutgoingState::Refused(error.sentence);
            if let Some(outgoing) = self.outbox.settle(&message, state) {
                self.keep(Keep::Outgoing(Box::new(outgoing.clone())));
                self.tell_and_take(ChatEvent::Outgoing(Box::new(outgoing)));
            }
        } else if id.starts_with(WISH) {
            self.answer(id, Err(error));
        } else if error.code == RoomErrorCode::ConnectionError && matches!(status, 401 | 408 | 409)
        {
            self.tell(ChatEvent::Disconnect);
        } else {
            self.asking.clear();
        }
    }

    pub(super) fn answer(&mut self, id: &str, outcome: Result<Option<Box<Room>>, RoomError>) {
        let tag = id.strip_prefix(WISH).and_then(|tag| tag.parse().ok());
        if let Some(tag) = tag {
            self.tell(ChatEvent::Answer { tag, outcome });
        }
    }

    pub(super) fn room_is(&mut self, mut room: Room) {
        let id = room.id.clone();
        let known = self.archive.conversations.get(&id);
        // The server does not know of what only two devices have.
        room.unread += known.map_or(0, Conversation::unread_in_journal);
        let (high, is_empty) = known.map_or((0, true), |one| (one.high(), one.messages.is_empty()));
        self.keep(Keep::Room(Box::new(room.clone())));
        let last = room.last_sequence;
        self.tell_and_take(ChatEvent::Room(Box::new(room)));
        if is_empty && last > 0 {
            // The end of what was said before this device was there.
            self.ask_for_history(EARLIER, &id, None, None);
        } else if high == 0 && last > 0 {
            self.ask_for_history(GAP, &id, Some(0), None);
        }
    }

    pub(super) fn room_gone(&mut self, room: RoomId) {
        self.keep(Keep::RoomGone(room.clone()));
        self.undelivered.remove(&room);
        self.looked_at.take_if(|looked_at| *looked_at == room);
        self.tell_and_take(ChatEvent::RoomGone(room));
    }

    pub(super) fn message_is(&mut self, now: Instant, message: Message, is_news: bool) {
        let room = message.room.clone();
        let journalled = self.take_journalled(&message);
        let is_news = is_news && journalled.is_none();
        let sequence = message.sequence;
        let Some(conversation) = self.archive.conversations.get_mut(&room) else {
            // It comes again with the room's history.
            return self.ask_for_rooms();
        };
        let is_new = !conversation.messages.contains_key(&message.sequence);
        let is_first = conversation.messages.is_empty() && message.sequence > 1;
        let changed = conversation.take_in(message.clone());
        let (high, newest) = (conversation.high(), message.sequence);
        if is_new && is_news && message.body.is_to_read() {
            conversation.room.unread += 1;
        }
        for (place, changed) in changed.into_iter().enumerate() {
            self.keep(Keep::Message(Box::new(changed.clone())));
            self.tell(ChatEvent::Message {
                message: Box::new(changed),
                is_news: is_news && is_new && place == 0,
            });
        }
        if let Some(writer) = message.sender {
            self.typing.remove(&(room.clone(), writer));
        }
        if high < newest || is_first {
            let after = high;
            match is_first {
                true => self.ask_for_history(EARLIER, &room, None, Some(newest)),
                false => self.ask_for_history(GAP, &room, Some(after), None),
            }
        }
        if is_news && is_new {
            self.tell_room(&room);
            self.undelivered.insert(room.clone());
            self.deliver_at.get_or_insert(now + DELIVER_PAUSE);
            self.read_what_is_looked_at();
        }
        if let Some(entry) = journalled {
            self.settled(now, &entry, sequence);
        }
    }

    pub(super) fn history(&mut self, now: Instant, id: &str, page: HistoryPage) {
        self.asking.remove(&page.room);
        let Some(conversation) = self.archive.conversations.get_mut(&page.room) else {
            return;
        };
        let first = page.messages.first().map(|message| message.sequence);
        let is_end = first.is_none_or(|first| first <= page.first_sequence);
        let changed = conversation.take_in_page(page.messages);
        let (high, last) = (conversation.high(), page.last_sequence);
        for message in changed {
            let (journalled, sequence) = (self.take_journalled(&message), message.sequence);
            self.keep(Keep::Message(Box::new(message.clone())));
            self.tell(ChatEvent::Message {
                message: Box::new(message),
                is_news: false,
            });
            if let Some(entry) = journalled {
                self.settled(now, &entry, sequence);
            }
        }
        if id.starts_with(EARLIER) {
            let (room, is_more) = (page.room.clone(), !is_end);
            self.tell_and_take(ChatEvent::Earlier { room, is_more });
        } else if high < last && first.is_some() {
            self.ask_for_history(GAP, &page.room, Some(high), None);
        }
        self.undelivered.insert(page.room);
        self.deliver_at.get_or_insert(now + DELIVER_PAUSE);
        self.read_what_is_looked_at();
    }

    /// Earlier messages were on this device's disk.
    pub(super) fn kept(&mut self, room: RoomId, messages: Vec<Message>) {
        let Some(conversation) = self.archive.conversations.get_mut(&room) else {
            return;
        };
        for message in conversation.take_in_page(messages) {
            self.tell(ChatEvent::Message {
                message: Box::new(message),
                is_news: false,
            });
        }
        // Only the server knows whether there is more.
        self.tell_and_take(ChatEvent::Earlier {
            room,
            is_more: true,
        });
    }
}
