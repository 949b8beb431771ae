//! Who may do what: every route of the OpenAPI document with everybody who may not use it, and with bad input.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::client::{Asked, add, ask, log_in};
use crate::process::Server;

/// Who may use a route at all.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Who {
    Everybody,
    /// Also guests.
    LoggedIn,
    /// Not guests.
    People,
    Administrators,
}

use Who::{Administrators, Everybody, LoggedIn, People};

/// Each operation of the document, whom it is for, and a request that is right except for who sends it: `{…}` in the
/// path stands for something of Bob's.
pub(crate) const TABLE: &[(&str, &str, Who)] = &[
    ("GET", "/healthz", Everybody),
    ("GET", "/metrics", Everybody),
    ("GET", "/ws/sip", Everybody),
    ("GET", "/ws/rooms", Everybody),
    ("GET", "/api/rooms.schema.json", Everybody),
    ("GET", "/api/v1/rooms", LoggedIn),
    ("POST", "/api/v1/rooms", LoggedIn),
    ("GET", "/api/v1/rooms/{room}", LoggedIn),
    ("PATCH", "/api/v1/rooms/{room}", LoggedIn),
    ("POST", "/api/v1/rooms/{room}/join", LoggedIn),
    ("POST", "/api/v1/rooms/{room}/participants", LoggedIn),
    (
        "PUT",
        "/api/v1/rooms/{room}/participants/{account}",
        LoggedIn,
    ),
    (
        "DELETE",
        "/api/v1/rooms/{room}/participants/{account}",
        LoggedIn,
    ),
    ("GET", "/api/v1/rooms/{room}/messages", LoggedIn),
    ("POST", "/api/v1/rooms/{room}/messages", LoggedIn),
    ("DELETE", "/api/v1/rooms/{room}/messages", LoggedIn),
    ("POST", "/api/v1/rooms/{room}/flush", LoggedIn),
    ("PUT", "/api/v1/rooms/{room}/receipts", LoggedIn),
    ("GET", "/api/v1/rooms/{room}/search", LoggedIn),
    ("GET", "/api/v1/messages", LoggedIn),
    ("POST", "/api/v1/messages", LoggedIn),
    ("GET", "/api/v1/server", Everybody),
    ("POST", "/api/v1/login", Everybody),
    ("POST", "/api/v1/tokens/refresh", Everybody),
    ("POST", "/api/v1/logout", LoggedIn),
    ("GET", "/api/v1/events", LoggedIn),
    ("POST", "/api/v1/guests", Everybody),
    ("POST", "/api/v1/me/upgrade", LoggedIn),
    ("GET", "/api/v1/admin/accounts", Administrators),
    ("POST", "/api/v1/admin/accounts", Administrators),
    ("GET", "/api/v1/admin/accounts/{id}", Administrators),
    ("PATCH", "/api/v1/admin/accounts/{id}", Administrators),
    ("DELETE", "/api/v1/admin/accounts/{id}", Administrators),
    (
        "PUT",
        "/api/v1/admin/accounts/{id}/password",
        Administrators,
    ),
    ("GET", "/api/v1/admin/accounts/{id}/devices", Administrators),
    (
        "POST",
        "/api/v1/admin/accounts/{id}/devices",
        Administrators,
    ),
    (
        "DELETE",
        "/api/v1/admin/accounts/{id}/devices/{login}",
        Administrators,
    ),
    ("GET", "/api/v1/admin/audit", Administrators),
    (
        "GET",
        "/api/v1/admin/accounts/{id}/call-settings",
        Administrators,
    ),
    (
        "PUT",
        "/api/v1/admin/accounts/{id}/call-settings",
        Administrators,
    ),
    ("GET", "/api/v1/admin/groups", Administrators),
    ("POST", "/api/v1/admin/groups", Administrators),
    ("GET", "/api/v1/admin/groups/{id}", Administrators),
    ("PATCH", "/api/v1/admin/groups/{id}", Administrators),
    ("DELETE", "/api/v1/admin/groups/{id}", Administrators),
    ("GET", "/api/v1/admin/calls", Administrators),
    ("GET", "/api/v1/admin/live-calls", Administrators),
    (
        "POST",
        "/api/v1/admin/live-calls/{id}/hang-up",
        Administrators,
    ),
    ("GET", "/api/v1/admin/invitations", Administrators),
    ("POST", "/api/v1/admin/invitations", Administrators),
    ("DELETE", "/api/v1/admin/invitations/{id}", Administrators),
    ("GET", "/api/v1/admin/numbers", Administrators),
    ("POST", "/api/v1/admin/numbers", Administrators),
    (
        "GET",
        "/api/v1/admin/numbers/{number}/history",
        Administrators,
    ),
    (
        "POST",
        "/api/v1/admin/numbers/{number}/reserve",
        Administrators,
    ),
    (
        "POST",
        "/api/v1/admin/numbers/{number}/release",
        Administrators,
    ),
    ("POST", "/api/v1/admin/swap", Administrators),
    ("GET", "/api/v1/admin/pools", Administrators),
    ("POST", "/api/v1/admin/pools", Administrators),
    ("DELETE", "/api/v1/admin/pools/{range}", Administrators),
    ("GET", "/api/v1/numbers", LoggedIn),
    ("GET", "/api/v1/numbers/{number}", LoggedIn),
    ("GET", "/api/v1/me/numbers", LoggedIn),
    ("POST", "/api/v1/me/numbers", People),
    ("PUT", "/api/v1/me/number", People),
    ("PATCH", "/api/v1/me/numbers/{number}", People),
    ("DELETE", "/api/v1/me/numbers/{number}", People),
    ("POST", "/api/v1/me/numbers/{number}/take-back", People),
    ("POST", "/api/v1/accounts", Everybody),
    ("GET", "/api/v1/usernames/{name}", Everybody),
    ("GET", "/api/v1/accounts/{id}/picture", LoggedIn),
    ("GET", "/api/v1/me", LoggedIn),
    ("PATCH", "/api/v1/me", LoggedIn),
    ("DELETE", "/api/v1/me", LoggedIn),
    ("PUT", "/api/v1/me/username", People),
    ("PUT", "/api/v1/me/password", People),
    ("GET", "/api/v1/me/export", LoggedIn),
    ("GET", "/api/v1/me/picture", LoggedIn),
    ("PUT", "/api/v1/me/picture", LoggedIn),
    ("DELETE", "/api/v1/me/picture", LoggedIn),
    ("GET", "/api/v1/me/devices", LoggedIn),
    ("POST", "/api/v1/me/devices", People),
    ("PATCH", "/api/v1/me/devices/{login}", LoggedIn),
    ("DELETE", "/api/v1/me/devices/{login}", LoggedIn),
    ("GET", "/api/v1/directory", People),
    ("GET", "/api/v1/me/sessions", LoggedIn),
    ("DELETE", "/api/v1/me/sessions/{id}", LoggedIn),
    ("GET", "/api/v1/me/calls", LoggedIn),
    ("GET", "/api/v1/presence", LoggedIn),
    ("GET", "/api/v1/me/presence", LoggedIn),
    ("PUT", "/api/v1/me/presence", LoggedIn),
    ("GET", "/api/v1/me/call-completions", LoggedIn),
    ("POST", "/api/v1/me/call-completions", LoggedIn),
    ("DELETE", "/api/v1/me/call-completions/{id}", LoggedIn),
    ("OPTIONS", "/api/v1/files", Everybody),
    ("GET", "/api/v1/files", LoggedIn),
    ("POST", "/api/v1/files", LoggedIn),
    ("HEAD", "/api/v1/files/{id}", LoggedIn),
    ("GET", "/api/v1/files/{id}", LoggedIn),
    ("PATCH", "/api/v1/files/{id}", LoggedIn),
    ("DELETE", "/api/v1/files/{id}", LoggedIn),
    ("GET", "/api/v1/files/{id}/thumbnail", LoggedIn),
    ("GET", "/api/v1/me/call-settings", LoggedIn),
    ("PUT", "/api/v1/me/call-settings", LoggedIn),
    ("GET", "/api/v1/me/contacts", LoggedIn),
    ("POST", "/api/v1/me/contacts", LoggedIn),
    ("GET", "/api/v1/me/contacts/{id}", LoggedIn),
    ("PUT", "/api/v1/me/contacts/{id}", LoggedIn),
    ("DELETE", "/api/v1/me/contacts/{id}", LoggedIn),
    ("GET", "/api/v1/me/voicemails", LoggedIn),
    ("PATCH", "/api/v1/me/voicemails/{id}", LoggedIn),
    ("DELETE", "/api/v1/me/voicemails/{id}", LoggedIn),
    ("GET", "/api/v1/me/voicemails/{id}/audio", LoggedIn),
    ("GET", "/api/v1/me/voicemail-greeting", LoggedIn),
    ("PUT", "/api/v1/me/voicemail-greeting", LoggedIn),
    ("DELETE", "/api/v1/me/voicemail-greeting", LoggedIn),
];

/// A server with Alice, who tries, and Bob, whose things they are.
pub(crate) struct Scene {
    server: Server,
    pub(crate) alice: String,
    bob: String,
    bobs_session: i64,
    bobs_contact: i64,
    bobs_login: String,
    /// A room that Bob owns and is alone in.
    bobs_room: String,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("c.toml");
        let text =
            "[guests]\nenabled = true\n[http_limits]\nrequests_per_session_per_minute = 100000\n";
        std::fs::write(&config, text).unwrap();
        let config = crate::process::path_text(&config).to_owned();
        let off = ["--config", &config, "--sips", "off", "--https", "off"];
        let server = Server::start_with(folder, &off);
        add(&server, "alice");
        add(&server, "bob");
        let bob = log_in(&server, "bob");
        let bobs_login = bob.device.login;
        let bob = bob.tokens.unwrap().access_token;
        let sessions = ask(&server, "GET", "/api/v1/me/sessions")
            .token(&bob)
            .get(200);
        let contact = ask(&server, "POST", "/api/v1/me/contacts").token(&bob);
        let contact = contact
            .json(&json!({ "number": "4711", "name": "Dentist" }))
            .get(201);
        let room = ask(&server, "POST", "/api/v1/rooms").token(&bob);
        let room = room.json(&json!({ "name": "Bob's own" })).get(201);
        let said = json!({ "id": "m1", "body": { "type": "text", "text": "Dear diary" } });
        let path = format!("/api/v1/rooms/{}/messages", room["id"].as_str().unwrap());
        ask(&server, "POST", &path).token(&bob).json(&said).get(201);
        Self {
            bobs_room: room["id"].as_str().unwrap().to_owned(),
            alice: log_in(&server, "alice").tokens.unwrap().access_token,
            bobs_session: sessions["items"][0]["id"].as_i64().unwrap(),
            bobs_contact: contact["id"].as_i64().unwrap(),
            bob,
            bobs_login,
            server,
        }
    }

    /// The path with Bob's things in it.
    fn bobs(&self, path: &str) -> String {
        let id = match path {
            _ if path.contains("/sessions/") => self.bobs_session.to_string(),
            _ if path.contains("/contacts/") => self.bobs_contact.to_string(),
            // Bob's account.
            _ => "2".into(),
        };
        path.replace("{id}", &id)
            .replace("{login}", &self.bobs_login)
            .replace("{number}", "1001")
            .replace("{name}", "bob")
            .replace("{range}", "1000-9999")
            .replace("{room}", &self.bobs_room)
            .replace("{account}", "2")
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Asked {
        ask(&self.server, method, &self.bobs(path))
    }

    /// Everything of Bob's that others could have changed.
    pub(crate) fn bobs_state(&self) -> Vec<Value> {
        [
            "/api/v1/me",
            "/api/v1/me/numbers",
            "/api/v1/me/devices",
            "/api/v1/me/sessions",
            "/api/v1/me/contacts",
            "/api/v1/me/presence",
            "/api/v1/rooms",
            "/api/v1/messages",
        ]
        .map(|path| {
            let mut state = ask(&self.server, "GET", path).token(&self.bob).get(200);
            if let Some(items) = state["items"].as_array_mut() {
                items
                    .iter_mut()
                    .for_each(|item| item["refreshed_at"] = Value::Null);
            }
            state
        })
        .into()
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    fn document(&self) -> Value {
        ask(&self.server, "GET", "/api/openapi.json").get(200)
    }
}

/// The operations of the document: method, path and what is said about it.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    operations
}

#[test]
fn every_route_of_the_document_is_in_the_table() {
    let scene = Scene::new();
    let described: BTreeSet<(String, String)> = operations(&scene.document())
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    let listed: BTreeSet<(String, String)> = TABLE
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    let missing: Vec<_> = described.difference(&listed).collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
    let gone: Vec<_> = listed.difference(&described).collect();
    assert!(gone.is_empty(), "in the table only: {gone:?}");
}

#[test]
fn whoever_has_no_session_is_told_so_by_every_route_that_needs_one() {
    let scene = Scene::new();
    let refresh = log_in(&scene.server, "bob").tokens.unwrap();
    let ended = log_in(&scene.server, "bob").tokens.unwrap().access_token;
    ask(&scene.server, "POST", "/api/v1/logout")
        .token(&ended)
        .get(204);
    let before = scene.bobs_state();
    for (method, path, who) in TABLE {
        if *who == Everybody {
            continue;
        }
        for token in [
            None,
            Some("garbage"),
            Some(&*refresh.refresh_token),
            Some(&*ended),
        ] {
            let mut asked = scene.ask(method, path);
            if let Some(token) = token {
                asked = asked.token(token);
            }
            let refused = asked.send();
            assert_eq!(
                refused.status, 401,
                "{method} {path} {token:?}: {refused:?}"
            );
            assert!(refused.head.contains("www-authenticate"), "{method} {path}");
        }
    }
    assert_eq!(scene.bobs_state(), before);
}

#[test]
fn what_is_somebody_elses_is_not_there() {
    let scene = Scene::new();
    let before = scene.bobs_state();
    let body = json!({ "number": "4711", "name": "Mine", "label": "x", "is_primary": true, "is_heard": true });
    for (method, path, who) in TABLE {
        if !path.starts_with("/api/v1/me/") || !path.contains('{') || *who == Everybody {
            continue;
        }
        let mut asked = scene.ask(method, path).token(&scene.alice);
        if *method != "GET" && *method != "DELETE" {
            asked = asked.json(&body);
        }
        let refused = asked.send();
        assert!(
            [403, 404].contains(&refused.status),
            "{method} {path}: {refused:?}"
        );
    }
    assert_eq!(scene.bobs_state(), before);
}

#[test]
fn guests_are_told_what_only_people_may_do() {
    let scene = Scene::new();
    let body = json!({ "device_label": "browser" });
    let guest = ask(&scene.server, "POST", "/api/v1/guests")
        .json(&body)
        .get(201);
    let token = guest["tokens"]["access_token"].as_str().unwrap();
    for (method, path, who) in TABLE {
        if matches!(who, People | Administrators) {
            let refused = scene.ask(method, path).token(token).send();
            assert_eq!(refused.status, 403, "{method} {path}: {refused:?}");
        }
    }
}

#[test]
fn the_administrators_part_is_for_administrators() {
    let scene = Scene::new();
    for (method, path, who) in TABLE {
        assert_eq!(
            path.starts_with("/api/v1/admin/"),
            *who == Administrators,
            "{method} {path}"
        );
        if *who == Administrators {
            let refused = scene.ask(method, path).token(&scene.alice).send();
            assert_eq!(refused.status, 403, "{method} {path}: {refused:?}");
        }
    }
}

/// An object that has an object in the place of each of the schema's values.
fn wrong_types(document: &Value, schema: &Value) -> Value {
    let reference = schema["$ref"].as_str().unwrap();
    let name = reference.rsplit('/').next().unwrap();
    let properties = &document["components"]["schemas"][name]["properties"];
    let names = properties.as_object().unwrap().keys();
    names
        .map(|name| (name.clone(), json!({})))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn bad_bodies_are_refused_by_every_route_that_takes_one() {
    let scene = Scene::new();
    let made = scene.server.callctl(&["accounts", "admin", "alice"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let document = scene.document();
    for (method, path, operation) in operations(&document) {
        let content = &operation["requestBody"]["content"];
        let Some(content) = content.get("application/json") else {
            continue;
        };
        let wrong_types = wrong_types(&document, &content["schema"]);
        let asked = || scene.ask(&method, &path).token(&scene.alice);
        let what = format!("{method} {path}");
        // Whom the route is not for hears that first.
        let is_refused = |status: u16, expected: u16| status == expected || status == 403;
        let none = asked().send();
        assert!(
            is_refused(none.status, 415),
            "{what} without a body: {none:?}"
        );
        let text = asked().header("Content-Type", "text/plain").send();
        assert!(is_refused(text.status, 415), "{what} as text: {text:?}");
        for body in [json!([]), json!(7), json!("x"), wrong_types] {
            let wrong = asked().json(&body).send();
            assert!(
                is_refused(wrong.status, 400),
                "{what} with {body}: {wrong:?}"
            );
        }
        let long = json!({ "name": "x".repeat(3_000_000) });
        let long = asked().json(&long).send();
        // The connection may break before everything is sent.
        assert!(
            [0, 403, 413].contains(&long.status),
            "{what} with three megabytes: {}",
            long.status
        );
        let key = asked()
            .json(&json!({}))
            .header("Idempotency-Key", "x")
            .send();
        assert_eq!(key.status, 400, "{what} with a short key: {key:?}");
    }
}

#[test]
fn a_key_that_was_used_for_something_else_is_refused_by_every_route_that_changes_something() {
    let scene = Scene::new();
    let key = "used-for-something-else";
    let first = json!({ "number": "4712", "name": "First" });
    let first = scene
        .ask("POST", "/api/v1/me/contacts")
        .token(&scene.alice)
        .json(&first);
    first.header("Idempotency-Key", key).get(201);
    for (method, path, operation) in operations(&scene.document()) {
        if ["GET", "HEAD", "OPTIONS"].contains(&&*method) {
            continue;
        }
        let asked = scene
            .ask(&method, &path)
            .token(&scene.alice)
            .json(&json!({}));
        let refused = asked.header("Idempotency-Key", key).send();
        assert_eq!(refused.status, 422, "{method} {path}: {refused:?}");
        assert!(
            operation["responses"].get("422").is_some(),
            "{method} {path}"
        );
    }
}
