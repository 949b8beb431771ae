//! Guests over HTTP: a number without an account, and how a guest becomes a person.

use serde_json::{Value, json};

use crate::client::{add, ask, log_in, newcomer};
use crate::process::{Server, path_text};

const GUESTS: &str = "/api/v1/guests";

fn server(settings: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    std::fs::write(&config, settings).unwrap();
    let config = path_text(&config).to_owned();
    Server::start_with(
        folder,
        &["--config", &config, "--sips", "off", "--https", "off"],
    )
}

fn come(server: &Server) -> api::LoginAnswer {
    let body = json!({ "device_label": "browser" });
    let answer = ask(server, "POST", GUESTS).json(&body).get(201);
    serde_json::from_value(answer).unwrap()
}

#[test]
fn a_server_has_no_guests_unless_its_operator_says_so() {
    let server = Server::start();
    let body = json!({ "device_label": "browser" });
    ask(&server, "POST", GUESTS).json(&body).get(403);
    assert_eq!(
        ask(&server, "GET", "/api/v1/server").get(200)["guests"],
        false
    );
}

#[test]
fn a_guest_gets_a_number_of_the_guests_pool_a_device_and_a_session() {
    let server = server("[guests]\nenabled = true\n");
    assert_eq!(
        ask(&server, "GET", "/api/v1/server").get(200)["guests"],
        true
    );
    let (one, two) = (come(&server), come(&server));
    let number = one.account.number.unwrap();
    assert_ne!(Some(&number), two.account.number.as_ref());
    assert!(("90000".."98999").contains(&number.as_str()), "{number}");
    assert_eq!(one.account.display_name, format!("Guest {number}"));
    assert!(
        one.account.name.starts_with("guest-"),
        "{}",
        one.account.name
    );
    let token = one.tokens.unwrap().access_token;
    let me = ask(&server, "GET", "/api/v1/me").token(&token).get(200);
    assert_eq!(
        (&me["kind"], &me["number"]),
        (&json!("guest"), &json!(number))
    );
    // Nobody logs in as a guest, and guests do not see who is here.
    let body = json!({ "name": one.account.name, "password": "", "device_label": "x" });
    ask(&server, "POST", "/api/v1/login").json(&body).get(401);
    ask(&server, "GET", "/api/v1/directory")
        .token(&token)
        .get(403);
    add(&server, "alice");
    let found = |token: &str| {
        ask(&server, "GET", "/api/v1/directory")
            .token(token)
            .get(200)
    };
    let alice = log_in(&server, "alice").tokens.unwrap().access_token;
    assert_eq!(found(&alice)["items"].as_array().unwrap().len(), 1);
}

#[test]
fn a_guest_notes_numbers_but_learns_nobodys_name_by_it() {
    let server = server("[guests]\nenabled = true\n");
    add(&server, "alice");
    let token = come(&server).tokens.unwrap().access_token;
    let contact = |body: &Value| {
        ask(&server, "POST", "/api/v1/me/contacts")
            .token(&token)
            .json(body)
    };
    contact(&json!({ "number": "1000" })).get(400);
    contact(&json!({ "account": 1 })).get(403);
    let noted = contact(&json!({ "number": "1000", "name": "Reception" })).get(201);
    assert_eq!(
        (&noted["display_name"], &noted["number"]),
        (&Value::Null, &json!("1000"))
    );
}

#[test]
fn a_guest_becomes_a_person_and_keeps_everything() {
    let server = server("[guests]\nenabled = true\n");
    let guest = come(&server);
    let token = guest.tokens.unwrap().access_token;
    let ask_me = |method: &str, path: &str| ask(&server, method, path).token(&token);
    let contact = json!({ "number": "4711", "name": "Dentist" });
    ask_me("POST", "/api/v1/me/contacts")
        .json(&contact)
        .get(201);
    add(&server, "alice");
    let upgrade = |name: &str, password: &str| {
        let body = json!({ "username": name, "password": password });
        ask_me("POST", "/api/v1/me/upgrade").json(&body).send()
    };
    assert_eq!(upgrade("alice", "seven green bottles 7").status, 409);
    assert_eq!(upgrade("1x", "seven green bottles 7").status, 400);
    assert_eq!(upgrade("nina", "short").status, 400);
    let person = upgrade("nina", "seven green bottles 7");
    assert_eq!(person.status, 200, "{person:?}");
    assert_eq!(person.json["id"], guest.account.id.0);
    assert_eq!(person.json["number"], json!(guest.account.number));
    assert_eq!(upgrade("nina2", "seven green bottles 7").status, 409);
    // The same session, the same contacts, the same device, and now a password.
    let contacts = ask_me("GET", "/api/v1/me/contacts").get(200);
    assert_eq!(contacts["items"][0]["name"], "Dentist");
    let again = log_in(&server, "nina");
    assert_eq!(again.account.id, guest.account.id);
    let number = guest.account.number.unwrap();
    let row = server.callctl_json(&["numbers", "list", "--state", "assigned"]);
    let row = row
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["number"] == json!(number));
    assert_eq!(row.unwrap()["account"], "nina");
    let devices = server.callctl_json(&["devices", "list", "nina"]);
    assert!(
        devices
            .as_array()
            .unwrap()
            .iter()
            .any(|device| device["login"] == guest.device.login)
    );
    ask_me("GET", "/api/v1/directory").get(200);
}

#[test]
fn guests_from_one_address_come_one_after_the_other() {
    let server = server("[guests]\nenabled = true\nper_address_per_hour = 2\n");
    come(&server);
    come(&server);
    let body = json!({ "device_label": "browser" });
    let refused = ask(&server, "POST", GUESTS).json(&body).send();
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.head.contains("retry-after: "), "{refused:?}");
}

#[test]
fn a_full_pool_and_bad_input_are_refused_in_a_sentence() {
    let server =
        server("[guests]\nenabled = true\nper_address_per_hour = 100\nmay_upgrade = false\n");
    for body in [
        json!({}),
        json!({ "device_label": "" }),
        json!({ "device_label": 7 }),
        json!({ "device_label": "x", "display_name": "x".repeat(65) }),
        json!({ "device_label": "x", "display_name": "a\0b" }),
    ] {
        ask(&server, "POST", GUESTS).json(&body).get(400);
    }
    let alice = newcomer(&server, "alice").access_token;
    let made = server.callctl(&["accounts", "admin", "alice"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let pools = |method: &str, path: &str| {
        ask(&server, method, &format!("/api/v1/admin/pools{path}")).token(&alice)
    };
    pools("DELETE", "/90000-98999").get(204);
    let small = json!({ "range": "97000-97001", "purpose": "guests" });
    pools("POST", "").json(&small).get(201);
    let guest = come(&server);
    come(&server);
    let body = json!({ "device_label": "browser" });
    let refused = ask(&server, "POST", GUESTS).json(&body).get(409);
    assert!(
        refused["detail"].as_str().unwrap().ends_with('.'),
        "{refused}"
    );
    let token = guest.tokens.unwrap().access_token;
    let upgrade = json!({ "username": "nina", "password": "seven green bottles 7" });
    ask(&server, "POST", "/api/v1/me/upgrade")
        .token(&token)
        .json(&upgrade)
        .get(403);
}
