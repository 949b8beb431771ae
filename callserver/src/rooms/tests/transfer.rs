//! Rooms as lines of JSON, out and in again.

use super::*;
use crate::office::OfficeError;

on_both_engines!(
    a_room_that_was_removed_comes_back_as_it_was,
    what_is_missing_or_of_other_people_does_not_come_in,
);

/// A room in which everything has happened that can.
async fn eventful(scene: &Scene) -> RoomId {
    let room = scene.group(RoomSettings::default()).await.id;
    let say = async |who: &Speaker, name: &str, body: Body| {
        let message = to_room(&room, name, body);
        scene.rooms.send(who, message).await.expect(name)
    };
    say(&scene.alice, "m1", body("Lunch?")).await;
    say(&scene.bob, "m2", body("At one")).await;
    let target = id("m1");
    let text = "Lunch today?".to_owned();
    say(
        &scene.alice,
        "m3",
        Body::Edit {
            target: target.clone(),
            text,
        },
    )
    .await;
    let reaction = |emoji: &str| Body::Reaction {
        target: target.clone(),
        emoji: emoji.into(),
        is_removed: false,
    };
    say(&scene.bob, "m4", reaction("👍")).await;
    say(&scene.alice, "m5", reaction("👍")).await;
    say(&scene.bob, "m6", body("Forget it")).await;
    say(&scene.bob, "m7", Body::Delete { target: id("m6") }).await;
    say(&scene.bob, "m8", body("See you")).await;
    let read = scene
        .rooms
        .receipt(scene.alice.account, &room, Receipt::Read, 4)
        .await;
    read.expect("read");
    room
}

/// Its lines.
async fn out(scene: &Scene, room: &RoomId) -> (RoomHeader, Vec<RoomEntry>) {
    let store = scene.office.store();
    let row = store.room(room).await.expect("asked").expect("a room");
    let header = header(store, &row).await.expect("a header");
    let entries = entries(store, &row, 0, 1_000).await.expect("entries");
    (header, entries)
}

async fn a_room_that_was_removed_comes_back_as_it_was(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let room = eventful(&scene).await;
    let (first_line, lines) = out(&scene, &room).await;
    let seen = scene.texts(&scene.bob, &room).await;
    let unread = [
        scene.unread(&scene.alice, &room).await,
        scene.unread(&scene.bob, &room).await,
    ];
    scene.office.remove_room(&room).await.expect("removed");
    let import = async |lines: &[RoomEntry], is_end| {
        scene.office.import_room(&first_line, lines, is_end).await
    };
    let half = lines.len() / 2;
    assert_eq!(import(&lines[..half], false).await.expect("half"), half);
    // Nobody is in it before all of it is there.
    assert!(scene.rooms.room(scene.bob.account, &room).await.is_err());
    // The same again, as after a break.
    assert_eq!(import(&lines[..half], false).await.expect("again"), 0);
    let rest = import(&lines[half..], true).await.expect("the rest");
    assert_eq!(rest, lines.len() - half);
    assert_eq!(
        out(&scene, &room).await,
        (first_line.clone(), lines.clone())
    );
    assert_eq!(scene.texts(&scene.bob, &room).await, seen);
    let again = [
        scene.unread(&scene.alice, &room).await,
        scene.unread(&scene.bob, &room).await,
    ];
    assert_eq!(again, unread);
    let twice = import(&lines, true).await;
    assert!(matches!(
        twice,
        Err(OfficeError::RoomImport(RoomImportRefused::Exists { .. }))
    ));
    // It goes on.
    let next = to_room(&room, "m9", body("Back again"));
    let next = scene.rooms.send(&scene.alice, next).await.expect("sent");
    assert_eq!(next.sequence, first_line.last_sequence + 1);
}

async fn what_is_missing_or_of_other_people_does_not_come_in(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let room = eventful(&scene).await;
    let (first_line, lines) = out(&scene, &room).await;
    scene.office.remove_room(&room).await.expect("removed");
    let import = async |header: &RoomHeader, lines: &[RoomEntry]| match scene
        .office
        .import_room(header, lines, true)
        .await
    {
        Err(OfficeError::RoomImport(refused)) => refused,
        other => panic!("{other:?}"),
    };
    let gap = import(&first_line, &lines[1..]).await;
    assert!(matches!(
        gap,
        RoomImportRefused::Gap {
            expected: 1,
            found: 2
        }
    ));
    let cut = import(&first_line, &lines[..3]).await;
    assert!(matches!(cut, RoomImportRefused::Unfinished { last: 3, .. }));
    let mut others = first_line.clone();
    others.participants[0].name = "mallory".into();
    let strange = import(&others, &lines).await;
    assert!(matches!(strange, RoomImportRefused::Stranger { .. }));
    let mut empty = first_line.clone();
    empty.participants.clear();
    assert!(matches!(
        import(&empty, &lines).await,
        RoomImportRefused::Header(_)
    ));
    let mut newer = lines.clone();
    newer[2].message.body = Body::Unknown;
    let newer = import(&first_line, &newer).await;
    assert!(matches!(
        newer,
        RoomImportRefused::Entry { sequence: 3, .. }
    ));
    // None of these has left anything.
    let there = scene.office.store().room(&room).await.expect("asked");
    assert_eq!(there, None);
}
