//! Who is in rooms, what they see of them, and what becomes of old histories.

use super::*;

async fn whoever_is_blocked_learns_nothing_and_is_not_heard(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let rooms = &scene.rooms;
    scene.block(&scene.bob, scene.alice.account).await;
    let first = to(Addressee::name("bob"), "m1", "Hello?");
    let sent = rooms
        .send(&scene.alice, first)
        .await
        .expect("as if it were well");
    assert_eq!(scene.texts(&scene.alice, &sent.room).await, ["Hello?"]);
    assert_eq!(scene.unread(&scene.alice, &sent.room).await, 0);
    let list = rooms
        .list(scene.bob.account, None, None)
        .await
        .expect("a list");
    assert!(list.rooms.is_empty());
    assert_eq!(scene.texts(&scene.bob, &sent.room).await, ["(hidden)"]);
    assert_eq!(scene.unread(&scene.bob, &sent.room).await, 0);
    let synced = rooms
        .sync(scene.bob.account, None, None)
        .await
        .expect("news");
    let told = serde_json::to_string(&synced).expect("JSON");
    assert!(!told.contains("Hello"), "{told}");
    let found = rooms
        .search(scene.bob.account, &sent.room, "hello", None, None)
        .await;
    assert!(found.expect("an answer").messages.is_empty());
    let wish = CreateRoom {
        participants: vec![Addressee::name("bob")],
        ..CreateRoom::default()
    };
    let refused = rooms.create(&scene.alice, &wish).await;
    assert!(matches!(refused, Err(RoomsError::Nobody { .. })));
    // When Bob writes, both have the room.
    let back = to(Addressee::name("alice"), "m2", "What is it?");
    rooms.send(&scene.bob, back).await.expect("sent");
    let list = rooms
        .list(scene.bob.account, None, None)
        .await
        .expect("a list");
    assert_eq!(list.rooms.len(), 1);
    assert_eq!(scene.unread(&scene.alice, &sent.room).await, 1);
}

async fn people_come_and_go_and_a_room_always_has_an_owner(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let rooms = &scene.rooms;
    let settings = RoomSettings {
        newcomers_see_history: false,
        ..RoomSettings::default()
    };
    let room = scene.group(settings).await.id;
    let message = to_room(&room, "m1", body("before Carol"));
    rooms.send(&scene.alice, message).await.expect("sent");
    let carol = [Addressee::name("carol")];
    let refused = rooms.add(&scene.bob, &room, &carol).await;
    assert!(matches!(refused, Err(RoomsError::Role(_))));
    let closed = rooms.join(&scene.carol, &room).await;
    assert!(matches!(closed, Err(RoomsError::Stranger)));
    rooms.add(&scene.alice, &room, &carol).await.expect("added");
    assert!(scene.texts(&scene.carol, &room).await.is_empty());
    let mine = rooms
        .sync(scene.carol.account, None, None)
        .await
        .expect("news");
    assert!(
        mine.messages
            .iter()
            .all(|one| matches!(one.body, Body::Room(_)))
    );
    assert_eq!(scene.texts(&scene.bob, &room).await, ["before Carol"]);
    // Only an owner gives roles, and the last one stays one.
    let (alice, bob) = (scene.alice.account, scene.bob.account);
    let role = Some(RoomRole::Moderator);
    assert!(
        rooms
            .change_participant(bob, &room, alice, role)
            .await
            .is_err()
    );
    assert!(
        rooms
            .change_participant(alice, &room, alice, role)
            .await
            .is_err()
    );
    let carol = scene.carol.account;
    rooms
        .change_participant(alice, &room, carol, role)
        .await
        .expect("a moderator");
    let change = RoomChange {
        name: Some("Lunch".into()),
        ..RoomChange::default()
    };
    assert!(rooms.change(bob, &room, &change).await.is_err());
    assert_eq!(
        rooms
            .change(carol, &room, &change)
            .await
            .expect("named")
            .name,
        "Lunch"
    );
    rooms.leave(alice, &room).await.expect("left");
    assert!(matches!(
        rooms.room(alice, &room).await,
        Err(RoomsError::Stranger)
    ));
    let after = rooms.room(carol, &room).await.expect("a room");
    assert_eq!((after.role, after.participant_count), (RoomRole::Owner, 2));
    rooms
        .change_participant(carol, &room, bob, None)
        .await
        .expect("removed");
    rooms.leave(carol, &room).await.expect("left");
    assert!(matches!(
        rooms.room(carol, &room).await,
        Err(RoomsError::NoSuchRoom)
    ));
    // Of an open room the id is enough.
    let settings = RoomSettings {
        join: JoinRule::Open,
        ..RoomSettings::default()
    };
    let open = scene.group(settings).await.id;
    assert_eq!(
        rooms
            .join(&scene.carol, &open)
            .await
            .expect("in")
            .participant_count,
        3
    );
}

async fn ones_copy_is_deleted_for_oneself_alone(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let rooms = &scene.rooms;
    let first = to(Addressee::name("bob"), "m1", "One");
    let room = rooms.send(&scene.alice, first).await.expect("sent").room;
    rooms
        .delete_copy(scene.bob.account, &room)
        .await
        .expect("deleted");
    assert!(
        rooms
            .list(scene.bob.account, None, None)
            .await
            .expect("a list")
            .rooms
            .is_empty()
    );
    assert!(scene.texts(&scene.bob, &room).await.is_empty());
    assert_eq!(scene.texts(&scene.alice, &room).await, ["One"]);
    let second = to(Addressee::name("bob"), "m2", "Two");
    rooms.send(&scene.alice, second).await.expect("sent");
    assert_eq!(scene.texts(&scene.bob, &room).await, ["Two"]);
    assert_eq!(scene.unread(&scene.bob, &room).await, 1);
    let found = rooms
        .search(scene.bob.account, &room, "one", None, None)
        .await;
    assert!(found.expect("an answer").messages.is_empty());
    let stranger = rooms.delete_copy(scene.carol.account, &room).await;
    assert!(matches!(stranger, Err(RoomsError::Stranger)));
}

async fn a_new_number_changes_nothing_and_what_somebody_said_outlives_their_account(
    ground: Ground,
) {
    let scene = Scene::new(&ground).await;
    let rooms = &scene.rooms;
    let first = to(Addressee::name("bob"), "m1", "One");
    let room = rooms.send(&scene.alice, first).await.expect("sent").room;
    let group = scene.group(RoomSettings::default()).await.id;
    scene.office.remove_account("alice").await.expect("removed");
    assert_eq!(scene.texts(&scene.bob, &room).await, ["One"]);
    let gone = rooms
        .send(&scene.bob, to_room(&room, "m2", body("Two")))
        .await;
    assert!(matches!(gone, Err(RoomsError::Nobody { .. })));
    let owned = rooms.room(scene.bob.account, &group).await.expect("a room");
    assert_eq!(owned.role, RoomRole::Owner);
}

async fn what_a_history_has_too_much_of_is_in_the_archive_before_it_is_gone(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let rooms = &scene.rooms;
    let settings = RoomSettings {
        keep_messages: Some(4),
        ..RoomSettings::default()
    };
    let room = scene.group(settings).await.id;
    for index in 0..10 {
        let message = to_room(&room, &format!("m{index}"), body(&format!("text{index}")));
        rooms.send(&scene.alice, message).await.expect("sent");
    }
    let data = tempfile::tempdir().expect("a folder");
    let now = SystemTime::now();
    let trimmed = rooms.trim(data.path(), now).await.expect("trimmed");
    assert_eq!(
        trimmed,
        Trimmed {
            rooms: 1,
            entries: 7
        }
    );
    assert_eq!(
        rooms.trim(data.path(), now).await.expect("nothing"),
        Trimmed::default()
    );
    assert_eq!(
        scene.texts(&scene.bob, &room).await,
        ["text6", "text7", "text8", "text9"]
    );
    let file = data.path().join(format!("archive/rooms/room-{room}.jsonl"));
    let kept = std::fs::read_to_string(file).expect("an archive");
    let kept: Vec<api::room::Message> = kept
        .lines()
        .map(|line| serde_json::from_str(line).expect("a message"))
        .collect();
    let sequences: Vec<i64> = kept.iter().map(|one| one.sequence).collect();
    assert_eq!(sequences, (1..=7).collect::<Vec<_>>());
    assert_eq!(kept[6].body, body("text5"));
    for (words, count) in [("text5", 0), ("text6", 1)] {
        let found = rooms
            .search(scene.bob.account, &room, words, None, None)
            .await;
        assert_eq!(found.expect("an answer").messages.len(), count);
    }
    // Numbers go on where they were, and what is unread stays so.
    let next = rooms
        .send(&scene.alice, to_room(&room, "m10", body("next")))
        .await;
    assert_eq!(next.expect("sent").sequence, 12);
    assert_eq!(scene.unread(&scene.bob, &room).await, 11);
    // By age.
    let change = RoomChange {
        settings: Some(RoomSettings {
            keep_days: Some(1),
            ..RoomSettings::default()
        }),
        ..RoomChange::default()
    };
    rooms
        .change(scene.alice.account, &room, &change)
        .await
        .expect("changed");
    let later = now + Duration::from_secs(2 * 24 * 60 * 60);
    let trimmed = rooms.trim(data.path(), later).await.expect("trimmed");
    assert_eq!(
        trimmed,
        Trimmed {
            rooms: 1,
            entries: 6
        }
    );
}

on_both_engines! {
    whoever_is_blocked_learns_nothing_and_is_not_heard,
    people_come_and_go_and_a_room_always_has_an_owner,
    ones_copy_is_deleted_for_oneself_alone,
    a_new_number_changes_nothing_and_what_somebody_said_outlives_their_account,
    what_a_history_has_too_much_of_is_in_the_archive_before_it_is_gone,
}
