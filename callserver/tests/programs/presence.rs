//! Presence over HTTP, in `callctl`, and between the two and phones.

use serde_json::{Value, json};

use crate::client::{Asked, ask, newcomer};
use crate::events::Stream;
use crate::phone::Phone;
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

    /// The state of the first contact, and what stands beside it.
    fn sees(&self) -> (Value, Value) {
        let page = self.ask("GET", "/api/v1/presence").get(200);
        let first = &page["items"][0];
        (first["state"].clone(), first["note"].clone())
    }

    fn tells(&self, what: &Value) {
        self.ask("PUT", "/api/v1/me/presence").json(what).get(200);
    }
}

/// The next presence of this account.
fn next(stream: &mut Stream, account: i64) -> Value {
    loop {
        let event = stream.next().expect("an event");
        if event["event"] == "presence" && event["account"] == account {
            return event;
        }
    }
}

#[test]
fn people_see_who_is_there_as_far_as_they_may() {
    let server = Server::start();
    let (alice, bob) = (Person::new(&server, "alice"), Person::new(&server, "bob"));
    let contact = json!({ "number": "1001" });
    alice
        .ask("POST", "/api/v1/me/contacts")
        .json(&contact)
        .get(201);
    assert_eq!(alice.sees(), (json!("offline"), json!("")));
    let mut stream = Stream::open(&server, &alice.token);
    let mut phone = Phone::new(&server, "bob");
    assert!(phone.register());
    assert_eq!(next(&mut stream, 2)["state"], "online");
    assert_eq!(alice.sees().0, "online");

    bob.tells(&json!({ "state": "away", "note": "lunch" }));
    let away = next(&mut stream, 2);
    assert_eq!(
        (&away["state"], &away["note"]),
        (&json!("away"), &json!("lunch"))
    );
    assert!(away["since"].as_str().is_some_and(|at| at.ends_with('Z')));
    assert_eq!(alice.sees(), (json!("away"), json!("lunch")));
    let list = server.callctl_json(&["presence", "list", "--online"]);
    assert_eq!(
        (
            &list[0]["name"],
            &list[0]["state"],
            list.as_array().unwrap().len()
        ),
        (&json!("bob"), &json!("away"), 1)
    );
    let shown = server.callctl_json(&["accounts", "show", "bob"]);
    assert_eq!(shown["presence"]["note"], "lunch");
    let shown = server.callctl(&["accounts", "show", "bob"]);
    assert!(shown.stdout.contains("away (lunch)"), "{shown:?}");

    // Whom Bob does not know does not see him, and whom he has blocked never does.
    bob.tells(&json!({ "visibility": "contacts" }));
    assert_eq!(next(&mut stream, 2)["state"], "offline");
    assert_eq!(alice.sees(), (json!("offline"), json!("")));
    let known = json!({ "number": "1000" });
    let known = bob.ask("POST", "/api/v1/me/contacts").json(&known).get(201);
    assert_eq!(next(&mut stream, 2)["state"], "away");
    let blocked = json!({ "number": "1000", "name": "Alice", "is_blocked": true });
    let path = format!("/api/v1/me/contacts/{}", known["id"]);
    bob.ask("PUT", &path).json(&blocked).get(200);
    assert_eq!(next(&mut stream, 2)["state"], "offline");
    let directory = alice.ask("GET", "/api/v1/presence?of=directory").get(200);
    let states = directory["items"].as_array().unwrap().iter();
    let states: Vec<_> = states.map(|one| (&one["account"], &one["state"])).collect();
    assert_eq!(
        states,
        [
            (&json!(1), &json!("offline")),
            (&json!(2), &json!("offline"))
        ]
    );
    for wrong in ["?of=everybody", "?limit=0", "?of=contacts&after=x"] {
        alice
            .ask("GET", &format!("/api/v1/presence{wrong}"))
            .get(400);
    }
}

#[test]
fn contacts_are_in_sync_on_all_devices() {
    let server = Server::start();
    let (alice, _bob) = (Person::new(&server, "alice"), Person::new(&server, "bob"));
    let mut other = Stream::open(&server, &alice.token);
    let contact = json!({ "number": "1001", "groups": ["Work"] });
    alice
        .ask("POST", "/api/v1/me/contacts")
        .json(&contact)
        .get(201);
    assert_eq!(other.next().unwrap()["event"], "contacts_changed");
}
