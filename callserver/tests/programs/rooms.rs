//! Rooms over the programs themselves: HTTP, WebSocket, and a client in another language.

use std::net::TcpStream;
use std::process::Command;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use crate::authorization::{Scene, TABLE};
use crate::client::{add, ask, log_in};
use crate::process::{PATIENCE, Server, path_text};
use crate::room_access::right_body;

/// A connection of the room protocol.
pub(crate) struct Rooms(WebSocket<TcpStream>);

impl Rooms {
    pub(crate) fn open(server: &Server) -> Self {
        let address = server.address("http");
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(format!("ws://{address}/ws/rooms"), stream).unwrap();
        Self(socket)
    }

    pub(crate) fn connect(server: &Server, token: &str, more: Value) -> Self {
        let mut rooms = Self::open(server);
        let mut wish = json!({ "token": token });
        for (key, value) in more.as_object().unwrap() {
            wish[key] = value.clone();
        }
        let answer = rooms.ask("USER_CONNECT", wish);
        assert_eq!(answer["type"], "SYS_CONNECTED", "{answer}");
        rooms.until("SYS_ROOMS_LIST");
        rooms
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).unwrap();
    }

    /// What comes next; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Value> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => {
                    let told: Value = serde_json::from_str(&text).unwrap();
                    for part in ["type", "data", "status", "timestamp"] {
                        assert!(!told[part].is_null(), "{told}");
                    }
                    return Some(told);
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    pub(crate) fn until(&mut self, kind: &str) -> Value {
        loop {
            let told = self.next().unwrap();
            if told["type"] == kind {
                return told;
            }
        }
    }

    pub(crate) fn ask(&mut self, kind: &str, data: Value) -> Value {
        self.ask_and_hear(kind, data).0
    }

    /// The answer, and what else came until then.
    pub(crate) fn ask_and_hear(&mut self, kind: &str, data: Value) -> (Value, Vec<Value>) {
        let request = json!({ "type": kind, "data": data, "id": "q" });
        self.send(&request.to_string());
        let mut heard = Vec::new();
        loop {
            let told = self.next().unwrap();
            if told["id"] == "q" {
                return (told, heard);
            }
            heard.push(told);
        }
    }
}

pub(crate) fn token(server: &Server, name: &str) -> String {
    add(server, name);
    log_in(server, name).tokens.unwrap().access_token
}

pub(crate) fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

#[test]
fn a_client_in_another_language_writes_breaks_off_and_goes_on() {
    let server = Server::start();
    let (alice, bob) = (token(&server, "alice"), token(&server, "bob"));
    let url = format!("ws://{}/ws/rooms", server.address("http"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/room_client.py");
    // The system's own, which has the system's packages.
    let ran = Command::new("/usr/bin/python3")
        .args([script, &url, &alice, &bob])
        .output()
        .expect("python3 of the system (tests/setup/prepare test)");
    assert!(
        ran.status.success() && ran.stdout == b"ok\n",
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

#[test]
fn whoever_does_not_say_who_they_are_is_told_so_and_let_go() {
    let server = Server::start();
    let alice = token(&server, "alice");
    for (first, code, status) in [
        (
            json!({ "type": "USER_GET_ROOMS", "data": {} }),
            "ERR_005",
            401,
        ),
        (
            json!({ "type": "USER_CONNECT", "data": { "token": "x" } }),
            "ERR_005",
            401,
        ),
        (
            json!({ "type": "USER_CONNECT", "data": {} }),
            "ERR_001",
            400,
        ),
        (
            json!({ "type": "USER_CONNECT", "data": { "token": alice, "number": "1001" } }),
            "ERR_004",
            404,
        ),
        (
            json!({ "type": "USER_CONNECT", "data": { "token": alice, "display_name": "\u{202e}" } }),
            "ERR_001",
            400,
        ),
        (json!([]), "ERR_001", 400),
    ] {
        let mut rooms = Rooms::open(&server);
        rooms.send(&first.to_string());
        let refused = rooms.next().unwrap();
        assert_eq!(refused["data"]["code"], code, "{refused}");
        assert_eq!(refused["status"], status, "{refused}");
        assert_eq!(rooms.next(), None, "{first}");
    }
    let mut right = Rooms::connect(
        &server,
        &alice,
        json!({ "number": "1000", "display_name": "At home" }),
    );
    ask(&server, "POST", "/api/v1/logout")
        .token(&alice)
        .get(204);
    let ended = right.until("SYS_ERROR");
    assert_eq!(
        (&ended["data"]["code"], &ended["status"]),
        (&json!("ERR_005"), &json!(401))
    );
    assert_eq!(right.next(), None);
}

#[test]
fn a_stranger_gets_nothing_out_of_a_room_whatever_they_say() {
    let server = Server::start();
    let (alice, bob) = (token(&server, "alice"), token(&server, "bob"));
    let room = ask(&server, "POST", "/api/v1/rooms").token(&alice);
    let room = room.json(&json!({ "name": "Mine" })).get(201)["id"].clone();
    let mut stranger = Rooms::connect(
        &server,
        &bob,
        json!({ "cursors": { room.as_str().unwrap(): 0 } }),
    );
    for (kind, data) in [
        ("USER_JOIN_ROOM", json!({ "room": room })),
        (
            "USER_MESSAGE",
            json!({ "room": room, "id": "m", "body": text("Hello") }),
        ),
        ("USER_LEAVE_ROOM", json!({ "room": room })),
        (
            "USER_ADD_PARTICIPANTS",
            json!({ "room": room, "participants": [{ "number": "1001" }] }),
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
        ("USER_GET_HISTORY", json!({ "room": room })),
    ] {
        let refused = stranger.ask(kind, data.clone());
        assert_eq!(refused["data"]["code"], "ERR_003", "{kind}: {refused}");
        let mut nowhere = data;
        nowhere["room"] = json!("nowhere");
        let refused = stranger.ask(kind, nowhere);
        assert_eq!(refused["data"]["code"], "ERR_002", "{kind}: {refused}");
    }
    let listed = stranger.ask("USER_GET_ROOMS", json!({}));
    assert_eq!(listed["data"]["rooms"], json!([]));
    let seen = ask(
        &server,
        "GET",
        &format!("/api/v1/rooms/{}", room.as_str().unwrap()),
    )
    .token(&alice);
    let seen = seen.get(200);
    assert_eq!(
        (&seen["last_sequence"], &seen["name"]),
        (&json!(1), &json!("Mine"))
    );
}

#[test]
fn what_is_no_message_is_named_and_the_connection_goes_on() {
    let server = Server::start();
    let alice = token(&server, "alice");
    token(&server, "bob");
    let mut rooms = Rooms::connect(&server, &alice, json!({}));
    let huge = "x".repeat(120_000);
    let message = |body: Value| json!({ "type": "USER_MESSAGE", "data": { "to": { "number": "1001" }, "id": "m", "body": body } });
    let file = |name: &str| {
        message(json!({ "type": "file", "file": {
            "file": "f", "sha256": "0".repeat(64), "name": name, "media_type": "text/plain", "bytes": 1 } }))
    };
    let bad = [
        "".to_owned(),
        "{".to_owned(),
        "7".to_owned(),
        json!({ "type": "USER_FLY", "data": {} }).to_string(),
        json!({ "type": "SYS_ERROR", "data": {} }).to_string(),
        json!({ "type": "USER_GET_ROOMS", "data": { "limit": 0 } }).to_string(),
        json!({ "type": "USER_GET_ROOMS", "data": {}, "id": "x".repeat(65) }).to_string(),
        json!({ "type": "USER_CONNECT", "data": { "token": alice } }).to_string(),
        message(text("")).to_string(),
        message(text("a\u{0}b")).to_string(),
        message(text(&"x".repeat(16_001))).to_string(),
        message(text(&huge)).to_string(),
        message(json!({ "type": "voicemail", "voicemail": 1, "seconds": 1 })).to_string(),
        message(json!({ "type": "room", "event": "opened" })).to_string(),
        message(json!({ "type": "from_the_future" })).to_string(),
        message(json!({ "type": "edit", "target": "nothing", "text": "x" })).to_string(),
        file("../../etc/passwd").to_string(),
        file("a\u{1b}b").to_string(),
        // Nobody has sent such a file to the server.
        file("fine.txt").to_string(),
    ];
    for bad in bad {
        rooms.send(&bad);
        let refused = rooms.until("SYS_ERROR");
        let shown: String = bad.chars().take(100).collect();
        assert_eq!(refused["data"]["code"], "ERR_001", "{shown}: {refused}");
    }
    rooms.0.send(Message::binary(vec![1, 2, 3])).unwrap();
    assert_eq!(rooms.until("SYS_ERROR")["data"]["code"], "ERR_001");
    let nobody = json!({ "to": { "number": "4711" }, "id": "m", "body": text("x") });
    assert_eq!(rooms.ask("USER_MESSAGE", nobody)["data"]["code"], "ERR_004");
    // Nothing of it is stored.
    let sync = ask(&server, "GET", "/api/v1/messages")
        .token(&alice)
        .get(200);
    assert!(
        sync["messages"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["kind"] != "user")
    );
    let sent = json!({ "to": { "number": "1001" }, "id": "m", "body": text("At last") });
    assert_eq!(
        rooms.ask("USER_MESSAGE", sent)["type"],
        "SYS_MESSAGE_STORED"
    );
}

#[test]
fn what_is_written_over_http_is_heard_over_the_web_socket_and_read_and_found_over_http() {
    let server = Server::start();
    let (alice, bob) = (token(&server, "alice"), token(&server, "bob"));
    let mut bobs = Rooms::connect(&server, &bob, json!({}));
    let message = json!({ "to": { "name": "bob" }, "id": "m1", "body": text("Good morning") });
    let sent = ask(&server, "POST", "/api/v1/messages")
        .token(&alice)
        .json(&message)
        .get(201);
    let heard = bobs.until("SYS_NEW_MESSAGE");
    assert_eq!(heard["data"]["preview"], "Good morning");
    assert_eq!(heard["data"]["message"]["sequence"], sent["sequence"]);
    let room = format!("/api/v1/rooms/{}", sent["room"].as_str().unwrap());
    let ask_bob =
        |method: &str, path: &str| ask(&server, method, &format!("{room}{path}")).token(&bob);
    assert_eq!(
        ask_bob("GET", "/messages?limit=1").get(200)["messages"][0]["id"],
        "m1"
    );
    assert_eq!(
        ask_bob("GET", "/search?words=morn").get(200)["messages"][0]["id"],
        "m1"
    );
    assert_eq!(ask_bob("GET", "").get(200)["unread"], 1);
    let read = json!({ "receipt": "read", "sequence": 1 });
    ask_bob("PUT", "/receipts").json(&read).get(204);
    let told = bobs.until("SYS_RECEIPT");
    assert_eq!(told["data"]["unread"], 0);
    ask_bob("DELETE", "/messages").get(204);
    assert_eq!(
        bobs.until("SYS_NOTIFICATION")["data"]["about"],
        "copy_deleted"
    );
    let empty = ask(&server, "GET", "/api/v1/rooms").token(&bob).get(200);
    assert_eq!(empty["rooms"], json!([]));
    let schema = ask(&server, "GET", "/api/rooms.schema.json").get(200);
    assert!(schema["$defs"]["Said"].is_object());
}

#[test]
fn a_room_is_closed_to_whoever_is_not_in_it() {
    let scene = Scene::new();
    let before = scene.bobs_state();
    for (method, path, _) in TABLE {
        if !path.contains("{room}") {
            continue;
        }
        let sent = match path.ends_with("/search") {
            true => format!("{path}?words=diary"),
            false => (*path).to_owned(),
        };
        for (path, status) in [
            (sent.clone(), 403),
            (sent.replace("{room}", "no-such-room"), 404),
            (sent.replace("{room}", "%2e%2e%2f"), 404),
        ] {
            let mut asked = scene.ask(method, &path).token(&scene.alice);
            if *method != "GET" && *method != "DELETE" {
                asked = asked.json(&right_body(&path));
            }
            let refused = asked.send();
            assert_eq!(refused.status, status, "{method} {path}: {refused:?}");
            assert!(!refused.json.to_string().contains("diary"));
        }
    }
    assert_eq!(scene.bobs_state(), before);
}

#[test]
fn an_administrator_lists_rooms_and_takes_out_what_was_said() {
    let server = Server::start();
    let alice = token(&server, "alice");
    let room = ask(&server, "POST", "/api/v1/rooms").token(&alice);
    let room = room.json(&json!({ "name": "Lunch" })).get(201)["id"].clone();
    let room = room.as_str().unwrap();
    for index in 0..3 {
        let message = json!({ "room": room, "id": format!("m{index}"), "body": text("Hello") });
        let sent = ask(&server, "POST", "/api/v1/messages").token(&alice);
        sent.json(&message).get(201);
    }
    let list = server.callctl_json(&["rooms", "list"]);
    assert_eq!(
        (&list[0]["id"], &list[0]["name"]),
        (&json!(room), &json!("Lunch"))
    );
    assert_eq!(
        (&list[0]["participants"], &list[0]["entries"]),
        (&json!(1), &json!(4))
    );
    let shown = server.callctl_json(&["rooms", "show", room]);
    assert_eq!(
        (&shown["people"][0]["name"], &shown["people"][0]["role"]),
        (&json!("alice"), &json!("owner"))
    );
    let exported = server.callctl(&["rooms", "export", room]);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let (first, rest) = exported.stdout.split_once('\n').unwrap();
    let first: serde_json::Value = serde_json::from_str(first).unwrap();
    assert_eq!(first["participants"][0]["name"], "alice");
    let lines: Vec<api::room::Message> = { rest.lines() }
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sequences: Vec<i64> = lines.iter().map(|line| line.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4]);

    let file = server.data().join("room.jsonl");
    std::fs::write(&file, &exported.stdout).unwrap();
    let import = ["rooms", "import", path_text(&file)];
    let there = server.callctl(&import);
    assert!(
        there.code != Some(0) && there.stderr.contains("there already"),
        "{there:?}"
    );
    let unsure = server.callctl(&["rooms", "remove", room]);
    assert!(
        unsure.code != Some(0) && unsure.stderr.contains("--yes"),
        "{unsure:?}"
    );
    let removed = server.callctl_json(&["rooms", "remove", room, "--yes"]);
    assert_eq!(removed["entries"], 4);
    let rehearsed = server.callctl(&[&["--dry-run"], &import[..]].concat());
    assert_eq!(rehearsed.code, Some(0), "{rehearsed:?}");
    assert_ne!(server.callctl(&["rooms", "show", room]).code, Some(0));
    assert_eq!(server.callctl_json(&import)["entries"], 4);
    let again = server.callctl(&["rooms", "export", room]);
    assert_eq!(again.stdout, exported.stdout);
    std::fs::write(&file, exported.stdout.replacen("\"kind\"", "\"sort\"", 2)).unwrap();
    let broken = server.callctl(&import);
    assert!(
        broken.code != Some(0) && broken.stderr.contains("Line 1"),
        "{broken:?}"
    );
    let missing = server.callctl(&["rooms", "show", "nowhere"]);
    assert_ne!(missing.code, Some(0));
    assert!(missing.stderr.contains("no room"), "{missing:?}");
}
