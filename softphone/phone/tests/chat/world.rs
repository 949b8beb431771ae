//! Two devices, the server between them and the network, in virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use api::AccountId;
use api::room::{
    Body, Flushed, FlushedMessage, MessageId, PeerFrame, PeerMessage, Request, Response, RoomError,
    RoomErrorCode, RoomId, Said, SignalTold, Told,
};
use phone::chat::{
    Chat, ChatConfig, ChatEvent, ChatInput, DeviceKey, FlushOutcome, Outgoing, PeerConfig,
    PeerNews, PeerOrder, Way, Whom, Wish,
};

use crate::Disk;
use crate::carrying::{Carried, Shelf};
use crate::server::{SENT, Server, new_message, room_id, text, text_of};

pub(crate) const FLUSH_EVERY: Duration = Duration::from_secs(30);

/// A stream of numbers that a seed decides.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}

/// One person's only device.
pub(crate) struct Device {
    pub(crate) account: AccountId,
    pub(crate) chat: Chat,
    pub(crate) disk: Disk,
    pub(crate) is_connected: bool,
    pub(crate) to_server: VecDeque<Request>,
    pub(crate) to_device: VecDeque<Response>,
    pub(crate) flushes: VecDeque<(RoomId, Vec<PeerMessage>)>,
    pub(crate) events: Vec<ChatEvent>,
    /// The connection that is open, and what is on its way to this device.
    pub(crate) open: Option<u64>,
    pub(crate) frames: VecDeque<PeerFrame>,
    /// What this device has of files, whatever happens to the program.
    pub(crate) shelf: Shelf,
    /// Files on their way over the connection.
    pub(crate) carried: Carried,
    /// Files on their way to the server.
    pub(crate) uploads: VecDeque<Outgoing>,
}

/// Both, the server between them and the network.
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) server: Server,
    pub(crate) devices: [Device; 2],
    /// Whether they reach each other without the server.
    pub(crate) is_near: bool,
    pub(crate) is_peer_on: bool,
    /// Offers by what is in them: whose, and its connection.
    pub(crate) offers: BTreeMap<String, (usize, u64)>,
    /// What a device has said to have on its disk.
    pub(crate) acked: BTreeSet<MessageId>,
    pub(crate) written: usize,
    pub(crate) starts: u64,
}

pub(crate) fn key(account: AccountId) -> DeviceKey {
    DeviceKey::new(&[account.0 as u8; 32]).unwrap()
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut server = Server::default();
        server.open("pair", &[1, 2]);
        let device = |account: i64| Device {
            account: AccountId(account),
            chat: chat(
                AccountId(account),
                &Disk::default(),
                true,
                seed * 2 + account as u64,
            ),
            disk: Disk::default(),
            is_connected: false,
            to_server: VecDeque::new(),
            to_device: VecDeque::new(),
            flushes: VecDeque::new(),
            events: Vec::new(),
            open: None,
            frames: VecDeque::new(),
            shelf: Shelf::default(),
            carried: Carried::default(),
            uploads: VecDeque::new(),
        };
        let mut world = Self {
            now: Instant::now(),
            server,
            devices: [device(1), device(2)],
            is_near: true,
            is_peer_on: true,
            offers: BTreeMap::new(),
            acked: BTreeSet::new(),
            written: 0,
            starts: seed * 1000,
        };
        for who in [0, 1] {
            world.tell(who, ChatInput::Start);
        }
        world
    }

    pub(crate) fn tell(&mut self, who: usize, input: ChatInput) {
        let device = &mut self.devices[who];
        device.chat.handle(self.now, input);
        let (mut orders, mut connects, mut measured) = (Vec::new(), false, Vec::new());
        while let Some(event) = device.chat.poll_event() {
            match &event {
                ChatEvent::Keep(keep) => device.disk.keep(keep),
                ChatEvent::Connect => connects = true,
                ChatEvent::Disconnect => device.is_connected = false,
                ChatEvent::Peer(order) => orders.push(order.clone()),
                ChatEvent::Measure(outgoing) => measured.push(outgoing.clone()),
                ChatEvent::Upload(outgoing) => {
                    let is_it = |one: &Outgoing| one.id == outgoing.id;
                    if !device.uploads.iter().any(is_it) {
                        device.uploads.push_back((**outgoing).clone());
                    }
                }
                ChatEvent::Release { id, .. } => device.uploads.retain(|one| one.id != *id),
                ChatEvent::Flush { room, messages } => {
                    device.flushes.push_back((room.clone(), messages.clone()));
                }
                _ => {}
            }
            device.events.push(event);
        }
        while let Some(request) = device.chat.poll_transmit() {
            if device.is_connected {
                device.to_server.push_back(request);
            }
        }
        for order in orders {
            self.obey(who, order);
        }
        for outgoing in measured {
            self.measure(who, &outgoing);
        }
        if connects {
            self.devices[who].is_connected = true;
            let token = "token".to_owned();
            self.tell(who, ChatInput::Opened { token });
        }
    }

    pub(crate) fn obey(&mut self, who: usize, order: PeerOrder) {
        let other = 1 - who;
        match order {
            PeerOrder::Call { link } => {
                let sdp = format!("offer {who} {link}");
                self.offers.insert(sdp.clone(), (who, link));
                self.tell(who, ChatInput::Peer(PeerNews::Described { link, sdp }));
            }
            PeerOrder::Take { link, sdp } => {
                let answer = format!("{sdp}, taken {who} {link}");
                self.offers.insert(answer.clone(), (who, link));
                let sdp = answer;
                self.tell(who, ChatInput::Peer(PeerNews::Described { link, sdp }));
            }
            PeerOrder::Accept { link, sdp } => {
                let taken = self.offers.get(&sdp).copied();
                let Some((taker, theirs)) = taken.filter(|_| self.is_near) else {
                    return;
                };
                assert_eq!(taker, other);
                for (who, link) in [(who, link), (other, theirs)] {
                    self.devices[who].open = Some(link);
                    self.devices[who].frames.clear();
                    self.devices[who].carried = Carried::default();
                }
                for (who, link) in [(other, theirs), (who, link)] {
                    self.tell(who, ChatInput::Peer(PeerNews::Open { link }));
                }
            }
            PeerOrder::Candidate { .. } => {}
            PeerOrder::SendFile { .. }
            | PeerOrder::TakeFile { .. }
            | PeerOrder::StopFile { .. } => self.carry(who, order),
            PeerOrder::Send { link, frame } => {
                if self.devices[who].open == Some(link) {
                    if let PeerFrame::Ack { id } = &*frame {
                        self.acked.insert(id.clone());
                    }
                    self.devices[other].frames.push_back(*frame);
                }
            }
            PeerOrder::Drop { link } => {
                if self.devices[who].open == Some(link) {
                    self.devices[who].open = None;
                    self.devices[who].carried = Carried::default();
                    self.devices[other].frames.clear();
                    self.lose(other);
                }
            }
        }
    }

    pub(crate) fn lose(&mut self, who: usize) {
        if let Some(link) = self.devices[who].open.take() {
            self.devices[who].carried = Carried::default();
            self.devices[1 - who].frames.clear();
            self.devices[1 - who].carried.pieces.clear();
            self.tell(who, ChatInput::Peer(PeerNews::Lost { link }));
        }
    }

    /// The server does one thing for a device, and tells both of what is new.
    pub(crate) fn serve(&mut self, who: usize) {
        let Some(request) = self.devices[who].to_server.pop_front() else {
            return;
        };
        let me = self.devices[who].account;
        if let Said::Signal(signal) = request.said {
            let other = &mut self.devices[1 - who];
            let is_meant = signal
                .session_id
                .is_none_or(|session| session == session_of(other.account));
            if other.is_connected && is_meant {
                let told = Told::Signal(SignalTold {
                    room: signal.room,
                    from: me,
                    session_id: session_of(me),
                    peer_key: Some(key(me).public().to_owned()),
                    signal: signal.signal,
                });
                other.to_device.push_back(response(told));
            }
            return;
        }
        let before = self.count();
        let answers = self.server.hear(me, request);
        self.devices[who].to_device.extend(answers);
        self.tell_news(before);
    }

    pub(crate) fn count(&self) -> usize {
        self.server.rooms[&room_id("pair")].len()
    }

    pub(crate) fn tell_news(&mut self, before: usize) {
        let news = self.server.rooms[&room_id("pair")][before..].to_vec();
        for message in news {
            for device in &mut self.devices {
                if device.is_connected {
                    let told = new_message(message.clone());
                    device.to_device.push_back(response(told));
                }
            }
        }
    }

    /// The server stores what a device brings; the answer may be lost, or the whole of it.
    pub(crate) fn flush(&mut self, who: usize, comes: bool, is_answered: bool) {
        let Some((room, messages)) = self.devices[who].flushes.pop_front() else {
            return;
        };
        let before = self.count();
        let mut answers = Vec::new();
        let bringer = self.devices[who].account;
        for message in messages.into_iter().filter(|_| comes) {
            let all = &self.server.rooms[&room];
            let known = all.iter().find(|one| one.id == message.id).cloned();
            let stored = match (known, self.brought(bringer, &message)) {
                (Some(known), _) => known,
                (None, Some(body)) => {
                    let id = message.id.as_str();
                    self.server.say(&room, message.sender.0, id, body)
                }
                (None, None) => {
                    answers.push(still_missing(message.id));
                    continue;
                }
            };
            answers.push(FlushedMessage {
                id: stored.id,
                sequence: Some(stored.sequence),
                sent: Some(stored.sent),
                error: None,
            });
        }
        self.tell_news(before);
        let outcome = match comes && is_answered {
            true => FlushOutcome::Done(Flushed { messages: answers }),
            false => FlushOutcome::Later,
        };
        self.tell(who, ChatInput::Flushed { room, outcome });
    }

    pub(crate) fn hear(&mut self, who: usize) -> bool {
        let Some(response) = self.devices[who].to_device.pop_front() else {
            return false;
        };
        self.tell(who, ChatInput::Heard(Box::new(response)));
        true
    }

    pub(crate) fn hear_peer(&mut self, who: usize) -> bool {
        let device = &mut self.devices[who];
        let (Some(link), false) = (device.open, device.frames.is_empty()) else {
            return false;
        };
        let frame = Box::new(device.frames.pop_front().unwrap());
        self.tell(who, ChatInput::Peer(PeerNews::Heard { link, frame }));
        true
    }

    pub(crate) fn cut(&mut self, who: usize) {
        let device = &mut self.devices[who];
        if device.is_connected {
            device.is_connected = false;
            device.to_server.clear();
            device.to_device.clear();
            self.tell(who, ChatInput::Closed);
        }
    }

    pub(crate) fn die(&mut self, who: usize) {
        let device = &mut self.devices[who];
        device.is_connected = false;
        device.to_server.clear();
        device.to_device.clear();
        device.flushes.clear();
        device.frames.clear();
        device.uploads.clear();
        device.carried = Carried::default();
        device.open = None;
    }

    /// The program ends without a word, and starts anew with what its disk holds.
    pub(crate) fn crash(&mut self, who: usize) {
        self.die(who);
        self.starts += 1;
        let device = &mut self.devices[who];
        device.chat = chat(device.account, &device.disk, self.is_peer_on, self.starts);
        self.tell(who, ChatInput::Start);
        // The other one finds out when it hears nothing any more.
    }

    pub(crate) fn say(&mut self, who: usize, words: &str) -> MessageId {
        let id = MessageId::parse(&format!("m-{who}-{words}")).unwrap();
        self.say_as(who, id, text(words))
    }

    pub(crate) fn say_as(&mut self, who: usize, id: MessageId, body: Body) -> MessageId {
        self.written += 1;
        let wish = Wish::Send {
            whom: Whom::Room(room_id("pair")),
            id: id.clone(),
            body,
            written: SENT.to_owned(),
        };
        self.tell(who, ChatInput::Do(Box::new(wish)));
        id
    }

    /// Passes on what is on its way, without any time.
    pub(crate) fn settle(&mut self) {
        for _ in 0..10_000 {
            let mut is_quiet = true;
            for who in [0, 1] {
                is_quiet &= self.devices[who].to_server.is_empty();
                is_quiet &= self.devices[who].flushes.is_empty();
                is_quiet &= !self.send_piece(who) && !self.hear_piece(who);
                is_quiet &= !self.upload(who);
                self.serve(who);
                self.flush(who, true, true);
                is_quiet &= !self.hear(who);
                is_quiet &= !self.hear_peer(who);
            }
            if is_quiet {
                return;
            }
        }
        panic!("it does not come to rest");
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        let due = self.devices.iter().map(|one| one.chat.poll_timeout());
        due.flatten().min()
    }

    /// Lets time pass until something is due.
    pub(crate) fn wait(&mut self) {
        if let Some(due) = self.due() {
            self.now = self.now.max(due) + Duration::from_millis(1);
            for who in [0, 1] {
                self.tell(who, ChatInput::Timeout);
            }
        }
    }

    pub(crate) fn wait_for(&mut self, time: Duration) {
        let end = self.now + time;
        self.settle();
        while self.due().is_some_and(|due| due < end) {
            self.wait();
            self.settle();
        }
        self.now = self.now.max(end);
    }

    pub(crate) fn texts(&self, who: usize) -> Vec<String> {
        let conversation = &self.devices[who].chat.archive().conversations[&room_id("pair")];
        let stored = conversation
            .shown()
            .map(|one| text_of(&one.body).to_owned());
        let journal = conversation.journalled().into_iter();
        let journal = journal.map(|one| text_of(&one.body).to_owned());
        stored.chain(journal).collect()
    }

    pub(crate) fn at_server(&self) -> Vec<String> {
        let all = self.server.rooms[&room_id("pair")].iter();
        all.map(|one| text_of(&one.body).to_owned()).collect()
    }

    pub(crate) fn way(&self, who: usize) -> Way {
        self.devices[who].chat.way(&room_id("pair"))
    }

    /// Two that have written one message and have a session.
    pub(crate) fn direct(seed: u64) -> Self {
        let mut world = Self::new(seed);
        world.settle();
        world.say(0, "first");
        world.settle();
        assert_eq!((world.way(0), world.way(1)), (Way::Direct, Way::Direct));
        world
    }
}

fn still_missing(id: MessageId) -> FlushedMessage {
    FlushedMessage {
        id,
        sequence: None,
        sent: None,
        error: Some(RoomError {
            code: RoomErrorCode::ConnectionError,
            sentence: "Its file is not there yet.".to_owned(),
        }),
    }
}

pub(crate) fn session_of(account: AccountId) -> MessageId {
    MessageId::parse(&format!("device-{account}")).unwrap()
}

pub(crate) fn response(told: Told) -> Response {
    Response {
        told,
        status: 200,
        timestamp: SENT.to_owned(),
        id: None,
    }
}

pub(crate) fn chat(me: AccountId, disk: &Disk, is_on: bool, seed: u64) -> Chat {
    let rooms = disk.rooms.values().map(|room| {
        let messages = disk.messages.values().filter(|one| one.room == room.id);
        (room.clone(), messages.cloned().collect())
    });
    let config = ChatConfig {
        me,
        session_id: Some(session_of(me)),
        rooms: rooms.collect(),
        outgoing: disk.outgoing.clone(),
        journal: disk.journal.clone(),
        peer: Some(PeerConfig {
            key: key(me),
            is_on,
            flush_every: FLUSH_EVERY,
        }),
    };
    Chat::new(config, seed)
}
