//! Conversations as the window knows them: which is looked at, what is being written, what is looked for.

use std::collections::BTreeMap;

use api::room::{Addressee, Body, Message, MessageId, RoomId, RoomKind};
use api::{AccountId, Number};
use phone::chat::{Archive, ChatEvent, Conversation, LinkState, Way, Whom, Wish};

use super::entries::body_words;
use super::files::{FileAction, Files};
use crate::engine::{Command, new_message_id};
use crate::window::when::{Calendar, Moment};

/// Conversations as the window knows them.
#[derive(Debug, Default)]
pub(crate) struct Chats {
    pub(crate) archive: Archive,
    /// Whose they are.
    pub(crate) me: Option<AccountId>,
    /// Which is looked at.
    pub(crate) open: Option<Whom>,
    /// What is being written there, and what was begun elsewhere.
    pub(crate) draft: String,
    drafts: BTreeMap<String, String>,
    /// The message that is answered, or that is said in another way.
    pub(crate) about: Option<About>,
    /// The message whose tools are shown.
    pub(crate) chosen: Option<MessageId>,
    /// To whom somebody begins to write.
    pub(crate) starting: Option<String>,
    /// What is looked for, and what was found.
    pub(crate) query: String,
    pub(crate) found: Option<Vec<Message>>,
    searches: u64,
    /// Files and voice notes.
    pub(crate) files: Files,
    /// What the engine was told that is looked at.
    told: Option<RoomId>,
    /// Whether the server has rooms: a connection was there once.
    was_online: bool,
}

/// What the message that is being written has to do with an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Answers(MessageId),
    Replaces(MessageId),
}

/// What somebody did in the panel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ChatAction {
    Open(Whom),
    Close,
    /// Begin to write to somebody new, or do not.
    WantNew(bool),
    /// Write to who was typed.
    Start,
    Send,
    /// A key was pressed in the draft.
    Typed,
    /// Show a message's tools, or none.
    Choose(Option<MessageId>),
    Answer(MessageId),
    Replace(MessageId),
    /// The draft is about no earlier message after all.
    Forget,
    Delete(MessageId),
    React(MessageId, &'static str),
    Retry(MessageId),
    Discard(MessageId),
    Earlier,
    Search,
    StopSearch,
    /// Something with a file or a voice note.
    File(FileAction),
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) whom: Whom,
    pub(crate) title: String,
    pub(crate) preview: String,
    pub(crate) when: String,
    pub(crate) unread: usize,
}

impl Chats {
    /// Whether this server has conversations.
    pub(crate) fn is_there(&self) -> bool {
        self.was_online || !self.archive.conversations.is_empty()
    }

    /// Takes in what happened; what it gives is for the engine.
    pub(crate) fn hear(&mut self, event: &ChatEvent) -> Vec<Command> {
        self.archive.hear(event);
        self.files.hear(event);
        match event {
            ChatEvent::Link(LinkState::Online) => self.was_online = true,
            ChatEvent::RoomGone(room) if self.open == Some(Whom::Room(room.clone())) => {
                self.open = None;
            }
            _ => {}
        }
        // The conversation with somebody has just come to be.
        if let (Some(Whom::Person(person)), Some(me)) = (&self.open, self.me)
            && let Some(conversation) = self.archive.direct(person, me)
        {
            self.open = Some(Whom::Room(conversation.room.id.clone()));
        }
        Vec::new()
    }

    /// Takes in what was found.
    pub(crate) fn hear_found(&mut self, tag: u64, messages: &[Message]) {
        if tag == self.searches {
            self.found = Some(messages.to_vec());
        }
    }

    /// Says what is looked at now, if that is something else than before.
    pub(crate) fn look(&mut self, is_shown: bool) -> Option<Command> {
        let room = match &self.open {
            Some(Whom::Room(room)) if is_shown => Some(room.clone()),
            _ => None,
        };
        if room == self.told {
            return None;
        }
        self.told.clone_from(&room);
        Some(wish(Wish::LookAt(room)))
    }

    /// Somebody else may be signed in now.
    pub(crate) fn forget(&mut self) {
        *self = Self {
            // An answer to what was asked before is nobody's.
            searches: self.searches + 1,
            ..Self::default()
        };
    }

    pub(crate) fn act(&mut self, action: ChatAction) -> Vec<Command> {
        match action {
            ChatAction::File(action) => return self.act_on_files(action),
            ChatAction::Open(whom) => {
                self.switch(Some(whom));
                return self.stop_speaking();
            }
            ChatAction::Close => {
                self.switch(None);
                return self.stop_speaking();
            }
            ChatAction::WantNew(wants) => self.starting = wants.then(String::new),
            ChatAction::Start => {
                if let Some(person) = self.starting.take().as_deref().and_then(person) {
                    self.switch(Some(self.place_of(person)));
                }
            }
            ChatAction::Send => return self.send(),
            ChatAction::Typed => {
                if let Some(Whom::Room(room)) = &self.open {
                    return vec![wish(Wish::TypeIn(room.clone()))];
                }
            }
            ChatAction::Choose(chosen) => self.chosen = chosen,
            ChatAction::Answer(id) => {
                (self.about, self.chosen) = (Some(About::Answers(id)), None);
            }
            ChatAction::Replace(id) => {
                if let Some(text) = self.text_of(&id) {
                    self.draft = text;
                    (self.about, self.chosen) = (Some(About::Replaces(id)), None);
                }
            }
            ChatAction::Forget => {
                if let Some(About::Replaces(_)) = self.about.take() {
                    self.draft.clear();
                }
            }
            ChatAction::Delete(target) => {
                self.chosen = None;
                return self.say(Body::Delete { target });
            }
            ChatAction::React(target, emoji) => {
                self.chosen = None;
                let is_removed = self.has_reacted(&target, emoji);
                return self.say(Body::Reaction {
                    target,
                    emoji: emoji.to_owned(),
                    is_removed,
                });
            }
            ChatAction::Retry(id) => return vec![wish(Wish::Retry(id))],
            ChatAction::Discard(id) => return vec![wish(Wish::Discard(id))],
            ChatAction::Earlier => {
                if let Some(Whom::Room(room)) = &self.open {
                    return vec![wish(Wish::Earlier(room.clone()))];
                }
            }
            ChatAction::Search => {
                let words = self.query.trim().to_owned();
                if !words.is_empty() {
                    self.searches += 1;
                    return vec![Command::Search {
                        tag: self.searches,
                        words,
                        room: None,
                    }];
                }
            }
            ChatAction::StopSearch => {
                self.query.clear();
                self.found = None;
            }
        }
        Vec::new()
    }

    /// The conversation with somebody, as it is or is yet to be made.
    pub(crate) fn place_of(&self, person: Addressee) -> Whom {
        let known = self.me.and_then(|me| self.archive.direct(&person, me));
        match known {
            Some(conversation) => Whom::Room(conversation.room.id.clone()),
            None => Whom::Person(person),
        }
    }

    /// The list, the latest first.
    pub(crate) fn lines(&self, calendar: &Calendar) -> Vec<Line> {
        let rooms = self.archive.latest_first();
        let line = |conversation: &&Conversation| {
            let room = &conversation.room;
            let direct = conversation.journalled().pop();
            let last = direct.as_ref().or(room.last_message.as_deref());
            Line {
                whom: Whom::Room(room.id.clone()),
                title: room.name.clone(),
                preview: last.map_or_else(String::new, |last| self.preview(last)),
                when: last.map_or_else(String::new, |last| {
                    calendar.short(&Moment::parse(&last.sent))
                }),
                unread: usize::try_from(room.unread).unwrap_or_default(),
            }
        };
        let mut lines: Vec<Line> = rooms.iter().map(line).collect();
        // To whom something waits with whom there is no conversation yet.
        for outgoing in &self.archive.outgoing {
            let known = lines.iter().any(|line| line.whom == outgoing.whom);
            if let (Whom::Person(person), false) = (&outgoing.whom, known) {
                let line = Line {
                    whom: outgoing.whom.clone(),
                    title: name_of(person),
                    preview: outgoing.body.preview(PREVIEW),
                    when: String::new(),
                    unread: 0,
                };
                lines.insert(0, line);
            }
        }
        lines
    }

    /// What the conversation that is looked at is called.
    pub(crate) fn title(&self) -> Option<String> {
        match self.open.as_ref()? {
            Whom::Room(room) => {
                let conversation = self.archive.conversations.get(room)?;
                Some(conversation.room.name.clone())
            }
            Whom::Person(person) => Some(name_of(person)),
        }
    }

    /// Whom to call from there: the other one of two.
    pub(crate) fn number(&self) -> Option<String> {
        match self.open.as_ref()? {
            Whom::Room(room) => {
                let room = &self.archive.conversations.get(room)?.room;
                let mut others = room.participants.iter();
                let other = others.find(|one| Some(one.account) != self.me)?;
                let number = other.number.as_ref()?;
                (room.kind == RoomKind::Direct).then(|| number.as_str().to_owned())
            }
            Whom::Person(person) => person.number.clone().or_else(|| person.name.clone()),
        }
    }

    /// Under the title: who writes, or how the connection stands.
    pub(crate) fn subtitle(&self) -> String {
        let is_direct = self.conversation().map(|one| one.way) == Some(Way::Direct);
        if self.archive.link != LinkState::Online && is_direct {
            return "No connection to the server; you write to each other directly.".into();
        }
        if self.archive.link != LinkState::Online {
            return "No connection; what you write is sent when it is back.".into();
        }
        let Some(conversation) = self.conversation() else {
            return String::new();
        };
        let typing: Vec<&str> = conversation
            .typing
            .iter()
            .filter_map(|account| self.name(conversation, *account))
            .collect();
        match typing.as_slice() {
            [] => match conversation.room.kind {
                RoomKind::Direct => match conversation.way {
                    Way::Direct => "Directly, from device to device".into(),
                    Way::Server => "Through the server".into(),
                },
                _ => format!("{} people", conversation.room.participant_count),
            },
            [one] => format!("{one} is writing…"),
            several => format!("{} are writing…", several.join(", ")),
        }
    }

    /// Whether there is more before what is shown.
    pub(crate) fn has_earlier(&self) -> bool {
        self.conversation().is_some_and(|conversation| {
            conversation.has_earlier
                && conversation
                    .low()
                    .is_some_and(|low| low > conversation.room.first_sequence)
        })
    }

    /// The beginning of the message that the draft is about, and what becomes of it.
    pub(crate) fn about_words(&self) -> Option<String> {
        let (what, id) = match self.about.as_ref()? {
            About::Answers(id) => ("Answering", id),
            About::Replaces(id) => ("Changing", id),
        };
        let message = self.conversation()?.message(id)?;
        Some(format!("{what}: {}", message.body.preview(60)))
    }

    /// Who said what was found, and where.
    pub(crate) fn found_words(&self, message: &Message) -> (String, String) {
        let room = self.archive.conversations.get(&message.room);
        let title = room.map_or("", |one| one.room.name.as_str());
        (title.to_owned(), message.body.preview(PREVIEW))
    }

    pub(super) fn conversation(&self) -> Option<&Conversation> {
        match self.open.as_ref()? {
            Whom::Room(room) => self.archive.conversations.get(room),
            Whom::Person(_) => None,
        }
    }

    fn preview(&self, message: &Message) -> String {
        let text = match &message.body {
            Body::VoiceNote { .. } | Body::Call { .. } | Body::Voicemail { .. } => {
                body_words(&message.body)
            }
            body => body.preview(PREVIEW),
        };
        match message.sender.is_some() && message.sender == self.me {
            true => format!("You: {text}"),
            false => text,
        }
    }

    fn text_of(&self, id: &MessageId) -> Option<String> {
        match &self.conversation()?.message(id)?.body {
            Body::Text { text, .. } => Some(text.clone()),
            _ => None,
        }
    }

    fn has_reacted(&self, id: &MessageId, emoji: &str) -> bool {
        let message = self.conversation().and_then(|one| one.message(id));
        message.is_some_and(|message| {
            message.reactions.iter().any(|one| {
                one.emoji == emoji && self.me.is_some_and(|me| one.accounts.contains(&me))
            })
        })
    }

    /// Goes to another conversation; what was begun stays where it was begun.
    fn switch(&mut self, whom: Option<Whom>) {
        if self.open == whom {
            return;
        }
        let begun = std::mem::take(&mut self.draft);
        if let Some(open) = &self.open {
            self.drafts.insert(key(open), begun);
        }
        if let Some(whom) = &whom {
            self.draft = self.drafts.remove(&key(whom)).unwrap_or_default();
        }
        (self.open, self.about, self.chosen) = (whom, None, None);
    }

    fn send(&mut self) -> Vec<Command> {
        let text = self.draft.trim().to_owned();
        if text.is_empty() {
            return Vec::new();
        }
        self.draft.clear();
        match self.about.take() {
            Some(About::Replaces(target)) => self.say(Body::Edit { target, text }),
            about => self.say(Body::Text {
                text,
                reply_to: match about {
                    Some(About::Answers(id)) => Some(id),
                    _ => None,
                },
                mentions: Vec::new(),
            }),
        }
    }

    fn say(&self, body: Body) -> Vec<Command> {
        let (Some(whom), Some(id)) = (self.open.clone(), new_message_id()) else {
            return Vec::new();
        };
        let written = jiff::Timestamp::now().to_string();
        vec![wish(Wish::Send {
            whom,
            id,
            body,
            written,
        })]
    }
}

/// Characters of a message in the list.
const PREVIEW: usize = 60;

fn wish(wish: Wish) -> Command {
    Command::Chat(Box::new(wish))
}

/// Whom somebody means: a number or a username.
pub(crate) fn person(text: &str) -> Option<Addressee> {
    let text = text.trim();
    match Number::parse(text) {
        _ if text.is_empty() => None,
        Ok(number) => Some(Addressee::number(&number)),
        Err(_) => Some(Addressee::name(text)),
    }
}

fn name_of(person: &Addressee) -> String {
    let account = person.account.map(|account| format!("#{}", account.0));
    let name = person.name.clone().or_else(|| person.number.clone());
    name.or(account).unwrap_or_default()
}

fn key(whom: &Whom) -> String {
    match whom {
        Whom::Room(room) => format!("room {room}"),
        Whom::Person(person) => format!("person {}", name_of(person)),
    }
}
