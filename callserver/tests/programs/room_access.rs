//! Rooms against those who are not in them any more, and against messages that claim what is not so.

use serde_json::{Value, json};

use crate::client::ask;
use crate::process::Server;
use crate::rooms::{Rooms, text, token};

/// Everything that a room can be asked for by WebSocket.
fn wishes(room: &Value) -> [(&'static str, Value); 9] {
    let people = json!([{ "number": "1000" }]);
    [
        (
            "USER_MESSAGE",
            json!({ "room": room, "id": "x", "body": text("Hello") }),
        ),
        ("USER_JOIN_ROOM", json!({ "room": room })),
        ("USER_LEAVE_ROOM", json!({ "room": room })),
        (
            "USER_ADD_PARTICIPANTS",
            json!({ "room": room, "participants": people }),
        ),
        (
            "USER_CHANGE_PARTICIPANT",
            json!({ "room": room, "account": 2, "role": "owner" }),
        ),
        ("USER_CHANGE_ROOM", json!({ "room": room, "name": "Ours" })),
        (
            "USER_RECEIPT",
            json!({ "room": room, "receipt": "read", "sequence": 1 }),
        ),
        ("USER_TYPING", json!({ "room": room, "is_typing": true })),
        ("USER_GET_HISTORY", json!({ "room": room, "after": 0 })),
    ]
}

#[test]
fn who_was_in_a_room_hears_and_reads_nothing_of_it_any_more() {
    let server = Server::start();
    let (alice, bob) = (token(&server, "alice"), token(&server, "bob"));
    let wish = json!({ "name": "Ours", "participants": [{ "number": "1001" }] });
    let room = ask(&server, "POST", "/api/v1/rooms").token(&alice);
    let room = room.json(&wish).get(201)["id"].clone();
    let path = format!("/api/v1/rooms/{}", room.as_str().unwrap());
    let say = |id: &str, words: &str| {
        let message = json!({ "id": id, "body": text(words) });
        let path = format!("{path}/messages");
        let said = ask(&server, "POST", &path).token(&alice);
        said.json(&message).get(201);
    };
    say("m1", "while he was there");
    let mut bobs = Rooms::connect(&server, &bob, json!({}));
    let removed = ask(&server, "DELETE", &format!("{path}/participants/2")).token(&alice);
    removed.get(204);
    let told = bobs.until("SYS_NOTIFICATION");
    assert_eq!(told["data"]["about"], "room_gone", "{told}");
    say("m2", "a secret");
    for (kind, data) in wishes(&room) {
        let refused = bobs.ask(kind, data);
        assert_eq!(refused["data"]["code"], "ERR_003", "{kind}: {refused}");
    }
    for more in ["", "/messages", "/messages?after=0", "/search?words=secret"] {
        let refused = ask(&server, "GET", &format!("{path}{more}")).token(&bob);
        let refused = refused.get(403);
        assert!(!refused.to_string().contains("secret"), "{more}");
    }
    let synced = ask(&server, "GET", "/api/v1/messages").token(&bob).get(200);
    assert!(!synced.to_string().contains("secret"), "{synced}");
    // With the cursor of the time when he was in it nothing comes either.
    let cursors = json!({ "cursors": { room.as_str().unwrap(): 1 } });
    let mut again = Rooms::connect(&server, &bob, cursors);
    let listed = again.ask("USER_GET_ROOMS", json!({}));
    assert_eq!(listed["data"]["rooms"], json!([]));
    let own = json!({ "to": { "number": "1000" }, "id": "m3", "body": text("What was it?") });
    again.ask("USER_MESSAGE", own);
    let heard = again.until("SYS_NEW_MESSAGE");
    assert_eq!(heard["data"]["preview"], "What was it?", "{heard}");
}

#[test]
fn a_message_is_of_who_sends_it_and_of_now_whatever_it_says() {
    let server = Server::start();
    let (alice, bob) = (token(&server, "alice"), token(&server, "bob"));
    let mut alices = Rooms::connect(&server, &alice, json!({}));
    let mut bobs = Rooms::connect(&server, &bob, json!({}));
    let forged = json!({
        "type": "USER_MESSAGE", "timestamp": "2999-01-01T00:00:00Z", "id": "f",
        "data": {
            "to": { "number": "1001" }, "id": "m1", "body": text("I am Bob"),
            "sender": 2, "sender_name": "Bob", "kind": "system", "sequence": 99,
            "sent": "2999-01-01T00:00:00Z", "visible_to": 2,
        },
    });
    alices.send(&forged.to_string());
    let stored = alices.until("SYS_MESSAGE_STORED");
    assert_eq!(stored["data"]["sequence"], 1, "{stored}");
    let heard = bobs.until("SYS_NEW_MESSAGE");
    let message = &heard["data"]["message"];
    assert_eq!(message["sender"], 1, "{heard}");
    assert_eq!(message["kind"], "user", "{heard}");
    assert!(!message["sent"].as_str().unwrap().starts_with("2999"));
    assert!(!heard["timestamp"].as_str().unwrap().starts_with("2999"));
    // An id is its sender's: again it is the same message, from somebody else it is none.
    let room = stored["data"]["room"].clone();
    let again = json!({ "room": room, "id": "m1", "body": text("something else") });
    let repeated = alices.ask("USER_MESSAGE", again.clone());
    assert_eq!(repeated["data"], stored["data"]);
    let taken = bobs.ask("USER_MESSAGE", again);
    assert_eq!(
        (&taken["data"]["code"], &taken["status"]),
        (&json!("ERR_001"), &json!(409)),
        "{taken}"
    );
    let page = bobs.ask("USER_GET_HISTORY", json!({ "room": room }));
    assert_eq!(page["data"]["messages"][0]["body"]["text"], "I am Bob");
    assert_eq!(page["data"]["messages"].as_array().unwrap().len(), 1);
}
