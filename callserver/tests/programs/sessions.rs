//! Sessions over HTTP: tokens, their end, and requests that are sent twice.

use serde_json::{Value, json};

use crate::client::{Answered, PASSWORD, add, ask, log_in, newcomer};
use crate::process::Server;

fn refresh(server: &Server, token: &str) -> Answered {
    let body = json!({ "refresh_token": token });
    ask(server, "POST", "/api/v1/tokens/refresh")
        .json(&body)
        .send()
}

fn devices(server: &Server, name: &str) -> usize {
    let devices = server.callctl_json(&["devices", "list", name]);
    devices.as_array().unwrap().len()
}

#[test]
fn an_access_token_proves_who_asks_until_the_session_is_ended() {
    let server = Server::start();
    add(&server, "alice");
    let (laptop, desk) = (log_in(&server, "alice"), log_in(&server, "alice"));
    let (one, two) = (laptop.tokens.unwrap(), desk.tokens.unwrap());
    let list = ask(&server, "GET", "/api/v1/me/sessions");
    let list = list.token(&one.access_token).get(200);
    let sessions: api::Paged<api::SessionView> = serde_json::from_value(list).unwrap();
    let [first, second] = &sessions.items[..] else {
        panic!("{sessions:?}");
    };
    assert!(first.is_this && !second.is_this);
    assert_eq!(first.device, Some(laptop.device.login));
    assert_eq!(first.label, "laptop");
    assert_eq!(devices(&server, "alice"), 2);
    let path = format!("/api/v1/me/sessions/{}", second.id);
    ask(&server, "DELETE", &path)
        .token(&one.access_token)
        .get(204);
    ask(&server, "DELETE", &path)
        .token(&one.access_token)
        .get(404);
    // Its device went with it.
    assert_eq!(devices(&server, "alice"), 1);
    ask(&server, "GET", "/api/v1/me/sessions")
        .token(&two.access_token)
        .get(401);
    ask(&server, "POST", "/api/v1/logout")
        .token(&one.access_token)
        .get(204);
    ask(&server, "POST", "/api/v1/logout")
        .token(&one.access_token)
        .get(401);
    assert_eq!(refresh(&server, &one.refresh_token).status, 401);
    assert_eq!(devices(&server, "alice"), 0);
}

#[test]
fn whoever_shows_no_good_token_is_told_how_to_prove_who_they_are() {
    let server = Server::start();
    let tokens = newcomer(&server, "alice");
    let long = "x".repeat(5000);
    for token in [
        None,
        Some("x"),
        Some(&*long),
        Some(&tokens.refresh_token),
        Some(""),
    ] {
        let mut asked = ask(&server, "GET", "/api/v1/me/sessions");
        if let Some(token) = token {
            asked = asked.token(token);
        }
        let refused = asked.send();
        assert_eq!(refused.status, 401, "{refused:?}");
        assert!(
            refused.head.contains("www-authenticate: bearer"),
            "{refused:?}"
        );
        assert_eq!(refused.json["type"], "urn:carillon:problem:no-session");
    }
    let basic = ask(&server, "GET", "/api/v1/me/sessions").header("Authorization", "Basic eDp5");
    basic.get(401);
    let small = ask(&server, "GET", "/api/v1/me/sessions");
    let small = small.header("Authorization", &format!("bearer {}", tokens.access_token));
    small.get(200);
}

#[test]
fn a_revoked_device_ends_its_session_and_a_disabled_account_all_of_them() {
    let server = Server::start();
    add(&server, "alice");
    let (laptop, desk) = (log_in(&server, "alice"), log_in(&server, "alice"));
    let (laptop_tokens, desk_tokens) = (laptop.tokens.unwrap(), desk.tokens.unwrap());
    let sessions = |token: &str| {
        ask(&server, "GET", "/api/v1/me/sessions")
            .token(token)
            .send()
            .status
    };
    let removed = server.callctl(&["devices", "remove", "alice", &laptop.device.login]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    assert_eq!(sessions(&laptop_tokens.access_token), 401);
    assert_eq!(sessions(&desk_tokens.access_token), 200);
    assert_eq!(
        server.callctl(&["accounts", "disable", "alice"]).code,
        Some(0)
    );
    assert_eq!(sessions(&desk_tokens.access_token), 401);
    assert_eq!(refresh(&server, &desk_tokens.refresh_token).status, 401);
}

#[test]
fn a_refresh_token_is_good_once_and_its_thief_gains_nothing() {
    let server = Server::start();
    let first = newcomer(&server, "alice");
    let answered = refresh(&server, &first.refresh_token);
    assert_eq!(answered.status, 200, "{answered:?}");
    let second: api::Tokens = serde_json::from_value(answered.json).unwrap();
    assert_ne!(first.access_token, second.access_token);
    let sessions = |token: &str| {
        ask(&server, "GET", "/api/v1/me/sessions")
            .token(token)
            .send()
            .status
    };
    assert_eq!(
        (
            sessions(&first.access_token),
            sessions(&second.access_token)
        ),
        (401, 200)
    );
    // Somebody else has kept the first one.
    assert_eq!(refresh(&server, &first.refresh_token).status, 401);
    assert_eq!(sessions(&second.access_token), 401);
    assert_eq!(refresh(&server, &second.refresh_token).status, 401);
    assert_eq!(devices(&server, "alice"), 0);
}

#[test]
fn a_request_with_a_key_is_done_once_and_answered_as_often_as_it_is_sent() {
    let server = Server::start();
    add(&server, "alice");
    add(&server, "bob");
    let login = |name: &str, label: &str, key: &str| {
        let body = json!({ "name": name, "password": PASSWORD, "device_label": label });
        let asked = ask(&server, "POST", "/api/v1/login").json(&body);
        asked.header("Idempotency-Key", key).send()
    };
    let key = "9b2d3c1a-7f6e-4b5d";
    let first = login("alice", "laptop", key);
    let again = login("alice", "laptop", key);
    assert_eq!((first.status, again.status), (200, 200), "{again:?}");
    assert_eq!(first.json, again.json);
    assert!(
        again.head.contains("idempotency-replayed: true"),
        "{again:?}"
    );
    assert!(
        again.head.contains("content-type: application/json"),
        "{again:?}"
    );
    assert_eq!(devices(&server, "alice"), 1);
    // What was refused for good stays refused, in the same words.
    let refused = login("alice", " ", "another-key-of-16");
    assert_eq!(refused.status, 400);
    assert_eq!(login("alice", " ", "another-key-of-16").json, refused.json);
    let other = login("bob", "laptop", key);
    assert_eq!(other.status, 422, "{other:?}");
    assert_eq!(
        other.json["type"],
        "urn:carillon:problem:idempotency-mismatch"
    );
    for key in ["short", "", "with-a-ü-inside-of-it"] {
        assert_eq!(login("alice", "laptop", key).status, 400, "{key}");
    }
    // The database knows neither the key nor the secrets.
    let secret = first.json["device"]["secret"].as_str().unwrap();
    for file in std::fs::read_dir(server.data()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() && path.metadata().unwrap().len() > 0 {
            let content = std::fs::read(&path).unwrap();
            for hidden in [
                secret,
                key,
                first.json["tokens"]["access_token"].as_str().unwrap(),
            ] {
                let is_there = content
                    .windows(hidden.len())
                    .any(|part| part == hidden.as_bytes());
                assert!(!is_there, "{}", path.display());
            }
        }
    }
}

#[test]
fn a_lost_answer_to_a_refresh_can_be_had_again() {
    let server = Server::start();
    let tokens = newcomer(&server, "alice");
    let send = || {
        let body = json!({ "refresh_token": tokens.refresh_token });
        let asked = ask(&server, "POST", "/api/v1/tokens/refresh").json(&body);
        asked
            .header("Idempotency-Key", "the-answer-got-lost")
            .get(200)
    };
    let (lost, had): (Value, Value) = (send(), send());
    assert_eq!(lost, had);
    let token = had["access_token"].as_str().unwrap();
    ask(&server, "GET", "/api/v1/me/sessions")
        .token(token)
        .get(200);
}

#[test]
fn every_answer_says_that_it_is_nothing_but_what_it_says() {
    let server = Server::start();
    for (path, status) in [
        ("/api/v1/server", 200),
        ("/api/v1/me/sessions", 401),
        ("/x", 404),
    ] {
        let answered = ask(&server, "GET", path).send();
        assert_eq!(answered.status, status);
        for header in [
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'none'",
        ] {
            assert!(answered.head.contains(header), "{answered:?}");
        }
        assert!(
            !answered.head.contains("access-control-allow"),
            "{answered:?}"
        );
    }
    let facts = ask(&server, "GET", "/api/v1/server").get(200);
    let facts: api::ServerFacts = serde_json::from_value(facts).unwrap();
    assert_eq!(facts.domain, "phones.example");
}

#[test]
fn a_session_that_asks_without_end_has_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    std::fs::write(
        &config,
        "[http_limits]\nrequests_per_session_per_minute = 5\n",
    )
    .unwrap();
    let config = crate::process::path_text(&config).to_owned();
    let server = Server::start_with(
        folder,
        &["--config", &config, "--sips", "off", "--https", "off"],
    );
    let tokens = newcomer(&server, "alice");
    let ask = || {
        ask(&server, "GET", "/api/v1/me/sessions")
            .token(&tokens.access_token)
            .send()
    };
    let answers: Vec<Answered> = (0..8).map(|_| ask()).collect();
    assert_eq!(answers[0].status, 200);
    let refused = answers.last().unwrap();
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.head.contains("retry-after: "), "{refused:?}");
}

#[test]
fn what_a_path_does_not_take_is_refused_as_such_whatever_key_it_comes_with() {
    let server = Server::start();
    let key = |method: &str, path: &str| {
        ask(&server, method, path).header("Idempotency-Key", "one-key-for-everything")
    };
    let body = json!({ "refresh_token": "x" });
    key("POST", "/api/v1/tokens/refresh").json(&body).get(401);
    let refused = key("PUT", "/api/v1/tokens/refresh").json(&body).send();
    assert_eq!(refused.status, 405, "{refused:?}");
    assert!(refused.head.contains("allow: post"), "{refused:?}");
    key("POST", "/api/v1/nothing").json(&body).get(404);
}
