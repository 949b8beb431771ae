//! What stands in a conversation: what was said, with how far it has come, and what happened.

use api::AccountId;
use api::room::{Body, FileRef, Message, MessageId, Receipt, RoomEvent, RoomKind};
use phone::chat::{ArrivingFile, Conversation, JournalEntry, Outgoing, OutgoingState};

use super::data::Chats;
use crate::menu::size_words;
use crate::window::call::clock_of;
use crate::window::when::{Calendar, Moment};

/// What stands in a conversation, from top to bottom.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Entry {
    /// Another day begins.
    Day(String),
    /// Something happened to the room.
    Event(String),
    /// Something was said.
    Said(Box<Said>),
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) id: MessageId,
    pub(crate) is_own: bool,
    /// Who said it, where more than two are in a room and it is another one than before.
    pub(crate) name: Option<String>,
    pub(crate) text: String,
    /// What it answers.
    pub(crate) answers: Option<String>,
    pub(crate) time: String,
    /// How far it has come, of one's own.
    pub(crate) standing: Standing,
    pub(crate) is_edited: bool,
    pub(crate) is_deleted: bool,
    pub(crate) reactions: Vec<(String, usize)>,
    /// The file that it sends.
    pub(crate) file: Option<FileRef>,
    /// Of a voice note: its length in milliseconds, and how loud it is.
    pub(crate) spoken: Option<(u32, Vec<u8>)>,
    /// Why the server does not take it.
    pub(crate) refused: Option<String>,
}

/// How far one's own message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is somebody else's.
    Theirs,
    Waiting,
    Uploading,
    Passing,
    Refused,
    /// The other person's device has it, and the server does not take it.
    OnlyThere,
    Stored,
    Delivered,
    Read,
}

impl Standing {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Theirs => "",
            Self::Waiting => "waits to be sent",
            Self::Uploading => "is being sent",
            Self::Passing => "is being sent directly",
            Self::Refused => "not sent",
            Self::OnlyThere => "not on the server",
            Self::Stored => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
}

impl Chats {
    /// What stands in the conversation that is looked at.
    pub(crate) fn entries(&self, calendar: &Calendar) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut day = String::new();
        let mut before: Option<AccountId> = None;
        if let Some(conversation) = self.conversation() {
            let is_group = conversation.room.kind != RoomKind::Direct;
            for message in conversation.shown() {
                let moment = Moment::parse(&message.sent);
                let today = calendar.day(&moment);
                if today != day {
                    day.clone_from(&today);
                    before = None;
                    entries.push(Entry::Day(today));
                }
                let Some(sender) = message.sender else {
                    entries.push(Entry::Event(event_words(&message.body)));
                    before = None;
                    continue;
                };
                let mut said = self.said(conversation, message, calendar.time(&moment));
                if said.is_own || !is_group || before == Some(sender) {
                    said.name = None;
                }
                before = Some(sender);
                entries.push(Entry::Said(Box::new(said)));
            }
            let said =
                { conversation.journal.iter() }.filter(|entry| entry.body().target().is_none());
            for (entry, message) in said.zip(conversation.journalled()) {
                let moment = Moment::parse(&message.sent);
                let today = calendar.day(&moment);
                if today != day {
                    day.clone_from(&today);
                    entries.push(Entry::Day(today));
                }
                let said = self.said(conversation, &message, calendar.time(&moment));
                entries.push(Entry::Said(Box::new(direct(said, entry))));
            }
            entries.extend(
                conversation
                    .arriving
                    .values()
                    .map(arriving_words)
                    .map(Entry::Event),
            );
        }
        if let Some(open) = &self.open {
            for outgoing in self.archive.waiting(open) {
                if outgoing.body.target().is_none() {
                    entries.push(Entry::Said(Box::new(self.unsent(outgoing, calendar))));
                }
            }
        }
        entries
    }

    fn said(&self, conversation: &Conversation, message: &Message, time: String) -> Said {
        let is_own = message.sender.is_some() && message.sender == self.me;
        let standing = match (is_own, self.me) {
            (true, Some(me)) => match conversation.receipt(message.sequence, me) {
                Some(Receipt::Read) => Standing::Read,
                Some(Receipt::Delivered) => Standing::Delivered,
                None => Standing::Stored,
            },
            _ => Standing::Theirs,
        };
        let sender = message.sender;
        let name = sender.and_then(|sender| self.name(conversation, sender));
        let answers = match &message.body {
            Body::Text {
                reply_to: Some(id), ..
            } => conversation.said(id).map(|body| body.preview(60)),
            _ => None,
        };
        Said {
            id: message.id.clone(),
            is_own,
            name: Some(name.unwrap_or(message.sender_name.as_str()).to_owned()),
            text: body_words(&message.body),
            answers,
            time,
            standing,
            is_edited: message.edited.is_some(),
            is_deleted: message.body == Body::Deleted,
            reactions: message
                .reactions
                .iter()
                .map(|one| (one.emoji.clone(), one.accounts.len()))
                .collect(),
            file: message.body.file().cloned(),
            spoken: spoken(&message.body),
            refused: None,
        }
    }

    fn unsent(&self, outgoing: &Outgoing, calendar: &Calendar) -> Said {
        let refused = match &outgoing.state {
            OutgoingState::Refused(sentence) => Some(sentence.clone()),
            OutgoingState::Waiting | OutgoingState::Uploading | OutgoingState::Passing => None,
        };
        Said {
            id: outgoing.id.clone(),
            is_own: true,
            name: None,
            text: body_words(&outgoing.body),
            answers: None,
            time: calendar.time(&Moment::parse(&outgoing.written)),
            standing: match outgoing.state {
                OutgoingState::Refused(_) => Standing::Refused,
                OutgoingState::Uploading => Standing::Uploading,
                OutgoingState::Passing => Standing::Passing,
                OutgoingState::Waiting => Standing::Waiting,
            },
            is_edited: false,
            is_deleted: false,
            reactions: Vec::new(),
            file: outgoing.body.file().cloned(),
            spoken: spoken(&outgoing.body),
            refused,
        }
    }

    pub(super) fn name<'a>(
        &self,
        conversation: &'a Conversation,
        account: AccountId,
    ) -> Option<&'a str> {
        let mut people = conversation.room.participants.iter();
        let one = people.find(|one| one.account == account)?;
        Some(one.display_name.as_str())
    }
}

fn spoken(body: &Body) -> Option<(u32, Vec<u8>)> {
    match body {
        Body::VoiceNote {
            millis, waveform, ..
        } => Some((*millis, waveform.clone())),
        _ => None,
    }
}

/// A file that is on its way from the other person's device.
fn arriving_words(arriving: &ArrivingFile) -> String {
    let (name, bytes) = (&arriving.file.name, arriving.file.bytes);
    let (received, bytes) = (size_words(arriving.received), size_words(bytes));
    format!("{name} comes directly: {received} of {bytes}")
}

/// What only two devices have.
fn direct(said: Said, entry: &JournalEntry) -> Said {
    let standing = match (said.is_own, &entry.refused) {
        (_, Some(_)) => Standing::OnlyThere,
        (true, None) if entry.was_read => Standing::Read,
        (true, None) => Standing::Delivered,
        (false, None) => Standing::Theirs,
    };
    Said {
        name: None,
        standing,
        refused: entry.refused.clone(),
        ..said
    }
}

/// What a message says, in words.
pub(super) fn body_words(body: &Body) -> String {
    match body {
        Body::Text { text, .. } => text.clone(),
        Body::File { file, caption, .. } => match caption.is_empty() {
            true => format!("File: {}", file.name),
            false => format!("File: {}\n{caption}", file.name),
        },
        Body::VoiceNote { millis, .. } => {
            let seconds = f64::from(*millis) / 1000.0;
            format!("Voice note, {}", clock_of(seconds))
        }
        Body::Deleted => "This message was deleted.".into(),
        other => event_words(other),
    }
}

fn event_words(body: &Body) -> String {
    match body {
        Body::Call {
            is_answered: true,
            seconds,
            ..
        } => format!("Call, {}", clock_of(f64::from(*seconds))),
        Body::Call { .. } => "Missed call".into(),
        Body::Voicemail { seconds, .. } => format!("Voicemail, {}", clock_of(f64::from(*seconds))),
        Body::Room(event) => match event {
            RoomEvent::Opened => "The conversation begins here.".into(),
            RoomEvent::Joined { .. } | RoomEvent::Added { .. } => "Somebody came in.".into(),
            RoomEvent::Left { .. } | RoomEvent::Removed { .. } => "Somebody left.".into(),
            RoomEvent::RoleChanged { .. } => "Somebody may do something else now.".into(),
            RoomEvent::Changed { .. } => "The room was changed.".into(),
            RoomEvent::Unknown => "Something happened in the room.".into(),
        },
        _ => "A newer program is needed to show this.".into(),
    }
}
