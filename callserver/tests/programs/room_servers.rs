//! Rooms of two servers on one PostgreSQL database.

use serde_json::{Value, json};
use test_postgres::Cluster;

use crate::neighbours::server_on;
use crate::rooms::{Rooms, text, token};

/// The texts of a room that come next, up to this one.
fn texts_until(rooms: &mut Rooms, last: &str) -> Vec<(i64, String)> {
    let mut heard = Vec::new();
    loop {
        let told = rooms.until("SYS_NEW_MESSAGE");
        let message = &told["data"]["message"];
        let said = message["body"]["text"].as_str().unwrap().to_owned();
        let is_last = said == last;
        heard.push((message["sequence"].as_i64().unwrap(), said));
        if is_last {
            return heard;
        }
    }
}

fn say(rooms: &mut Rooms, id: &str, words: &str) -> Value {
    let message = json!({ "to": { "number": "1001" }, "id": id, "body": text(words) });
    let stored = rooms.ask("USER_MESSAGE", message);
    assert_eq!(stored["type"], "SYS_MESSAGE_STORED", "{stored}");
    stored["data"].clone()
}

#[test]
fn what_is_said_at_one_server_is_heard_at_the_other_and_a_break_is_mended_at_either() {
    let database = Cluster::shared().unwrap().database().unwrap();
    let servers = [server_on(&database), server_on(&database)];
    let (alice, bob) = (token(&servers[0], "alice"), token(&servers[0], "bob"));
    let mut alices = Rooms::connect(&servers[0], &alice, json!({}));
    let mut bobs = Rooms::connect(&servers[1], &bob, json!({}));
    let first = say(&mut alices, "m1", "one");
    assert_eq!(texts_until(&mut bobs, "one"), [(1, "one".into())]);
    let room = first["room"].as_str().unwrap().to_owned();
    // Typing and receipts go across too.
    let typing = json!({ "type": "USER_TYPING", "data": { "room": room, "is_typing": true } });
    alices.send(&typing.to_string());
    assert_eq!(bobs.until("SYS_TYPING")["data"]["account"], 1);
    let read = json!({ "room": room, "receipt": "read", "sequence": 1 });
    bobs.ask("USER_RECEIPT", read);
    let told = alices.until("SYS_RECEIPT");
    assert_eq!(told["data"]["account"], 2, "{told}");
    // He breaks off, and goes on at the other server, and back at the first.
    drop(bobs);
    for (number, words) in ["two", "three"].into_iter().enumerate() {
        say(&mut alices, &format!("n{number}"), words);
    }
    let cursors = json!({ "cursors": { room.as_str(): 1 } });
    let mut bobs = Rooms::connect(&servers[0], &bob, cursors);
    assert_eq!(
        texts_until(&mut bobs, "three"),
        [(2, "two".into()), (3, "three".into())]
    );
    say(&mut alices, "m4", "four");
    assert_eq!(texts_until(&mut bobs, "four"), [(4, "four".into())]);
    let cursors = json!({ "cursors": { room.as_str(): 3 } });
    let mut back = Rooms::connect(&servers[1], &bob, cursors);
    assert_eq!(texts_until(&mut back, "four"), [(4, "four".into())]);
    // What both say at the same time has one order for everybody.
    let (token_of_alice, token_of_bob) = (alice, bob);
    let speak = |server: usize, token: &str, number: &'static str, who: &'static str| {
        let mut rooms = Rooms::connect(&servers[server], token, json!({}));
        for index in 0..20 {
            let id = format!("{who}{index}");
            let body = text(&id);
            let message = json!({ "to": { "number": number }, "id": id, "body": body });
            let stored = rooms.ask("USER_MESSAGE", message);
            assert_eq!(stored["type"], "SYS_MESSAGE_STORED", "{stored}");
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| speak(0, &token_of_alice, "1001", "a"));
        scope.spawn(|| speak(1, &token_of_bob, "1000", "b"));
    });
    let mut orders = Vec::new();
    for (server, token) in [(0, &token_of_bob), (1, &token_of_alice)] {
        let cursors = json!({ "cursors": { room.as_str(): 4 } });
        let mut rooms = Rooms::connect(&servers[server], token, cursors);
        let mut heard = Vec::new();
        while heard.len() < 40 {
            let told = rooms.until("SYS_NEW_MESSAGE");
            heard.push(told["data"]["message"].clone());
        }
        let sequences: Vec<i64> = { heard.iter() }
            .map(|message| message["sequence"].as_i64().unwrap())
            .collect();
        assert_eq!(sequences, (5..45).collect::<Vec<i64>>());
        orders.push(heard);
    }
    assert_eq!(orders[0], orders[1]);
}
