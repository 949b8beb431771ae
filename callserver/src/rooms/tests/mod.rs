//! The rooms over a database, on both engines.

mod finding;
mod flushing;
mod happenings;
mod people;
mod transfer;

use api::room::{
    Addressee, Body, CreateRoom, GetHistory, JoinRule, MessageId, Receipt, Room, RoomChange,
    RoomKind, RoomRole, RoomSettings, SendMessage,
};
use api::{AccountId, ContactEntry};

use super::*;
use crate::office::{NewAccount, Office};
use crate::store::tests::ground::{Ground, on_both_engines};

async fn add(office: &Office, name: &str) -> Speaker {
    let new = NewAccount {
        name: name.into(),
        ..NewAccount::default()
    };
    let row = office.add_account(new).await.expect(name);
    Speaker {
        account: row.account,
        display_name: row.display_name,
        is_guest: false,
    }
}

struct Scene {
    office: Office,
    rooms: Rooms,
    alice: Speaker,
    bob: Speaker,
    carol: Speaker,
}

impl Scene {
    async fn new(ground: &Ground) -> Self {
        let office = ground.office().await;
        let (rooms, writer) = Rooms::new(office.clone());
        tokio::spawn(writer.run());
        Self {
            alice: add(&office, "alice").await,
            bob: add(&office, "bob").await,
            carol: add(&office, "carol").await,
            rooms,
            office,
        }
    }

    async fn group(&self, settings: RoomSettings) -> Room {
        let wish = CreateRoom {
            participants: vec![Addressee::name("bob")],
            settings: Some(settings),
            ..CreateRoom::default()
        };
        self.rooms.create(&self.alice, &wish).await.expect("a room")
    }

    async fn texts(&self, reader: &Speaker, room: &RoomId) -> Vec<String> {
        let wish = GetHistory {
            room: room.clone(),
            after: Some(0),
            before: None,
            limit: None,
        };
        let page = self.rooms.history(reader.account, &wish).await;
        let page = page.expect("a page");
        let sequences: Vec<i64> = page.messages.iter().map(|one| one.sequence).collect();
        let expected: Vec<i64> = (page.first_sequence..=page.last_sequence).collect();
        assert_eq!(sequences, expected, "a gap");
        page.messages
            .iter()
            .map(|one| match &one.body {
                Body::Text { text, .. } => text.clone(),
                Body::Hidden => "(hidden)".into(),
                Body::Deleted => "(deleted)".into(),
                other => format!("({})", serde_json::to_value(other).expect("JSON")["type"]),
            })
            .filter(|text| text != "(\"room\")")
            .collect()
    }

    async fn unread(&self, reader: &Speaker, room: &RoomId) -> i64 {
        let room = self.rooms.room(reader.account, room).await;
        room.expect("a room").unread
    }
}

use api::room::RoomId;

fn id(text: &str) -> MessageId {
    MessageId::parse(text).expect("an id")
}

fn body(text: &str) -> Body {
    Body::Text {
        text: text.into(),
        reply_to: None,
        mentions: Vec::new(),
    }
}

fn to_room(room: &RoomId, message: &str, body: Body) -> SendMessage {
    SendMessage {
        room: Some(room.clone()),
        to: None,
        id: id(message),
        body,
    }
}

fn to(who: Addressee, message: &str, text: &str) -> SendMessage {
    SendMessage {
        room: None,
        to: Some(who),
        id: id(message),
        body: body(text),
    }
}

async fn the_first_message_makes_the_conversation_of_two_and_a_repeated_one_is_one(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let rooms = &scene.rooms;
    let first = to(Addressee::name("bob"), "m1", "Hello Bob");
    let one = rooms.send(&scene.alice, first.clone()).await.expect("sent");
    let again = rooms.send(&scene.alice, first).await.expect("sent again");
    assert_eq!(one, again);
    let number = Addressee {
        number: Some("1000".into()),
        ..Addressee::default()
    };
    let back = to(number, "m2", "Hello Alice");
    let back = rooms.send(&scene.bob, back).await.expect("answered");
    assert_eq!((&back.room, back.sequence), (&one.room, 2));
    assert_eq!(
        scene.texts(&scene.bob, &one.room).await,
        ["Hello Bob", "Hello Alice"]
    );
    let list = rooms.list(scene.bob.account, None, None).await.unwrap();
    assert_eq!(list.rooms.len(), 1);
    let room = &list.rooms[0];
    assert_eq!((room.kind, room.name.as_str()), (RoomKind::Direct, "alice"));
    assert!(room.id.as_str().starts_with("1-1000-"), "{}", room.id);
    for who in [
        Addressee::number(&api::Number::parse("9999").unwrap()),
        Addressee::name("alice"),
    ] {
        let nobody = rooms.send(&scene.alice, to(who, "m3", "x")).await;
        assert!(matches!(nobody, Err(RoomsError::Nobody { .. })));
    }
    // Another one's id, and a room that is not one's own.
    let taken = rooms
        .send(&scene.bob, to_room(&one.room, "m1", body("x")))
        .await;
    assert!(matches!(taken, Err(RoomsError::IdTaken)));
    let stranger = rooms
        .send(&scene.carol, to_room(&one.room, "m4", body("x")))
        .await;
    assert!(matches!(stranger, Err(RoomsError::Stranger)));
    assert_eq!(scene.texts(&scene.alice, &one.room).await.len(), 2);
}

async fn messages_of_many_at_once_get_numbers_without_a_gap(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let room = scene.group(RoomSettings::default()).await;
    // Another server on the same database, if it may be shared; else the same one through another door.
    let (other, writer) = Rooms::new(ground.office().await);
    tokio::spawn(writer.run());
    let mut sending = tokio::task::JoinSet::new();
    for index in 0..60 {
        let (rooms, speaker) = match index % 2 {
            0 => (scene.rooms.clone(), scene.alice.clone()),
            _ => (other.clone(), scene.bob.clone()),
        };
        let message = to_room(
            &room.id,
            &format!("m{index}"),
            body(&format!("text {index}")),
        );
        sending.spawn(async move { rooms.send(&speaker, message).await.expect("sent").sequence });
    }
    let mut given = sending.join_all().await;
    given.sort_unstable();
    // The first entry says that the room was opened.
    assert_eq!(given, (2..=61).collect::<Vec<_>>());
    // And everybody gets everything with a cursor, once.
    let (mut cursor, mut heard) = (None, Vec::new());
    loop {
        let synced = scene
            .rooms
            .sync(scene.bob.account, cursor.as_deref(), Some(7))
            .await;
        let synced = synced.expect("news");
        heard.extend(synced.messages.iter().map(|one| one.sequence));
        cursor = Some(synced.cursor);
        if !synced.is_more {
            break;
        }
    }
    assert_eq!(heard, (1..=61).collect::<Vec<_>>());
}

async fn what_is_edited_or_deleted_is_so_everywhere(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let room = scene.group(RoomSettings::default()).await.id;
    let rooms = &scene.rooms;
    let send = async |who: &Speaker, message: &str, body: Body| {
        rooms.send(who, to_room(&room, message, body)).await
    };
    send(&scene.bob, "m1", body("secret plans"))
        .await
        .expect("sent");
    let target = id("m1");
    let react = Body::Reaction {
        target: target.clone(),
        emoji: "👍".into(),
        is_removed: false,
    };
    send(&scene.alice, "r1", react).await.expect("added");
    let edit = |text: &str| Body::Edit {
        target: target.clone(),
        text: text.into(),
    };
    let refused = send(&scene.alice, "e0", edit("x")).await;
    assert!(matches!(refused, Err(RoomsError::Role(_))));
    send(&scene.bob, "e1", edit("public plans"))
        .await
        .expect("edited");
    let found = async |words: &str| {
        let found = rooms
            .search(scene.alice.account, &room, words, None, None)
            .await;
        found.expect("an answer").messages
    };
    assert!(found("secret").await.is_empty());
    let now = found("plans pub").await;
    assert_eq!(
        (now.len(), now[0].body.preview(20)),
        (1, "public plans".into())
    );
    assert!(now[0].edited.is_some());
    assert_eq!(now[0].reactions[0].accounts, [scene.alice.account]);
    send(
        &scene.alice,
        "d1",
        Body::Delete {
            target: target.clone(),
        },
    )
    .await
    .expect("deleted");
    assert!(found("plans").await.is_empty());
    let wish = GetHistory {
        room: room.clone(),
        after: None,
        before: None,
        limit: None,
    };
    let page = rooms
        .history(scene.bob.account, &wish)
        .await
        .expect("a page");
    let text = serde_json::to_string(&page).expect("JSON");
    assert!(!text.contains("plans"), "{text}");
    assert_eq!(scene.texts(&scene.bob, &room).await[0], "(deleted)");
}

async fn unread_counts_and_receipts_are_the_same_for_all_devices(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let room = scene.group(RoomSettings::default()).await.id;
    let rooms = &scene.rooms;
    for index in 0..3 {
        let message = to_room(&room, &format!("a{index}"), body("x"));
        rooms.send(&scene.alice, message).await.expect("sent");
        let message = to_room(&room, &format!("b{index}"), body("x"));
        rooms.send(&scene.bob, message).await.expect("sent");
    }
    // Entries 2 to 7; 1 is the opening.
    assert_eq!(scene.unread(&scene.bob, &room).await, 3);
    let note = async |receipt, sequence| {
        let noted = rooms
            .receipt(scene.bob.account, &room, receipt, sequence)
            .await;
        noted.map_err(|error| error.to_string())
    };
    note(Receipt::Delivered, 6).await.expect("noted");
    assert_eq!(scene.unread(&scene.bob, &room).await, 3);
    note(Receipt::Read, 4).await.expect("noted");
    assert_eq!(scene.unread(&scene.bob, &room).await, 1);
    // What was read stays read.
    note(Receipt::Read, 2).await.expect("noted");
    assert_eq!(scene.unread(&scene.bob, &room).await, 1);
    assert!(note(Receipt::Read, 99).await.is_err());
    let seen = rooms
        .room(scene.alice.account, &room)
        .await
        .expect("a room");
    let bob = seen
        .participants
        .iter()
        .find(|one| one.account == scene.bob.account);
    let bob = bob.expect("in it");
    assert_eq!((bob.delivered, bob.read), (6, 4));
    let stranger = rooms
        .receipt(scene.carol.account, &room, Receipt::Read, 1)
        .await;
    assert!(matches!(stranger, Err(RoomsError::Stranger)));
}

async fn whoever_reads_in_steps_of_any_length_has_the_right_count(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let room = scene.group(RoomSettings::default()).await.id;
    // Entry 1 is the opening.
    let is_bobs = |sequence: i64| sequence % 3 == 0 || sequence % 7 == 1;
    for sequence in 2..=40 {
        let sender = match is_bobs(sequence) {
            true => &scene.bob,
            false => &scene.alice,
        };
        let message = to_room(&room, &format!("m{sequence}"), body("x"));
        let sent = scene.rooms.send(sender, message).await.expect("sent");
        assert_eq!(sent.sequence, sequence);
    }
    for read in [2, 3, 4, 9, 10, 31, 32, 35, 40] {
        let bob = scene.bob.account;
        let noted = scene.rooms.receipt(bob, &room, Receipt::Read, read);
        noted.await.expect("noted");
        let others = (read + 1..=40).filter(|sequence| !is_bobs(*sequence));
        let unread = scene.unread(&scene.bob, &room).await;
        assert_eq!(unread, others.count() as i64, "after {read}");
    }
}

impl Scene {
    async fn block(&self, by: &Speaker, whom: AccountId) {
        let owner = crate::office::Session {
            session_id: api::SessionId(1),
            account: by.account,
            name: String::new(),
            kind: api::AccountKind::Person,
            role: api::Role::User,
        };
        let entry = ContactEntry {
            account: Some(whom),
            is_blocked: Some(true),
            ..ContactEntry::default()
        };
        self.office
            .add_contact(&owner, &entry)
            .await
            .expect("blocked");
    }
}

on_both_engines! {
    the_first_message_makes_the_conversation_of_two_and_a_repeated_one_is_one,
    messages_of_many_at_once_get_numbers_without_a_gap,
    what_is_edited_or_deleted_is_so_everywhere,
    unread_counts_and_receipts_are_the_same_for_all_devices,
    whoever_reads_in_steps_of_any_length_has_the_right_count,
}
