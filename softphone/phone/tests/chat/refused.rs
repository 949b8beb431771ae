//! What the server does not take out of the journal: it says why, goes out again when its person wants it, or is thrown away.

use api::room::{Body, FlushedMessage, MessageId, RoomError, RoomErrorCode};
use phone::chat::{ChatEvent, ChatInput, FlushOutcome, OutgoingState, Wish};

use crate::server::{room_id, text_of};
use crate::world::World;

const WHY: &str = "You may not write here.";

/// What two have told each other is brought by one of them, and the server takes none of it.
fn refuse(world: &mut World, who: usize) {
    for room in [Some(room_id("pair")), None] {
        world.tell(who, ChatInput::Do(Box::new(Wish::LookAt(room))));
    }
    let (room, messages) = world.devices[who].flushes.pop_front().unwrap();
    let refused = messages.into_iter().map(|message| FlushedMessage {
        id: message.id,
        sequence: None,
        sent: None,
        error: Some(RoomError {
            code: RoomErrorCode::AccessRefused,
            sentence: WHY.to_owned(),
        }),
    });
    let messages = refused.collect();
    let outcome = FlushOutcome::Done(api::room::Flushed { messages });
    world.tell(who, ChatInput::Flushed { room, outcome });
}

/// What one of them has said directly, and both have been refused.
fn refused_words(words: &str) -> (World, MessageId) {
    let mut world = World::direct(1);
    let id = world.say(0, words);
    while world.hear_peer(1) || world.hear_peer(0) {}
    for who in [0, 1] {
        refuse(&mut world, who);
        let journal = &world.devices[who].disk.journal;
        assert_eq!(journal[0].refused.as_deref(), Some(WHY));
        let told = world.devices[who].events.iter().filter(|event| {
            matches!(event, ChatEvent::Journal { entry, .. } if entry.refused.as_deref() == Some(WHY))
        });
        assert_eq!(told.count(), 1, "{who}");
    }
    (world, id)
}

fn wish(world: &mut World, who: usize, wish: Wish) {
    world.tell(who, ChatInput::Do(Box::new(wish)));
}

#[test]
fn what_was_refused_is_sent_again_through_the_server_as_the_same_message() {
    for is_crash in [false, true] {
        let (mut world, id) = refused_words("second");
        world.settle();
        assert_eq!(world.at_server(), ["first"]);
        wish(&mut world, 0, Wish::Retry(id.clone()));
        let disk = &world.devices[0].disk;
        assert!(disk.journal.is_empty(), "{:?}", disk.journal);
        assert_eq!(disk.outgoing[0].id, id);
        let archive = world.devices[0].chat.archive();
        assert_eq!(archive.outgoing.len(), 1);
        assert_eq!(world.texts(0), ["first"], "it waits, and stands there once");
        if is_crash {
            world.crash(0);
        }
        world.settle();
        assert_eq!(world.at_server(), ["first", "second"]);
        assert_eq!(world.server.rooms[&room_id("pair")][1].id, id);
        for who in [0, 1] {
            assert_eq!(world.texts(who), ["first", "second"], "{who}");
            assert!(world.devices[who].disk.journal.is_empty(), "{who}");
            assert!(world.devices[who].disk.outgoing.is_empty(), "{who}");
        }
    }
}

#[test]
fn what_the_server_refuses_again_says_so_like_anything_that_was_not_sent() {
    let (mut world, id) = refused_words("forbidden");
    wish(&mut world, 0, Wish::Retry(id.clone()));
    world.settle();
    assert_eq!(world.at_server(), ["first"]);
    let outgoing = &world.devices[0].chat.archive().outgoing[0];
    let state = OutgoingState::Refused("You may not say that here.".into());
    assert_eq!((&outgoing.id, &outgoing.state), (&id, &state));
    wish(&mut world, 0, Wish::Discard(id));
    world.settle();
    assert!(world.devices[0].disk.outgoing.is_empty());
    assert_eq!(world.texts(0), ["first"]);
}

#[test]
fn what_was_refused_is_thrown_away_by_either_and_stays_away() {
    let (mut world, id) = refused_words("second");
    for who in [0, 1] {
        wish(&mut world, who, Wish::Discard(id.clone()));
        let told = world.devices[who].events.last();
        let discarded = world.devices[who]
            .events
            .contains(&ChatEvent::Discarded(id.clone()));
        assert!(discarded, "{told:?}");
        assert_eq!(world.texts(who), ["first"], "{who}");
        world.crash(who);
        world.settle();
        assert_eq!(world.texts(who), ["first"], "{who}");
        let room = &world.devices[who].chat.archive().conversations[&room_id("pair")];
        assert_eq!(room.room.unread, 0, "{who}");
    }
    assert_eq!(world.at_server(), ["first"]);
}

#[test]
fn somebody_elses_words_are_not_sent_again() {
    let (mut world, id) = refused_words("second");
    wish(&mut world, 1, Wish::Retry(id));
    world.settle();
    assert_eq!(world.at_server(), ["first"]);
    assert_eq!(world.devices[1].disk.journal.len(), 1);
}

#[test]
fn what_was_done_to_a_refused_message_goes_with_it() {
    let mut world = World::direct(1);
    let id = world.say(0, "second");
    let edit = Body::Edit {
        target: id.clone(),
        text: "second, mended".into(),
    };
    world.say_as(0, MessageId::parse("edit").unwrap(), edit);
    while world.hear_peer(1) || world.hear_peer(0) {}
    let like = Body::Reaction {
        target: id.clone(),
        emoji: "👍".into(),
        is_removed: false,
    };
    world.say_as(1, MessageId::parse("like").unwrap(), like);
    while world.hear_peer(1) || world.hear_peer(0) {}
    for who in [0, 1] {
        refuse(&mut world, who);
        assert_eq!(world.devices[who].disk.journal.len(), 3, "{who}");
    }
    wish(&mut world, 0, Wish::Retry(id.clone()));
    world.settle();
    let stored = &world.server.rooms[&room_id("pair")];
    assert_eq!(stored.len(), 3);
    assert_eq!(
        (&stored[1].id, text_of(&stored[1].body)),
        (&id, "second, mended")
    );
    for who in [0, 1] {
        assert_eq!(world.texts(who), ["first", "second, mended"], "{who}");
        assert!(world.devices[who].disk.journal.is_empty(), "{who}");
    }
}

#[test]
fn what_was_done_to_a_message_that_the_server_has_is_undone_when_it_is_refused() {
    let mut world = World::direct(1);
    let target = world.server.rooms[&room_id("pair")][0].id.clone();
    let text = "mended".into();
    world.say_as(
        0,
        MessageId::parse("edit").unwrap(),
        Body::Edit { target, text },
    );
    while world.hear_peer(1) || world.hear_peer(0) {}
    for who in [0, 1] {
        assert_eq!(world.texts(who), ["mended"], "{who}");
        refuse(&mut world, who);
        assert!(world.devices[who].disk.journal.is_empty(), "{who}");
    }
    world.settle();
    for who in [0, 1] {
        assert_eq!(world.texts(who), ["first"], "{who}");
    }
}
