//! Accounts, pictures and devices over HTTP, as their owners change them.

use std::io::Cursor;

use serde_json::{Value, json};

use crate::client::{Asked, PASSWORD, add, ask, log_in, newcomer};
use crate::process::Server;

const NEW_PASSWORD: &str = "eight green bottles 8";

fn server_that_lets_in(sign_up: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("test.toml");
    std::fs::write(&config, format!("[accounts]\nsign_up = \"{sign_up}\"\n")).unwrap();
    let config = config.to_str().unwrap().to_owned();
    let encrypted = ["--sips", "127.0.0.1:0", "--https", "127.0.0.1:0"];
    Server::start_with(folder, &[&["--config", &config], &encrypted[..]].concat())
}

fn wish(name: &str) -> Value {
    json!({ "username": name, "password": PASSWORD, "device_label": "laptop" })
}

fn sign_up(server: &Server, wish: &Value) -> Asked {
    ask(server, "POST", "/api/v1/accounts").json(wish)
}

fn problem(answer: &Value) -> (&str, &str) {
    let kind = answer["type"].as_str().unwrap();
    let kind = kind.strip_prefix("urn:carillon:problem:").unwrap();
    (kind, answer["detail"].as_str().unwrap())
}

#[test]
fn whoever_makes_an_account_is_logged_in_and_registers() {
    let server = server_that_lets_in("open");
    let answered = sign_up(&server, &wish("Alice")).send();
    assert_eq!(answered.status, 201, "{answered:?}");
    assert!(answered.head.contains("cache-control: no-store"));
    let answer: api::LoginAnswer = serde_json::from_value(answered.json).unwrap();
    assert_eq!(answer.account.name, "alice");
    let tokens = answer.tokens.unwrap();
    let me = ask(&server, "GET", "/api/v1/me")
        .token(&tokens.access_token)
        .get(200);
    let me: api::Me = serde_json::from_value(me).unwrap();
    assert_eq!(
        (me.display_name.as_str(), me.number),
        ("Alice", answer.account.number)
    );
    for (wish, status, kind, part) in [
        (wish("alice"), 409, "conflict", "is taken"),
        (wish("a1ice"), 409, "conflict", "looks too much like"),
        (wish("root"), 400, "bad-request", "kept for the system"),
        (wish("b\x01b"), 400, "bad-request", "holds only the letters"),
        (wish("b\0b"), 400, "bad-request", "holds a zero character"),
        (
            json!({ "username": "bob", "password": "password1", "device_label": "x" }),
            400,
            "bad-request",
            "10,000",
        ),
        (json!({ "username": "bob" }), 400, "bad-request", "password"),
    ] {
        let refused = sign_up(&server, &wish).get(status);
        let (found, sentence) = problem(&refused);
        assert_eq!(found, kind, "{refused}");
        assert!(sentence.contains(part), "{refused}");
    }
    let mut taken = wish("bob");
    taken["number"] = json!("1000");
    let refused = sign_up(&server, &taken).get(409);
    assert_eq!(refused["alternatives"], json!(["1001", "1002", "1003"]));
}

#[test]
fn a_closed_server_lets_nobody_in_and_tells_strangers_nothing_about_names() {
    let server = server_that_lets_in("closed");
    let refused = sign_up(&server, &wish("alice")).get(403);
    assert_eq!(problem(&refused).0, "forbidden");
    let tokens = newcomer(&server, "alice");
    let check = |name: &str| ask(&server, "GET", &format!("/api/v1/usernames/{name}"));
    check("alice").get(401);
    check("alice").token("x").get(401);
    let free = |name: &str| check(name).token(&tokens.access_token).get(200);
    assert_eq!(free("Bob"), json!({ "username": "bob", "is_free": true }));
    assert_eq!(free("alice")["is_free"], true, "one has it oneself");
    assert_eq!(free("admin")["is_free"], false);
    assert_eq!(free("x")["reason"], "A username has at least 2 characters.");
    check("%00").token(&tokens.access_token).get(400);
    check("%ff").token(&tokens.access_token).get(400);
}

#[test]
fn names_and_passwords_are_changed_by_their_owner() {
    let server = Server::start();
    let tokens = newcomer(&server, "alice");
    let other = log_in(&server, "alice").tokens.unwrap();
    let me = |method: &str, path: &str| {
        ask(&server, method, &format!("/api/v1/me{path}")).token(&tokens.access_token)
    };
    let changed = me("PATCH", "")
        .json(&json!({ "display_name": " Alice 王 " }))
        .get(200);
    assert_eq!(changed["display_name"], "Alice 王");
    assert_eq!(me("PATCH", "").json(&json!({})).get(200), changed);
    me("PATCH", "")
        .json(&json!({ "display_name": "" }))
        .get(400);
    let renamed = me("PUT", "/username")
        .json(&json!({ "username": "Carol" }))
        .get(200);
    assert_eq!(renamed["name"], "carol");
    assert_eq!(renamed["id"], changed["id"]);
    me("PUT", "/username")
        .json(&json!({ "username": "r00t" }))
        .get(400);
    add(&server, "bob");
    me("PUT", "/username")
        .json(&json!({ "username": "bob" }))
        .get(409);

    let change = |old: &str, new: &str| {
        let body = json!({ "old_password": old, "new_password": new });
        me("PUT", "/password").json(&body)
    };
    change("wrong", NEW_PASSWORD).get(403);
    change(PASSWORD, PASSWORD).get(400);
    change(PASSWORD, "short").get(400);
    change(PASSWORD, NEW_PASSWORD).get(204);
    me("GET", "").get(200);
    let ended = ask(&server, "GET", "/api/v1/me").token(&other.access_token);
    ended.get(401);
    let login = |password: &str| {
        let body = json!({ "name": "carol", "password": password, "device_label": "x" });
        ask(&server, "POST", "/api/v1/login")
            .json(&body)
            .send()
            .status
    };
    assert_eq!((login(PASSWORD), login(NEW_PASSWORD)), (401, 200));
}

#[test]
fn the_old_password_cannot_be_guessed_with_a_stolen_token() {
    let server = Server::start();
    let tokens = newcomer(&server, "alice");
    let body = json!({ "old_password": "wrong", "new_password": NEW_PASSWORD });
    let guess = || {
        let asked = ask(&server, "PUT", "/api/v1/me/password").token(&tokens.access_token);
        asked.json(&body).send().status
    };
    let statuses: Vec<u16> = (0..12).map(|_| guess()).collect();
    assert_eq!(statuses[..10], [403; 10]);
    assert_eq!(statuses[10..], [429; 2]);
}

#[test]
fn a_picture_is_shown_as_what_it_is_and_not_sent_twice() {
    let server = Server::start();
    let (alice, bob) = (newcomer(&server, "alice"), newcomer(&server, "bob"));
    let own = |method: &str| ask(&server, method, "/api/v1/me/picture").token(&alice.access_token);
    own("GET").get(404);
    own("DELETE").get(404);
    let png = [
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x10\0\0\0\x10".as_slice(),
        &[0xff; 300],
    ]
    .concat();
    for (body, status) in [
        (b"<script>".to_vec(), 400),
        (Vec::new(), 400),
        ([png.as_slice(), &vec![0; 256 * 1024]].concat(), 413),
        ([png.as_slice(), &vec![0; 300 * 1024]].concat(), 413),
    ] {
        // What it is called does not matter.
        own("PUT").body("image/png", &body).get(status);
    }
    own("PUT").body("text/html", &png).get(204);
    let me = ask(&server, "GET", "/api/v1/me")
        .token(&alice.access_token)
        .get(200);
    assert_eq!(me["has_picture"], true);
    let path = format!("/api/v1/accounts/{}/picture", me["id"]);
    let seen = || ask(&server, "GET", &path).token(&bob.access_token);
    let (status, head, content) = seen().send_for_bytes();
    assert_eq!((status, content), (200, png));
    for header in [
        "content-type: image/png",
        "x-content-type-options: nosniff",
        "cache-control: private, no-cache",
    ] {
        assert!(head.contains(header), "{header}: {head}");
    }
    let tag = head
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .unwrap();
    let (status, _, content) = seen().header("If-None-Match", tag).send_for_bytes();
    assert_eq!((status, content.len()), (304, 0));
    ask(&server, "GET", &path).get(401);
    ask(&server, "GET", "/api/v1/accounts/4711/picture")
        .token(&bob.access_token)
        .get(404);
    own("DELETE").get(204);
    seen().get(404);
}

#[test]
fn a_device_of_ones_own_is_made_with_a_link_that_says_everything() {
    let server = Server::start();
    let (alice, bob) = (newcomer(&server, "alice"), newcomer(&server, "bob"));
    let devices = |method: &str, path: &str, token: &str| {
        ask(&server, method, &format!("/api/v1/me/devices{path}")).token(token)
    };
    let made = devices("POST", "", &alice.access_token)
        .json(&json!({ "label": "desk" }))
        .send();
    assert_eq!(made.status, 201, "{made:?}");
    assert!(made.head.contains("cache-control: no-store"));
    let made: api::NewDeviceAnswer = serde_json::from_value(made.json).unwrap();
    let link: api::SetupLink = made.setup.parse().unwrap();
    assert_eq!(
        (&link.login, &link.secret),
        (&made.device.login, &made.device.secret)
    );
    assert_eq!(link.number.unwrap().as_str(), "1000");
    assert_eq!(link.udp, Some(server.address("sip").to_string()));
    assert_eq!(link.tls, Some(server.address("sips").to_string()));
    let path = format!("/{}", made.device.login);
    let label = json!({ "label": "kitchen" });
    for method in ["PATCH", "DELETE"] {
        devices(method, &path, &bob.access_token)
            .json(&label)
            .get(404);
        devices(method, "/d-nothing", &alice.access_token)
            .json(&label)
            .get(404);
        devices(method, "/%00", &alice.access_token)
            .json(&label)
            .get(400);
    }
    devices("PATCH", &path, &alice.access_token)
        .json(&json!({ "label": "kit\0chen" }))
        .get(400);
    let renamed = devices("PATCH", &path, &alice.access_token)
        .json(&label)
        .get(200);
    assert_eq!(renamed["label"], "kitchen");
    let list = devices("GET", "", &alice.access_token).get(200);
    let labels: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["label"])
        .collect();
    assert_eq!(labels, ["laptop", "kitchen"]);
    devices("DELETE", &path, &alice.access_token).get(204);
    devices("DELETE", &path, &alice.access_token).get(404);
    devices("POST", "", &alice.access_token)
        .json(&json!({ "label": "" }))
        .get(400);
}

#[test]
fn one_takes_everything_along_and_leaves() {
    let server = Server::start();
    let tokens = newcomer(&server, "alice");
    let me = |method: &str, path: &str| {
        ask(&server, method, &format!("/api/v1/me{path}")).token(&tokens.access_token)
    };
    let (status, head, content) = me("GET", "/export").send_for_bytes();
    assert_eq!(status, 200);
    assert!(head.contains("content-type: application/zip"), "{head}");
    assert!(head.contains("filename=\"carillon-alice.zip\""), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    let mut zip = zip::ZipArchive::new(Cursor::new(content)).unwrap();
    let account: Value = serde_json::from_reader(zip.by_name("account.json").unwrap()).unwrap();
    assert_eq!(account["username"], "alice");

    me("DELETE", "").get(415);
    me("DELETE", "").json(&json!({})).get(403);
    me("DELETE", "")
        .json(&json!({ "password": "wrong" }))
        .get(403);
    me("DELETE", "")
        .json(&json!({ "password": PASSWORD }))
        .get(204);
    me("GET", "").get(401);
    assert_eq!(server.callctl_json(&["accounts", "list"]), json!([]));
    assert_eq!(server.callctl(&["accounts", "show", "alice"]).code, Some(1));
}
