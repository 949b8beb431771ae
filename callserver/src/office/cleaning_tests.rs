//! What the server removes by itself, over real databases of both engines.

use std::time::{Duration, SystemTime};

use api::LoginRequest;
use api::room::{Addressee, Body, MessageId, RoomId, SendMessage};

use super::*;
use crate::rooms::{Rooms, Speaker};
use crate::store::tests::ground::{Ground, on_both_engines};

on_both_engines!(
    sessions_that_have_run_out_are_removed_and_others_stay,
    a_room_goes_when_nobody_is_in_it_any_more,
    a_room_that_an_administrator_removes_is_gone_for_everybody_and_it_is_noted_who_did_it,
);

const PASSWORD: &str = "seven green bottles 7";

async fn person(office: &Office, name: &str) -> Speaker {
    let new = NewAccount {
        name: name.into(),
        password: Some(PASSWORD.into()),
        ..NewAccount::default()
    };
    let row = office.add_account(new).await.expect("an account");
    Speaker {
        account: row.account,
        display_name: row.display_name,
        is_guest: false,
    }
}

async fn sessions_that_have_run_out_are_removed_and_others_stay(ground: Ground) {
    let office = ground.office().await;
    let alice = person(&office, "alice").await;
    let request = LoginRequest {
        name: "alice".into(),
        password: PASSWORD.into(),
        device_label: "laptop".into(),
        replaces: None,
    };
    let tokens = office.log_in(&request).await.expect("in").tokens;
    let now = SystemTime::now();
    assert_eq!(office.sweep(now).await.expect("swept"), Swept::default());
    let session = office.session(&tokens.access_token, now).await;
    session.expect("it goes on");
    let over = now + Duration::from_secs(tokens.refresh_seconds + 60);
    let mut changes = office.changes();
    let swept = office.sweep(over).await.expect("swept");
    assert_eq!(swept.sessions, 1);
    // Who is connected under it hears of it.
    let mut told = Vec::new();
    while let Ok(change) = changes.try_recv() {
        told.extend(change.people.iter().map(|person| person.account));
    }
    assert_eq!(told, [alice.account]);
    assert!(office.refresh(&tokens.refresh_token, now).await.is_err());
    let swept = office.sweep(over).await.expect("swept");
    assert_eq!(swept, Swept::default());
}

/// A conversation of the two, in which one has said something.
async fn conversation(rooms: &Rooms, one: &Speaker, other: &Speaker) -> RoomId {
    let message = SendMessage {
        room: None,
        to: Some(Addressee::account(other.account)),
        id: MessageId::parse("m").expect("an id"),
        body: Body::Text {
            text: "hello".into(),
            reply_to: None,
            mentions: Vec::new(),
        },
    };
    rooms.send(one, message).await.expect("sent").room
}

async fn a_room_goes_when_nobody_is_in_it_any_more(ground: Ground) {
    let office = ground.office().await;
    let (rooms, writer) = Rooms::new(office.clone());
    tokio::spawn(writer.run());
    let alice = person(&office, "alice").await;
    let bob = person(&office, "bob").await;
    let room = conversation(&rooms, &alice, &bob).await;
    let now = SystemTime::now();
    let found = office.store().room(&room).await.expect("an answer");
    let key = found.expect("a room").key;
    // Whoever leaves last takes the room along; what is swept is what a fault has left.
    for (who, removed) in [(&alice, 0), (&bob, 1)] {
        let mut tx = office.store().begin().await.expect("a turn");
        let gone = tx.remove_participant(key, who.account).await;
        gone.expect("out of it");
        tx.commit().await.expect("written");
        let swept = office.sweep(now).await.expect("swept");
        assert_eq!(swept.rooms, removed, "after {}", who.display_name);
    }
    let left = office.store().room(&room).await.expect("an answer");
    assert_eq!(left, None);
}

async fn a_room_that_an_administrator_removes_is_gone_for_everybody_and_it_is_noted_who_did_it(
    ground: Ground,
) {
    let office = ground.office().await;
    let (rooms, writer) = Rooms::new(office.clone());
    tokio::spawn(writer.run());
    let alice = person(&office, "alice").await;
    let bob = person(&office, "bob").await;
    let room = conversation(&rooms, &alice, &bob).await;
    let rehearsed = office.rehearsing().remove_room(&room).await;
    assert_eq!(rehearsed.expect("it would go"), 1);
    let mut changes = office.changes();
    assert_eq!(office.remove_room(&room).await.expect("it goes"), 1);
    let told = changes.try_recv().expect("it was told");
    assert_eq!(told.rooms.len(), 4, "each of the two, of both");
    for reader in [&alice, &bob] {
        let list = rooms.list(reader.account, None, None).await;
        assert!(list.expect("rooms").rooms.is_empty());
        let seen = rooms.room(reader.account, &room).await;
        assert!(matches!(seen, Err(crate::rooms::RoomsError::NoSuchRoom)));
    }
    let again = office.remove_room(&room).await;
    assert!(matches!(again, Err(OfficeError::NoSuchRoom { .. })));
    // They begin anew with the next message.
    let other = conversation(&rooms, &bob, &alice).await;
    assert_ne!(other, room);
}
