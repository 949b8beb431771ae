//! Edits, deletions, reactions and receipts between two devices: at once there, in order at the server, and never by whom
//! they are not for.

use std::collections::BTreeSet;
use std::time::Duration;

use api::AccountId;
use api::room::{Body, Message, MessageId, PeerFrame, Receipt};
use phone::chat::{ChatEvent, ChatInput, Conversation, Way, Wish};

use crate::passing::{hear, signed};
use crate::server::room_id;
use crate::world::{Dice, FLUSH_EVERY, World, key};

fn id(text: &str) -> MessageId {
    MessageId::parse(&text.replace([' ', ','], "-")).unwrap()
}

fn edit(world: &mut World, who: usize, target: &MessageId, words: &str) -> MessageId {
    let body = Body::Edit {
        target: target.clone(),
        text: words.to_owned(),
    };
    world.say_as(who, id(&format!("e-{who}-{words}")), body)
}

fn delete(world: &mut World, who: usize, target: &MessageId) -> MessageId {
    let body = Body::Delete {
        target: target.clone(),
    };
    world.say_as(who, id(&format!("d-{who}-{target}")), body)
}

fn react(
    world: &mut World,
    who: usize,
    target: &MessageId,
    emoji: &str,
    number: usize,
) -> MessageId {
    let body = Body::Reaction {
        target: target.clone(),
        emoji: emoji.to_owned(),
        is_removed: number % 3 == 2,
    };
    world.say_as(who, id(&format!("r-{who}-{number}-{target}")), body)
}

fn conversation(world: &World, who: usize) -> &Conversation {
    &world.devices[who].chat.archive().conversations[&room_id("pair")]
}

/// What a person sees: what is stored, then what only two devices have.
fn seen(world: &World, who: usize) -> Vec<Message> {
    let conversation = conversation(world, who);
    let stored = conversation.shown().cloned();
    stored.chain(conversation.journalled()).collect()
}

fn look(world: &mut World, who: usize, is_looked_at: bool) {
    let room = is_looked_at.then(|| room_id("pair"));
    world.tell(who, ChatInput::Do(Box::new(Wish::LookAt(room))));
}

#[test]
fn what_is_changed_is_changed_at_both_at_once_and_at_the_server_in_order() {
    let mut world = World::direct(1);
    let first = id("m-0-first");
    let second = world.say(0, "second");
    world.settle();
    let third = world.say(1, "third");
    world.settle();
    edit(&mut world, 0, &first, "first, changed");
    edit(&mut world, 0, &second, "second, changed");
    react(&mut world, 1, &first, "👍", 0);
    react(&mut world, 0, &third, "🎷", 0);
    delete(&mut world, 0, &second);
    world.settle();
    assert_eq!(world.at_server().len(), 1, "the server knows nothing of it");
    for who in [0, 1] {
        assert!(world.devices[who].disk.outgoing.is_empty());
        let seen = seen(&world, who);
        assert_eq!(world.texts(who), ["first, changed", "", "third"]);
        assert_eq!(seen[0].reactions[0].accounts, [AccountId(2)]);
        assert_eq!(seen[1].body, Body::Deleted);
        assert_eq!(seen[2].reactions[0].emoji, "🎷");
    }
    let unread = conversation(&world, 1).room.unread;
    assert_eq!(unread, 2, "only what is to be read is unread");
    for who in [0, 1] {
        world.crash(who);
        assert_eq!(world.texts(who), ["first, changed", "", "third"]);
    }
    world.wait_for(FLUSH_EVERY * 2);
    let kinds: Vec<bool> = world.server.rooms[&room_id("pair")]
        .iter()
        .map(|one| one.body.target().is_some())
        .collect();
    assert_eq!(kinds, [false, false, false, true, true, true, true, true]);
    assert_eq!(seen(&world, 0), seen(&world, 1));
    assert_eq!(world.texts(0), ["first, changed", "", "third"]);
}

#[test]
fn nobody_changes_what_the_other_one_said_nor_what_is_not_there() {
    let mut world = World::direct(1);
    let theirs = world.say(1, "theirs");
    let mine = world.say(0, "mine");
    world.settle();
    // A device that keeps to no rule signs what its person may not do.
    let edit = |target: &MessageId| Body::Edit {
        target: target.clone(),
        text: "changed".to_owned(),
    };
    let delete = |target: &MessageId| Body::Delete {
        target: target.clone(),
    };
    let react = |target: &MessageId, emoji: &str| Body::Reaction {
        target: target.clone(),
        emoji: emoji.to_owned(),
        is_removed: false,
    };
    let declined = [
        edit(&theirs),
        delete(&theirs),
        edit(&id("nothing")),
        react(&id("nothing"), "👍"),
    ];
    for (number, body) in declined.iter().enumerate() {
        let name = format!("h-{number}");
        let message = signed(body, &name, &key(AccountId(1)));
        hear(&mut world, PeerFrame::Message { message });
        let decline = PeerFrame::Decline { id: id(&name) };
        assert_eq!(world.devices[0].frames.back(), Some(&decline));
    }
    let said = conversation(&world, 1).said(&theirs);
    assert_eq!(said, Some(crate::server::text("theirs")));
    assert_eq!(conversation(&world, 1).journal.len(), 2);
    assert_eq!((world.way(0), world.way(1)), (Way::Direct, Way::Direct));
    // What the server would not take from anybody ends the session.
    for body in [react(&mine, "no emoji"), edit_to_nothing(&mine)] {
        let mut world = World::direct(1);
        let message = signed(&body, "h", &key(AccountId(1)));
        hear(&mut world, PeerFrame::Message { message });
        assert_eq!(world.way(1), Way::Server, "{body:?}");
    }
}

fn edit_to_nothing(target: &MessageId) -> Body {
    Body::Edit {
        target: target.clone(),
        text: " ".to_owned(),
    }
}

#[test]
fn who_reads_tells_it_at_once_and_the_server_hears_of_it_with_the_flush() {
    let mut world = World::direct(1);
    let second = world.say(0, "second");
    world.settle();
    let read = |world: &World| {
        let events = world.devices[0].events.iter();
        let of_it = |event: &&ChatEvent| matches!(event, ChatEvent::ReadDirectly { id, .. } if *id == second);
        events.filter(of_it).count()
    };
    assert_eq!(read(&world), 0);
    look(&mut world, 1, true);
    while world.hear_peer(0) || world.hear_peer(1) {}
    assert_eq!(read(&world), 1);
    assert!(conversation(&world, 0).journal[0].was_read);
    assert!(world.devices[0].disk.journal[0].was_read);
    let progress = world.server.progress(&room_id("pair"), AccountId(2));
    assert!(progress.1 < 2, "{progress:?}");
    world.wait_for(FLUSH_EVERY * 2);
    let receipt = conversation(&world, 0).receipt(2, AccountId(1));
    assert_eq!(receipt, Some(Receipt::Read));
    assert_eq!(
        world.server.progress(&room_id("pair"), AccountId(2)),
        (2, 2)
    );
    assert_eq!(read(&world), 1);
}

#[test]
fn what_comes_while_somebody_looks_is_read_and_a_change_does_not_make_anything_read() {
    let mut world = World::direct(1);
    look(&mut world, 1, true);
    let second = world.say(0, "second");
    world.settle();
    assert!(conversation(&world, 0).journal[0].was_read);
    look(&mut world, 1, false);
    let third = world.say(0, "third");
    edit(&mut world, 0, &third, "third, changed");
    react(&mut world, 1, &second, "👍", 0);
    world.wait_for(FLUSH_EVERY * 3);
    let at = |world: &World, id: &MessageId| conversation(world, 0).message(id).unwrap().sequence;
    let third = at(&world, &third);
    let (_, read) = world.server.progress(&room_id("pair"), AccountId(2));
    assert!(read < third, "{read}");
    assert_eq!(conversation(&world, 1).room.unread, 1);
}

#[test]
fn a_reaction_to_a_file_waits_for_the_file_at_the_server() {
    let mut world = World::direct(1);
    let file = world.send_file(0, "plan.txt", b"the plan");
    while world.hear_peer(0) || world.hear_peer(1) {}
    world.send_piece(0);
    world.hear_piece(1);
    world.send_piece(0);
    world.hear_piece(1);
    while world.hear_peer(0) || world.hear_peer(1) {}
    react(&mut world, 1, &file, "👍", 0);
    world.say(1, "thanks");
    world.wait_for(FLUSH_EVERY * 4);
    let seen_by = |who| seen(&world, who);
    assert_eq!(seen_by(0), seen_by(1));
    let plan = seen_by(0).into_iter().find(|one| one.id == file).unwrap();
    assert_eq!(plan.reactions[0].emoji, "👍");
    assert!(world.devices[0].disk.journal.is_empty() && world.devices[1].disk.journal.is_empty());
}

/// Words, changes, files and reading over everything that breaks, as a seed has it; in the end both see what the server has.
fn storm(seed: u64) {
    let mut world = World::new(seed);
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut said: Vec<(usize, MessageId)> = Vec::new();
    let mut all = BTreeSet::new();
    for step in 0..400 {
        let who = dice.below(2);
        let known = |world: &World, dice: &mut Dice, by: Option<usize>| {
            let archive = world.devices[who].chat.archive();
            archive.conversations.get(&room_id("pair"))?;
            let seen: BTreeSet<_> = seen(world, who).into_iter().map(|one| one.id).collect();
            let fit = said
                .iter()
                .filter(|(author, id)| by.is_none_or(|by| by == *author) && seen.contains(id));
            let fit: Vec<_> = fit.collect();
            (!fit.is_empty()).then(|| fit[dice.below(fit.len())].1.clone())
        };
        match dice.below(32) {
            0..=3 => {
                let id = world.say(who, &step.to_string());
                all.insert(id.clone());
                said.push((who, id));
            }
            4 => {
                all.insert(world.send_file(who, &step.to_string(), &[step as u8; 9]));
            }
            5 | 6 => {
                if let Some(target) = known(&world, &mut dice, Some(who)) {
                    all.insert(edit(&mut world, who, &target, &format!("changed {step}")));
                }
            }
            7 => {
                if let Some(target) = known(&world, &mut dice, None) {
                    all.insert(react(&mut world, who, &target, "👍", step));
                }
            }
            8 => look(&mut world, who, dice.one_in(2)),
            9..=12 => world.serve(who),
            13..=16 => drop(world.hear(who)),
            17..=20 => drop(world.hear_peer(who)),
            21 | 22 => drop(world.send_piece(who)),
            23 | 24 => drop(world.hear_piece(who)),
            25 => {
                let (comes, answered) = (!dice.one_in(4), !dice.one_in(3));
                world.flush(who, comes, answered);
            }
            26 if dice.one_in(2) => world.wait(),
            27 if dice.one_in(2) => drop(world.upload(who)),
            28 if dice.one_in(4) => world.cut(who),
            29 if dice.one_in(4) => world.crash(who),
            30 if dice.one_in(4) => world.lose(who),
            31 if dice.one_in(6) => world.is_near = !world.is_near,
            _ if dice.one_in(6) => world.settle(),
            _ => {}
        }
    }
    world.wait_for(Duration::from_secs(900));
    let stored = &world.server.rooms[&room_id("pair")];
    let unique: BTreeSet<&MessageId> = stored.iter().map(|one| &one.id).collect();
    assert_eq!(unique.len(), stored.len(), "seed {seed}: something twice");
    assert_eq!(stored.len(), all.len(), "seed {seed}: lost");
    for id in &world.acked {
        assert!(unique.contains(id), "seed {seed}: {id} was acknowledged");
    }
    let mut told = Conversation::new(
        world.server.room(&room_id("pair"), AccountId(1)),
        Vec::new(),
    );
    for entry in stored.clone() {
        told.take_in(entry);
    }
    let told: Vec<_> = told.shown().map(told_of).collect();
    for who in [0, 1] {
        let earlier = Wish::Earlier(room_id("pair"));
        world.tell(who, ChatInput::Do(Box::new(earlier)));
        world.settle();
        let seen: Vec<_> = seen(&world, who).iter().map(told_of).collect();
        assert_eq!(seen, told, "seed {seed}, device {who}");
        let disk = &world.devices[who].disk;
        assert!(
            disk.journal.is_empty() && disk.outgoing.is_empty(),
            "seed {seed}"
        );
    }
}

/// What a message says and what others have added to it.
fn told_of(message: &Message) -> (MessageId, Body, bool, Vec<api::room::Reaction>) {
    let Message {
        id,
        body,
        edited,
        reactions,
        ..
    } = message.clone();
    (id, body, edited.is_some(), reactions)
}

#[test]
fn both_see_what_the_server_has_whatever_was_changed_and_whatever_broke() {
    for seed in 1..=120 {
        storm(seed);
    }
}

#[test]
fn a_read_that_names_what_nobody_said_is_passed_over() {
    let mut world = World::direct(1);
    world.say(0, "second");
    world.settle();
    let link = world.devices[0].open.unwrap();
    for name in ["nothing", "m-1-first", "m-0-third"] {
        let frame = Box::new(PeerFrame::Read { id: id(name) });
        let news = phone::chat::PeerNews::Heard { link, frame };
        world.tell(0, ChatInput::Peer(news));
    }
    assert!(!conversation(&world, 0).journal[0].was_read);
    assert_eq!(world.way(0), Way::Direct);
}
