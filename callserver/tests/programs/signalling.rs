//! Registrations at the running server.

use std::net::UdpSocket;

use serde_json::json;

use crate::phone::Phone;
use crate::process::Server;

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
