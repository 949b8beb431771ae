//! A call in other hands, in another relay and in another process.

use std::os::fd::{OwnedFd, RawFd};

use super::*;

on_both_engines! {
    what_was_lent_is_in_other_hands_until_it_comes_back,
    orders_that_come_while_others_are_followed_are_followed_without_a_packet_that_wakes,
    a_call_that_ends_while_it_is_lent_frees_its_ports_with_the_loan,
    a_call_goes_on_in_another_relay_on_the_same_ports_with_the_same_sources,
    sockets_are_handed_over_with_what_waits_in_them,
}

fn what_was_lent_is_in_other_hands_until_it_comes_back() {
    let (mut relay, listening, caller, callee) = call();
    caller.rtp.send_to(&rtp(1), listening.caller).unwrap();
    assert!(receive(&callee.rtp, PATIENCE).is_some());
    let mut lent = relay.lend(CALL).unwrap();
    assert!(relay.lend(CALL).is_none(), "somebody has it");
    let at = |port: &LentPort| port.socket().local_addr().unwrap();
    assert_eq!(
        [at(&lent.caller.rtp), at(&lent.callee.rtp)],
        [listening.caller, listening.callee]
    );
    caller.rtp.send_to(&rtp(2), listening.caller).unwrap();
    assert_eq!(receive(&callee.rtp, SILENCE), None);
    // Whoever has it hears the phone, knows it from strangers and speaks to it.
    let port = &mut lent.caller.rtp;
    port.socket().set_nonblocking(false).unwrap();
    let (packet, source) = receive(port.socket(), PATIENCE).unwrap();
    let now = Instant::now();
    assert!(port.takes(now, &packet, source));
    assert!(!port.takes(now, &packet, "192.0.2.9:4000".parse().unwrap()));
    assert_eq!((packet, port.target()), (rtp(2), Some(caller.address())));
    port.socket().send_to(&rtp(3), caller.address()).unwrap();
    assert_eq!(
        receive(&caller.rtp, PATIENCE).unwrap(),
        (rtp(3), listening.caller)
    );
    port.socket().set_nonblocking(true).unwrap();
    // The callee moves meanwhile.
    let moved = Phone::new();
    relay.expect(CALL, Side::Callee, moved.address(), LOOPBACK);
    lent.expect(Side::Callee, moved.address(), LOOPBACK);
    assert_eq!(lent.callee.rtp.target(), Some(moved.address()));
    relay.take_back(CALL, lent);
    caller.rtp.send_to(&rtp(4), listening.caller).unwrap();
    assert_eq!(receive(&moved.rtp, PATIENCE).unwrap().0, rtp(4));
    let passed = relay.statistics(CALL).unwrap().caller;
    assert_eq!((passed.packets, passed.from_strangers), (3, 1));
}

fn orders_that_come_while_others_are_followed_are_followed_without_a_packet_that_wakes() {
    let (mut relay, _, caller, callee) = call();
    for _ in 0..500 {
        relay.expect(CALL, Side::Caller, caller.address(), LOOPBACK);
        relay.expect(CALL, Side::Callee, callee.address(), LOOPBACK);
        let lent = relay.lend(CALL).unwrap();
        relay.take_back(CALL, lent);
    }
}

fn a_call_that_ends_while_it_is_lent_frees_its_ports_with_the_loan() {
    let (mut relay, listening, ..) = call();
    let lent = relay.lend(CALL).unwrap();
    assert!(relay.close(CALL).is_some());
    assert!(UdpSocket::bind(listening.caller).is_err());
    relay.take_back(CALL, lent);
    UdpSocket::bind(listening.caller).unwrap();
    assert!(relay.lend(CALL).is_none() && relay.snapshot(CALL).is_none());
}

fn a_call_goes_on_in_another_relay_on_the_same_ports_with_the_same_sources() {
    let mut relay = relay();
    let listening = open(&mut relay, CALL).unwrap();
    let (caller, callee, neighbour) = (Phone::new(), Phone::new(), Phone::new());
    let at_home = "10.1.2.3:4000".parse().unwrap();
    relay.expect(CALL, Side::Caller, at_home, LOOPBACK);
    relay.expect(CALL, Side::Callee, callee.address(), LOOPBACK);
    relay.set_clock_rate(CALL, Side::Callee, 16_000);
    caller.rtp.send_to(&rtp(1), listening.caller).unwrap();
    receive(&callee.rtp, PATIENCE).unwrap();
    let snapshot = relay.snapshot(CALL).unwrap();
    assert_eq!(snapshot.caller.rtp_source, Some(caller.address()));
    let text = serde_json::to_string(&snapshot).unwrap();
    let snapshot: RelaySnapshot = serde_json::from_str(&text).unwrap();

    let mut next = start(RtpPorts::Any);
    let refused = next.reopen(CALL, &snapshot).unwrap_err();
    assert!(matches!(refused, OpenError::Taken(_, port) if port == listening.caller.port()));
    drop(relay);
    next.reopen(CALL, &snapshot).unwrap();
    assert_eq!(next.snapshot(CALL).as_ref(), Some(&snapshot));
    // The phone behind its translator need not speak first, and its neighbour is too late.
    callee.rtp.send_to(&rtp(2), listening.callee).unwrap();
    assert_eq!(
        receive(&caller.rtp, PATIENCE).unwrap(),
        (rtp(2), listening.caller)
    );
    neighbour.rtp.send_to(&rtp(66), listening.caller).unwrap();
    caller.rtp.send_to(&rtp(3), listening.caller).unwrap();
    assert_eq!(receive(&callee.rtp, PATIENCE).unwrap().0, rtp(3));
    let passed = next.statistics(CALL).unwrap();
    assert_eq!((passed.caller.packets, passed.callee.packets), (2, 1));
    assert_eq!(passed.caller.from_strangers, 1);
}

fn sockets_are_handed_over_with_what_waits_in_them() {
    let (relay, listening, caller, callee) = call();
    let snapshot = relay.snapshot(CALL).unwrap();
    // As if they had been inherited: descriptors of this process's own.
    let inherited = relay.sockets(CALL).unwrap().map(duplicate);
    drop(relay);
    caller.rtp.send_to(&rtp(1), listening.caller).unwrap();
    let mut next = start(RtpPorts::Any);
    next.adopt(CALL, &snapshot, inherited).unwrap();
    assert_eq!(receive(&callee.rtp, PATIENCE).unwrap().0, rtp(1));
    // The wrong ones are refused.
    let others = next.sockets(CALL).unwrap().map(duplicate);
    let mut third = start(RtpPorts::Any);
    let [a, b, c, d] = others;
    let refused = third.adopt(CALL, &snapshot, [c, d, a, b]);
    assert!(matches!(refused, Err(OpenError::Taken(..))));
}

/// A second descriptor of a socket of this process, by its number alone.
fn duplicate(descriptor: RawFd) -> OwnedFd {
    use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
    let own = Pid::from_raw(std::process::id().cast_signed()).unwrap();
    let process = pidfd_open(own, PidfdFlags::empty()).unwrap();
    pidfd_getfd(process, descriptor, PidfdGetfdFlags::empty()).unwrap()
}
