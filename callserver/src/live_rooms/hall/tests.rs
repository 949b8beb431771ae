//! The hall in virtual time.

use api::{LIVE_HEADER, LIVE_TOKEN};

use super::*;

const ANN: &str = "192.0.2.1:7001";
const BEN: &str = "192.0.2.2:7002";
const CAY: &str = "192.0.2.3:7003";

struct Rig {
    hall: Hall,
    now: Instant,
    next_token: u8,
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn config() -> HallConfig {
    HallConfig {
        patience: Duration::from_secs(60),
        max_rooms: 3,
        max_members: 3,
        max_seats: 6,
        max_seats_per_source: 4,
        texts_per_ten_seconds: 5,
        requests_per_minute: 20,
    }
}

impl Rig {
    fn new() -> Self {
        Self {
            hall: Hall::new(config()),
            now: Instant::now(),
            next_token: 0,
        }
    }

    fn token(&mut self) -> Token {
        self.next_token += 1;
        Token::new([self.next_token; LIVE_TOKEN / 2])
    }

    fn create(&mut self, room: &str, name: &str, from: &str) -> Granted<String> {
        let token = self.token();
        let seat = self.hall.create(self.now, at(from).ip(), room, name, token);
        seat.map(|seat| seat.token)
    }

    fn join(&mut self, room: &str, name: &str, from: &str) -> Granted<String> {
        let token = self.token();
        let seat = self.hall.join(self.now, at(from).ip(), room, name, token);
        seat.map(|seat| seat.token)
    }

    fn says(&mut self, room: &str, token: &str, text: &str, from: &str) {
        let speech = LiveSpeech { room, token, text };
        self.hall.heard(self.now, at(from), &speech.encode());
    }

    /// Who has heard what since the last time.
    fn heard(&mut self) -> Vec<(String, LiveKind, String)> {
        let sent = std::iter::from_fn(|| self.hall.poll_transmit());
        let heard = sent.map(|(to, bytes)| {
            let heard = LiveHeard::decode(&bytes).unwrap();
            (to.to_string(), heard.kind, heard.text)
        });
        heard.collect()
    }

    fn passes(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        if self.hall.poll_timeout().is_some_and(|due| due <= self.now) {
            self.hall.time(self.now);
        }
    }

    /// Ann is the host of the kitchen, Ben and Cay are in it; all can be reached.
    fn kitchen() -> (Self, [String; 3]) {
        let mut rig = Self::new();
        let ann = rig.create("kitchen", "Ann", ANN).unwrap();
        let ben = rig.join("kitchen", "Ben", BEN).unwrap();
        let cay = rig.join("kitchen", "Cay", CAY).unwrap();
        for (token, from) in [(&ann, ANN), (&ben, BEN), (&cay, CAY)] {
            rig.says("kitchen", token, "", from);
        }
        rig.heard();
        (rig, [ann, ben, cay])
    }
}

fn status<T>(granted: Granted<T>) -> LiveStatus {
    granted.map_or_else(|verdict| verdict.status, |_| LiveStatus::Ok)
}

fn line(to: &str, kind: LiveKind, text: &str) -> (String, LiveKind, String) {
    (to.into(), kind, text.into())
}

#[test]
fn what_one_says_all_others_in_the_room_hear() {
    let (mut rig, [_, ben, _]) = Rig::kitchen();
    rig.create("cellar", "Dan", "192.0.2.4:7004").unwrap();
    rig.says("kitchen", &ben, "tea?", BEN);
    let expected = [ANN, CAY].map(|to| line(to, LiveKind::Message, "tea?"));
    assert_eq!(rig.heard(), expected);
    let figures = rig.hall.figures();
    assert_eq!((figures.rooms, figures.members, figures.texts), (2, 4, 1));
}

#[test]
fn rooms_are_listed_with_host_and_members() {
    let (mut rig, _) = Rig::kitchen();
    let list = rig.hall.list(rig.now, at(BEN).ip()).unwrap();
    let kitchen = LiveRoom {
        name: "kitchen".into(),
        host: "Ann".into(),
        members: 3,
    };
    assert_eq!(list.rooms, [kitchen]);
}

#[test]
fn names_are_unique_and_the_second_one_is_refused() {
    let mut rig = Rig::new();
    rig.create("kitchen", "Ann", ANN).unwrap();
    assert_eq!(
        status(rig.create("kitchen", "Ben", BEN)),
        LiveStatus::RoomTaken
    );
    assert_eq!(
        status(rig.join("kitchen", "Ann", BEN)),
        LiveStatus::NameTaken
    );
    assert_eq!(status(rig.join("cellar", "Ben", BEN)), LiveStatus::NoRoom);
    // Elsewhere the name is free.
    rig.create("cellar", "Ann", BEN).unwrap();
}

#[test]
fn names_that_cannot_be_read_are_refused() {
    let mut rig = Rig::new();
    let long = "x".repeat(65);
    for name in ["", " Ann", "A\u{7}nn", "A\u{202e}nn", &long] {
        assert_eq!(
            status(rig.create("kitchen", name, ANN)),
            LiveStatus::BadName
        );
        assert_eq!(status(rig.create(name, "Ann", ANN)), LiveStatus::BadName);
    }
    rig.create(&"ä".repeat(64), "Zoë 🎷", ANN).unwrap();
}

#[test]
fn the_room_ends_for_everybody_when_the_host_leaves() {
    let (mut rig, [ann, ben, _]) = Rig::kitchen();
    let left = rig.hall.leave(rig.now, at(ANN).ip(), "kitchen", &ann);
    assert_eq!(status(left), LiveStatus::Ok);
    let why = "The host Ann has left; the room is closed.";
    assert_eq!(
        rig.heard(),
        [BEN, CAY].map(|to| line(to, LiveKind::Ended, why))
    );
    let figures = rig.hall.figures();
    assert_eq!((figures.rooms, figures.members), (0, 0));
    // Their tokens are good for nothing any more, and the name is free.
    rig.says("kitchen", &ben, "still there?", BEN);
    let gone = "You are not in this room; join it again.";
    assert_eq!(rig.heard(), [line(BEN, LiveKind::Ended, gone)]);
    rig.create("kitchen", "Ben", BEN).unwrap();
}

#[test]
fn whoever_else_leaves_is_told_of_and_the_room_goes_on() {
    let (mut rig, [_, ben, _]) = Rig::kitchen();
    let leave = |rig: &mut Rig| rig.hall.leave(rig.now, at(BEN).ip(), "kitchen", &ben);
    assert_eq!(status(leave(&mut rig)), LiveStatus::Ok);
    let expected = [ANN, CAY].map(|to| line(to, LiveKind::Notice, "Ben has left."));
    assert_eq!(rig.heard(), expected);
    assert_eq!(status(leave(&mut rig)), LiveStatus::NoToken);
}

#[test]
fn who_is_silent_for_too_long_is_out_and_told_so() {
    let (mut rig, [ann, _, cay]) = Rig::kitchen();
    rig.passes(40);
    rig.says("kitchen", &ann, "", ANN);
    rig.says("kitchen", &cay, "", CAY);
    rig.passes(20);
    let out =
        "You have been silent for 60 seconds and are not in the room any more; join it again.";
    let told = "Ben was silent for too long and is out.";
    let expected = [
        line(BEN, LiveKind::Ended, out),
        line(ANN, LiveKind::Notice, told),
        line(CAY, LiveKind::Notice, told),
    ];
    assert_eq!(rig.heard(), expected);
    assert_eq!(rig.hall.figures().timed_out, 1);
}

#[test]
fn the_room_ends_when_its_host_is_silent_for_too_long() {
    let (mut rig, [_, ben, cay]) = Rig::kitchen();
    rig.passes(40);
    rig.says("kitchen", &ben, "", BEN);
    rig.says("kitchen", &cay, "", CAY);
    rig.passes(20);
    let closed = "The host Ann was silent for too long and is out; the room is closed.";
    let heard = rig.heard();
    assert_eq!(
        heard[1..],
        [BEN, CAY].map(|to| line(to, LiveKind::Ended, closed))
    );
    assert_eq!(rig.hall.poll_timeout(), None);
}

#[test]
fn nobody_speaks_with_a_token_from_another_address() {
    let (mut rig, [ann, ..]) = Rig::kitchen();
    rig.says("kitchen", &ann, "I am Ann", "198.51.100.9:7001");
    let gone = "You are not in this room; join it again.";
    assert_eq!(
        rig.heard(),
        [line("198.51.100.9:7001", LiveKind::Ended, gone)]
    );
    let left = rig
        .hall
        .leave(rig.now, at("198.51.100.9:1").ip(), "kitchen", &ann);
    assert_eq!(status(left), LiveStatus::NoToken);
    // The same client from another port, as behind a router that has forgotten it, goes on.
    rig.says("kitchen", &ann, "tea?", "192.0.2.1:9999");
    assert_eq!(rig.heard().len(), 2);
    // A token is good in its own room only.
    rig.says("cellar", &ann, "hello", ANN);
    assert_eq!(rig.heard(), [line(ANN, LiveKind::Ended, gone)]);
}

#[test]
fn strangers_are_answered_seldom_and_never_with_more_than_they_sent() {
    let mut rig = Rig::new();
    let long = LiveSpeech {
        room: "kitchen",
        token: &"0".repeat(LIVE_TOKEN),
        text: "",
    };
    for _ in 0..100 {
        rig.hall.heard(rig.now, at(ANN), &long.encode());
        rig.hall.heard(rig.now, at(BEN), b"\x01\x01ab");
        rig.hall.heard(rig.now, at(BEN), b"");
        rig.hall.heard(rig.now, at(BEN), &[255; LIVE_HEADER]);
    }
    let heard = rig.heard();
    assert_eq!(heard.len(), 10);
    assert!(heard.iter().all(|(to, ..)| to == ANN));
    assert_eq!(rig.hall.figures().dropped, 400);
}

#[test]
fn who_writes_too_fast_is_told_and_what_is_too_much_is_dropped() {
    let (mut rig, [_, ben, _]) = Rig::kitchen();
    for _ in 0..7 {
        rig.says("kitchen", &ben, "!", BEN);
    }
    let heard = rig.heard();
    let passed = heard
        .iter()
        .filter(|(_, kind, _)| *kind == LiveKind::Message);
    assert_eq!(passed.count(), 2 * 5);
    let slow = "You write faster than this server passes on; the last text was dropped.";
    assert_eq!(
        heard[10..],
        [
            line(BEN, LiveKind::Notice, slow),
            line(BEN, LiveKind::Notice, slow)
        ]
    );
    rig.passes(10);
    rig.says("kitchen", &ben, "slower", BEN);
    assert_eq!(rig.heard().len(), 2);
}

#[test]
fn there_is_an_end_to_everything() {
    let mut rig = Rig::new();
    rig.create("a", "Ann", ANN).unwrap();
    rig.join("a", "Ben", BEN).unwrap();
    rig.join("a", "Cay", CAY).unwrap();
    assert_eq!(status(rig.join("a", "Dan", BEN)), LiveStatus::RoomFull);
    rig.create("b", "Ann", ANN).unwrap();
    rig.create("c", "Ann", ANN).unwrap();
    assert_eq!(status(rig.create("d", "Ann", ANN)), LiveStatus::ServerFull);
    rig.join("b", "Ann2", ANN).unwrap();
    // Four from one address, six in all.
    assert_eq!(status(rig.join("c", "Ann2", ANN)), LiveStatus::ServerFull);
    assert_eq!(status(rig.join("c", "Eve", CAY)), LiveStatus::ServerFull);
    for _ in 0..20 {
        let _ = rig.hall.list(rig.now, at(ANN).ip());
    }
    let listed = rig.hall.list(rig.now, at(ANN).ip());
    assert_eq!(status(listed), LiveStatus::TooOften);
}
