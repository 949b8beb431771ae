//! The administrators' part over HTTP.

use serde_json::{Value, json};

use crate::client::{Asked, PASSWORD, add, ask, log_in};
use crate::process::Server;

struct Admin {
    server: Server,
    token: String,
}

impl Admin {
    fn new() -> Self {
        let server = Server::start();
        add(&server, "root1");
        let made = server.callctl(&["accounts", "admin", "root1"]);
        assert_eq!(made.code, Some(0), "{made:?}");
        let token = log_in(&server, "root1").tokens.unwrap().access_token;
        Self { server, token }
    }

    fn ask(&self, method: &str, path: &str) -> Asked {
        ask(&self.server, method, &format!("/api/v1/admin/{path}")).token(&self.token)
    }

    fn send(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        self.ask(method, path).json(body).get(status)
    }
}

#[test]
fn an_administrator_adds_changes_and_removes_accounts() {
    let admin = Admin::new();
    let nina =
        json!({ "name": "nina", "display_name": "Nina", "number": "1500", "password": PASSWORD });
    let added = admin.send("POST", "accounts", &nina, 201);
    assert_eq!(
        (&added["number"], &added["kind"]),
        (&json!("1500"), &json!("person"))
    );
    let refused = admin.send(
        "POST",
        "accounts",
        &json!({ "name": "otto", "number": "1500" }),
        409,
    );
    assert!(
        !refused["alternatives"].as_array().unwrap().is_empty(),
        "{refused}"
    );
    admin.send("POST", "accounts", &nina, 409);
    let path = format!("accounts/{}", added["id"]);
    let change = json!({ "name": "nina2", "display_name": "Nina Two", "role": "admin" });
    let changed = admin.send("PATCH", &path, &change, 200);
    assert_eq!(
        (&changed["name"], &changed["role"]),
        (&json!("nina2"), &json!("admin"))
    );
    let token = log_in(&admin.server, "nina2").tokens.unwrap().access_token;
    admin.send("PATCH", &path, &json!({ "is_disabled": true }), 200);
    ask(&admin.server, "GET", "/api/v1/me")
        .token(&token)
        .get(401);
    admin.send(
        "PATCH",
        &path,
        &json!({ "is_disabled": false, "role": "user" }),
        200,
    );
    admin.send(
        "PUT",
        &format!("{path}/password"),
        &json!({ "password": "another long one 8" }),
        204,
    );
    let login = json!({ "name": "nina2", "password": PASSWORD, "device_label": "x" });
    ask(&admin.server, "POST", "/api/v1/login")
        .json(&login)
        .get(401);
    admin.ask("DELETE", &path).get(204);
    admin.ask("DELETE", &path).get(404);
    admin.ask("GET", &path).get(404);
    let list = admin.ask("GET", "accounts").get(200);
    assert_eq!(list["items"][0]["name"], "root1");
}

#[test]
fn the_last_administrator_stays_one() {
    let admin = Admin::new();
    admin.send("PATCH", "accounts/1", &json!({ "role": "user" }), 409);
    admin.send("PATCH", "accounts/1", &json!({ "is_disabled": true }), 409);
    admin.ask("DELETE", "accounts/1").get(409);
}

#[test]
fn an_administrator_makes_devices_and_invitations_for_others() {
    let admin = Admin::new();
    add(&admin.server, "bob");
    let made = admin.send(
        "POST",
        "accounts/2/devices",
        &json!({ "label": "desk" }),
        201,
    );
    assert!(
        made["setup"].as_str().unwrap().starts_with("sip-setup:"),
        "{made}"
    );
    let login = made["device"]["login"].as_str().unwrap();
    let list = admin.ask("GET", "accounts/2/devices").get(200);
    assert_eq!(list["items"][0]["login"], login);
    admin
        .ask("DELETE", &format!("accounts/1/devices/{login}"))
        .get(404);
    admin
        .ask("DELETE", &format!("accounts/2/devices/{login}"))
        .get(204);
    let made = admin.send(
        "POST",
        "invitations",
        &json!({ "note": "for Nina", "uses": 2 }),
        201,
    );
    assert!(made["code"].as_str().unwrap().len() > 8);
    let list = admin.ask("GET", "invitations").get(200);
    assert_eq!(list["items"][0], made["invitation"]);
    admin.send("POST", "invitations", &json!({ "uses": 0 }), 400);
    let path = format!("invitations/{}", made["invitation"]["id"]);
    admin.ask("DELETE", &path).get(204);
    admin.ask("DELETE", &path).get(404);
}

#[test]
fn the_log_says_who_did_what_from_where() {
    let admin = Admin::new();
    add(&admin.server, "bob");
    admin.send("PATCH", "accounts/2", &json!({ "is_disabled": true }), 200);
    let log = admin.ask("GET", "audit?account=2").get(200);
    let line = &log["items"][0];
    assert_eq!(
        (&line["action"], &line["actor_name"]),
        (&json!("account.disable"), &json!("root1"))
    );
    assert_eq!(
        (&line["source"], &line["subject"]),
        (&json!("127.0.0.1"), &json!("bob"))
    );
    let one = admin.ask("GET", "audit?limit=1").get(200);
    assert!(one["next"].is_string(), "{one}");
    admin.ask("GET", "audit?account=x").get(400);
    assert_eq!(
        admin.ask("GET", "audit?subject=nobody").get(200)["items"],
        json!([])
    );
}

#[test]
fn an_administrator_gives_swaps_reserves_and_frees_numbers() {
    let admin = Admin::new();
    add(&admin.server, "bob");
    let given = admin.send(
        "POST",
        "numbers",
        &json!({ "account": 2, "wish": "1500" }),
        201,
    );
    assert_eq!(
        (&given["name"], &given["state"]),
        (&json!("bob"), &json!("assigned"))
    );
    let refused = admin.send(
        "POST",
        "numbers",
        &json!({ "account": 1, "wish": "1500" }),
        409,
    );
    assert!(
        !refused["alternatives"].as_array().unwrap().is_empty(),
        "{refused}"
    );
    admin.send("POST", "numbers", &json!({ "account": 99 }), 404);
    admin.send(
        "POST",
        "numbers",
        &json!({ "account": 2, "wish": "what" }),
        400,
    );
    let swapped = admin.send("POST", "swap", &json!({ "a": "1000", "b": "1001" }), 200);
    assert_eq!(
        (&swapped["a"]["name"], &swapped["b"]["name"]),
        (&json!("bob"), &json!("root1"))
    );
    admin.send("POST", "swap", &json!({ "a": "1000", "b": "7777" }), 404);
    admin.send(
        "POST",
        "numbers/1600/reserve",
        &json!({ "note": "for the lift" }),
        200,
    );
    admin.send("POST", "numbers/1000/reserve", &json!({}), 409);
    admin.ask("POST", "numbers/1600/release").get(200);
    admin.ask("POST", "numbers/1601/release").get(404);
    admin.ask("POST", "numbers/x/release").get(400);
    let history = admin.ask("GET", "numbers/1600/history").get(200);
    assert_eq!(history["items"].as_array().unwrap().len(), 2);
    let page = admin.ask("GET", "numbers?limit=1").get(200);
    let next = page["next"].as_str().unwrap();
    let page = admin
        .ask("GET", &format!("numbers?limit=1&after={next}"))
        .get(200);
    assert_ne!(page["items"][0]["number"], next);
    admin.ask("GET", "numbers?after=x").get(400);
}

#[test]
fn an_administrator_adds_and_removes_pools() {
    let admin = Admin::new();
    let lift = json!({ "range": "700-709", "purpose": "services" });
    let added = admin.send("POST", "pools", &lift, 201);
    assert_eq!(
        (&added["size"], &added["policy"]),
        (&json!(10), &json!("lowest"))
    );
    admin.send("POST", "pools", &lift, 409);
    for wrong in ["", "7", "709-700", "700-70a", "700-7099"] {
        admin.send(
            "POST",
            "pools",
            &json!({ "range": wrong, "purpose": "services" }),
            400,
        );
    }
    admin.send(
        "POST",
        "pools",
        &json!({ "range": "800-809", "purpose": "fun" }),
        400,
    );
    let list = admin.ask("GET", "pools").get(200);
    assert!(list["items"].as_array().unwrap().contains(&added), "{list}");
    admin.ask("DELETE", "pools/700-709").get(204);
    admin.ask("DELETE", "pools/700-709").get(404);
    admin.ask("DELETE", "pools/x").get(400);
}
