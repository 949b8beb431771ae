//! Phones that send their callers elsewhere.

use simnet::Conditions;
use sip::StatusCode;

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

fn rig(target: &'static str) -> Rig {
    let logins = ["alice-1", "bob-1", "carol-1"];
    let mut rig = Rig::new(1, Conditions::perfect(), &logins);
    rig.register_all();
    rig.phones[1].manner = Manner::Redirect(target);
    rig
}

#[test]
fn a_call_follows_a_phone_to_another_number_of_the_house() {
    let mut rig = rig("sip:1003@carillon.test");
    rig.call("1002");
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(20));
    assert_eq!(rig.phones[0].answered, 1);
    assert_eq!(rig.phones[2].answered, 1);
    assert_eq!(rig.phones[0].progress, [181, 180]);
    assert_eq!(rig.phones[2].end(), "they hung up");
    // The history says who it was that alice spoke with.
    let story = rig.server.story();
    let moved = story
        .iter()
        .position(|line| line == "call 1: Callee is now carol");
    let answered = story.iter().position(|line| line == "call 1: answered");
    assert!(moved.is_some() && moved < answered, "{story:?}");
    rig.assert_no_leaks();
}

#[test]
fn whoever_a_phone_has_sent_a_call_to_is_told_how_it_came() {
    let mut rig = rig("sip:1003@carillon.test");
    rig.call("1002");
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(20));
    let history = [
        "History-Info: <sip:1002@carillon.test>;index=1",
        "History-Info: <sip:1003@carillon.test;cause=480>;index=1.1;mp=1",
        "Diversion: <sip:1002@carillon.test>;reason=deflection;counter=1",
    ];
    assert_eq!(rig.phones[2].history, history);
}

#[test]
fn a_place_outside_the_house_is_reported_and_not_called() {
    let mut rig = rig("sip:bob@elsewhere.example");
    rig.call("1002");
    rig.run(seconds(20));
    let told = "480 Temporarily Unavailable, SIP;cause=302;text=\"Moved Temporarily\"";
    assert_eq!(rig.phones[0].end(), told);
    assert_eq!(rig.phones[2].answered, 0);
    rig.assert_no_leaks();
}

#[test]
fn phones_that_send_the_caller_round_in_a_circle_come_to_an_end() {
    for target in [
        "sip:1002@carillon.test",
        "sip:1003@carillon.test",
        "tel:4711",
    ] {
        let mut rig = rig(target);
        rig.phones[2].manner = Manner::Redirect("sip:1002@carillon.test");
        rig.call("1002");
        rig.run(seconds(20));
        assert!(
            rig.phones[0].end().starts_with("480 "),
            "{}",
            rig.phones[0].end()
        );
        rig.assert_no_leaks();
    }
}

#[test]
fn a_caller_may_give_up_after_being_sent_on() {
    let mut rig = rig("sip:1003@carillon.test");
    rig.phones[2].manner = Manner::Ring;
    rig.call("1002");
    rig.plan(0, seconds(5), Action::Hangup);
    rig.run(seconds(20));
    assert_eq!(rig.phones[2].end(), "cancelled");
    rig.assert_no_leaks();
}

#[test]
fn a_word_of_a_phone_reaches_the_caller() {
    let mut rig = rig("sip:1003@carillon.test");
    rig.phones[2].manner = Manner::Refuse(StatusCode::BUSY_HERE);
    rig.call("1002");
    rig.run(seconds(20));
    assert_eq!(rig.phones[0].end(), "486 Busy Here");
}
