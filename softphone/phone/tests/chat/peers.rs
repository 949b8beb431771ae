//! Two devices that talk to each other without the server, over connections that break and with crashes of either, in
//! virtual time.

use std::collections::BTreeSet;
use std::time::Duration;

use api::AccountId;
use api::room::{MessageId, PeerFrame, PeerMessage};
use phone::chat::{ChatEvent, ChatInput, Way, Wish};

use crate::Disk;
use crate::server::room_id;
use crate::world::{Dice, FLUSH_EVERY, World, chat, key};

#[test]
fn the_first_message_goes_through_the_server_and_the_next_ones_from_device_to_device() {
    let mut world = World::direct(1);
    assert_eq!(world.at_server(), ["first"]);
    world.say(0, "second");
    world.say(1, "third");
    world.settle();
    assert_eq!(world.at_server(), ["first"]);
    for who in [0, 1] {
        assert_eq!(world.texts(who).len(), 3, "{who}");
        assert!(world.devices[who].disk.outgoing.is_empty());
        assert_eq!(world.devices[who].disk.journal.len(), 2);
    }
    let unread = |world: &World| {
        world.devices[1].chat.archive().conversations[&room_id("pair")]
            .room
            .unread
    };
    assert_eq!(unread(&world), 2);
    world.wait_for(FLUSH_EVERY + Duration::from_secs(1));
    assert_eq!(world.at_server().len(), 3);
    assert_eq!(unread(&world), 2);
    for who in [0, 1] {
        assert_eq!(world.texts(who), world.at_server());
        assert!(world.devices[who].disk.journal.is_empty());
    }
    let news = world.devices[1].events.iter().filter(|event| {
        matches!(event, ChatEvent::Message { is_news: true, .. })
            || matches!(event, ChatEvent::Journal { is_news: true, .. })
    });
    assert_eq!(news.count(), 2, "each message is news once");
}

#[test]
fn the_first_message_to_somebody_opens_a_session_when_their_conversation_is_there() {
    let mut world = World::new(1);
    world.settle();
    let person = api::room::Addressee::name("person-2");
    let wish = phone::chat::Wish::Send {
        whom: phone::chat::Whom::Person(person),
        id: MessageId::parse("first").unwrap(),
        body: crate::server::text("hello"),
        written: crate::server::SENT.to_owned(),
    };
    world.tell(0, ChatInput::Do(Box::new(wish)));
    world.settle();
    assert_eq!((world.way(0), world.way(1)), (Way::Direct, Way::Direct));
}

#[test]
fn when_both_begin_at_once_there_is_one_session() {
    let mut world = World::new(1);
    world.settle();
    world.say(0, "a");
    world.say(1, "b");
    world.settle();
    assert_eq!((world.way(0), world.way(1)), (Way::Direct, Way::Direct));
    world.say(0, "c");
    world.say(1, "d");
    world.settle();
    assert_eq!((world.at_server().len(), world.texts(0).len()), (2, 4));
}

#[test]
fn devices_that_do_not_reach_each_other_go_on_through_the_server() {
    let mut world = World::new(1);
    world.is_near = false;
    world.settle();
    for words in ["a", "b", "c"] {
        world.say(0, words);
        world.settle();
    }
    assert_eq!(world.at_server(), ["a", "b", "c"]);
    world.wait_for(Duration::from_secs(10));
    assert_eq!(world.way(0), Way::Server);
    world.say(1, "d");
    world.settle();
    assert_eq!(world.texts(0), ["a", "b", "c", "d"]);
}

#[test]
fn what_a_broken_channel_swallows_goes_through_the_server_behind_what_came_before_it() {
    let mut world = World::direct(1);
    world.say(0, "second");
    world.settle();
    // From now on nothing comes through, and nobody says so.
    world.devices[1].open = None;
    world.say(0, "third");
    world.devices[1].frames.clear();
    assert_eq!(world.at_server(), ["first"]);
    world.wait_for(Duration::from_secs(4));
    assert_eq!(world.way(0), Way::Server);
    assert_eq!(world.at_server(), ["first", "second", "third"]);
    assert_eq!(world.texts(1), ["first", "second", "third"]);
}

#[test]
fn two_go_on_while_the_server_is_away_and_bring_it_all_later() {
    let mut world = World::direct(1);
    for who in [0, 1] {
        world.cut(who);
    }
    for words in ["a", "b", "c"] {
        world.say(0, words);
        world.say(1, &words.to_uppercase());
        while world.hear_peer(0) || world.hear_peer(1) {}
    }
    assert_eq!(world.at_server(), ["first"]);
    assert_eq!((world.texts(0).len(), world.texts(1).len()), (7, 7));
    world.wait_for(FLUSH_EVERY * 2);
    assert_eq!(world.at_server().len(), 7);
    assert_eq!(world.texts(0), world.at_server());
    assert_eq!(world.texts(1), world.at_server());
}

#[test]
fn leaving_a_conversation_and_the_end_bring_its_journal_at_once() {
    let mut world = World::direct(1);
    let look = |room: Option<&str>| ChatInput::Do(Box::new(Wish::LookAt(room.map(room_id))));
    world.tell(0, look(Some("pair")));
    world.say(0, "second");
    world.settle();
    world.tell(0, look(None));
    world.settle();
    assert_eq!(world.at_server(), ["first", "second"]);
    world.say(0, "third");
    world.settle();
    world.tell(1, ChatInput::Closing);
    world.settle();
    assert_eq!(world.at_server(), ["first", "second", "third"]);
}

#[test]
fn what_was_read_before_the_server_had_it_counts_as_read_there() {
    let mut world = World::direct(1);
    let look = |room: Option<&str>| ChatInput::Do(Box::new(Wish::LookAt(room.map(room_id))));
    world.tell(1, look(Some("pair")));
    world.say(0, "second");
    while world.hear_peer(1) || world.hear_peer(0) {}
    world.tell(1, look(None));
    world.settle();
    world.wait_for(FLUSH_EVERY * 2);
    let progress = world.server.progress(&room_id("pair"), AccountId(2));
    assert_eq!(progress, (2, 2));
}

#[test]
fn what_the_other_device_has_not_signed_is_not_taken_and_ends_the_session() {
    let forged = |change: fn(&mut PeerMessage)| {
        let mut world = World::direct(1);
        world.say(0, "true");
        let Some(PeerFrame::Message { message }) = world.devices[1].frames.front_mut() else {
            panic!("no message");
        };
        change(message);
        world.hear_peer(1);
        assert_eq!(world.way(1), Way::Server);
        assert_eq!(world.texts(1), ["first"]);
        world.settle();
        world.wait_for(Duration::from_secs(5));
        // Its own words come through the server.
        assert_eq!(world.texts(1), ["first", "true"]);
    };
    forged(|message| message.body = message.body.replace("true", "false"));
    forged(|message| message.sender = AccountId(2));
    forged(|message| message.key = key(AccountId(2)).public().to_owned());
    forged(|message| message.id = MessageId::parse("another").unwrap());
    forged(|message| message.body = "{}".into());
}

#[test]
fn with_somebody_who_is_blocked_a_session_ends_and_none_begins() {
    let mut world = World::direct(1);
    world.tell(1, ChatInput::Blocked([AccountId(1)].into()));
    world.settle();
    assert_eq!((world.way(0), world.way(1)), (Way::Server, Way::Server));
    world.wait_for(Duration::from_secs(60));
    world.say(0, "again");
    world.wait_for(Duration::from_secs(60));
    assert_eq!((world.way(0), world.way(1)), (Way::Server, Way::Server));
}

#[test]
fn who_switches_it_off_ends_the_session_and_brings_what_the_journal_holds() {
    let mut world = World::direct(1);
    world.say(1, "second");
    world.settle();
    world.tell(0, ChatInput::TalkDirectly(false));
    world.settle();
    assert_eq!((world.way(0), world.way(1)), (Way::Server, Way::Server));
    assert_eq!(world.at_server(), ["first", "second"]);
    world.say(1, "third");
    world.wait_for(Duration::from_secs(20));
    assert_eq!((world.way(1), world.at_server().len()), (Way::Server, 3));
    world.tell(0, ChatInput::TalkDirectly(true));
    world.say(0, "fourth");
    world.settle();
    assert_eq!(world.way(0), Way::Direct);
}

#[test]
fn a_device_that_does_not_talk_to_others_still_brings_what_its_journal_holds() {
    let mut world = World::direct(1);
    world.say(0, "second");
    world.settle();
    world.is_peer_on = false;
    world.crash(0);
    world.settle();
    assert_eq!(world.at_server(), ["first", "second"]);
    world.say(0, "third");
    world.settle();
    assert_eq!((world.way(0), world.at_server().len()), (Way::Server, 3));
}

/// Cuts, lost answers, broken channels and crashes of both, as a seed has them; in the end both come to rest, or one of
/// them never comes back.
fn storm(seed: u64, survivor: Option<usize>) {
    let mut world = World::new(seed);
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut said = BTreeSet::new();
    for step in 0..400 {
        let who = dice.below(2);
        match dice.below(24) {
            0..=4 => {
                said.insert(world.say(who, &step.to_string()));
            }
            5..=8 => world.serve(who),
            9..=12 => drop(world.hear(who)),
            13..=17 => drop(world.hear_peer(who)),
            18 => {
                let (comes, answered) = (!dice.one_in(4), !dice.one_in(3));
                world.flush(who, comes, answered);
            }
            19 => world.wait(),
            20 if dice.one_in(3) => world.cut(who),
            21 if dice.one_in(3) => world.crash(who),
            22 if dice.one_in(3) => world.lose(who),
            23 if dice.one_in(4) => world.is_near = !world.is_near,
            _ => world.settle(),
        }
    }
    match survivor {
        None => {
            world.wait_for(Duration::from_secs(120));
            world.wait_for(Duration::from_secs(120));
            let all = world.at_server();
            assert_eq!(all.len(), said.len(), "seed {seed}: lost or doubled");
            for who in [0, 1] {
                // What was said before it came is there when somebody looks.
                let earlier = Wish::Earlier(room_id("pair"));
                world.tell(who, ChatInput::Do(Box::new(earlier)));
                world.settle();
                assert_eq!(world.texts(who), all, "seed {seed}, device {who}");
                assert!(world.devices[who].disk.journal.is_empty(), "seed {seed}");
                assert!(world.devices[who].disk.outgoing.is_empty(), "seed {seed}");
            }
        }
        Some(survivor) => {
            let dead = 1 - survivor;
            world.die(dead);
            world.devices[dead].disk = Disk::default();
            world.devices[dead].chat = chat(AccountId(99), &Disk::default(), false, 0);
            world.wait_for(Duration::from_secs(240));
        }
    }
    let stored: Vec<&MessageId> = world.server.rooms[&room_id("pair")]
        .iter()
        .map(|one| &one.id)
        .collect();
    let unique: BTreeSet<&&MessageId> = stored.iter().collect();
    assert_eq!(unique.len(), stored.len(), "seed {seed}: something twice");
    for id in &world.acked {
        assert!(stored.contains(&id), "seed {seed}: {id} was acknowledged");
    }
}

#[test]
fn nothing_is_lost_or_doubled_and_both_see_the_same_order_whatever_breaks() {
    for seed in 1..=120 {
        storm(seed, None);
    }
}

#[test]
fn what_was_acknowledged_is_there_though_one_of_the_two_never_comes_back() {
    for seed in 1..=80 {
        storm(seed, Some((seed % 2) as usize));
    }
}
