//! Files between two devices: over connections that break and with crashes of either, to the server by whoever is left,
//! and nothing that a hostile device says does any harm.

use std::collections::BTreeSet;
use std::time::Duration;

use api::AccountId;
use api::room::{Body, FileRef, MessageId, PeerFrame, PeerMessage};
use phone::chat::{ChatEvent, ChatInput, DeviceKey, OutgoingState, PeerNews, Way, Wish};

use ring::signature::Ed25519KeyPair;

use crate::Disk;
use crate::carrying::hash;
use crate::server::{SENT, room_id};
use crate::world::{Dice, FLUSH_EVERY, World, chat, key};

const CONTENTS: &[u8] = b"what is in the file, and more of it than goes at once";

fn whole(world: &World, who: usize) -> bool {
    let shelf = &world.devices[who].shelf;
    shelf.files.get(&format!("/received/{}", hash(CONTENTS))) == Some(&CONTENTS.to_vec())
}

fn pump(world: &mut World, pieces: usize) {
    for who in [0, 1, 0, 1] {
        while world.hear_peer(who) {}
    }
    for _ in 0..pieces {
        for who in [0, 1] {
            world.send_piece(who);
            world.hear_piece(1 - who);
        }
    }
}

#[test]
fn a_file_goes_from_device_to_device_and_to_the_server_with_the_flush() {
    let mut world = World::direct(1);
    let id = world.send_file(0, "plan.txt", CONTENTS);
    assert_eq!(
        world.devices[0].disk.outgoing[0].state,
        OutgoingState::Passing
    );
    world.settle();
    assert!(whole(&world, 1));
    assert!(world.acked.contains(&id) && world.server.files.is_empty());
    assert_eq!(world.at_server(), ["first"]);
    let conversation = &world.devices[1].chat.archive().conversations[&room_id("pair")];
    let file = conversation.journal[0].body().file().cloned().unwrap();
    assert!(file.is_named_by_contents() && conversation.arriving.is_empty());
    let local = world.devices[1].chat.archive().local_file(&file.file);
    assert_eq!(local, Some(&*format!("/received/{}", file.sha256)));
    world.say(1, "thanks");
    world.wait_for(FLUSH_EVERY * 3);
    // The text does not wait for the file; in the end both see the server's order.
    assert_eq!(world.at_server().len(), 3);
    for who in [0, 1] {
        assert_eq!(world.texts(who), world.at_server());
        assert!(world.devices[who].disk.journal.is_empty());
        let told = world.devices[who].chat.archive().conversations[&room_id("pair")]
            .said(&id)
            .unwrap();
        assert_eq!(told.file().unwrap().file, "u-0", "as it is known there");
    }
}

#[test]
fn a_file_goes_on_over_the_next_session_where_the_last_one_broke() {
    let mut world = World::direct(1);
    world.send_file(0, "plan.txt", CONTENTS);
    pump(&mut world, 3);
    let came = |world: &World| world.devices[1].shelf.parts[&hash(CONTENTS)].len();
    assert_eq!(came(&world), 21);
    world.lose(0);
    world.lose(1);
    assert_eq!(
        world.devices[0].disk.outgoing[0].state,
        OutgoingState::Passing
    );
    world.wait_for(Duration::from_secs(20));
    assert!(whole(&world, 1));
    let wanted = world.devices[1]
        .events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Peer(phone::chat::PeerOrder::Send { frame, .. }) => match **frame {
                PeerFrame::Want { offset, .. } => Some(offset),
                _ => None,
            },
            _ => None,
        });
    assert_eq!(wanted.collect::<Vec<_>>(), [0, 21]);
    assert!(world.server.files.is_empty());
}

#[test]
fn it_goes_on_after_new_starts_of_both() {
    let mut world = World::direct(1);
    world.send_file(0, "plan.txt", CONTENTS);
    pump(&mut world, 2);
    world.crash(0);
    world.crash(1);
    world.wait_for(Duration::from_secs(30));
    assert!(whole(&world, 1));
    assert!(world.server.files.is_empty(), "it needed no server");
}

#[test]
fn when_no_session_comes_it_goes_through_the_server() {
    let mut world = World::direct(1);
    let id = world.send_file(0, "plan.txt", CONTENTS);
    pump(&mut world, 2);
    world.is_near = false;
    world.lose(0);
    world.lose(1);
    world.wait_for(Duration::from_secs(60));
    assert_eq!(world.at_server(), ["first", "plan.txt"]);
    assert_eq!(world.texts(1), world.at_server());
    assert!(!world.acked.contains(&id) && !whole(&world, 1));
    assert!(world.devices[0].disk.outgoing.is_empty());
}

#[test]
fn what_is_too_large_for_the_server_or_does_not_fit_goes_the_way_of_the_server() {
    let mut world = World::direct(1);
    world.send_file(0, "large", &[1; 1_001]);
    assert_eq!(
        world.devices[0].disk.outgoing[0].state,
        OutgoingState::Uploading
    );
    world.settle();
    assert_eq!(world.at_server(), ["first", "large"]);
    assert_eq!(world.way(0), Way::Direct);
}

#[test]
fn several_go_one_after_the_other_and_words_go_between_them() {
    let mut world = World::direct(1);
    for name in ["a", "b", "c"] {
        world.send_file(0, name, format!("{name} {CONTENTS:?}").as_bytes());
        world.send_file(1, name, format!("{name} of mine {CONTENTS:?}").as_bytes());
    }
    world.say(0, "word");
    pump(&mut world, 1);
    assert!(world.texts(1).contains(&"word".to_owned()));
    world.settle();
    assert_eq!((world.texts(0).len(), world.texts(1).len()), (8, 8));
    assert_eq!(world.at_server(), ["first"]);
}

#[test]
fn who_gives_it_up_sends_no_more_of_it_and_the_other_one_waits_no_longer() {
    let mut world = World::direct(1);
    let id = world.send_file(0, "plan.txt", CONTENTS);
    pump(&mut world, 2);
    world.tell(0, ChatInput::Do(Box::new(Wish::Discard(id))));
    world.settle();
    let conversation = &world.devices[1].chat.archive().conversations[&room_id("pair")];
    assert!(conversation.arriving.is_empty() && conversation.journal.is_empty());
    world.send_file(0, "other.txt", b"another one");
    world.settle();
    assert_eq!(world.texts(1), ["first", "other.txt"]);
}

#[test]
fn a_file_that_was_changed_meanwhile_is_not_sent_and_says_so() {
    let mut world = World::direct(1);
    world.send_file(0, "plan.txt", CONTENTS);
    let files = &mut world.devices[0].shelf.files;
    files.insert("/0/plan.txt".into(), b"other".to_vec());
    world.settle();
    let refused = &world.devices[0].disk.outgoing[0].state;
    assert!(matches!(refused, OutgoingState::Refused(_)), "{refused:?}");
    assert_eq!((world.way(0), world.texts(1).len()), (Way::Direct, 1));
}

#[test]
fn what_is_damaged_on_the_way_is_asked_for_once_more_and_then_left_to_the_server() {
    let mut world = World::direct(1);
    world.send_file(0, "plan.txt", CONTENTS);
    let spoil = |world: &mut World| {
        let parts = &mut world.devices[1].shelf.parts;
        parts.insert(hash(CONTENTS), vec![0; CONTENTS.len() - 1]);
    };
    // What an earlier session has left is damaged.
    spoil(&mut world);
    world.settle();
    assert!(whole(&world, 1));
    let mut world = World::direct(2);
    world.send_file(0, "plan.txt", CONTENTS);
    let files = &mut world.devices[0].shelf.files;
    let mut other = CONTENTS.to_vec();
    other[5] ^= 1;
    files.insert("/0/plan.txt".into(), other);
    world.settle();
    assert!(!whole(&world, 1) && world.devices[0].disk.journal.is_empty());
    assert_eq!(world.way(0), Way::Direct);
}

#[test]
fn if_its_sender_never_comes_back_the_receiver_brings_the_file_to_the_server() {
    let mut world = World::direct(1);
    let id = world.send_file(0, "plan.txt", CONTENTS);
    world.settle();
    assert!(world.acked.contains(&id));
    world.die(0);
    world.devices[0].disk = Disk::default();
    world.devices[0].chat = chat(AccountId(99), &Disk::default(), false, 0);
    world.wait_for(Duration::from_secs(60));
    assert_eq!(world.at_server(), ["first"], "its sender has some time");
    world.wait_for(Duration::from_secs(700));
    assert_eq!(world.at_server(), ["first", "plan.txt"]);
    let (owner, _) = &world.server.files["u-0"];
    assert_eq!(*owner, AccountId(2));
    assert!(world.devices[1].disk.journal.is_empty());
}

/// A message of the first device about a file, signed.
fn offer(file: &FileRef) -> PeerMessage {
    let body = Body::File {
        file: file.clone(),
        caption: String::new(),
        reply_to: None,
    };
    signed(&body, "hostile", &key(AccountId(1)))
}

pub(crate) fn signed(body: &Body, id: &str, key: &DeviceKey) -> PeerMessage {
    let id = MessageId::parse(id).unwrap();
    let public = key.public().to_owned();
    let message = PeerMessage::unsigned(id, AccountId(1), public, SENT.to_owned(), body);
    let pair = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
    let signature = api::hex(pair.sign(&message.signed(&room_id("pair"))).as_ref());
    PeerMessage {
        signature,
        ..message
    }
}

pub(crate) fn hear(world: &mut World, frame: PeerFrame) {
    let link = world.devices[1].open.unwrap();
    let frame = Box::new(frame);
    world.tell(1, ChatInput::Peer(PeerNews::Heard { link, frame }));
}

#[test]
fn names_hashes_ids_and_lengths_that_no_file_has_are_not_taken() {
    let good = FileRef {
        file: FileRef::id_by_contents(&hash(CONTENTS)),
        sha256: hash(CONTENTS),
        name: "plan.txt".into(),
        media_type: "text/plain".into(),
        bytes: CONTENTS.len() as u64,
    };
    let bad: [fn(&mut FileRef); 8] = [
        |file| file.name = "../plan.txt".into(),
        |file| file.name = "a\nb".into(),
        |file| file.name = "x".repeat(300),
        |file| file.sha256 = "../../etc/passwd".into(),
        |file| file.file = "u-1".into(),
        |file| file.file = FileRef::id_by_contents(&"0".repeat(64)),
        |file| file.media_type = "<script>".into(),
        |file| file.bytes = u64::MAX,
    ];
    for change in bad {
        let mut world = World::direct(1);
        let mut file = good.clone();
        change(&mut file);
        let message = offer(&file);
        hear(&mut world, PeerFrame::Message { message });
        assert_eq!(world.way(1), Way::Server, "{file:?}");
    }
    // Too large is no offence: it goes through the server.
    let mut world = World::direct(1);
    let bytes = 1_001;
    let message = offer(&FileRef { bytes, ..good });
    hear(&mut world, PeerFrame::Message { message });
    assert_eq!(world.way(1), Way::Direct);
    assert!(world.devices[1].shelf.parts.is_empty());
}

#[test]
fn whatever_a_hostile_device_says_nothing_breaks_and_little_is_kept() {
    for seed in 1..=60 {
        let mut dice = Dice(seed * 0x9e37_79b9 + 1);
        let mut world = World::direct(seed);
        let mine = world.send_file(1, "mine.txt", CONTENTS);
        for step in 0..300 {
            if world.devices[1].open.is_none() {
                break;
            }
            let number = [0, 1, 2, u64::MAX][dice.below(4)];
            let id = match dice.below(3) {
                0 => mine.clone(),
                1 => MessageId::parse("hostile").unwrap(),
                _ => MessageId::parse(&format!("h-{}", dice.below(5))).unwrap(),
            };
            let transfer = number as u32;
            let frame = match dice.below(6) {
                0 => PeerFrame::Ack { id },
                1 => PeerFrame::Decline { id },
                2 | 3 => PeerFrame::Want {
                    id,
                    transfer,
                    offset: [0, 5, CONTENTS.len() as u64][dice.below(3)],
                },
                _ => PeerFrame::Message {
                    message: offer(&FileRef {
                        file: FileRef::id_by_contents(&hash(&[step as u8])),
                        sha256: hash(&[step as u8]),
                        name: "x".into(),
                        media_type: "text/plain".into(),
                        bytes: 1 + number % 900,
                    }),
                },
            };
            hear(&mut world, frame);
            let Some(link) = world.devices[1].open else {
                break;
            };
            let bytes = number;
            let news = match dice.below(4) {
                0 => PeerNews::FileCame {
                    link,
                    transfer,
                    bytes,
                },
                1 => PeerNews::FileSent {
                    link,
                    transfer,
                    bytes,
                },
                2 => PeerNews::FileReady {
                    link,
                    transfer,
                    offset: bytes,
                },
                _ => {
                    let piece = vec![dice.below(256) as u8; dice.below(40)];
                    world.devices[1].carried.pieces.push_back(piece);
                    world.hear_piece(1);
                    continue;
                }
            };
            world.tell(1, ChatInput::Peer(news));
        }
        let conversation = &world.devices[1].chat.archive().conversations[&room_id("pair")];
        assert!(conversation.arriving.len() <= 1, "seed {seed}");
        assert!(conversation.journal.len() <= 1, "seed {seed}");
    }
}

/// Files and words over cuts, broken channels and crashes of both, as a seed has them.
fn storm(seed: u64, survivor: Option<usize>) {
    let mut world = World::new(seed);
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut said = BTreeSet::new();
    for step in 0..500 {
        let who = dice.below(2);
        match dice.below(30) {
            0..=2 => {
                said.insert(world.say(who, &step.to_string()));
            }
            3..=5 => {
                let contents = vec![step as u8; dice.below(60)];
                said.insert(world.send_file(who, &step.to_string(), &contents));
            }
            6..=9 => world.serve(who),
            10..=13 => drop(world.hear(who)),
            14..=17 => drop(world.hear_peer(who)),
            18..=20 => drop(world.send_piece(who)),
            21..=23 => drop(world.hear_piece(who)),
            24 => {
                let (comes, answered) = (!dice.one_in(4), !dice.one_in(3));
                world.flush(who, comes, answered);
            }
            25 if dice.one_in(2) => world.wait(),
            26 if dice.one_in(2) => drop(world.upload(who)),
            27 if dice.one_in(4) => world.cut(who),
            28 if dice.one_in(4) => world.crash(who),
            29 if dice.one_in(4) => world.lose(who),
            29 if dice.one_in(6) => world.is_near = !world.is_near,
            _ if dice.one_in(6) => world.settle(),
            _ => {}
        }
    }
    if let Some(survivor) = survivor {
        let dead = 1 - survivor;
        world.die(dead);
        world.devices[dead].disk = Disk::default();
        world.devices[dead].chat = chat(AccountId(99), &Disk::default(), false, 0);
    }
    world.wait_for(Duration::from_secs(900));
    let stored = &world.server.rooms[&room_id("pair")];
    let unique: BTreeSet<&MessageId> = stored.iter().map(|one| &one.id).collect();
    assert_eq!(unique.len(), stored.len(), "seed {seed}: something twice");
    for id in &world.acked {
        assert!(unique.contains(id), "seed {seed}: {id} was acknowledged");
    }
    for message in stored {
        if let Some(file) = message.body.file() {
            let (_, sha256) = &world.server.files[&file.file];
            assert_eq!(*sha256, file.sha256, "seed {seed}: {}", message.id);
        }
    }
    if survivor.is_some() {
        return;
    }
    assert_eq!(stored.len(), said.len(), "seed {seed}: lost or doubled");
    let all = world.at_server();
    for who in [0, 1] {
        let earlier = Wish::Earlier(room_id("pair"));
        world.tell(who, ChatInput::Do(Box::new(earlier)));
        world.settle();
        assert_eq!(world.texts(who), all, "seed {seed}, device {who}");
        let device = &world.devices[who];
        assert!(device.disk.journal.is_empty(), "seed {seed}");
        assert!(device.disk.outgoing.is_empty(), "seed {seed}");
        let conversation = &device.chat.archive().conversations[&room_id("pair")];
        assert!(conversation.arriving.is_empty(), "seed {seed}");
    }
}

#[test]
fn no_file_is_lost_or_doubled_whatever_breaks() {
    for seed in 1..=120 {
        storm(seed, None);
    }
}

#[test]
fn what_was_acknowledged_comes_to_the_server_with_its_file_though_one_never_comes_back() {
    for seed in 1..=80 {
        storm(seed, Some((seed % 2) as usize));
    }
}
