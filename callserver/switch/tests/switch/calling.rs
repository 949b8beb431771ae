//! Calls from one phone to another, on a perfect network.

use simnet::Conditions;
use sip::StatusCode;
use switch::{CallEnd, Config, Side};

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};
use crate::server::{DOMAIN, ports_of};

fn alice_and_bob() -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    rig.register_all();
    rig
}

#[test]
fn a_call_is_answered_and_the_caller_hangs_up() {
    let mut rig = alice_and_bob();
    rig.call("1002");
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(60));
    insta::assert_snapshot!(rig.ladder());
    insta::assert_snapshot!(rig.server.story().join("\n"));
    assert_eq!(rig.phones[0].end(), "we hung up");
    assert_eq!(rig.phones[1].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn the_callee_hangs_up() {
    let mut rig = alice_and_bob();
    rig.call("1002");
    rig.plan(1, seconds(10), Action::Hangup);
    rig.run(seconds(60));
    assert_eq!(rig.end(), (CallEnd::HungUp, Some(Side::Callee)));
    assert_eq!(rig.phones[0].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn both_phones_speak_with_the_relay_and_see_nothing_of_each_other() {
    let mut rig = alice_and_bob();
    rig.call("1002");
    rig.run(seconds(10));
    let call = *rig.server.open_ports.first().unwrap();
    let ports = ports_of(call);
    assert_eq!(rig.phones[0].media.unwrap().remote, ports.caller.address);
    assert_eq!(rig.phones[1].media.unwrap().remote, ports.callee.address);
    assert_eq!(
        rig.phones[1].caller.as_deref(),
        Some("\"alice\" <sip:1001@carillon.test>")
    );
    let at = |is_caller| rig.server.media[&(call, is_caller)].to_string();
    assert_eq!(
        (at(true).as_str(), at(false).as_str()),
        ("198.51.100.10:7000", "198.51.100.11:7000")
    );
}

#[test]
fn the_caller_gives_up_while_it_rings() {
    let mut rig = alice_and_bob();
    rig.phones[1].manner = Manner::Ring;
    rig.call("1002");
    rig.plan(0, seconds(5), Action::Hangup);
    rig.run(seconds(60));
    insta::assert_snapshot!(rig.ladder());
    assert_eq!(rig.end(), (CallEnd::Cancelled, Some(Side::Caller)));
    assert_eq!(rig.phones[1].end(), "cancelled");
    rig.assert_no_leaks();
}

#[test]
fn refusals_reach_the_caller() {
    let cases = [
        (StatusCode::BUSY_HERE, "486 Busy Here", CallEnd::Busy),
        (StatusCode::DECLINE, "603 Decline", CallEnd::Declined),
        (
            StatusCode::NOT_FOUND,
            "480 Temporarily Unavailable",
            CallEnd::Unreachable,
        ),
        (
            StatusCode::NOT_ACCEPTABLE_HERE,
            "488 Not Acceptable Here",
            CallEnd::Refused(StatusCode::NOT_ACCEPTABLE_HERE),
        ),
    ];
    for (status, heard, end) in cases {
        let mut rig = alice_and_bob();
        rig.phones[1].manner = Manner::Refuse(status);
        rig.call("1002");
        rig.run(seconds(60));
        assert_eq!(rig.phones[0].end(), heard);
        assert_eq!(rig.end(), (end, Some(Side::Callee)));
        rig.assert_no_leaks();
    }
}

#[test]
fn nobody_picks_up() {
    let mut config = Config::new(DOMAIN);
    config.ring_timeout = seconds(20);
    let mut rig = Rig::with_config(1, Conditions::perfect(), &["alice-1", "bob-1"], config);
    rig.register_all();
    rig.phones[1].manner = Manner::Ring;
    rig.call("1002");
    rig.run(seconds(90));
    insta::assert_snapshot!(rig.ladder());
    assert_eq!(rig.end(), (CallEnd::NoAnswer, None));
    assert_eq!(
        rig.phones[0].end(),
        "480 Temporarily Unavailable, Q.850;cause=19;text=\"No answer\""
    );
    rig.assert_no_leaks();
}

#[test]
fn an_unknown_number_is_not_found() {
    let mut rig = alice_and_bob();
    rig.call("4711");
    rig.run(seconds(60));
    assert_eq!(rig.phones[0].end(), "404 Not Found");
    assert!(rig.server.story().is_empty());
    rig.assert_no_leaks();
}

#[test]
fn a_callee_without_a_phone_is_unreachable() {
    let mut rig = alice_and_bob();
    rig.call("1003");
    rig.run(seconds(60));
    assert_eq!(
        rig.phones[0].end(),
        "480 Temporarily Unavailable, Q.850;cause=20;text=\"Nobody is registered\""
    );
    assert_eq!(rig.end(), (CallEnd::Unreachable, Some(Side::Callee)));
    rig.assert_no_leaks();
}

#[test]
fn early_media_reaches_the_caller_over_the_relay() {
    let mut rig = alice_and_bob();
    rig.phones[1].manner = Manner::EarlyMedia(seconds(3));
    rig.call("1002");
    rig.run(seconds(2));
    assert!(rig.phones[0].had_early_media);
    let ports = ports_of(*rig.server.open_ports.first().unwrap());
    assert_eq!(rig.phones[0].media.unwrap().remote, ports.caller.address);
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(60));
    insta::assert_snapshot!(rig.ladder());
    assert_eq!(rig.end(), (CallEnd::HungUp, Some(Side::Caller)));
    rig.assert_no_leaks();
}

#[test]
fn a_caller_without_an_offer_gets_the_callees() {
    let mut rig = alice_and_bob();
    rig.plan(0, seconds(0), Action::CallWithoutOffer("1002".to_owned()));
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(60));
    insta::assert_snapshot!(rig.ladder());
    assert_eq!(
        rig.phones[0].media.unwrap().remote.ip().to_string(),
        "192.0.2.2"
    );
    assert_eq!(
        rig.phones[1].media.unwrap().remote.ip().to_string(),
        "192.0.2.2"
    );
    rig.assert_no_leaks();
}

#[test]
fn who_calls_themself_rings_their_other_phone() {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "alice-2"]);
    rig.register_all();
    rig.call("1001");
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(60));
    assert_eq!(rig.phones[1].answered, 1);
    assert_eq!(rig.end(), (CallEnd::HungUp, Some(Side::Caller)));
    rig.assert_no_leaks();
}

#[test]
fn who_calls_themself_with_their_only_phone_is_busy() {
    let mut rig = alice_and_bob();
    rig.call("1001");
    rig.run(seconds(60));
    assert_eq!(rig.phones[0].end(), "486 Busy Here");
    rig.assert_no_leaks();
}

#[test]
fn both_hang_up_at_once() {
    let mut rig = alice_and_bob();
    rig.call("1002");
    rig.plan(0, seconds(10), Action::Hangup);
    rig.plan(1, seconds(10), Action::Hangup);
    rig.run(seconds(60));
    assert_eq!(rig.end().0, CallEnd::HungUp);
    rig.assert_no_leaks();
}
