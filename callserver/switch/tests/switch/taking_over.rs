//! A person goes on with a call on another phone.

use simnet::Conditions;
use sip::{Replaces, StatusCode};

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

const DESK: usize = 0;
const BOB: usize = 1;
const MOBILE: usize = 2;
const CAROL: usize = 3;

/// Alice talks with bob at the desk; her mobile is there, and carol.
fn talking() -> (Rig, Replaces) {
    let logins = ["alice-1", "bob-1", "alice-2", "carol-1"];
    let mut rig = Rig::new(1, Conditions::perfect(), &logins);
    rig.register_all();
    rig.call("1002");
    rig.run(seconds(5));
    let name = rig.phones[DESK].name.clone().expect("a call");
    (rig, name)
}

#[test]
fn another_phone_of_the_same_person_takes_the_call() {
    let (mut rig, name) = talking();
    rig.plan(MOBILE, seconds(0), Action::TakeOver(name));
    rig.run(seconds(5));
    assert_eq!(rig.phones[DESK].end(), "they hung up");
    assert_eq!(rig.phones[MOBILE].answered, 1);
    insta::assert_snapshot!(rig.ladder());
    rig.plan(BOB, seconds(0), Action::Hangup);
    rig.run(seconds(5));
    assert_eq!(rig.phones[MOBILE].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn nobody_else_takes_it() {
    let (mut rig, name) = talking();
    rig.plan(CAROL, seconds(0), Action::TakeOver(name));
    rig.run(seconds(5));
    assert_eq!(rig.phones[CAROL].end(), "403 Forbidden");
    assert_eq!(rig.phones[DESK].end(), "goes on");
    rig.plan(DESK, seconds(0), Action::Hangup);
    rig.run(seconds(5));
    assert_eq!(rig.phones[BOB].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn the_old_phone_keeps_the_call_when_the_other_side_does_not_want_the_new_one() {
    let (mut rig, name) = talking();
    rig.phones[BOB].refuses_reoffers = Some(StatusCode::NOT_ACCEPTABLE_HERE);
    // Were it the same session, nobody would have to be asked.
    rig.phones[MOBILE].codecs.truncate(1);
    rig.plan(MOBILE, seconds(0), Action::TakeOver(name));
    rig.run(seconds(5));
    assert_eq!(rig.phones[MOBILE].end(), "488 Not Acceptable Here");
    rig.plan(DESK, seconds(0), Action::Hangup);
    rig.run(seconds(5));
    assert_eq!(rig.phones[BOB].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn a_call_that_is_over_cannot_be_taken() {
    let (mut rig, name) = talking();
    rig.plan(DESK, seconds(0), Action::Hangup);
    rig.plan(MOBILE, seconds(5), Action::TakeOver(name));
    rig.run(seconds(10));
    assert!(
        rig.phones[MOBILE].end().starts_with("481 "),
        "{}",
        rig.phones[MOBILE].end()
    );
    rig.assert_no_leaks();
}

#[test]
fn a_newcomer_who_gives_up_or_an_end_in_between_leaves_nothing_behind() {
    for who in [MOBILE, DESK, BOB] {
        let (mut rig, name) = talking();
        rig.plan(MOBILE, seconds(0), Action::TakeOver(name));
        rig.plan(who, std::time::Duration::from_millis(35), Action::Hangup);
        for phone in [DESK, BOB, MOBILE] {
            rig.plan(phone, seconds(10), Action::Hangup);
        }
        rig.run(seconds(40));
        rig.assert_no_leaks();
    }
}

/// Bob's phone rings for alice; how whoever watches it would name that.
fn ringing() -> (Rig, Replaces) {
    let logins = ["alice-1", "bob-1", "bob-2", "carol-1"];
    let mut rig = Rig::new(1, Conditions::perfect(), &logins);
    rig.phones[2].manner = Manner::Ring;
    rig.phones[1].manner = Manner::Ring;
    rig.register_all();
    rig.server.inbox = Some(Vec::new());
    rig.call("1002");
    rig.run(seconds(3));
    let inbox = rig.server.inbox.take().unwrap();
    let ringing = { inbox.iter() }.find_map(|(flow, payload)| {
        let text = std::str::from_utf8(payload).ok()?;
        let is_ringing = text.starts_with("SIP/2.0 180") && flow.remote == rig.phones[1].address;
        is_ringing.then_some(text)
    });
    let ringing = ringing.expect("a phone that rings");
    let line = |name: &str| {
        let mut lines = ringing.lines();
        lines.find_map(|line| line.strip_prefix(name)).unwrap()
    };
    let tag = |name| line(name).split_once("tag=").unwrap().1;
    let name = Replaces::new(line("Call-ID: "), tag("From: "), tag("To: "));
    (rig, name)
}

#[test]
fn a_call_that_rings_at_another_phone_of_the_same_person_is_taken_by_its_name() {
    let (mut rig, name) = ringing();
    rig.plan(2, seconds(0), Action::TakeOver(name));
    rig.run(seconds(5));
    assert_eq!((rig.phones[0].answered, rig.phones[2].answered), (1, 1));
    let media = rig.phones[2].media.expect("a session");
    assert_eq!(media.direction, sdp::Direction::SendRecv);
    rig.plan(0, seconds(0), Action::Hangup);
    rig.run(seconds(20));
    assert_eq!(rig.phones[2].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn a_call_that_rings_is_taken_by_its_name_only_by_those_who_may() {
    let (mut rig, name) = ringing();
    rig.plan(CAROL, seconds(0), Action::TakeOver(name));
    rig.run(seconds(5));
    let refused = "403 Forbidden, 399 carillon.test \"You may not take this call\"";
    assert_eq!(rig.phones[CAROL].end(), refused);
    assert_eq!(rig.phones[0].end(), "goes on");
    rig.plan(0, seconds(0), Action::Hangup);
    rig.run(seconds(20));
    rig.assert_no_leaks();
}
