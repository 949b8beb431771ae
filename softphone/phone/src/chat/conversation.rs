//! One room and what is known of what was said there.

use std::collections::{BTreeMap, BTreeSet};

use api::AccountId;
use api::room::{Body, Message, MessageId, Reaction, Receipt, Room};

use super::peer::{ArrivingFile, JournalEntry, Way};

/// One room and what is known of what was said there.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// The room, as it was told last.
    pub room: Room,
    /// Entries by their place. Those that only change others are among them.
    pub messages: BTreeMap<i64, Message>,
    /// What two devices have told each other and the server does not have yet. It comes behind the entries.
    pub journal: Vec<JournalEntry>,
    /// Files that are on their way from the other person's device, by their messages, which follow.
    pub arriving: BTreeMap<MessageId, ArrivingFile>,
    /// Which way goes what is written.
    pub way: Way,
    /// Who writes.
    pub typing: BTreeSet<AccountId>,
    /// Whether there may be more before the first entry.
    pub has_earlier: bool,
    /// Everything is known from the first entry up to here.
    high: i64,
}

impl Conversation {
    /// A room with the last of its entries; what comes behind a gap among them is asked for again.
    #[must_use]
    pub fn new(room: Room, messages: Vec<Message>) -> Self {
        let mut conversation = Self {
            messages: messages
                .into_iter()
                .map(|one| (one.sequence, one))
                .collect(),
            journal: Vec::new(),
            arriving: BTreeMap::new(),
            way: Way::Server,
            typing: BTreeSet::new(),
            has_earlier: true,
            high: 0,
            room,
        };
        if let Some(low) = conversation.low() {
            conversation.high = low;
            conversation.advance();
        }
        conversation
    }

    /// The first entry that is known.
    #[must_use]
    pub fn low(&self) -> Option<i64> {
        self.messages.keys().next().copied()
    }

    /// Everything is known from the first entry up to this one; 0 if nothing is.
    #[must_use]
    pub fn high(&self) -> i64 {
        self.high
    }

    /// What is to be shown, in order: what was said and what happened to the room.
    pub fn shown(&self) -> impl DoubleEndedIterator<Item = &Message> {
        let is_shown =
            |message: &&Message| message.body.target().is_none() && message.body != Body::Hidden;
        self.messages.values().filter(is_shown)
    }

    /// A message by its id.
    #[must_use]
    pub fn message(&self, id: &MessageId) -> Option<&Message> {
        self.messages
            .values()
            .rev()
            .find(|message| message.id == *id)
    }

    /// Notes something of the journal, in the place of what was there under its id; what it does to an entry of the room
    /// is done.
    pub(super) fn note(&mut self, entry: JournalEntry) {
        let mut journal = self.journal.iter_mut();
        match journal.find(|one| one.message.id == entry.message.id) {
            Some(known) => *known = entry,
            None => {
                if entry.refused.is_none() && !entry.is_to_read() {
                    self.apply(&entry.shown());
                }
                self.journal.push(entry);
            }
        }
    }

    /// Whether the journal holds a message.
    #[must_use]
    pub fn is_journalled(&self, id: &MessageId) -> bool {
        self.journal.iter().any(|entry| entry.message.id == *id)
    }

    /// Whether the journal holds a message that the server is to get.
    pub(super) fn is_to_be_brought(&self, id: &MessageId) -> bool {
        let mut journal = self.journal.iter();
        journal.any(|entry| entry.message.id == *id && entry.refused.is_none())
    }

    /// Whether the journal holds a message that the server does not take.
    pub(super) fn is_refused(&self, id: &MessageId) -> bool {
        let mut journal = self.journal.iter();
        journal.any(|entry| entry.message.id == *id && entry.refused.is_some())
    }

    /// Takes something out of the journal.
    pub(super) fn take_journalled(&mut self, id: &MessageId) -> Option<JournalEntry> {
        let mut journal = self.journal.iter();
        let at = journal.position(|entry| entry.message.id == *id)?;
        Some(self.journal.remove(at))
    }

    /// How much of the journal the person has not seen.
    pub(super) fn unread_in_journal(&self) -> i64 {
        let unread = self.journal.iter().filter(|entry| !entry.is_read);
        i64::try_from(unread.count()).unwrap_or(i64::MAX)
    }

    /// What a message says, wherever it is.
    #[must_use]
    pub fn said(&self, id: &MessageId) -> Option<Body> {
        let stored = self.message(id).map(|message| message.body.clone());
        stored.or_else(|| {
            let mut journalled = self.journalled().into_iter();
            Some(journalled.find(|message| message.id == *id)?.body)
        })
    }

    /// How far a message has come among the others: `None` when only the server has it.
    #[must_use]
    pub fn receipt(&self, sequence: i64, me: AccountId) -> Option<Receipt> {
        let mut others = self
            .room
            .participants
            .iter()
            .filter(|one| one.account != me)
            .peekable();
        others.peek()?;
        let (mut delivered, mut read) = (true, true);
        for other in others {
            read &= other.read >= sequence;
            delivered &= other.delivered >= sequence || other.read >= sequence;
        }
        match (read, delivered) {
            (true, _) => Some(Receipt::Read),
            (_, true) => Some(Receipt::Delivered),
            _ => None,
        }
    }

    /// Takes in an entry. Gives what is different now: itself, and the one that it does something to; nothing when it
    /// was known as it is.
    pub fn take_in(&mut self, message: Message) -> Vec<Message> {
        // What lies before a gap before the first one comes with the history, when somebody looks.
        let is_apart = self.low().is_some_and(|low| message.sequence < low - 1);
        if is_apart || self.messages.get(&message.sequence) == Some(&message) {
            return Vec::new();
        }
        let mut changed = self.apply(&message).into_iter().collect::<Vec<_>>();
        if self.messages.is_empty() {
            self.high = message.sequence;
        }
        if !message.kind_is_bookkeeping() {
            self.typing.retain(|writer| Some(*writer) != message.sender);
        }
        let newest = self.messages.keys().next_back();
        if newest.is_none_or(|newest| *newest < message.sequence) && message.body.is_to_read() {
            self.room.last_message = Some(Box::new(message.clone()));
        }
        self.room.last_sequence = self.room.last_sequence.max(message.sequence);
        self.messages.insert(message.sequence, message.clone());
        if !self.journal.is_empty() {
            // What only two devices have done to it holds on: it comes behind whatever the server has.
            self.act_from_journal(message.body.target().unwrap_or(&message.id));
        }
        self.advance();
        changed.insert(0, message);
        changed
    }

    /// Takes in a page of history, the oldest entry first; gives what is different now.
    pub fn take_in_page(&mut self, page: Vec<Message>) -> Vec<Message> {
        let low = self.low().unwrap_or(i64::MAX);
        let (mut earlier, later): (Vec<_>, Vec<_>) =
            page.into_iter().partition(|message| message.sequence < low);
        // The newest first, so that each is the neighbour of one that is known.
        earlier.reverse();
        let all = earlier.into_iter().chain(later);
        all.flat_map(|message| self.take_in(message)).collect()
    }

    /// What an entry does to an earlier one.
    pub(super) fn apply(&mut self, entry: &Message) -> Option<Message> {
        let target = entry.body.target()?;
        let message = self
            .messages
            .values_mut()
            .rev()
            .find(|one| one.id == *target)?;
        act(message, entry).then(|| message.clone())
    }

    /// How far somebody has come.
    pub fn receipt_came(&mut self, account: AccountId, receipt: Receipt, sequence: i64) {
        let mut people = self.room.participants.iter_mut();
        if let Some(one) = people.find(|one| one.account == account) {
            one.delivered = one.delivered.max(sequence);
            if receipt == Receipt::Read {
                one.read = one.read.max(sequence);
            }
        }
    }

    /// Forgets the entries up to this one.
    pub fn forget_until(&mut self, sequence: i64) {
        self.messages = self.messages.split_off(&(sequence + 1));
        self.high = self.high.max(sequence);
        self.has_earlier = false;
        self.room.first_sequence = self.room.first_sequence.max(sequence + 1);
    }

    fn advance(&mut self) {
        while self.messages.contains_key(&(self.high + 1)) {
            self.high += 1;
        }
    }
}

/// Whether an entry is about the room rather than said by somebody.
trait Bookkeeping {
    fn kind_is_bookkeeping(&self) -> bool;
}

impl Bookkeeping for Message {
    fn kind_is_bookkeeping(&self) -> bool {
        self.sender.is_none()
    }
}

/// Does to a message what an entry says; `false` if that is nothing.
pub(super) fn act(message: &mut Message, entry: &Message) -> bool {
    match (&entry.body, entry.sender) {
        (Body::Edit { text: now, .. }, _) => {
            if let Body::Text { text, .. } = &mut message.body {
                text.clone_from(now);
                message.edited = Some(entry.sent.clone());
            }
        }
        (Body::Delete { .. }, _) => {
            message.body = Body::Deleted;
            message.reactions.clear();
        }
        (
            Body::Reaction {
                emoji, is_removed, ..
            },
            Some(sender),
        ) => react(&mut message.reactions, emoji, sender, *is_removed),
        _ => return false,
    }
    true
}

fn react(reactions: &mut Vec<Reaction>, emoji: &str, account: AccountId, is_removed: bool) {
    let at = reactions.iter().position(|one| one.emoji == emoji);
    match (at, is_removed) {
        (Some(at), true) => {
            let reaction = &mut reactions[at];
            reaction.accounts.retain(|one| *one != account);
            if reaction.accounts.is_empty() {
                reactions.remove(at);
            }
        }
        (Some(at), false) => {
            let accounts = &mut reactions[at].accounts;
            if let Err(place) = accounts.binary_search(&account) {
                accounts.insert(place, account);
            }
        }
        (None, false) => reactions.push(Reaction {
            emoji: emoji.to_owned(),
            accounts: vec![account],
        }),
        (None, true) => {}
    }
}
