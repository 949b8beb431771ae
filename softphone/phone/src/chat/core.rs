//! The chat itself: what is said over the connection, what is heard, and what follows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use api::AccountId;
use api::room::{
    GetHistory, GetRooms, Message, MessageId, Receipt, ReceiptEntry, Request, Room, RoomId, Said,
};

use super::archive::Archive;
use super::conversation::Conversation;
use super::event::{ChatEvent, ChatInput, Keep, LinkState};
use super::outbox::{Outbox, Outgoing};
use super::peer::{JournalEntry, PeerConfig, Peers};
use crate::Pause;

/// Whose chat it is, and what was kept of it.
#[derive(Clone, Debug)]
pub struct ChatConfig {
    /// Whose it is.
    pub me: AccountId,
    /// A name for this device that stays the same: an older connection of it ends when it connects anew.
    pub session_id: Option<MessageId>,
    /// Rooms with the last of their entries, as they were kept.
    pub rooms: Vec<(Room, Vec<Message>)>,
    /// What waited to be sent.
    pub outgoing: Vec<Outgoing>,
    /// What this device and another one have told each other and the server did not have yet, in this order.
    pub journal: Vec<JournalEntry>,
    /// How this device talks to others; it does not without it.
    pub peer: Option<PeerConfig>,
}

/// One account's conversations on one device.
#[derive(Debug)]
pub struct Chat {
    pub(super) config: ChatConfig,
    pub(super) archive: Archive,
    pub(super) outbox: Outbox,
    pub(super) link: Link,
    pub(super) pause: Pause,
    pub(super) looked_at: Option<RoomId>,
    /// Rooms of which something came that the server has not been told is here.
    pub(super) undelivered: BTreeSet<RoomId>,
    pub(super) deliver_at: Option<Instant>,
    /// When a message is sent again that the server had no time for.
    pub(super) retry_at: Option<Instant>,
    /// Who writes, and until when that is believed.
    pub(super) typing: BTreeMap<(RoomId, AccountId), Instant>,
    /// Where one writes oneself: since when the others know, and until when.
    pub(super) own_typing: Option<(RoomId, Instant, Instant)>,
    pub(super) peers: Peers,
    /// Rooms whose history is asked for.
    pub(super) asking: BTreeSet<RoomId>,
    pub(super) transmits: VecDeque<Request>,
    events: VecDeque<ChatEvent>,
}

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Nothing was wanted yet.
    Idle,
    /// It is tried again then.
    Resting(Instant),
    /// The owner is at it, or the server has not greeted yet.
    Opening,
    Online,
}

/// Receipts for what comes in quick succession go together.
pub(super) const DELIVER_PAUSE: Duration = Duration::from_millis(300);
/// Whoever has said nothing of writing for so long does not write any more.
pub(super) const TYPING_BELIEVED: Duration = Duration::from_secs(8);
/// How often the others are told that one goes on writing.
pub(super) const TYPING_PAUSE: Duration = Duration::from_secs(4);
/// Who has pressed no key for so long has stopped.
pub(super) const TYPING_STOPS: Duration = Duration::from_secs(5);
/// When a message is sent again that the server had no time for.
pub(super) const RETRY_PAUSE: Duration = Duration::from_secs(3);
/// Entries in a page of history.
pub(super) const PAGE: u16 = 100;

/// What the answer to a request is known by; see `ask`.
pub(super) const MESSAGE: &str = "m.";
pub(super) const EARLIER: &str = "e.";
pub(super) const GAP: &str = "g.";
pub(super) const WISH: &str = "w.";

impl Chat {
    /// A chat that is not connected yet; the seed keeps devices that lost one server apart.
    #[must_use]
    pub fn new(config: ChatConfig, seed: u64) -> Self {
        let mut archive = Archive::default();
        for (room, messages) in &config.rooms {
            let conversation = Conversation::new(room.clone(), messages.clone());
            archive.conversations.insert(room.id.clone(), conversation);
        }
        for entry in &config.journal {
            if let Some(conversation) = archive.conversations.get_mut(&entry.room) {
                conversation.note(entry.clone());
            }
        }
        Self {
            outbox: Outbox::new(config.outgoing.clone()),
            archive,
            peers: Peers::new(config.peer.clone(), seed),
            config,
            link: Link::Idle,
            pause: Pause::new(seed),
            looked_at: None,
            undelivered: BTreeSet::new(),
            deliver_at: None,
            retry_at: None,
            typing: BTreeMap::new(),
            own_typing: None,
            asking: BTreeSet::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// What is known.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Something happened.
    pub fn handle(&mut self, now: Instant, input: ChatInput) {
        match input {
            ChatInput::Start => {
                if self.link == Link::Idle {
                    self.go_on_uploading();
                    self.connect();
                }
            }
            ChatInput::Opened { token } => self.opened(token),
            ChatInput::Closed => self.closed(now),
            ChatInput::Heard(response) => self.heard(now, *response),
            ChatInput::Kept { room, messages } => self.kept(room, messages),
            ChatInput::Upload { id, news } => self.upload_is(now, &id, news),
            ChatInput::Do(wish) => self.wish(now, *wish),
            ChatInput::Peer(news) => self.peer_news(now, news),
            ChatInput::Flushed { room, outcome } => self.flushed(now, &room, outcome),
            ChatInput::Blocked(accounts) => self.block_peers(now, accounts),
            ChatInput::TalkDirectly(is_on) => self.talk_directly(now, is_on),
            ChatInput::Closing => self.flush_all(),
            ChatInput::Timeout => {}
        }
        self.run_timers(now);
    }

    /// The next thing to say over the connection.
    pub fn poll_transmit(&mut self) -> Option<Request> {
        self.transmits.pop_front()
    }

    /// The next thing to know.
    pub fn poll_event(&mut self) -> Option<ChatEvent> {
        self.events.pop_front()
    }

    /// When to say `Timeout` at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let resting = match self.link {
            Link::Resting(until) => Some(until),
            _ => None,
        };
        let own = self.own_typing.as_ref().map(|(_, _, until)| *until);
        let others = self.typing.values().copied();
        let (peers, flush) = (self.peers.due(), self.flush_due());
        let peers = [peers, self.passing_due()].into_iter().flatten().min();
        let timers = [resting, self.deliver_at, self.retry_at, own, peers, flush];
        timers.into_iter().flatten().chain(others).min()
    }

    pub(super) fn run_timers(&mut self, now: Instant) {
        if matches!(self.link, Link::Resting(until) if until <= now) {
            self.connect();
        }
        if self.deliver_at.is_some_and(|at| at <= now) {
            self.deliver_at = None;
            for room in std::mem::take(&mut self.undelivered) {
                self.tell_receipt(&room, Receipt::Delivered);
            }
        }
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
            self.send_all();
        }
        if matches!(&self.own_typing, Some((_, _, until)) if *until <= now) {
            self.stop_typing();
        }
        self.run_peer_timers(now);
        let over: Vec<(RoomId, AccountId)> = self
            .typing
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(key, _)| key.clone())
            .collect();
        for (room, account) in over {
            self.types(now, room, account, false);
        }
    }

    pub(super) fn connect(&mut self) {
        self.link = Link::Opening;
        self.tell(ChatEvent::Link(LinkState::Connecting));
        self.tell(ChatEvent::Connect);
    }

    pub(super) fn ask_for_history(
        &mut self,
        why: &str,
        room: &RoomId,
        after: Option<i64>,
        before: Option<i64>,
    ) {
        if self.link != Link::Online || !self.asking.insert(room.clone()) {
            return;
        }
        let wanted = GetHistory {
            room: room.clone(),
            after,
            before,
            limit: Some(PAGE),
        };
        self.say(Said::GetHistory(wanted), Some(why.to_owned()));
    }

    pub(super) fn ask_for_rooms(&mut self) {
        self.say(Said::GetRooms(GetRooms::default()), None);
    }

    /// Says that what is looked at was read.
    pub(super) fn read_what_is_looked_at(&mut self) {
        let Some(room) = self.looked_at.clone() else {
            return;
        };
        self.say_what_is_read(&room);
        self.tell_read(&room);
    }

    fn say_what_is_read(&mut self, room: &RoomId) {
        let me = self.config.me;
        let Some(conversation) = self.archive.conversations.get_mut(room) else {
            return;
        };
        let high = conversation.high();
        let own = conversation.room.participants.iter();
        let read = own.filter(|one| one.account == me).map(|one| one.read);
        let is_unread = conversation.room.unread > 0 || read.max().is_some_and(|read| read < high);
        if self.link != Link::Online || high == 0 || !is_unread {
            return;
        }
        conversation.room.unread = 0;
        conversation.receipt_came(me, Receipt::Read, high);
        self.undelivered.remove(room);
        self.tell_receipt(room, Receipt::Read);
        self.tell_room(room);
    }

    pub(super) fn tell_receipt(&mut self, room: &RoomId, receipt: Receipt) {
        let known = self.archive.conversations.get(room);
        let sequence = known.map_or(0, Conversation::high);
        if self.link == Link::Online && sequence > 0 {
            let entry = ReceiptEntry {
                room: Some(room.clone()),
                receipt,
                sequence,
            };
            self.say(Said::Receipt(entry), None);
        }
    }

    pub(super) fn types(
        &mut self,
        now: Instant,
        room: RoomId,
        account: AccountId,
        is_typing: bool,
    ) {
        let key = (room.clone(), account);
        match is_typing {
            true => {
                self.typing.insert(key, now + TYPING_BELIEVED);
            }
            false => {
                self.typing.remove(&key);
            }
        }
        self.tell_and_take(ChatEvent::Typing {
            room,
            account,
            is_typing,
        });
    }

    pub(super) fn tell_room(&mut self, room: &RoomId) {
        if let Some(conversation) = self.archive.conversations.get(room) {
            let room = Box::new(conversation.room.clone());
            self.tell(ChatEvent::Room(room));
        }
        self.keep_room(room);
    }

    pub(super) fn keep_room(&mut self, room: &RoomId) {
        if let Some(conversation) = self.archive.conversations.get(room) {
            self.keep(Keep::Room(Box::new(conversation.room.clone())));
        }
    }

    pub(super) fn say(&mut self, said: Said, id: Option<String>) {
        // Over a connection that is not there nothing is said, and the next one begins anew.
        if matches!(self.link, Link::Opening | Link::Online) {
            self.transmits.push_back(Request { said, id });
        }
    }

    pub(super) fn keep(&mut self, keep: Keep) {
        self.tell(ChatEvent::Keep(keep));
    }

    pub(super) fn tell_and_take(&mut self, event: ChatEvent) {
        self.archive.hear(&event);
        self.tell(event);
    }

    pub(super) fn tell(&mut self, event: ChatEvent) {
        if let ChatEvent::Link(link) = &event {
            self.archive.link = *link;
        }
        self.events.push_back(event);
    }
}
