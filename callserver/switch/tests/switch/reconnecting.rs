//! Phones whose connection breaks while they are in a call, and that come back over another one.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sdp::Direction;
use simnet::Conditions;
use sip::Method;
use switch::{CallEnd, Config, Event, Input, Side};

use crate::phone::{Action, Manner, Phone};
use crate::rig::{Rig, seconds};
use crate::server::DOMAIN;

/// Gives a phone a connection from this port of its host.
fn connect(rig: &mut Rig, phone: usize, port: u16, number: u64) {
    let name = rig.phones[phone].login.clone();
    let address = SocketAddr::new(rig.phones[phone].address.ip(), port);
    rig.server.connections.insert(address, number);
    rig.network.name(address, &format!("{name}/{number}"));
    rig.phones[phone].address = address;
    rig.phones[phone].connection = Some(number);
}

fn rig(logins: &[&str]) -> Rig {
    let mut rig = Rig::with_config(1, Conditions::perfect(), logins, Config::new(DOMAIN));
    for phone in &mut rig.phones {
        rig.server.connections.insert(phone.address, 1);
        phone.connection = Some(1);
    }
    rig
}

/// Alice and Bob speak, over connections.
fn talking(logins: &[&str]) -> Rig {
    let mut rig = rig(logins);
    rig.register_all();
    talk(&mut rig);
    rig
}

fn talk(rig: &mut Rig) {
    rig.phones[1].manner = Manner::Answer(seconds(1));
    rig.call("1002");
    rig.run(seconds(5));
    assert_eq!(rig.phones[0].answered, 1);
}

/// The connection of a phone breaks. The server notices; the phone makes another one later.
fn break_connection(rig: &mut Rig, phone: usize) {
    let flow = rig.server.flow_from(rig.phones[phone].address);
    let now = rig.now();
    rig.server.handle(now, Input::FlowFailed { flow });
}

/// The phone makes a connection, and says nothing over it yet.
fn reconnect(rig: &mut Rig, phone: usize) {
    connect(rig, phone, 50_002, 2);
}

/// The phone goes on with its call over its new connection, and says so.
fn go_on(rig: &mut Rig, phone: usize) {
    let now = rig.now();
    let own: &mut Phone = &mut rig.phones[phone];
    let (leg, flow) = (own.leg.unwrap(), own.flow());
    own.handle(now, sip::Input::MoveLeg { leg, flow });
}

fn register(rig: &mut Rig, phone: usize) {
    let now = rig.now();
    rig.phones[phone].register(now);
}

fn directions(rig: &Rig) -> (Direction, Direction) {
    let of = |phone: usize| rig.phones[phone].media.unwrap().direction;
    (of(0), of(1))
}

/// One of them hangs up, and the other hears it.
fn finish(mut rig: Rig, hangs_up: usize) -> Rig {
    rig.plan(hangs_up, seconds(1), Action::Hangup);
    rig.run(seconds(60));
    let side = [Side::Caller, Side::Callee][hangs_up];
    assert_eq!(rig.end(), (CallEnd::HungUp, Some(side)), "{}", rig.ladder());
    assert_eq!(rig.phones[1 - hangs_up].end(), "they hung up");
    rig.assert_no_leaks();
    rig
}

#[test]
fn a_call_goes_on_over_the_connection_that_its_phone_registers_over() {
    for phone in [1, 0] {
        let mut rig = talking(&["alice-1", "bob-1"]);
        break_connection(&mut rig, phone);
        rig.run(seconds(5));
        assert_eq!(rig.server.switch.counts().registrations, 1);
        reconnect(&mut rig, phone);
        register(&mut rig, phone);
        rig.run(seconds(60));
        // The other phone holds the call: that reaches the one that came back.
        rig.plan(1 - phone, seconds(1), Action::Offer(Direction::SendOnly));
        rig.run(seconds(5));
        let held = match phone {
            0 => (Direction::RecvOnly, Direction::SendOnly),
            _ => (Direction::SendOnly, Direction::RecvOnly),
        };
        assert_eq!(directions(&rig), held, "{}", rig.ladder());
        let rig = finish(rig, 1 - phone);
        if phone == 1 {
            insta::assert_snapshot!(rig.ladder());
        }
    }
}

#[test]
fn a_request_in_the_call_over_another_connection_is_enough() {
    for phone in [0, 1] {
        let mut rig = talking(&["alice-1", "bob-1"]);
        break_connection(&mut rig, phone);
        rig.run(seconds(5));
        reconnect(&mut rig, phone);
        go_on(&mut rig, phone);
        rig.run(seconds(60));
        rig.plan(
            1 - phone,
            seconds(1),
            Action::Send(Method::Info, "are you there?"),
        );
        rig.run(seconds(5));
        assert_eq!(rig.phones[phone].heard, ["INFO are you there?"]);
        finish(rig, 1 - phone);
    }
}

#[test]
fn a_phone_that_does_not_come_back_has_lost_the_call() {
    for (phone, side) in [(0, Side::Caller), (1, Side::Callee)] {
        let mut rig = talking(&["alice-1", "bob-1"]);
        break_connection(&mut rig, phone);
        rig.run(seconds(31));
        assert!(rig.server.ends().is_empty());
        rig.run(seconds(2));
        assert_eq!(rig.end(), (CallEnd::Lost, Some(side)));
        assert_eq!(rig.phones[1 - phone].end(), "they hung up");
        rig.phones[phone].leg = None;
        rig.assert_no_leaks();
    }
}

#[test]
fn a_phone_that_was_started_anew_has_no_call_any_more() {
    let mut rig = talking(&["alice-1", "bob-1"]);
    break_connection(&mut rig, 1);
    connect(&mut rig, 1, 50_002, 2);
    let connection = rig.phones[1].connection;
    let address = rig.phones[1].address;
    rig.phones[1] = Phone::new("bob-1", 11, 77);
    (rig.phones[1].address, rig.phones[1].connection) = (address, connection);
    rig.run(seconds(3));
    register(&mut rig, 1);
    rig.run(seconds(2));
    assert_eq!(rig.end(), (CallEnd::Lost, Some(Side::Callee)));
    assert_eq!(rig.phones[0].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn what_is_changed_while_a_phone_is_away_waits_for_it() {
    let mut rig = talking(&["alice-1", "bob-1"]);
    break_connection(&mut rig, 1);
    rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
    rig.plan(0, seconds(2), Action::Send(Method::Info, "are you there?"));
    rig.run(seconds(10));
    assert_eq!(rig.phones[0].heard, ["480 "]);
    reconnect(&mut rig, 1);
    register(&mut rig, 1);
    rig.run(seconds(5));
    assert_eq!(directions(&rig), (Direction::SendOnly, Direction::RecvOnly));
    finish(rig, 0);
}

#[test]
fn hanging_up_on_a_phone_that_is_away_ends_the_call_for_both() {
    let mut rig = talking(&["alice-1", "bob-1"]);
    break_connection(&mut rig, 1);
    rig.plan(0, seconds(5), Action::Hangup);
    rig.run(seconds(10));
    assert_eq!(rig.end(), (CallEnd::HungUp, Some(Side::Caller)));
    reconnect(&mut rig, 1);
    register(&mut rig, 1);
    rig.run(seconds(5));
    assert!(rig.phones[1].leg.is_some(), "nobody could tell it");
    go_on(&mut rig, 1);
    rig.run(seconds(5));
    assert_eq!(rig.phones[1].end(), "481 Call/Transaction Does Not Exist");
    rig.assert_no_leaks();
}

#[test]
fn a_connection_that_hangs_is_left_with_the_registration() {
    // The server has not noticed that the old connection leads nowhere; and perhaps the phone was started anew.
    for is_anew in [false, true] {
        let mut rig = rig(&["alice-1", "bob-1"]);
        rig.phones[1].outbound = Some(("<urn:uuid:bob>", 1));
        rig.register_all();
        talk(&mut rig);
        if is_anew {
            rig.phones[1] = Phone::new("bob-1", 11, 77);
            rig.phones[1].outbound = Some(("<urn:uuid:bob>", 1));
        }
        reconnect(&mut rig, 1);
        register(&mut rig, 1);
        rig.run(seconds(5));
        if is_anew {
            assert_eq!(rig.end(), (CallEnd::Lost, Some(Side::Callee)));
            rig.assert_no_leaks();
        } else {
            finish(rig, 0);
        }
    }
}

#[test]
fn a_phone_with_two_flows_goes_on_over_the_other_one() {
    let mut rig = rig(&["alice-1", "bob-1"]);
    rig.phones[1].outbound = Some(("<urn:uuid:bob>", 2));
    connect(&mut rig, 1, 50_002, 2);
    rig.register_all();
    rig.phones[1].outbound = Some(("<urn:uuid:bob>", 1));
    connect(&mut rig, 1, 50_001, 1);
    register(&mut rig, 1);
    rig.run(seconds(5));
    assert_eq!(rig.server.switch.counts().registrations, 3);
    talk(&mut rig);
    break_connection(&mut rig, 1);
    // It listens on its other flow all the time.
    reconnect(&mut rig, 1);
    rig.run(seconds(1));
    assert!(rig.ladder().contains("bob-1/2"));
    finish(rig, 0);
}

#[test]
fn another_phone_of_the_same_person_does_not_get_the_call() {
    let mut rig = talking(&["alice-1", "bob-1", "bob-2"]);
    break_connection(&mut rig, 1);
    rig.run(seconds(2));
    connect(&mut rig, 2, 50_002, 2);
    register(&mut rig, 2);
    rig.run(seconds(60));
    assert_eq!(rig.end(), (CallEnd::Lost, Some(Side::Callee)));
    rig.phones[1].leg = None;
    rig.assert_no_leaks();
}

#[test]
fn a_phone_that_goes_to_another_network_brings_its_audio_along() {
    let sources = |rig: &Rig| -> Vec<IpAddr> {
        let events = rig.server.events.iter();
        let from = events.filter_map(|event| match event {
            Event::MediaExpected {
                side: Side::Callee,
                signalled_from,
                ..
            } => Some(*signalled_from),
            _ => None,
        });
        from.collect()
    };
    let mut rig = talking(&["alice-1", "bob-1"]);
    assert_eq!(sources(&rig), ["198.51.100.11".parse::<IpAddr>().unwrap()]);
    break_connection(&mut rig, 1);
    rig.run(seconds(2));
    let elsewhere: SocketAddr = "203.0.113.9:50002".parse().unwrap();
    rig.server.connections.insert(elsewhere, 2);
    rig.network.name(elsewhere, "bob elsewhere");
    rig.phones[1].address = elsewhere;
    rig.phones[1].connection = Some(2);
    register(&mut rig, 1);
    rig.run(seconds(2));
    assert_eq!(sources(&rig).last(), Some(&elsewhere.ip()));
    finish(rig, 0);
}

#[test]
fn connections_that_break_at_any_moment_leave_nothing_behind() {
    for after in (0..2_000).step_by(35) {
        for phone in [0, 1] {
            let mut rig = rig(&["alice-1", "bob-1"]);
            rig.register_all();
            rig.phones[1].manner = Manner::EarlyMedia(seconds(1));
            rig.call("1002");
            rig.plan(
                0,
                Duration::from_millis(500),
                Action::Offer(Direction::SendOnly),
            );
            rig.plan(
                1,
                Duration::from_millis(1500),
                Action::Offer(Direction::SendRecv),
            );
            rig.run(Duration::from_millis(after));
            break_connection(&mut rig, phone);
            rig.run(seconds(2));
            reconnect(&mut rig, phone);
            register(&mut rig, phone);
            rig.plan(0, seconds(10), Action::Hangup);
            rig.plan(1, seconds(11), Action::Hangup);
            rig.run(seconds(200));
            for phone in &mut rig.phones {
                phone.leg = None;
            }
            rig.assert_no_leaks();
        }
    }
}
