//! Registrations at the running server.

use std::net::UdpSocket;
use std::time::{Duration, SystemTime};

use callserver::store::{DatabasePlace, Store};
use serde_json::json;

use crate::engine;
use crate::phone::Phone;
use crate::process::{PATIENCE, Server, path_text};

fn server_with_alice() -> Server {
    let server = Server::start();
    server.callctl_json(&["accounts", "add", "alice"]);
    server
}

#[test]
fn a_device_registers_with_its_own_credential_and_is_seen_by_callctl() {
    let server = server_with_alice();
    let mut phone = Phone::new(&server, "alice");
    assert!(phone.register());
    assert_eq!(server.callctl_json(&["status"])["registrations"], 1);
    let mut other = Phone::new(&server, "alice");
    other.forget_secret();
    assert!(!other.register());
    assert_eq!(server.callctl_json(&["status"])["registrations"], 1);
}

#[test]
fn what_callctl_changes_counts_from_the_next_message_on() {
    let server = server_with_alice();
    let registrations = || server.callctl_json(&["status"])["registrations"].clone();
    let mut phone = Phone::new(&server, "alice");
    assert!(phone.register());
    server.callctl_json(&["accounts", "disable", "alice"]);
    assert_eq!(registrations(), 0);
    assert!(!phone.register());
    server.callctl_json(&["accounts", "enable", "alice"]);
    assert!(phone.register());
    server.callctl_json(&["devices", "remove", "alice", &phone.login()]);
    assert_eq!(registrations(), 0);
    assert!(!phone.register());
    assert!(Phone::new(&server, "alice").register());
    assert_eq!(server.callctl_json(&["calls", "list"]), json!([]));
}

#[test]
fn noise_on_the_sip_port_is_survived() {
    let server = server_with_alice();
    let noise = UdpSocket::bind("127.0.0.1:0").unwrap();
    noise.connect(server.address("sip")).unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..2000_usize {
        let datagram: Vec<u8> = (0..round % 700)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            })
            .collect();
        // The port of a process that died would refuse.
        noise.send(&datagram).unwrap();
    }
    assert!(Phone::new(&server, "alice").register());
}

#[test]
fn the_server_stops_while_phones_are_registered_and_remembers_when_it_saw_them() {
    let server = server_with_alice();
    let mut phone = Phone::new(&server, "alice");
    assert!(phone.register());
    server.signal("TERM");
    let (status, _, folder) = server.wait();
    assert_eq!(status.code(), Some(0));
    let server = Server::start_in(folder);
    let device = &server.callctl_json(&["devices", "list", "alice"])[0];
    assert!(device["last_seen_at"].is_string(), "{device}");
}

/// Waits until the server has written down that so many phones are registered.
fn wait_until_kept(server: &Server, phones: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let kept = runtime.block_on(async {
        let file = server.data().join("carillon.sqlite");
        let place = match engine::url(server.data()) {
            Some(url) => DatabasePlace::parse(&url).unwrap(),
            None => DatabasePlace::File(file),
        };
        let store = Store::open_place(&place).await.unwrap();
        let node = std::fs::read_to_string(server.data().join("node")).unwrap();
        let store = store.of_node(node.trim());
        tokio::time::timeout(PATIENCE, async {
            while store.bindings(SystemTime::now()).await.unwrap().len() != phones {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
    });
    kept.expect("the registrations were not written");
}

#[test]
fn a_killed_server_reaches_its_phones_when_it_is_started_again() {
    let server = server_with_alice();
    server.callctl_json(&["accounts", "add", "bob"]);
    let mut alice = Phone::new(&server, "alice");
    let mut bob = Phone::new(&server, "bob");
    assert!(bob.register());
    wait_until_kept(&server, 1);
    server.signal("KILL");
    let (_, _, folder) = server.wait();
    let server = Server::start_in(folder);
    assert_eq!(server.callctl_json(&["status"])["registrations"], 1);
    alice.is_moved_to(&server);
    bob.is_moved_to(&server);
    let leg = alice.call(&bob.number);
    bob.answer(&mut alice);
    alice.is_answered();
    alice.hang_up(leg);
    bob.has_ended();
}

#[test]
fn a_server_that_stops_in_peace_writes_down_who_is_registered_and_who_is_not_any_more() {
    let server = server_with_alice();
    let mut phones: Vec<_> = (0..3).map(|_| Phone::new(&server, "alice")).collect();
    assert!(phones.iter_mut().all(Phone::register));
    server.callctl_json(&["devices", "remove", "alice", &phones[1].login()]);
    server.signal("TERM");
    let (_, _, folder) = server.wait();
    let server = Server::start_in(folder);
    assert_eq!(server.callctl_json(&["status"])["registrations"], 2);
}

#[test]
fn whoever_guesses_secrets_is_banned_until_the_operator_lets_them_go() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    std::fs::write(
        &config,
        "[guard]\nexempt = []\nfailures_per_source = 2\nfailures_per_account = 100\n",
    )
    .unwrap();
    let config = path_text(&config).to_owned();
    let server = Server::start_with(
        folder,
        &["--config", &config, "--sips", "off", "--https", "off"],
    );
    server.callctl_json(&["accounts", "add", "alice"]);
    assert_eq!(server.callctl_json(&["bans", "list"]), json!([]));
    let mut guesser = Phone::new(&server, "alice");
    guesser.forget_secret();
    assert!(!guesser.register());
    let bans = || server.callctl_json(&["bans", "list"]);
    guesser.register_until(|| bans() != json!([]));
    let bans = bans();
    assert_eq!(bans[0]["source"], "127.0.0.1", "{bans}");
    assert_eq!(bans[0]["why"], "failed too often");
    let refused = server.callctl(&["bans", "release", "192.0.2.1"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("is not banned"), "{refused:?}");
    server.callctl_json(&["bans", "release", "127.0.0.1"]);
    assert_eq!(server.callctl_json(&["bans", "list"]), json!([]));
    assert!(Phone::new(&server, "alice").register());
}
