//! Connections of the room protocol whose session ends while they are there, or has ended before.

use serde_json::{Value, json};

use crate::authorization::Scene;
use crate::client::{PASSWORD, add, ask, log_in};
use crate::engine;
use crate::process::{Ended, Server, callctl};
use crate::rooms::{Rooms, token};

/// Somebody who is connected, and signed in elsewhere too.
struct Person<'a> {
    server: &'a Server,
    name: String,
    /// Of the connection.
    token: String,
    login: String,
    /// Of the other sign-in.
    elsewhere: String,
}

impl<'a> Person<'a> {
    fn new(server: &'a Server, name: &str) -> Self {
        add(server, name);
        let here = log_in(server, name);
        Self {
            server,
            name: name.to_owned(),
            token: here.tokens.unwrap().access_token,
            login: here.device.login,
            elsewhere: log_in(server, name).tokens.unwrap().access_token,
        }
    }

    fn does(&self, method: &str, path: &str, body: Option<Value>) {
        let asked = ask(self.server, method, path).token(&self.elsewhere);
        let answered = match body {
            Some(body) => asked.json(&body).send(),
            None => asked.send(),
        };
        assert_eq!(answered.status, 204, "{method} {path}: {answered:?}");
    }

    fn session(&self) -> i64 {
        let list = ask(self.server, "GET", "/api/v1/me/sessions").token(&self.token);
        let list = list.get(200);
        let mut sessions = list["items"].as_array().unwrap().iter();
        let own = sessions.find(|session| session["is_this"] == true);
        own.unwrap()["id"].as_i64().unwrap()
    }
}

fn fine(ended: Ended) {
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// The connection hears why it ends, and nobody comes in with its token any more.
fn assert_let_go(server: &Server, rooms: &mut Rooms, token: &str, how: &str) {
    let told = rooms.until("SYS_ERROR");
    let named = (&told["data"]["code"], &told["status"]);
    assert_eq!(named, (&json!("ERR_005"), &json!(401)), "{how}: {told}");
    assert_eq!(rooms.next(), None, "{how}");
    assert_shut(server, token, how);
}

/// Nobody comes in with this token.
fn assert_shut(server: &Server, token: &str, how: &str) {
    let mut again = Rooms::open(server);
    let wish = json!({ "type": "USER_CONNECT", "data": { "token": token } });
    again.send(&wish.to_string());
    let refused = again.next().unwrap();
    let named = (&refused["data"]["code"], &refused["status"]);
    assert_eq!(named, (&json!("ERR_005"), &json!(401)), "{how}: {refused}");
    assert_eq!(again.next(), None, "{how}");
    let refused = ask(server, "GET", "/api/v1/rooms").token(token).send();
    assert_eq!(refused.status, 401, "{how}: {refused:?}");
}

type Ending = (&'static str, fn(&Person<'_>));

const ENDINGS: &[Ending] = &[
    ("signed-out", |person| {
        let out = ask(person.server, "POST", "/api/v1/logout");
        out.token(&person.token).get(204);
    }),
    ("ended-elsewhere", |person| {
        let path = format!("/api/v1/me/sessions/{}", person.session());
        person.does("DELETE", &path, None);
    }),
    ("device-revoked", |person| {
        let path = format!("/api/v1/me/devices/{}", person.login);
        person.does("DELETE", &path, None);
    }),
    ("new-password", |person| {
        let new = "another seven bottles 8";
        let change = json!({ "old_password": PASSWORD, "new_password": new });
        person.does("PUT", "/api/v1/me/password", Some(change));
    }),
    ("deletes-itself", |person| {
        let erasure = json!({ "password": PASSWORD });
        person.does("DELETE", "/api/v1/me", Some(erasure));
    }),
    ("given-a-password", |person| {
        let arguments = ["accounts", "passwd", &person.name, "--password-stdin"];
        let input = "another seven bottles 8\n";
        fine(callctl(person.server.data(), &arguments, input));
    }),
    ("device-removed", |person| {
        let arguments = ["devices", "remove", &person.name, &person.login];
        fine(person.server.callctl(&arguments));
    }),
    ("disabled", |person| {
        let arguments = ["accounts", "disable", &person.name];
        fine(person.server.callctl(&arguments));
    }),
    ("removed", |person| {
        let arguments = ["accounts", "remove", &person.name];
        fine(person.server.callctl(&arguments));
    }),
];

#[test]
fn a_connection_ends_with_its_session_however_that_ends() {
    let server = Server::start();
    // Somebody to whom all of that happens does not let go of others.
    let bystander = token(&server, "bystander");
    let mut bystander = Rooms::connect(&server, &bystander, json!({}));
    for (how, end) in ENDINGS {
        let person = Person::new(&server, how);
        let mut rooms = Rooms::connect(&server, &person.token, json!({}));
        end(&person);
        assert_let_go(&server, &mut rooms, &person.token, how);
    }
    let listed = bystander.ask("USER_GET_ROOMS", json!({}));
    assert_eq!(listed["type"], "SYS_ROOMS_LIST");
}

#[test]
fn a_guest_without_a_lease_is_nobody() {
    let scene = Scene::new();
    let server = scene.server();
    let body = json!({ "device_label": "browser" });
    let come = || ask(server, "POST", "/api/v1/guests").json(&body).get(201);
    let (one, other) = (come(), come());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let token = text(&one["tokens"]["access_token"]);
    let number = text(&one["account"]["number"]);
    // With a number that is lent to somebody else.
    let mut wrong = Rooms::open(server);
    let claimed = json!({ "token": token, "number": other["account"]["number"] });
    let wish = json!({ "type": "USER_CONNECT", "data": claimed });
    wrong.send(&wish.to_string());
    assert_eq!(wrong.next().unwrap()["data"]["code"], "ERR_004");
    assert_eq!(wrong.next(), None);

    let mut rooms = Rooms::connect(server, &token, json!({ "number": number }));
    let name = text(&one["account"]["name"]);
    fine(server.callctl(&["accounts", "remove", &name]));
    assert_let_go(server, &mut rooms, &token, "guest");
}

#[test]
fn a_token_that_has_run_out_lets_nobody_in_and_ends_nothing() {
    let server = Server::start();
    let person = Person::new(&server, "alice");
    let mut rooms = Rooms::connect(&server, &person.token, json!({}));
    run_sql(&server, "UPDATE sessions SET access_ends_at = 1");
    assert_shut(&server, &person.token, "run out");
    // The session goes on: its owner can have a new token at any time.
    let listed = rooms.ask("USER_GET_ROOMS", json!({}));
    assert_eq!(listed["type"], "SYS_ROOMS_LIST", "{listed}");
}

/// Changes the database behind the server's back: time passes no faster for it.
fn run_sql(server: &Server, sql: &'static str) {
    sqlx::any::install_default_drivers();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        use sqlx::Connection as _;
        let file = server.data().join("carillon.sqlite");
        let url = engine::url(server.data());
        let url = url.unwrap_or_else(|| format!("sqlite://{}", file.display()));
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
    });
}
