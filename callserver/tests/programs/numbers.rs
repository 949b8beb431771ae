//! Numbers over HTTP: looking, taking, changing, giving up, taking back; and what is refused.

use serde_json::json;

use crate::client::{Asked, ask, newcomer};
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

#[test]
fn a_number_is_looked_up_changed_and_taken_back() {
    let server = Server::start();
    let (alice, bob) = (Person::new(&server, "alice"), Person::new(&server, "bob"));
    let near = alice.ask("GET", "/api/v1/numbers?near=1000").get(200);
    assert_eq!(near["items"][0], "1002");
    let fitting = alice
        .ask("GET", "/api/v1/numbers?pattern=%3F%3F42")
        .get(200);
    assert_eq!(fitting["items"][0], "1042");
    let around = alice.ask("GET", "/api/v1/numbers").get(200);
    assert_eq!(around["items"].as_array().map(Vec::len), Some(10));
    let offer = alice.ask("GET", "/api/v1/numbers/1001").get(200);
    assert_eq!(offer["is_free"], false);
    assert_eq!(offer["alternatives"], json!(["1002", "1003", "1004"]));

    let change = |to: &str| json!({ "number": to, "on_call": "moved" });
    let taken = alice
        .ask("PUT", "/api/v1/me/number")
        .json(&change("1001"))
        .get(409);
    assert_eq!(taken["alternatives"], json!(["1002", "1003", "1004"]));
    let sentence = taken["detail"].as_str().unwrap_or_default();
    assert!(
        !sentence.contains("bob"),
        "who holds it is not for everybody: {sentence}"
    );
    let changed = alice
        .ask("PUT", "/api/v1/me/number")
        .json(&change("1042"))
        .get(200);
    assert_eq!(changed["number"]["number"], "1042");
    assert_eq!(changed["number"]["is_primary"], true);
    assert_eq!(changed["old"]["state"], "quarantined");
    assert_eq!(changed["old"]["on_call"], "moved");

    let old = "/api/v1/me/numbers/1000";
    let gone = alice
        .ask("PATCH", old)
        .json(&json!({ "on_call": "gone" }))
        .get(200);
    assert_eq!(gone["on_call"], "gone");
    for (method, path) in [("PATCH", old), ("PATCH", "/api/v1/me/numbers/1042")] {
        bob.ask(method, path)
            .json(&json!({ "is_primary": true }))
            .get(404);
    }
    bob.ask("DELETE", "/api/v1/me/numbers/1042").get(404);
    bob.ask("POST", "/api/v1/me/numbers/1000/take-back")
        .get(404);
    bob.ask("PUT", "/api/v1/me/number")
        .json(&change("1000"))
        .get(409);
    let back = alice
        .ask("POST", "/api/v1/me/numbers/1000/take-back")
        .get(200);
    assert_eq!(back["state"], "assigned");
    alice
        .ask("PATCH", old)
        .json(&json!({ "is_primary": true }))
        .get(200);
    let given_up = alice
        .ask("DELETE", "/api/v1/me/numbers/1042?on_call=gone")
        .get(200);
    assert_eq!(given_up["state"], "quarantined");
    let last = alice.ask("DELETE", old).get(409);
    assert!(
        last["detail"]
            .as_str()
            .unwrap_or_default()
            .contains("only number")
    );

    let more = alice
        .ask("POST", "/api/v1/me/numbers")
        .json(&json!({ "wish": "20xx" }))
        .get(201);
    assert_eq!(more["number"], "2000");
    assert_eq!(more["is_primary"], false);
    let own = alice.ask("GET", "/api/v1/me/numbers").get(200);
    let own: Vec<_> = own["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| &row["number"])
        .collect();
    assert_eq!(own, ["1000", "1042", "2000"]);
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let server = Server::start();
    let alice = Person::new(&server, "alice");
    for path in [
        "/api/v1/numbers?near=alice",
        "/api/v1/numbers?pattern=*",
        "/api/v1/numbers?near=1000&pattern=1xxx",
        "/api/v1/numbers/7",
        "/api/v1/numbers/12345678901234567890",
    ] {
        alice.ask("GET", path).get(400);
    }
    for body in [
        json!({}),
        json!({ "number": 1004 }),
        json!({ "number": "" }),
        json!({ "number": "1004", "on_call": "ring" }),
    ] {
        alice.ask("PUT", "/api/v1/me/number").json(&body).get(400);
    }
    let itself = json!({ "number": "1004", "forward_to": "1000" });
    alice.ask("PUT", "/api/v1/me/number").json(&itself).get(400);
    let nobodys = json!({ "number": "1004", "forward_to": "5000" });
    alice
        .ask("PUT", "/api/v1/me/number")
        .json(&nobodys)
        .get(404);
    let not_ours = json!({ "number": "1004", "from": "5000" });
    alice
        .ask("PUT", "/api/v1/me/number")
        .json(&not_ours)
        .get(404);
    for patch in [
        json!({}),
        json!({ "is_primary": false }),
        json!({ "is_primary": true, "on_call": "gone" }),
    ] {
        alice
            .ask("PATCH", "/api/v1/me/numbers/1000")
            .json(&patch)
            .get(400);
    }
    for wish in ["", "1", "highest", "12*4"] {
        alice
            .ask("POST", "/api/v1/me/numbers")
            .json(&json!({ "wish": wish }))
            .get(400);
    }
    for outside in ["77", "90001", "+4930123"] {
        let refused = alice
            .ask("POST", "/api/v1/me/numbers")
            .json(&json!({ "wish": outside }))
            .get(409);
        assert_eq!(
            refused["alternatives"],
            json!(["1001", "1002", "1003"]),
            "{outside}"
        );
    }
    for (method, path) in [
        ("GET", "/api/v1/numbers"),
        ("GET", "/api/v1/numbers/1000"),
        ("GET", "/api/v1/me/numbers"),
        ("POST", "/api/v1/me/numbers"),
        ("PUT", "/api/v1/me/number"),
        ("PATCH", "/api/v1/me/numbers/1000"),
        ("DELETE", "/api/v1/me/numbers/1000"),
        ("POST", "/api/v1/me/numbers/1000/take-back"),
    ] {
        ask(&server, method, path).get(401);
    }
}
