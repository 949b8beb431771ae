//! Calls that somebody takes whose phone does not ring.

use std::time::Duration;

use simnet::Conditions;
use sip::StatusCode;
use switch::{CallEnd, Config, PickUp, Ring, Side};

use crate::groups::group;
use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};
use crate::server::DOMAIN;
use crate::treating::{ELSEWHERE, rig_with};

/// Alice calls; Bob's phone rings; Carol is in a group with him, Gus is not.
fn rig() -> Rig {
    let mut rig = rig_with(&["alice-1", "bob-1", "carol-1", "gus-1"]);
    let directory = &mut rig.server.directory;
    directory.add_group("2000", Ring::AtOnce, &["bob", "carol"]);
    rig.phones[1].manner = Manner::Ring;
    rig
}

fn dial(rig: &mut Rig, phone: usize, number: &str) {
    let action = Action::Call(number.to_owned());
    rig.plan(phone, Duration::ZERO, action);
}

fn hang_up(rig: &mut Rig) {
    rig.plan(0, Duration::ZERO, Action::Hangup);
    rig.run(seconds(20));
}

#[test]
fn a_call_that_rings_elsewhere_is_taken_by_dialling_its_number() {
    let mut rig = rig();
    rig.call("1002");
    rig.run(seconds(3));
    dial(&mut rig, 2, "**1002");
    rig.run(seconds(5));
    insta::assert_snapshot!(rig.ladder());
    assert_eq!(rig.phones[1].end(), ELSEWHERE);
    assert_eq!((rig.phones[0].answered, rig.phones[2].answered), (1, 1));
    // Each hears the other over the relay.
    let caller = rig.phones[0].media.as_ref().unwrap();
    let picker = rig.phones[2].media.as_ref().unwrap();
    assert_eq!(caller.codec, picker.codec);
    assert_eq!(caller.direction, sdp::Direction::SendRecv);
    assert_eq!(picker.direction, sdp::Direction::SendRecv);
    let story = rig.server.story();
    let line = "call 1: Callee is now carol".to_owned();
    assert!(story.contains(&line), "{story:?}");
    hang_up(&mut rig);
    assert_eq!(rig.phones[2].end(), "they hung up");
    assert_eq!(rig.end(), (CallEnd::HungUp, Some(Side::Caller)));
    rig.assert_no_leaks();
}

#[test]
fn a_call_of_the_group_is_taken_with_a_short_code() {
    for called in ["1002", "2000"] {
        let mut rig = rig();
        rig.phones[2].manner = Manner::Ring;
        rig.call(called);
        rig.run(seconds(3));
        // Carol's phone rings, too, if the group was called; then Bob takes the call at another phone.
        let picker = if called == "2000" { 1 } else { 2 };
        if called == "2000" {
            rig.phones[1].manner = Manner::Ring;
        }
        dial(&mut rig, picker, "*8");
        rig.run(seconds(5));
        if called == "1002" {
            assert_eq!(rig.phones[2].answered, 1);
        }
        hang_up(&mut rig);
        rig.run(seconds(70));
        rig.assert_no_leaks();
    }
}

#[test]
fn who_is_not_in_the_group_may_not_unless_everybody_may() {
    let mut rig = rig();
    rig.call("1002");
    rig.run(seconds(3));
    dial(&mut rig, 3, "**1002");
    rig.run(seconds(3));
    let refused = "403 Forbidden, 399 carillon.test \"You may not take this call\"";
    assert_eq!(rig.phones[3].end(), refused);
    dial(&mut rig, 3, "*8");
    rig.run(seconds(3));
    let nothing = "404 Not Found, 399 carillon.test \"No call rings there\"";
    assert_eq!(rig.phones[3].end(), nothing);
    hang_up(&mut rig);

    let mut config = Config::new(DOMAIN);
    config.pick_up = PickUp::Everybody;
    let logins = ["alice-1", "bob-1", "gus-1"];
    let mut rig = Rig::with_config(1, Conditions::perfect(), &logins, config);
    rig.register_all();
    rig.phones[1].manner = Manner::Ring;
    rig.call("1002");
    rig.run(seconds(3));
    dial(&mut rig, 2, "**1002");
    rig.run(seconds(3));
    assert_eq!(rig.phones[2].answered, 1);
    assert_eq!(rig.phones[0].answered, 1);
    hang_up(&mut rig);
    rig.assert_no_leaks();
}

#[test]
fn the_own_call_is_taken_at_another_own_phone_and_nothing_is_found_where_none_rings() {
    let mut rig = rig_with(&["alice-1", "bob-1", "bob-2"]);
    rig.phones[1].manner = Manner::Ring;
    rig.phones[2].manner = Manner::Refuse(StatusCode::BUSY_HERE);
    dial(&mut rig, 2, "**1002");
    rig.run(seconds(3));
    assert!(rig.phones[2].end().starts_with("404 "));
    rig.call("1002");
    rig.run(seconds(3));
    dial(&mut rig, 2, "**1002");
    rig.run(seconds(3));
    assert_eq!(rig.phones[1].end(), ELSEWHERE);
    assert_eq!(rig.phones[2].answered, 1);
    for nowhere in ["**4711", "**"] {
        dial(&mut rig, 1, nowhere);
        rig.run(seconds(3));
        assert!(rig.phones[1].end().starts_with("404 "));
    }
    hang_up(&mut rig);
    rig.assert_no_leaks();
}

#[test]
fn a_phone_that_does_not_like_the_session_leaves_the_call_to_the_others() {
    let mut rig = rig();
    rig.phones[1].manner = Manner::Answer(seconds(8));
    rig.phones[2].refuses_reoffers = Some(StatusCode::NOT_ACCEPTABLE_HERE);
    rig.call("1002");
    rig.run(seconds(3));
    dial(&mut rig, 2, "**1002");
    rig.run(seconds(10));
    assert_eq!(rig.phones[2].end(), "they hung up");
    assert_eq!(rig.phones[1].answered, 1);
    hang_up(&mut rig);
    rig.assert_no_leaks();
}

#[test]
fn the_caller_the_callee_and_two_who_take_the_call_race_at_each_moment() {
    for step in 0..60 {
        let at = Duration::from_millis(3000 + step * 7);
        for (phone, action) in [
            (0, Action::Hangup),
            (2, Action::Hangup),
            (1, Action::Call("**1002".to_owned())),
        ] {
            let mut rig = rig();
            rig.phones[1].manner = Manner::Answer(Duration::from_millis(3100));
            rig.call("1002");
            rig.plan(2, seconds(3), Action::Call("**1002".to_owned()));
            rig.plan(phone, at, action);
            rig.run(seconds(20));
            for phone in 0..3 {
                rig.plan(phone, Duration::ZERO, Action::Hangup);
                rig.plan(phone, Duration::ZERO, Action::HangupFirst);
            }
            rig.run(seconds(40));
            rig.assert_no_leaks();
        }
    }
}

#[test]
fn a_bad_network_does_not_leave_anything_behind() {
    for seed in 0..30 {
        let conditions = Conditions {
            loss: 0.15,
            ..Conditions::perfect()
        };
        let mut rig = Rig::new(seed, conditions, &["alice-1", "bob-1", "carol-1"]);
        rig.register_all();
        let directory = &mut rig.server.directory;
        directory.add_group("2000", Ring::AtOnce, &["bob", "carol"]);
        rig.phones[1].manner = Manner::Answer(seconds(6));
        rig.call("1002");
        rig.plan(2, seconds(3), Action::Call("*8".to_owned()));
        rig.run(seconds(30));
        for phone in 0..3 {
            rig.plan(phone, Duration::ZERO, Action::Hangup);
            rig.plan(phone, Duration::ZERO, Action::HangupFirst);
        }
        rig.run(seconds(140));
        rig.assert_no_leaks();
    }
}

#[test]
fn a_group_that_rings_in_order_can_be_taken_too() {
    let each = seconds(6);
    let mut rig = group(Ring::InOrder {
        devices: Vec::new(),
        each,
    });
    rig.phones[1].manner = Manner::Ring;
    rig.call("2000");
    rig.run(seconds(3));
    dial(&mut rig, 2, "**2000");
    rig.run(seconds(3));
    assert_eq!(rig.phones[2].answered, 1);
    let story = rig.server.story();
    assert!(story.contains(&"call 1: carol takes it".to_owned()));
    hang_up(&mut rig);
    rig.assert_no_leaks();
}
