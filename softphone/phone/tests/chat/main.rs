//! Conversations over connections that break, in virtual time, against a server of rooms in memory.

#![expect(
    clippy::unwrap_used,
    reason = "in a test what does not hold should fail loudly"
)]

mod acting;
mod carrying;
mod files;
mod passing;
mod peers;
mod refused;
mod server;
mod world;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use api::AccountId;
use api::room::{Addressee, Body, Message, MessageId, Receipt, Request, Response, Room, RoomId};
use phone::chat::{
    Chat, ChatConfig, ChatEvent, ChatInput, JournalEntry, Keep, LinkState, Outgoing, OutgoingState,
    Whom, Wish,
};
use server::{SENT, Server, new_message, text, text_of};

const ME: AccountId = AccountId(1);
const SHORT: Duration = Duration::from_millis(10);

/// What a device keeps on its disk.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    pub(crate) rooms: BTreeMap<RoomId, Room>,
    pub(crate) messages: BTreeMap<(RoomId, i64), Message>,
    pub(crate) outgoing: Vec<Outgoing>,
    pub(crate) journal: Vec<JournalEntry>,
}

/// A device, its connection, and time.
struct Bench {
    now: Instant,
    server: Server,
    chat: Chat,
    disk: Disk,
    is_connected: bool,
    events: Vec<ChatEvent>,
    to_server: VecDeque<Request>,
    to_device: VecDeque<Response>,
}

impl Bench {
    fn new(server: Server) -> Self {
        let mut bench = Self {
            now: Instant::now(),
            server,
            chat: chat(&Disk::default()),
            disk: Disk::default(),
            is_connected: false,
            events: Vec::new(),
            to_server: VecDeque::new(),
            to_device: VecDeque::new(),
        };
        bench.tell(ChatInput::Start);
        bench
    }

    fn tell(&mut self, input: ChatInput) {
        self.chat.handle(self.now, input);
        while let Some(request) = self.chat.poll_transmit() {
            assert!(self.is_connected, "{request:?}");
            self.to_server.push_back(request);
        }
        let mut connects = false;
        while let Some(event) = self.chat.poll_event() {
            match &event {
                ChatEvent::Connect => connects = true,
                ChatEvent::Keep(keep) => self.disk.keep(keep),
                _ => {}
            }
            self.events.push(event);
        }
        if connects {
            self.is_connected = true;
            let token = "token".to_owned();
            self.tell(ChatInput::Opened { token });
        }
    }

    fn wish(&mut self, wish: Wish) {
        self.tell(ChatInput::Do(Box::new(wish)));
    }

    fn send(&mut self, whom: Whom, id: &str, words: &str) {
        self.wish(Wish::Send {
            whom,
            id: MessageId::parse(id).unwrap(),
            body: text(words),
            written: SENT.to_owned(),
        });
    }

    /// Passes one thing on, or lets time pass until something is due. `false` when nothing happens any more.
    fn step(&mut self) -> bool {
        if let Some(request) = self.to_server.pop_front() {
            let answers = self.server.hear(ME, request);
            self.to_device.extend(answers);
        } else if let Some(response) = self.to_device.pop_front() {
            self.tell(ChatInput::Heard(Box::new(response)));
        } else if let Some(due) = self.chat.poll_timeout() {
            self.now = self.now.max(due);
            self.tell(ChatInput::Timeout);
        } else {
            return false;
        }
        true
    }

    fn settle(&mut self) {
        for _ in 0..10_000 {
            if !self.step() {
                return;
            }
        }
        panic!("it does not come to rest");
    }

    /// The connection breaks; what was on its way is lost.
    fn cut(&mut self) {
        self.is_connected = false;
        self.to_server.clear();
        self.to_device.clear();
        self.tell(ChatInput::Closed);
    }

    /// Somebody else speaks.
    fn other_says(&mut self, room: &RoomId, sender: i64, id: &str, body: Body) {
        let message = self.server.say(room, sender, id, body);
        if self.is_connected {
            self.to_device.push_back(Response {
                told: new_message(message),
                status: 200,
                timestamp: SENT.to_owned(),
                id: None,
            });
        }
    }

    /// The program ends without a word, and starts anew with what its disk holds.
    fn crash(&mut self) {
        self.is_connected = false;
        self.to_server.clear();
        self.to_device.clear();
        self.chat = chat(&self.disk);
        self.tell(ChatInput::Start);
    }

    fn texts(&self, room: &RoomId) -> Vec<&str> {
        let conversation = &self.chat.archive().conversations[room];
        conversation.shown().map(|one| text_of(&one.body)).collect()
    }
}

impl Disk {
    pub(crate) fn keep(&mut self, keep: &Keep) {
        match keep.clone() {
            Keep::Room(room) => {
                self.rooms.insert(room.id.clone(), *room);
            }
            Keep::Message(message) => {
                let key = (message.room.clone(), message.sequence);
                self.messages.insert(key, *message);
            }
            Keep::RoomGone(room) => {
                self.rooms.remove(&room);
                self.messages.retain(|(known, _), _| *known != room);
            }
            Keep::Forgotten(room, until) => self
                .messages
                .retain(|(known, sequence), _| *known != room || *sequence > until),
            Keep::Outgoing(outgoing) => {
                self.outgoing.retain(|one| one.id != outgoing.id);
                self.outgoing.push(*outgoing);
            }
            Keep::Sent(id) => self.outgoing.retain(|one| one.id != id),
            Keep::Journal(entry) => {
                let id = &entry.message.id;
                match self.journal.iter_mut().find(|one| one.message.id == *id) {
                    Some(known) => *known = *entry,
                    None => self.journal.push(*entry),
                }
            }
            Keep::Journaled(id) => self.journal.retain(|one| one.message.id != id),
        }
    }
}

fn chat(disk: &Disk) -> Chat {
    let rooms = disk.rooms.values().map(|room| {
        let of_room = disk.messages.iter().filter(|((id, _), _)| *id == room.id);
        (room.clone(), of_room.map(|(_, one)| one.clone()).collect())
    });
    let config = ChatConfig {
        me: ME,
        session_id: None,
        rooms: rooms.collect(),
        outgoing: disk.outgoing.clone(),
        journal: Vec::new(),
        peer: None,
    };
    Chat::new(config, 7)
}

#[test]
fn the_first_message_to_somebody_makes_the_conversation() {
    let mut bench = Bench::new(Server::default());
    bench.send(Whom::Person(Addressee::account(AccountId(2))), "a", "hello");
    bench.settle();
    let room = server::room_id("direct-2");
    assert_eq!(bench.texts(&room), ["hello"]);
    assert!(bench.disk.outgoing.is_empty());
    let stored = |event: &&ChatEvent| matches!(event, ChatEvent::Stored { .. });
    assert_eq!(bench.events.iter().filter(stored).count(), 1);
    // The next one goes there, without asking who is meant.
    bench.send(Whom::Person(Addressee::account(AccountId(2))), "b", "again");
    bench.settle();
    assert_eq!(bench.texts(&room), ["hello", "again"]);
}

#[test]
fn nothing_is_lost_and_nothing_appears_twice_over_connections_that_break() {
    for seed in 0..300_u64 {
        let mut server = Server::default();
        let room = server.open("group", &[1, 2, 3]);
        let mut bench = Bench::new(server);
        let mut random = seed;
        let (mut mine, mut others) = (0, 0);
        for _ in 0..200 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            match random >> 60 {
                0..=2 => {
                    bench.send(
                        Whom::Room(room.clone()),
                        &format!("m{mine}"),
                        &format!("mine {mine}"),
                    );
                    mine += 1;
                }
                3..=5 => {
                    let words = format!("theirs {others}");
                    bench.other_says(&room, 2, &format!("o{others}"), text(&words));
                    others += 1;
                }
                6 if bench.is_connected => bench.cut(),
                7 => bench.crash(),
                8 => bench.server.is_busy = !bench.server.is_busy,
                _ => {
                    bench.step();
                }
            }
        }
        bench.server.is_busy = false;
        bench.settle();
        while bench.chat.archive().conversations[&room].has_earlier {
            bench.wish(Wish::Earlier(room.clone()));
            bench.settle();
        }
        let on_server: Vec<&str> = bench.server.rooms[&room]
            .iter()
            .map(|one| text_of(&one.body))
            .collect();
        assert_eq!(on_server.len(), mine + others, "seed {seed}");
        let unique: BTreeSet<&&str> = on_server.iter().collect();
        assert_eq!(unique.len(), on_server.len(), "seed {seed}");
        assert_eq!(bench.texts(&room), on_server, "seed {seed}");
        assert!(bench.disk.outgoing.is_empty(), "seed {seed}");
        assert_eq!(bench.disk.messages.len(), on_server.len(), "seed {seed}");
    }
}

#[test]
fn a_new_device_gets_the_end_first_and_the_rest_when_asked() {
    let mut server = Server::default();
    let room = server.open("group", &[1, 2, 3]);
    for number in 0..250 {
        server.say(&room, 2, &format!("o{number}"), text(&number.to_string()));
    }
    let mut bench = Bench::new(server);
    bench.settle();
    assert_eq!(bench.texts(&room).len(), 100);
    assert_eq!(bench.texts(&room).last(), Some(&"249"));
    for known in [200, 250] {
        bench.wish(Wish::Earlier(room.clone()));
        bench.settle();
        assert_eq!(bench.texts(&room).len(), known);
    }
    assert!(!bench.chat.archive().conversations[&room].has_earlier);
}

#[test]
fn edits_deletions_and_reactions_change_what_is_there() {
    let mut server = Server::default();
    let room = server.open("group", &[1, 2, 3]);
    let mut bench = Bench::new(server);
    bench.settle();
    bench.other_says(&room, 2, "a", text("helo"));
    bench.other_says(&room, 2, "b", text("wrong room"));
    let target = |id: &str| MessageId::parse(id).unwrap();
    let react = |is_removed| Body::Reaction {
        target: target("a"),
        emoji: "👍".into(),
        is_removed,
    };
    bench.other_says(
        &room,
        2,
        "c",
        Body::Edit {
            target: target("a"),
            text: "hello".into(),
        },
    );
    bench.other_says(
        &room,
        2,
        "d",
        Body::Delete {
            target: target("b"),
        },
    );
    bench.other_says(&room, 3, "e", react(false));
    bench.other_says(&room, 2, "f", react(false));
    bench.other_says(&room, 3, "g", react(true));
    bench.settle();
    let conversation = &bench.chat.archive().conversations[&room];
    let shown: Vec<&Message> = conversation.shown().collect();
    assert_eq!(shown.len(), 2);
    assert_eq!(text_of(&shown[0].body), "hello");
    assert!(shown[0].edited.is_some());
    assert_eq!(shown[0].reactions[0].accounts, [AccountId(2)]);
    assert_eq!(shown[1].body, Body::Deleted);
    // It is so after a restart as well.
    let shown: Vec<Message> = shown.into_iter().cloned().collect();
    bench.crash();
    bench.settle();
    let conversation = &bench.chat.archive().conversations[&room];
    assert_eq!(conversation.shown().cloned().collect::<Vec<_>>(), shown);
}

#[test]
fn what_is_looked_at_is_read_and_the_rest_is_counted() {
    let mut server = Server::default();
    let room = server.open("group", &[1, 2, 3]);
    let mut bench = Bench::new(server);
    bench.settle();
    bench.other_says(&room, 2, "a", text("one"));
    bench.other_says(&room, 2, "b", text("two"));
    bench.settle();
    assert_eq!(bench.chat.archive().unread(), 2);
    assert_eq!(bench.server.progress(&room, ME), (2, 0));
    bench.wish(Wish::LookAt(Some(room.clone())));
    bench.settle();
    assert_eq!(bench.chat.archive().unread(), 0);
    assert_eq!(bench.server.progress(&room, ME), (2, 2));
    bench.other_says(&room, 2, "c", text("three"));
    bench.settle();
    assert_eq!(bench.server.progress(&room, ME), (3, 3));
    bench.wish(Wish::LookAt(None));
    bench.other_says(&room, 2, "d", text("four"));
    bench.settle();
    assert_eq!(bench.chat.archive().unread(), 1);
}

#[test]
fn what_the_server_refuses_is_said_and_can_be_sent_again_or_given_up() {
    let mut server = Server::default();
    let room = server.open("group", &[1, 2, 3]);
    let mut bench = Bench::new(server);
    bench.send(Whom::Room(room.clone()), "a", "forbidden");
    bench.send(Whom::Room(room.clone()), "b", "fine");
    bench.settle();
    assert_eq!(bench.texts(&room), ["fine"]);
    let refused = OutgoingState::Refused("You may not say that here.".into());
    assert_eq!(bench.disk.outgoing[0].state, refused);
    // It is not tried again by itself.
    bench.cut();
    bench.settle();
    assert_eq!(bench.disk.outgoing[0].state, refused);
    bench.wish(Wish::Discard(MessageId::parse("a").unwrap()));
    assert!(bench.disk.outgoing.is_empty());
}

#[test]
fn receipts_of_all_others_together_say_how_far_a_message_has_come() {
    let mut server = Server::default();
    let room = server.open("group", &[1, 2, 3]);
    let mut bench = Bench::new(server);
    bench.send(Whom::Room(room.clone()), "a", "hello");
    bench.settle();
    let receipt = |bench: &Bench| bench.chat.archive().receipt(&room, 1, ME);
    assert_eq!(receipt(&bench), None);
    for (account, what, expected) in [
        (2, Receipt::Read, None),
        (3, Receipt::Delivered, Some(Receipt::Delivered)),
        (3, Receipt::Read, Some(Receipt::Read)),
    ] {
        bench.to_device.push_back(Response {
            told: api::room::Told::Receipt(api::room::ReceiptTold {
                room: room.clone(),
                account: AccountId(account),
                receipt: what,
                sequence: 1,
                unread: None,
            }),
            status: 200,
            timestamp: SENT.to_owned(),
            id: None,
        });
        bench.settle();
        assert_eq!(receipt(&bench), expected);
    }
}

#[test]
fn without_a_server_the_pauses_grow_and_what_is_written_waits() {
    let mut bench = Bench::new(Server::default());
    bench.settle();
    bench.cut();
    bench.send(Whom::Person(Addressee::account(AccountId(2))), "a", "hello");
    assert_eq!(bench.chat.archive().link, LinkState::Offline);
    assert_eq!(bench.chat.archive().outgoing.len(), 1);
    let began = bench.now;
    for _ in 0..6 {
        // A connection that cannot be made.
        bench.now += SHORT;
        let due = bench.chat.poll_timeout().unwrap();
        bench.now = bench.now.max(due);
        bench.chat.handle(bench.now, ChatInput::Timeout);
        bench.chat.handle(bench.now, ChatInput::Closed);
        while bench.chat.poll_event().is_some() {}
    }
    assert!(bench.now - began > Duration::from_secs(20));
    bench.settle();
    assert!(bench.disk.outgoing.is_empty());
    assert_eq!(bench.texts(&server::room_id("direct-2")), ["hello"]);
}
