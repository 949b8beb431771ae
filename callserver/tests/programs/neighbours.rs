//! Two servers on one PostgreSQL database: phones of one call phones of the other.

use std::time::{Duration, Instant};

use serde_json::Value;
use test_postgres::{Cluster, Database};

use crate::phone::Phone;
use crate::process::{PATIENCE, Server};

const ENCRYPTED_OFF: [&str; 4] = ["--sips", "off", "--https", "off"];

pub(crate) fn server_on(database: &Database) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let url = database.url();
    let arguments = [&["--database", &url], &ENCRYPTED_OFF[..]].concat();
    Server::start_with(folder, &arguments)
}

/// Alice's phone at the first server, Bob's at the second.
struct House {
    database: Database,
    servers: [Server; 2],
    alice: Phone,
    bob: Phone,
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn house() -> House {
    let database = Cluster::shared().unwrap().database().unwrap();
    let servers = [server_on(&database), server_on(&database)];
    for name in ["alice", "bob"] {
        servers[0].callctl_json(&["accounts", "add", name]);
    }
    let mut alice = Phone::new(&servers[0], "alice");
    let mut bob = Phone::new(&servers[1], "bob");
    assert!(alice.register() && bob.register());
    let house = House {
        database,
        servers,
        alice,
        bob,
    };
    house.wait_for_bindings(2);
    house
}

impl House {
    /// Waits until so many registrations are where the other server can read them.
    fn wait_for_bindings(&self, count: usize) {
        let kept = "SELECT count(*) FROM bindings WHERE flow_token IS NOT NULL";
        until("the registrations are not kept", || {
            self.database.query(kept).unwrap() == count.to_string()
        });
    }

    fn calls(&self, server: usize) -> Vec<Value> {
        let list = self.servers[server].callctl_json(&["calls", "list"]);
        list.as_array().cloned().unwrap()
    }

    fn until_no_call(&self) {
        until("a call is left", || {
            self.calls(0).is_empty() && self.calls(1).is_empty()
        });
    }
}

#[test]
fn phones_of_two_servers_call_each_other_and_hear_each_other() {
    let House {
        database,
        servers,
        mut alice,
        mut bob,
    } = house();
    let leg = alice.call(&bob.number);
    let (_, to_caller) = bob.answer(&mut alice);
    let to_callee = alice.is_answered();
    for (from, to, at) in [
        (&alice.rtp, to_callee, &bob.rtp),
        (&bob.rtp, to_caller, &alice.rtp),
    ] {
        let packet = [0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7, 1, 2, 3, 4];
        let mut heard = [0; 64];
        from.send_to(&packet, to).unwrap();
        let length = at.recv(&mut heard).unwrap();
        assert_eq!(&heard[..length], packet);
    }
    alice.hang_up(leg);
    assert_eq!(bob.has_ended(), None);
    bob.call(&alice.number);
    let (there, _) = alice.answer(&mut bob);
    bob.is_answered();
    // The one who was called hangs up.
    alice.hang_up(there);
    assert_eq!(bob.has_ended_beside(&mut alice), None);
    let house = House {
        database,
        servers,
        alice,
        bob,
    };
    house.until_no_call();
    // Each call stands once in the history, with both people.
    until("the calls are not in the history", || {
        let count = "SELECT count(*) FROM call_records WHERE cause = 'hung-up'";
        house.database.query(count).unwrap() == "2"
    });
    let secret = "SELECT value FROM settings WHERE name = 'flow_key'";
    assert_eq!(house.database.query(secret).unwrap().len(), 64);
}

#[test]
fn a_call_that_is_given_up_and_a_message_cross_over() {
    let mut house = house();
    let (alice, bob) = (house.alice.number.clone(), house.bob.number.clone());
    let leg = house.alice.call(&bob);
    house.bob.rings(&mut house.alice);
    house.alice.hang_up(leg);
    assert_eq!(house.bob.has_ended(), None);
    house.until_no_call();
    assert_eq!(house.alice.message(&bob, "lunch?", &mut house.bob), 202);
    assert_eq!(house.bob.hears(1), ["lunch?"]);
    assert_eq!(house.bob.message(&alice, "yes", &mut house.alice), 202);
    assert_eq!(house.alice.hears(1), ["yes"]);
}

#[test]
fn a_server_that_dies_costs_its_callers_no_patience_and_comes_back_with_its_phones() {
    let House {
        database,
        servers: [here, there],
        mut alice,
        mut bob,
    } = house();
    there.signal("KILL");
    let (_, _, folder) = there.wait();
    alice.call(&bob.number);
    assert_eq!(alice.has_ended(), Some(480));
    let url = database.url();
    let arguments = [&["--database", &url], &ENCRYPTED_OFF[..]].concat();
    let there = Server::start_with(folder, &arguments);
    // The phone has not registered again: its new server knows it, and the flow has kept its name.
    bob.is_moved_to(&there);
    alice.call(&bob.number);
    bob.answer(&mut alice);
    alice.is_answered();
    // One that stops says so.
    there.signal("TERM");
    let _ = alice.has_ended();
    there.wait();
    let left = "SELECT count(*) FROM nodes";
    assert_eq!(database.query(left).unwrap(), "1");
    drop(here);
}
