//! What strangers may send to rooms and as files: the named error, nothing stored, and the connection goes on.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::client::{ask, newcomer};
use crate::files::{PART, begin, header};
use crate::process::Server;
use crate::room_access::wishes;
use crate::rooms::{Rooms, text, token};

/// Texts that are the name of a message type.
fn types(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::String(text) => {
            let is_type = text
                .chars()
                .all(|sign| sign.is_ascii_uppercase() || sign == '_');
            if text.starts_with("USER_") && is_type {
                found.insert(text.clone());
            }
        }
        Value::Array(values) => values.iter().for_each(|value| types(value, found)),
        Value::Object(map) => map.values().for_each(|value| types(value, found)),
        _ => {}
    }
}

/// Each message type with what it takes.
fn right(room: &Value) -> Vec<(&'static str, Value)> {
    let mut all = wishes(room).to_vec();
    let opening =
        json!({ "name": "Ours", "description": "", "participants": [{ "number": "1001" }] });
    all.push(("USER_CREATE_ROOM", opening));
    all.push(("USER_GET_ROOMS", json!({ "after": "x", "limit": 1 })));
    all.push((
        "USER_CONNECT",
        json!({ "token": "x", "number": "1000", "display_name": "x" }),
    ));
    all
}

/// The data with each of its parts of a type that it cannot have.
fn nonsense(right: &Value) -> Vec<Value> {
    let mut all = vec![json!(7), json!("x"), json!(true), json!([7]), json!([[]])];
    for (key, value) in right.as_object().unwrap() {
        // What devices tell each other is theirs.
        if key == "signal" {
            continue;
        }
        let wrong = match value {
            Value::Array(_) | Value::Object(_) => json!("x"),
            _ => json!({ "x": [] }),
        };
        let mut data = right.clone();
        data[key] = wrong;
        all.push(data);
    }
    all
}

#[test]
fn every_message_type_is_refused_when_it_is_no_such_message() {
    let server = Server::start();
    let alice = token(&server, "alice");
    token(&server, "bob");
    let room = ask(&server, "POST", "/api/v1/rooms").token(&alice);
    let room = room.json(&json!({ "name": "Mine" })).get(201)["id"].clone();
    let path = format!("/api/v1/rooms/{}/messages?after=0", room.as_str().unwrap());
    let state = || ask(&server, "GET", &path).token(&alice).get(200);
    let before = state();
    let all = right(&room);
    // One that is new has to be told of here.
    let mut described = BTreeSet::new();
    let schema = ask(&server, "GET", "/api/rooms.schema.json").get(200);
    types(&schema["$defs"]["Said"], &mut described);
    let tried: BTreeSet<String> = all.iter().map(|(kind, _)| (*kind).to_owned()).collect();
    assert_eq!(tried, described);

    let mut rooms = Rooms::connect(&server, &alice, json!({}));
    for (kind, right) in &all {
        for data in nonsense(right) {
            let refused = rooms.ask(kind, data.clone());
            let named = (&refused["data"]["code"], &refused["status"]);
            assert_eq!(
                named,
                (&json!("ERR_001"), &json!(400)),
                "{kind} {data}: {refused}"
            );
        }
    }
    for bad in [
        "[".repeat(50_000),
        "{\"type\":".repeat(10_000),
        format!(
            "{{\"type\":\"USER_MESSAGE\",\"data\":{}}}",
            "[".repeat(50_000)
        ),
        json!({ "type": ["USER_GET_ROOMS"], "data": {} }).to_string(),
        json!({ "type": "USER_GET_ROOMS\u{0}", "data": {} }).to_string(),
        json!({ "data": {} }).to_string(),
        "\u{feff}{}".to_owned(),
        "null".to_owned(),
    ] {
        rooms.send(&bad);
        let refused = rooms.until("SYS_ERROR");
        let shown: String = bad.chars().take(60).collect();
        assert_eq!(refused["data"]["code"], "ERR_001", "{shown}: {refused}");
    }
    assert_eq!(state(), before);
    let message = json!({ "room": room, "id": "m", "body": text("At last") });
    assert_eq!(
        rooms.ask("USER_MESSAGE", message)["type"],
        "SYS_MESSAGE_STORED"
    );
}

#[test]
fn numbers_that_nobody_can_mean_do_no_harm() {
    let server = Server::start();
    let (alice, bob) = (token(&server, "alice"), token(&server, "bob"));
    let wish = json!({ "name": "Ours", "participants": [{ "number": "1001" }] });
    let room = ask(&server, "POST", "/api/v1/rooms").token(&alice);
    let room = room.json(&wish).get(201)["id"].clone();
    // Cursors of the far future and the far past, of rooms that are not there.
    let cursors = json!({ room.as_str().unwrap(): i64::MAX });
    let mut rooms = Rooms::connect(&server, &bob, json!({ "cursors": cursors }));
    let cursors = json!({ room.as_str().unwrap(): i64::MIN });
    Rooms::connect(&server, &bob, json!({ "cursors": cursors }));
    let message = json!({ "room": room, "id": "m1", "body": text("one") });
    let stored = rooms.ask("USER_MESSAGE", message);
    let last = stored["data"]["sequence"].as_i64().unwrap();
    for sequence in [i64::MIN, -1, 0, last + 1, i64::MAX] {
        let receipt = json!({ "room": room, "receipt": "read", "sequence": sequence });
        rooms.ask("USER_RECEIPT", receipt);
    }
    // Nobody has read what was not said.
    let path = format!("/api/v1/rooms/{}", room.as_str().unwrap());
    let shown = ask(&server, "GET", &path).token(&alice).get(200);
    for person in shown["participants"].as_array().unwrap() {
        let read = person["read"].as_i64().unwrap();
        assert!((0..=last).contains(&read), "{person}");
    }
    for (wish, status) in [
        ("messages?limit=0", 400),
        ("messages?limit=-1", 400),
        ("messages?limit=99999999999999999999", 400),
        ("messages?after=-9223372036854775808&limit=1", 200),
        ("messages?after=9223372036854775807", 200),
        ("messages?before=-9223372036854775808", 200),
        ("messages?before=9223372036854775807&limit=1", 200),
        ("messages?after=x", 400),
        ("search?words=", 400),
        ("search?words=%00", 400),
        ("search?words=one&limit=0", 400),
        ("search", 400),
    ] {
        let answered = ask(&server, "GET", &format!("{path}/{wish}")).token(&bob);
        let answered = answered.send();
        assert_eq!(answered.status, status, "{wish}: {answered:?}");
    }
    let words = "x".repeat(7_000);
    let answered = ask(&server, "GET", &format!("{path}/search?words={words}"));
    let status = answered.token(&bob).send().status;
    assert!([200, 400, 414].contains(&status), "{status}");
    for (kind, data) in [
        (
            "USER_GET_HISTORY",
            json!({ "room": room, "after": i64::MIN }),
        ),
        (
            "USER_GET_HISTORY",
            json!({ "room": room, "after": i64::MAX }),
        ),
        (
            "USER_GET_HISTORY",
            json!({ "room": room, "before": i64::MIN }),
        ),
    ] {
        let answered = rooms.ask(kind, data.clone());
        assert_eq!(answered["type"], "SYS_HISTORY", "{data}: {answered}");
    }
}

#[test]
fn names_of_files_lead_nowhere_and_hide_nothing() {
    let server = Server::start();
    let token = newcomer(&server, "alice").access_token;
    let long = "x".repeat(3_000);
    let coded = |name: &str| format!("filename {}", BASE64_STANDARD.encode(name));
    let mut kept = 0;
    for metadata in [
        coded("../../../../etc/passwd"),
        coded("C:\\Windows\\system32\\cmd.exe"),
        coded("a\0b\r\nSet-Cookie: x=1.txt"),
        coded("gpj\u{202e}exe.txt"),
        coded("/"),
        coded(".."),
        coded(""),
        coded("con"),
        coded(&long),
        coded("\u{1b}[2J.txt"),
        "filename".to_owned(),
        "filename !!!".to_owned(),
        "nonsense".to_owned(),
        ",,,,".to_owned(),
        format!("filename {}", BASE64_STANDARD.encode([0xff, 0xfe, 0x00])),
    ] {
        let begun = ask(&server, "POST", "/api/v1/files").token(&token);
        let begun = begun.header("Upload-Length", "1");
        let begun = begun.header("Upload-Metadata", &metadata).send();
        assert_eq!(begun.status, 201, "{metadata}: {begun:?}");
        kept += 1;
        let name = begun.json["name"].as_str().unwrap();
        let is_safe = |sign: char| {
            !sign.is_control() && !matches!(sign, '/' | '\\' | ':' | '\u{202a}'..='\u{202e}')
        };
        assert!(name.chars().all(is_safe), "{metadata}: {name:?}");
        let is_named = (1..=200).contains(&name.len()) && !name.starts_with('.');
        assert!(is_named, "{metadata}: {name:?}");
        let path = header(&begun.head, "location").to_owned();
        let sent = ask(&server, "PATCH", &path).token(&token);
        sent.header("Upload-Offset", "0").body(PART, b"x").get(204);
        let (status, head, _) = ask(&server, "GET", &path).token(&token).send_for_bytes();
        assert_eq!(status, 200, "{head}");
        let disposition = header(&head, "content-disposition");
        assert!(disposition.starts_with("attachment;"), "{head}");
        let mut lines = head.lines();
        assert!(lines.all(|line| !line.starts_with("set-cookie")), "{head}");
    }
    // One that is too long for a header does not come in at all.
    let begun = ask(&server, "POST", "/api/v1/files").token(&token);
    let begun = begun.header("Upload-Length", "1");
    let begun = begun.header("Upload-Metadata", &coded(&"x".repeat(500_000)));
    assert!([0, 400, 431].contains(&begun.send().status));
    let list = ask(&server, "GET", "/api/v1/files").token(&token).get(200);
    assert_eq!(list["items"].as_array().unwrap().len(), kept);
    // Ids lead nowhere either.
    for id in [
        "..",
        "%2e%2e%2f%2e%2e%2fcarillon.sqlite",
        "%00",
        "x%2fy",
        "carillon.sqlite",
    ] {
        for method in ["GET", "HEAD", "DELETE"] {
            let path = format!("/api/v1/files/{id}");
            let (status, ..) = ask(&server, method, &path).token(&token).send_for_bytes();
            assert!([400, 404, 405].contains(&status), "{method} {id}: {status}");
        }
    }
}

/// A PNG that says to have so many pixels, with the right checksum.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::new(1, 1);
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let mut png = png.into_inner();
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let mut sum = u32::MAX;
    for byte in &png[12..29] {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg());
        }
    }
    png[29..33].copy_from_slice(&(!sum).to_be_bytes());
    png
}

#[test]
fn what_only_says_to_be_a_picture_is_kept_as_it_is_and_has_no_small_one() {
    let server = Server::start();
    let token = newcomer(&server, "alice").access_token;
    for bytes in [
        bomb(60_000, 60_000),
        bomb(u32::MAX >> 1, 1),
        bomb(20_000, 20_000),
        // Which could be decoded, if there were anything in it.
        bomb(8_000, 8_000),
        b"\x89PNG\r\n\x1a\n".to_vec(),
        b"GIF89a\xff\xff\xff\xff".to_vec(),
        b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec(),
        b"RIFF\xff\xff\xff\x7fWEBPVP8 ".to_vec(),
        b"<html><script>alert(1)</script></html>".to_vec(),
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>".to_vec(),
    ] {
        let path = begin(&server, &token, "eC5wbmc=", bytes.len());
        // Half of it is nothing yet, for nobody.
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        let sent = ask(&server, "PATCH", &path).token(&token);
        sent.header("Upload-Offset", "0").body(PART, first).get(204);
        for path in [path.clone(), format!("{path}/thumbnail")] {
            let early = ask(&server, "GET", &path).token(&token).send();
            assert_eq!(early.status, 409, "{path}: {early:?}");
        }
        let sent = ask(&server, "PATCH", &path).token(&token);
        let sent = sent.header("Upload-Offset", &first.len().to_string());
        sent.body(PART, rest).get(204);
        let small = ask(&server, "GET", &format!("{path}/thumbnail")).token(&token);
        let (status, head, _) = small.send_for_bytes();
        assert_eq!(status, 404, "{head}");
        let (status, head, got) = ask(&server, "GET", &path).token(&token).send_for_bytes();
        assert!((status, &got) == (200, &bytes), "{head}");
        assert!(header(&head, "content-disposition").starts_with("attachment;"));
        assert_eq!(header(&head, "x-content-type-options"), "nosniff");
    }
    ask(&server, "GET", "/healthz").get(200);
}
