//! What the engine does about conversations: begins and ends them with the sign-in, and passes on what is said.

use api::room::{MessageId, RoomId};
use phone::chat::Wish;

use super::core::Core;
use super::messenger::{Messenger, MessengerConfig, MessengerNews, MessengerOrder};
use super::received::Received;
use super::{Notice, Problem};
use crate::keep::letters::Letters;

impl Core {
    /// Somebody is signed in.
    pub(super) fn begin_letters(&mut self) {
        let (Some(line), Some(session)) = (&self.line, self.clerk.session()) else {
            return;
        };
        let folder = self.config.keep.folder();
        let config = MessengerConfig {
            me: line.account.id,
            // One device is one connection; it is known by the login that is its own.
            session_id: self
                .device
                .as_ref()
                .and_then(|(_, login)| MessageId::parse(login).ok()),
            path: folder.map(|folder| Letters::path(folder, &line.server, line.account.id.0)),
            uses_key_ring: self.config.uses_key_ring,
            peer_to_peer: self.config.peer_to_peer,
            home: line.home,
        };
        let news = self.messenger_news.0.clone();
        self.messenger = Some(Messenger::start(config, session, news));
        self.tell_blocked();
    }

    /// Devices of people who are blocked are not talked to.
    pub(super) fn tell_blocked(&mut self) {
        let blocked = self.book.contacts().iter().filter(|one| one.is_blocked);
        let blocked = blocked.filter_map(|one| one.account).collect();
        if let Some(messenger) = &self.messenger {
            messenger.order(MessengerOrder::Blocked(blocked));
        }
    }

    /// Whether conversations of two may go from device to device from now on.
    pub(super) fn talk_directly(&mut self, on: bool) {
        self.config.peer_to_peer.is_on = on;
        if let Some(messenger) = &self.messenger {
            messenger.order(MessengerOrder::TalkDirectly(on));
        }
    }

    /// Somebody signs out, or the program ends: what only two devices have is brought to the server before.
    pub(super) fn close_letters(&mut self) {
        let messenger = self.messenger.as_ref();
        self.letters_close |=
            messenger.is_some_and(|messenger| messenger.order(MessengerOrder::Close));
    }

    /// The account may be forgotten, unless something is still being brought to the server.
    pub(super) fn leave_account(&mut self) {
        match self.letters_close {
            true => self.owes_farewell = true,
            false => self.forget_account(),
        }
    }

    /// Nobody is signed in any more; what is kept of conversations is forgotten when the sign-in is.
    pub(super) fn end_letters(&mut self) {
        self.messenger = None;
        (self.letters_close, self.owes_farewell) = (false, false);
        while self.messenger_news.1.try_recv().is_ok() {}
    }

    pub(super) fn forget_letters(&mut self) {
        let folder = self.config.keep.folder();
        if let (Some(line), Some(folder)) = (&self.line, folder) {
            let path = Letters::path(folder, &line.server, line.account.id.0);
            Letters::remove(&path);
            if let Some(received) = Received::beside(&path) {
                received.remove();
            }
        }
    }

    pub(super) fn chat(&mut self, wish: Wish) {
        self.order(MessengerOrder::Wish(Box::new(wish)));
    }

    pub(super) fn search(&mut self, tag: u64, words: String, room: Option<RoomId>) {
        self.order(MessengerOrder::Search { tag, words, room });
    }

    pub(super) fn order(&mut self, order: MessengerOrder) {
        let (code, sentence) = match &self.messenger {
            Some(messenger) if messenger.order(order) => return,
            Some(_) => (
                "too-many-requests",
                "Too much waits to be sent; wait a moment.",
            ),
            None => ("not-signed-in", "Nobody is signed in; sign in first."),
        };
        self.problem(Problem {
            code,
            sentence: sentence.into(),
        });
    }

    pub(super) fn on_messenger(&mut self, news: MessengerNews) {
        self.outlet.tell(match news {
            MessengerNews::Chat(event) => Notice::Chat(Box::new(event)),
            MessengerNews::Found { tag, messages } => Notice::Found { tag, messages },
            MessengerNews::Other(notice) => *notice,
            MessengerNews::Trouble(sentence) => Notice::Error(Problem {
                code: "conversations-not-kept",
                sentence,
            }),
            MessengerNews::Closed => {
                self.letters_close = false;
                if std::mem::take(&mut self.owes_farewell) {
                    self.forget_account();
                }
                return;
            }
        });
    }
}

/// A new id for a message: 128 random bits.
#[must_use]
pub fn new_message_id() -> Option<MessageId> {
    let bits: u128 = rand::random();
    MessageId::parse(&format!("{bits:032x}")).ok()
}
