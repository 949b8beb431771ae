//! What the engine does about conversations: begins and ends them with the sign-in, and passes on what is said.

use api::room::{MessageId, RoomId};
use phone::chat::Wish;

use super::core::Core;
use super::messenger::{Messenger, MessengerConfig, MessengerNews, MessengerOrder};
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
        };
        let news = self.messenger_news.0.clone();
        self.messenger = Some(Messenger::start(config, session, news));
    }

    /// Nobody is signed in any more; what is kept of conversations is forgotten when the sign-in is.
    pub(super) fn end_letters(&mut self) {
        self.messenger = None;
        while self.messenger_news.1.try_recv().is_ok() {}
    }

    pub(super) fn forget_letters(&mut self) {
        let folder = self.config.keep.folder();
        if let (Some(line), Some(folder)) = (&self.line, folder) {
            Letters::remove(&Letters::path(folder, &line.server, line.account.id.0));
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
        });
    }
}

/// A new id for a message: 128 random bits.
#[must_use]
pub fn new_message_id() -> Option<MessageId> {
    let bits: u128 = rand::random();
    MessageId::parse(&format!("{bits:032x}")).ok()
}
