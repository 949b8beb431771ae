//! What a person wants, and what is said for it.

use std::time::Instant;

use api::room::{
    AddParticipants, LeaveRoom, MessageId, RoomError, RoomErrorCode, RoomId, Said, SendMessage,
    Typing,
};

use super::conversation::Conversation;
use super::core::{Chat, EARLIER, Link, MESSAGE, TYPING_PAUSE, TYPING_STOPS, WISH};
use super::event::{ChatEvent, Keep, Wish};
use super::outbox::{Outgoing, OutgoingState, Whom};

impl Chat {
    pub(super) fn wish(&mut self, now: Instant, wish: Wish) {
        match wish {
            Wish::Send {
                whom,
                id,
                body,
                written,
            } => {
                let outgoing = Outgoing {
                    id,
                    whom: self.room_of(whom),
                    body,
                    written,
                    state: OutgoingState::Waiting,
                    attachment: None,
                };
                if !self.outbox.add(outgoing.clone()) {
                    return;
                }
                self.own_typing = None;
                self.keep(Keep::Outgoing(Box::new(outgoing.clone())));
                self.tell_and_take(ChatEvent::Outgoing(Box::new(outgoing.clone())));
                self.dispatch(now, &outgoing);
            }
            Wish::SendFile {
                whom,
                id,
                body,
                written,
                attachment,
            } => {
                let whom = self.room_of(whom);
                let outgoing = Outgoing {
                    id,
                    state: self.file_goes(&whom, &body),
                    whom,
                    body,
                    written,
                    attachment: Some(attachment),
                };
                self.send_file(now, outgoing);
            }
            Wish::Retry(id) => {
                if self.upload_again(now, &id) || self.send_refused_again(&id) {
                    return;
                }
                if let Some(outgoing) = self.outbox.settle(&id, OutgoingState::Waiting) {
                    self.tell_and_take(ChatEvent::Outgoing(Box::new(outgoing.clone())));
                    self.send_in_order(&outgoing);
                }
            }
            Wish::Discard(id) => {
                if let Some(outgoing) = self.outbox.take(&id) {
                    self.stop_passing(now, &outgoing);
                    self.release(&outgoing, false);
                    self.keep(Keep::Sent(id.clone()));
                    self.tell_and_take(ChatEvent::Discarded(id));
                } else {
                    self.discard_refused(&id);
                }
            }
            Wish::LookAt(room) => {
                let left = std::mem::replace(&mut self.looked_at, room.clone());
                if let Some(left) = left.filter(|left| Some(left) != room.as_ref()) {
                    self.flush_now(&left);
                }
                if let Some(room) = room {
                    self.read_journal(&room);
                }
                self.read_what_is_looked_at();
            }
            Wish::TypeIn(room) => self.type_in(now, room),
            Wish::Earlier(room) => {
                let known = self.archive.conversations.get(&room);
                let before = known.and_then(Conversation::low);
                self.ask_for_history(EARLIER, &room, None, before);
            }
            Wish::Create { tag, room } => self.ask(tag, Said::CreateRoom(room)),
            Wish::Add { tag, room, people } => {
                let add = AddParticipants {
                    room: Some(room),
                    participants: people,
                };
                self.ask(tag, Said::AddParticipants(add));
            }
            Wish::Leave { tag, room } => self.ask(tag, Said::LeaveRoom(LeaveRoom { room })),
        }
    }

    /// A person with whom there is a conversation already is spoken to there.
    pub(super) fn room_of(&self, whom: Whom) -> Whom {
        match whom {
            Whom::Person(person) => match self.archive.direct(&person, self.config.me) {
                Some(conversation) => Whom::Room(conversation.room.id.clone()),
                None => Whom::Person(person),
            },
            room => room,
        }
    }

    pub(super) fn ask(&mut self, tag: u64, said: Said) {
        if self.link != Link::Online {
            let error = RoomError {
                code: RoomErrorCode::ConnectionError,
                sentence: "There is no connection to the server; try again when it is back.".into(),
            };
            let outcome = Err(error);
            return self.tell(ChatEvent::Answer { tag, outcome });
        }
        self.say(said, Some(format!("{WISH}{tag}")));
    }

    pub(super) fn send_all(&mut self) {
        let all: Vec<Outgoing> = self.outbox.to_send().cloned().collect();
        for outgoing in &all {
            self.send_in_order(outgoing);
        }
    }

    pub(super) fn send(&mut self, outgoing: &Outgoing) {
        let (room, to) = match outgoing.whom.clone() {
            Whom::Room(room) => (Some(room), None),
            Whom::Person(person) => (None, Some(person)),
        };
        let message = SendMessage {
            room,
            to,
            id: outgoing.id.clone(),
            body: outgoing.body.clone(),
        };
        // An envelope's id has room for as many characters as a message's; of a longer one the end says enough.
        let id = outgoing.id.as_str();
        let end = id
            .len()
            .saturating_sub(MessageId::MAX_LENGTH - MESSAGE.len());
        self.say(
            Said::Message(message),
            Some(format!("{MESSAGE}{}", &id[end..])),
        );
    }

    pub(super) fn type_in(&mut self, now: Instant, room: RoomId) {
        let told = match &self.own_typing {
            Some((known, told, _)) if *known == room => Some(*told),
            Some(_) => {
                self.stop_typing();
                None
            }
            None => None,
        };
        if self.link != Link::Online {
            return;
        }
        let is_due = told.is_none_or(|told| now >= told + TYPING_PAUSE);
        if is_due {
            let typing = Typing {
                room: room.clone(),
                is_typing: true,
            };
            self.say(Said::Typing(typing), None);
        }
        let told = if is_due { now } else { told.unwrap_or(now) };
        self.own_typing = Some((room, told, now + TYPING_STOPS));
    }

    pub(super) fn stop_typing(&mut self) {
        if let Some((room, _, _)) = self.own_typing.take() {
            let typing = Typing {
                room,
                is_typing: false,
            };
            self.say(Said::Typing(typing), None);
        }
    }
}
