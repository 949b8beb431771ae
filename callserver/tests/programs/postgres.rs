//! `callserver` and `callctl` with a PostgreSQL database, alone and two on one.

use std::time::{Duration, Instant};

use serde_json::json;
use test_postgres::{Cluster, Database, Disk, End};

use crate::client::{add, ask, log_in};
use crate::events::Stream;
use crate::phone::Phone;
use crate::process::{Ended, PATIENCE, Server, callctl, callserver_ends, path_text};

fn database() -> Database {
    Cluster::shared().unwrap().database().unwrap()
}

fn server_on(database: &Database) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let url = database.url();
    let encrypted = ["--sips", "off", "--https", "off"];
    Server::start_with(folder, &[&["--database", &url], &encrypted[..]].concat())
}

/// Looks until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn secretless(text: &str) {
    assert!(!text.contains("b0ttles"), "{text}");
}

#[test]
fn a_server_keeps_everything_in_postgresql_and_its_password_to_itself() {
    let database = database();
    let server = server_on(&database);
    server.callctl_json(&["accounts", "add", "alice"]);
    let mut phone = Phone::new(&server, "alice");
    assert!(phone.register());
    let status = server.callctl(&["--json", "status"]).stdout;
    assert!(status.contains("postgres://carillon@127.0.0.1"), "{status}");
    secretless(&status);
    assert!(!server.data().join("carillon.sqlite").exists());
    let kept =
        "SELECT count(*) FROM bindings JOIN accounts USING (account_id) WHERE username = 'alice'";
    until("the registration is not kept", || {
        database.query(kept).unwrap() == "1"
    });
    server.signal("KILL");
    let (_, _, folder) = server.wait();

    // Without a server callctl works on the database itself.
    let ended = callctl(
        folder.path(),
        &["--database", &database.url(), "--json", "accounts", "list"],
        "",
    );
    assert!(ended.stdout.contains("alice"), "{ended:?}");
    let arguments = [
        "--database",
        &database.url(),
        "--sips",
        "off",
        "--https",
        "off",
    ];
    let server = Server::start_with(folder, &arguments);
    assert_eq!(server.callctl_json(&["status"])["registrations"], 1);
}

#[test]
fn what_cannot_be_reached_or_read_is_one_sentence_without_the_password() {
    let database = database();
    let folder = tempfile::tempdir().unwrap();
    let data = path_text(folder.path());
    let refused = |ended: &Ended, code: i32, part: &str| {
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains(part), "{ended:?}");
        secretless(&ended.stderr);
        assert_eq!(ended.stderr.trim_end().lines().count(), 1, "{ended:?}");
    };
    let server = |url: &str| callserver_ends(&["--data", data, "--database", url]);
    let nowhere = database
        .url()
        .replace(&database.cluster().port().to_string(), "1");
    refused(&server(&nowhere), 1, "cannot be reached");
    refused(&server("postgres://ann:b0ttles@x"), 2, "no database of it");
    refused(&server("postgres://ann:b0ttles@x/y?sl=1"), 2, "\"sl\"");
    let admin = |url: &str| callctl(folder.path(), &["--database", url, "status"], "");
    refused(&admin(&nowhere), 1, "cannot be reached");
    refused(&admin(&database.url()), 1, "is empty");

    let config = folder.path().join("c.toml");
    let check = |url: &str| {
        std::fs::write(&config, format!("database = \"{url}\"\n")).unwrap();
        callserver_ends(&["check-config", path_text(&config)])
    };
    assert_eq!(check(&database.url()).code, Some(0));
    refused(&check("postgres://ann:b0ttles@x"), 2, "no database of it");
}

#[test]
fn a_server_goes_on_when_postgresql_restarts() {
    let cluster = Cluster::start(Disk::Lax).unwrap();
    let database = cluster.database().unwrap();
    let server = server_on(&database);
    server.callctl_json(&["accounts", "add", "alice"]);
    for (end, name) in [(End::Orderly, "bob"), (End::Crash, "carol")] {
        cluster.stop(end).unwrap();
        cluster.start_again().unwrap();
        let mut phone = Phone::new(&server, "alice");
        assert!(phone.register());
        server.callctl_json(&["accounts", "add", name]);
    }
    assert_eq!(server.callctl_json(&["status"])["accounts"], 3);
}

#[test]
fn two_servers_on_one_database_forget_what_the_other_changes() {
    let database = database();
    let (here, there) = (server_on(&database), server_on(&database));
    for name in ["alice", "bob"] {
        here.callctl_json(&["accounts", "add", name]);
    }
    let mut alice = Phone::new(&here, "alice");
    let mut bob = Phone::new(&here, "bob");
    assert!(alice.register() && bob.register());
    // Asked for once, so that it is remembered that nobody has it.
    alice.call("4711");
    assert_eq!(alice.has_ended(), Some(404));
    there.callctl_json(&["accounts", "add", "carol", "--number", "4711"]);
    until("the number is not known here", || {
        alice.call("4711");
        // She has no phone.
        alice.has_ended() == Some(480)
    });
    // Each has its own registrations, and ends them when a device goes.
    let registered = |server: &Server| server.callctl_json(&["status"])["registrations"].clone();
    assert_eq!(
        (registered(&here), registered(&there)),
        (json!(2), json!(0))
    );
    there.callctl_json(&["devices", "remove", "bob", &bob.login()]);
    until("the device is still registered", || registered(&here) == 1);
    there.callctl_json(&["accounts", "disable", "alice"]);
    until("the account is still registered", || registered(&here) == 0);
}

#[test]
fn who_listens_at_one_server_hears_what_happens_at_the_other() {
    let database = database();
    let (here, there) = (server_on(&database), server_on(&database));
    add(&here, "alice");
    // A session is good at both.
    let token = log_in(&there, "alice").tokens.unwrap().access_token;
    let mut stream = Stream::open(&here, &token);
    let wanted = json!({ "number": "4711", "on_call": "forward" });
    let change = ask(&there, "PUT", "/api/v1/me/number").token(&token);
    change.json(&wanted).get(200);
    let heard = stream.next().unwrap();
    assert_eq!(heard["event"], "number_changed", "{heard}");
    assert_eq!(heard["new"], "4711", "{heard}");
    ask(&there, "POST", "/api/v1/logout").token(&token).get(204);
    while let Some(heard) = stream.next() {
        assert!(
            ["devices_changed", "session_ended"]
                .iter()
                .any(|name| heard["event"] == *name),
            "{heard}"
        );
    }
    ask(&here, "GET", "/api/v1/me").token(&token).get(401);
}

#[test]
fn what_is_changed_while_the_connection_for_notices_is_lost_is_made_up_for() {
    let cluster = Cluster::start(Disk::Lax).unwrap();
    let database = cluster.database().unwrap();
    let server = server_on(&database);
    server.callctl_json(&["accounts", "add", "alice"]);
    let mut alice = Phone::new(&server, "alice");
    assert!(alice.register());
    // By nobody who would tell it.
    database
        .query("UPDATE accounts SET is_disabled = 1")
        .unwrap();
    assert_eq!(server.callctl_json(&["status"])["registrations"], 1);
    cluster.stop(End::Crash).unwrap();
    cluster.start_again().unwrap();
    until("the account is still registered", || {
        server.callctl_json(&["status"])["registrations"] == 0
    });
}
