//! Rooms against those who are not in them any more, and against messages that claim what is not so.

use serde_json::{Value, json};

use crate::authorization::TABLE;
use crate::client::ask;
use crate::files::{PART, begin};
use crate::process::Server;
use crate::rooms::{Rooms, text, token};

/// What a route of a room takes that is right except for who sends it.
pub(crate) fn right_body(path: &str) -> Value {
    match path.rsplit('/').next() {
        Some("messages") => json!({ "id": "m2", "body": text("Hello") }),
        Some("receipts") => json!({ "receipt": "read", "sequence": 1 }),
        Some("flush") => json!({ "messages": [] }),
        Some("participants") => json!({ "participants": [{ "number": "1000" }] }),
        _ if path.contains("/participants/") => json!({ "role": "owner" }),
        _ => json!({ "name": "Mine" }),
    }
}

/// Everything that a room can be asked for by WebSocket, and is right except for who asks.
pub(crate) fn wishes(room: &Value) -> [(&'static str, Value); 10] {
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
        (
            "USER_SIGNAL",
            json!({ "room": room, "to": 1, "signal": {} }),
        ),
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
    // Nor do they hear who writes, reads or goes there.
    let mut alices = Rooms::connect(&server, &alice, json!({}));
    for (kind, data) in wishes(&room) {
        if ["USER_TYPING", "USER_RECEIPT", "USER_SIGNAL"].contains(&kind) {
            let wish = json!({ "type": kind, "data": data });
            alices.send(&wish.to_string());
        }
    }
    alices.ask(
        "USER_CHANGE_ROOM",
        json!({ "room": room, "name": "A secret" }),
    );
    let (listed, heard) = bobs.ask_and_hear("USER_GET_ROOMS", json!({}));
    assert_eq!(listed["data"]["rooms"], json!([]));
    assert_eq!(heard, Vec::<Value>::new());
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

/// A picture of one colour, as PNG.
fn picture() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(16, 16, image::Rgb([0, 0, 200]));
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

/// Sends a file to a room, and gives back its path.
pub(crate) fn send_file(server: &Server, token: &str, room: &str, bytes: &[u8]) -> String {
    let path = begin(server, token, "c2VjcmV0LnBuZw==", bytes.len());
    let sent = ask(server, "PATCH", &path).token(token);
    sent.header("Upload-Offset", "0").body(PART, bytes).get(204);
    let list = ask(server, "GET", "/api/v1/files").token(token).get(200);
    let stored = &list["items"][0];
    let file = json!({ "file": stored["id"], "sha256": stored["sha256"], "name": stored["name"],
        "media_type": stored["media_type"], "bytes": stored["size"] });
    let body = json!({ "type": "file", "file": file, "caption": "a secret" });
    let message = json!({ "room": room, "id": "file", "body": body });
    let sent = ask(server, "POST", "/api/v1/messages").token(token);
    sent.json(&message).get(201);
    path
}

#[test]
fn every_route_of_rooms_and_files_is_closed_to_whoever_was_in_the_room() {
    for leaves in [false, true] {
        let server = Server::start();
        let (alice, bob) = (token(&server, "alice"), token(&server, "bob"));
        let wish = json!({ "name": "Ours", "participants": [{ "number": "1001" }] });
        let room = ask(&server, "POST", "/api/v1/rooms").token(&alice);
        let room = room.json(&wish).get(201)["id"].clone();
        let room = room.as_str().unwrap();
        let file = send_file(&server, &alice, room, &picture());
        let id = file.rsplit('/').next().unwrap();
        for path in [file.clone(), format!("{file}/thumbnail")] {
            let (status, ..) = ask(&server, "GET", &path).token(&bob).send_for_bytes();
            assert_eq!(status, 200, "{path}");
        }
        let who = if leaves { &bob } else { &alice };
        let path = format!("/api/v1/rooms/{room}/participants/2");
        ask(&server, "DELETE", &path).token(who).get(204);
        let state = || {
            ["", "/messages?after=0"].map(|more| {
                let path = format!("/api/v1/rooms/{room}{more}");
                ask(&server, "GET", &path).token(&alice).get(200)
            })
        };
        let before = state();
        for (method, path, _) in TABLE {
            let refusal = match path {
                path if path.contains("{room}") => 403,
                path if path.starts_with("/api/v1/files/{id}") => 404,
                _ => continue,
            };
            for account in ["1", "2"] {
                let path = path.replace("{room}", room).replace("{id}", id);
                let path = match path.ends_with("/search") {
                    true => format!("{path}?words=secret"),
                    false => path.replace("{account}", account),
                };
                let asked = ask(&server, method, &path).token(&bob);
                let asked = match (*method, refusal) {
                    ("GET" | "HEAD" | "DELETE", _) => asked,
                    (_, 404) => asked.header("Upload-Offset", "0").body(PART, b"x"),
                    _ => asked.json(&right_body(&path)),
                };
                let (status, head, body) = asked.send_for_bytes();
                let body = String::from_utf8_lossy(&body);
                assert_eq!(status, refusal, "{method} {path}: {head}{body}");
                assert!(!body.contains("secret"), "{method} {path}: {body}");
            }
        }
        assert_eq!(state(), before, "nothing of it has changed anything");
        let (status, ..) = ask(&server, "GET", &file).token(&alice).send_for_bytes();
        assert_eq!(status, 200);
        // What lists everything of somebody does not list it.
        for path in ["/api/v1/rooms", "/api/v1/messages", "/api/v1/files"] {
            let all = ask(&server, "GET", path).token(&bob).get(200);
            assert!(!all.to_string().contains("secret"), "{path}: {all}");
        }
        // Nor can they send the file on to others.
        let list = ask(&server, "GET", "/api/v1/files").token(&alice).get(200);
        let stored = &list["items"][0];
        let body = json!({ "type": "file", "file": { "file": id, "sha256": stored["sha256"],
            "name": "mine.png", "media_type": "image/png", "bytes": stored["size"] } });
        let message = json!({ "to": { "number": "1000" }, "id": "on", "body": body });
        let sent = ask(&server, "POST", "/api/v1/messages").token(&bob);
        assert_eq!(sent.json(&message).send().status, 404);
    }
}

/// A part of what somebody takes along.
fn exported(server: &Server, token: &str, part: &str) -> Value {
    let asked = ask(server, "GET", "/api/v1/me/export").token(token);
    let (status, _, content) = asked.send_for_bytes();
    assert_eq!(status, 200);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(content)).unwrap();
    serde_json::from_reader(zip.by_name(part).unwrap()).unwrap()
}

#[test]
fn who_was_in_a_room_takes_along_what_they_have_said_there_themselves_and_nothing_else() {
    for leaves in [false, true] {
        let server = Server::start();
        let (alice, bob) = (token(&server, "alice"), token(&server, "bob"));
        let wish = json!({ "name": "Ours", "participants": [{ "number": "1001" }] });
        let room = ask(&server, "POST", "/api/v1/rooms").token(&alice);
        let room = room.json(&wish).get(201)["id"].clone();
        let path = format!("/api/v1/rooms/{}", room.as_str().unwrap());
        let say = |token: &str, id: &str, words: &str| {
            let message = json!({ "id": id, "body": text(words) });
            let said = ask(&server, "POST", &format!("{path}/messages")).token(token);
            said.json(&message).get(201);
        };
        say(&alice, "m1", "a secret of Alice's");
        say(&bob, "m2", "what Bob has said");
        send_file(&server, &alice, room.as_str().unwrap(), &picture());
        let rooms = exported(&server, &bob, "rooms.json");
        assert_eq!(rooms[0]["room_id"], room, "{rooms}");
        let who = if leaves { &bob } else { &alice };
        let seat = format!("{path}/participants/2");
        ask(&server, "DELETE", &seat).token(who).get(204);
        say(&alice, "m3", "another secret");
        assert_eq!(exported(&server, &bob, "rooms.json"), json!([]));
        let said = exported(&server, &bob, "messages.json");
        let own = said.as_array().unwrap();
        assert_eq!(own.len(), 1, "{said}");
        assert_eq!(own[0]["message_id"], "m2", "{said}");
        assert!(!said.to_string().contains("secret"), "{said}");
        // Whoever is still in it has it all where it was.
        assert_eq!(exported(&server, &alice, "rooms.json")[0]["room_id"], room);
        let said = exported(&server, &alice, "messages.json");
        let ids = said
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["message_id"]);
        assert_eq!(ids.collect::<Vec<_>>(), ["m1", "file", "m3"]);
    }
}
