//! Contacts, the directory and the call history over HTTP.

use serde_json::{Value, json};

use crate::client::{Asked, add, ask, newcomer};
use crate::process::Server;

struct Person<'a> {
    server: &'a Server,
    token: String,
}

impl<'a> Person<'a> {
    fn new(server: &'a Server, name: &str) -> Self {
        let token = newcomer(server, name).access_token;
        Self { server, token }
    }

    fn ask(&self, method: &str, path: &str) -> Asked {
        ask(self.server, method, path).token(&self.token)
    }
}

const CONTACTS: &str = "/api/v1/me/contacts";

#[test]
fn a_contact_that_is_an_account_follows_it_to_its_next_number() {
    let server = Server::start();
    let (alice, _bob) = (Person::new(&server, "alice"), Person::new(&server, "bob"));
    let bob = json!({ "number": "1001", "note": "lives next door", "is_favourite": true });
    let added = alice.ask("POST", CONTACTS).json(&bob).get(201);
    assert_eq!(
        (&added["name"], &added["number"]),
        (&json!("bob"), &json!("1001"))
    );
    assert_eq!(added["account"], 2);
    alice.ask("POST", CONTACTS).json(&bob).get(409);
    alice
        .ask("POST", CONTACTS)
        .json(&json!({ "account": 2 }))
        .get(409);
    let pizza = json!({ "number": "+49 30 123456", "name": "Pizza" });
    let pizza = alice.ask("POST", CONTACTS).json(&pizza).get(201);
    assert_eq!(pizza["number"], "+4930123456");
    assert_eq!(
        server.callctl(&["numbers", "release", "1001"]).code,
        Some(0)
    );
    assert_eq!(
        server.callctl(&["numbers", "assign", "1777", "bob"]).code,
        Some(0)
    );
    let list = alice.ask("GET", CONTACTS).get(200);
    assert_eq!(list["items"][0]["number"], "1777");
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert_eq!(list.get("next"), None);
    let path = format!("{CONTACTS}/{}", pizza["id"]);
    let to_bob = json!({ "number": "1777", "name": "Pizza" });
    alice.ask("PUT", &path).json(&to_bob).get(409);
    let renamed = json!({ "number": "+4930123456", "name": "Pasta" });
    let renamed = alice.ask("PUT", &path).json(&renamed).get(200);
    assert_eq!(renamed["name"], "Pasta");
    assert_eq!(alice.ask("GET", &path).get(200), renamed);
    alice.ask("DELETE", &path).get(204);
    alice.ask("DELETE", &path).get(404);
}

#[test]
fn nobody_sees_or_changes_the_contacts_of_others() {
    let server = Server::start();
    let (alice, bob) = (Person::new(&server, "alice"), Person::new(&server, "bob"));
    let entry = json!({ "number": "4711", "name": "Dr Kölnisch" });
    let added = alice.ask("POST", CONTACTS).json(&entry).get(201);
    let path = format!("{CONTACTS}/{}", added["id"]);
    assert_eq!(bob.ask("GET", CONTACTS).get(200)["items"], json!([]));
    bob.ask("GET", &path).get(404);
    bob.ask("PUT", &path).json(&entry).get(404);
    bob.ask("DELETE", &path).get(404);
    assert_eq!(alice.ask("GET", &path).get(200), added);
}

#[test]
fn what_is_no_contact_is_refused_in_a_sentence() {
    let server = Server::start();
    let alice = Person::new(&server, "alice");
    for (entry, status) in [
        (json!({}), 400),
        (json!({ "name": "nobody" }), 400),
        (json!({ "number": "1", "name": "short" }), 400),
        (json!({ "number": "12a4", "name": "x" }), 400),
        (json!({ "number": "4711" }), 400),
        (json!({ "number": "4711", "name": "" }), 400),
        (json!({ "number": "4711", "name": "x".repeat(65) }), 400),
        (
            json!({ "number": "4711", "name": "x", "note": "n".repeat(501) }),
            400,
        ),
        (
            json!({ "number": "4711", "name": "x", "note": "a\0b" }),
            400,
        ),
        (json!({ "number": "4711", "name": "x", "account": 1 }), 400),
        (json!({ "number": 4711, "name": "x" }), 400),
        (json!({ "account": "alice" }), 400),
        (json!({ "account": 99 }), 404),
        (json!([]), 400),
        (Value::Null, 400),
    ] {
        let refused = alice.ask("POST", CONTACTS).json(&entry).send();
        assert_eq!(refused.status, status, "{entry}: {refused:?}");
        assert!(
            refused.json["detail"].as_str().unwrap().ends_with('.'),
            "{refused:?}"
        );
    }
    for (query, status) in [
        ("?limit=0", 400),
        ("?limit=201", 400),
        ("?limit=x", 400),
        ("?limit=-1", 400),
        ("?after=x", 400),
        ("?after=%00", 400),
        ("?after=99999999999999999999", 400),
        ("/x", 400),
        ("/99999999999999999999", 400),
        ("/99", 404),
        ("?limit=200&after=7", 200),
    ] {
        alice.ask("GET", &format!("{CONTACTS}{query}")).get(status);
    }
}

#[test]
fn lists_are_read_page_by_page() {
    let server = Server::start();
    let alice = Person::new(&server, "alice");
    for number in 2000..2005 {
        let entry = json!({ "number": number.to_string(), "name": format!("n{number}") });
        alice.ask("POST", CONTACTS).json(&entry).get(201);
    }
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let page = alice
            .ask("GET", &format!("{CONTACTS}?limit=2{after}"))
            .get(200);
        let items = page["items"].as_array().unwrap();
        names.extend(
            items
                .iter()
                .map(|item| item["number"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page.get("next") else { break };
        after = format!("&after={}", next.as_str().unwrap());
    }
    assert_eq!(names, ["2000", "2001", "2002", "2003", "2004"]);
}

#[test]
fn people_are_found_by_name_and_number_and_what_they_search_for_is_no_pattern() {
    let server = Server::start();
    let alice = Person::new(&server, "alice");
    for name in ["bob", "bert_2", "zoe"] {
        add(&server, name);
    }
    assert_eq!(
        server.callctl(&["accounts", "disable", "zoe"]).code,
        Some(0)
    );
    let found = |query: &str| -> Vec<String> {
        let page = alice
            .ask("GET", &format!("/api/v1/directory?query={query}"))
            .get(200);
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(found(""), ["alice", "bert_2", "bob"]);
    assert_eq!(found("B"), ["bert_2", "bob"]);
    assert_eq!(found("1001"), ["bob"]);
    assert_eq!(found("%25"), [""; 0]);
    assert_eq!(found("_"), ["bert_2"]);
    assert_eq!(found("zoe"), [""; 0]);
    assert_eq!(found("%27%20OR%201=1%20--"), [""; 0]);
    let page = alice
        .ask("GET", "/api/v1/directory?limit=1&after=alice")
        .get(200);
    assert_eq!(
        (&page["items"][0]["name"], &page["next"]),
        (&json!("bert_2"), &json!("bert_2"))
    );
    alice
        .ask(
            "GET",
            &format!("/api/v1/directory?query={}", "x".repeat(65)),
        )
        .get(400);
}

#[test]
fn somebody_who_has_not_called_has_no_calls() {
    let server = Server::start();
    let alice = Person::new(&server, "alice");
    assert_eq!(
        alice.ask("GET", "/api/v1/me/calls").get(200),
        json!({ "items": [] })
    );
}

#[test]
fn contacts_have_groups_and_can_be_blocked_and_people_tell_what_they_are() {
    let server = Server::start();
    let (alice, _bob) = (Person::new(&server, "alice"), Person::new(&server, "bob"));
    let entry = json!({ "number": "1001", "groups": ["Work"], "is_blocked": true });
    let added = alice.ask("POST", CONTACTS).json(&entry).get(201);
    assert_eq!(
        (&added["groups"], &added["is_blocked"]),
        (&json!(["Work"]), &json!(true))
    );
    let path = format!("{CONTACTS}/{}", added["id"]);
    let older = json!({ "number": "1001", "name": "Bob" });
    let kept = alice.ask("PUT", &path).json(&older).get(200);
    assert_eq!(kept["is_blocked"], true);
    let wrong = json!({ "number": "1001", "groups": ["x".repeat(65)] });
    alice.ask("PUT", &path).json(&wrong).get(400);

    let presence = "/api/v1/me/presence";
    let fresh = alice.ask("GET", presence).get(200);
    assert_eq!(
        fresh,
        json!({ "state": "available", "note": "", "visibility": "everyone", "since": null })
    );
    let told = json!({ "state": "do_not_disturb", "note": "in a lecture" });
    let told = alice.ask("PUT", presence).json(&told).get(200);
    assert_eq!(told["state"], "do_not_disturb");
    let hidden = json!({ "visibility": "contacts" });
    let hidden = alice.ask("PUT", presence).json(&hidden).get(200);
    assert_eq!(
        (&hidden["note"], &hidden["visibility"]),
        (&json!("in a lecture"), &json!("contacts"))
    );
    for wrong in [
        json!({ "state": "online" }),
        json!({ "visibility": "friends" }),
        json!({ "note": "n".repeat(141) }),
    ] {
        alice.ask("PUT", presence).json(&wrong).get(400);
    }
}
