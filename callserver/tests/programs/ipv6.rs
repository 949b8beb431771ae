//! Calls over IPv6, and between a phone on IPv4 and one on IPv6.

use std::net::{SocketAddr, UdpSocket};

use crate::calls::{assert_hears, packet};
use crate::phone::Phone;
use crate::process::Server;

const OFF: [&str; 4] = ["--sips", "off", "--https", "off"];

fn server_on(sip: &str) -> Server {
    let server = Server::start_with(
        tempfile::tempdir().unwrap(),
        &[&OFF[..], &["--sip", sip]].concat(),
    );
    for name in ["alice", "bob"] {
        server.callctl_json(&["accounts", "add", name]);
    }
    server
}

/// Calls, speaks both ways, hangs up.
fn assert_can_talk(caller: &mut Phone, callee: &mut Phone) {
    let leg = caller.call(&callee.number);
    let (_, relay_for_callee) = callee.answer(caller);
    let relay_for_caller = caller.is_answered();
    let family = |socket: &UdpSocket| socket.local_addr().unwrap().is_ipv4();
    assert_eq!(family(&caller.rtp), relay_for_caller.is_ipv4());
    assert_eq!(family(&callee.rtp), relay_for_callee.is_ipv4());
    for sequence in 0..5 {
        caller
            .rtp
            .send_to(&packet(sequence), relay_for_caller)
            .unwrap();
        assert_hears(&callee.rtp, &packet(sequence));
        callee
            .rtp
            .send_to(&packet(sequence), relay_for_callee)
            .unwrap();
        assert_hears(&caller.rtp, &packet(sequence));
    }
    caller.hang_up(leg);
    assert_eq!(callee.has_ended(), None);
    assert_eq!(caller.has_ended(), None);
}

#[test]
fn two_phones_on_ipv6_talk() {
    let server = server_on("[::1]:0");
    assert!(server.address("sip").is_ipv6());
    let (mut caller, mut callee) = (Phone::new(&server, "alice"), Phone::new(&server, "bob"));
    assert!(caller.register() && callee.register());
    assert_can_talk(&mut caller, &mut callee);
}

/// A server on both families, and where it speaks SIP over IPv4. Only the first address is told, so the second one gets
/// a port that was free a moment ago.
fn server_on_both() -> (Server, SocketAddr) {
    let over_4 = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    (server_on(&format!("[::1]:0,{over_4}")), over_4)
}

#[test]
fn a_phone_on_ipv4_and_one_on_ipv6_talk() {
    let (server, over_4) = server_on_both();
    let mut on_6 = Phone::new(&server, "alice");
    let mut on_4 = Phone::towards(&server, "bob", over_4);
    assert!(on_6.register() && on_4.register());
    assert_can_talk(&mut on_6, &mut on_4);
    assert_can_talk(&mut on_4, &mut on_6);
}

#[test]
fn whoever_has_a_phone_on_each_is_heard_on_the_one_that_was_picked_up() {
    for picks_up_on_4 in [true, false] {
        let (server, over_4) = server_on_both();
        let mut caller = Phone::new(&server, "alice");
        let mut on_6 = Phone::new(&server, "bob");
        let mut on_4 = Phone::towards(&server, "bob", over_4);
        assert!(caller.register() && on_6.register() && on_4.register());
        let picked_up = if picks_up_on_4 { &mut on_4 } else { &mut on_6 };
        assert_can_talk(&mut caller, picked_up);
    }
}
