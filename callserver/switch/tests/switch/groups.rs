//! Numbers that ring several people.

use std::time::Duration;

use sip::{StatusCode, Text};
use switch::Ring;

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};
use crate::treating::{ELSEWHERE, UNANSWERED, number, rig, rig_with, treat};

/// Alice calls a number that rings Bob and Carol.
pub(crate) fn group(ring: Ring) -> Rig {
    let mut rig = rig();
    let directory = &mut rig.server.directory;
    directory.add_group("2000", ring, &["bob", "carol"]);
    rig
}

fn call_group(rig: &mut Rig, time: u64) {
    rig.call("2000");
    rig.plan(0, seconds(time), Action::Hangup);
    rig.run(seconds(time + 20));
}

#[test]
fn a_group_rings_all_its_members_and_the_history_says_who_answered() {
    let mut rig = group(Ring::AtOnce);
    rig.phones[1].manner = Manner::Ring;
    rig.phones[2].manner = Manner::Answer(seconds(3));
    call_group(&mut rig, 10);
    assert_eq!(rig.phones[1].end(), ELSEWHERE);
    assert_eq!(rig.phones[2].end(), "they hung up");
    let story = rig.server.story();
    assert_eq!(story[0], "call 1: alice calls sales");
    let taken = story
        .iter()
        .position(|line| line == "call 1: carol takes it");
    let answered = story.iter().position(|line| line == "call 1: answered");
    assert!(taken.is_some() && taken < answered, "{story:?}");
    rig.assert_no_leaks();
}

#[test]
fn a_group_in_order_goes_from_one_member_to_the_next() {
    let each = seconds(6);
    let mut rig = group(Ring::InOrder {
        devices: Vec::new(),
        each,
    });
    rig.phones[1].manner = Manner::Ring;
    rig.call("2000");
    rig.run(seconds(5));
    assert!(rig.phones[1].leg.is_some() && rig.phones[2].leg.is_none());
    rig.run(seconds(5));
    assert_eq!(rig.phones[1].end(), UNANSWERED);
    assert_eq!(rig.phones[2].answered, 1);
    rig.plan(0, Duration::ZERO, Action::Hangup);
    rig.run(seconds(5));
    rig.assert_no_leaks();
}

#[test]
fn members_who_are_away_busy_or_undisturbed_are_left_out() {
    let mut rig = rig();
    treat(&mut rig, "carol", |carol| carol.do_not_disturb = true);
    let directory = &mut rig.server.directory;
    directory.add_group("2000", Ring::AtOnce, &["alice", "bob", "carol", "gus"]);
    call_group(&mut rig, 10);
    assert_eq!(rig.phones[1].answered, 1);
    assert_eq!(rig.phones[2].caller, None);

    // Nobody is left: one of them is there.
    treat(&mut rig, "bob", |bob| bob.forward_always = number("9001"));
    let directory = &mut rig.server.directory;
    directory.add_group("2001", Ring::AtOnce, &["bob", "carol", "gus"]);
    rig.call("2001");
    rig.run(seconds(10));
    assert_eq!(rig.phones[0].end(), "486 Busy Here");
    rig.server
        .directory
        .add_group("2002", Ring::AtOnce, &["gus"]);
    rig.call("2002");
    rig.run(seconds(10));
    assert!(rig.phones[0].end().starts_with("480 "));
    rig.assert_no_leaks();
}

#[test]
fn who_declines_a_call_of_the_group_does_not_speak_for_the_others() {
    let mut rig = group(Ring::AtOnce);
    rig.phones[1].manner = Manner::RefuseAfter(seconds(2), StatusCode::DECLINE);
    rig.phones[2].manner = Manner::Answer(seconds(5));
    call_group(&mut rig, 10);
    assert_eq!(rig.phones[2].answered, 1);
    rig.assert_no_leaks();
}

#[test]
fn a_group_that_does_not_answer_sends_its_calls_elsewhere() {
    let mut rig = rig_with(&["alice-1", "bob-1", "carol-1"]);
    let directory = &mut rig.server.directory;
    directory.add_group("2000", Ring::AtOnce, &["bob"]);
    treat(&mut rig, "sales", |sales| {
        sales.forward_no_answer = Some((Text::from_static("1003"), seconds(8)));
    });
    rig.phones[1].manner = Manner::Ring;
    call_group(&mut rig, 20);
    assert_eq!(rig.phones[2].answered, 1);
    assert!(rig.phones[2].history[0].contains("sip:2000@"));
    rig.assert_no_leaks();
}

#[test]
fn a_call_handed_over_to_a_group_is_with_the_member_who_answers() {
    let mut rig = rig_with(&["alice-1", "gus-1", "bob-1", "carol-1"]);
    let directory = &mut rig.server.directory;
    directory.add_group("2000", Ring::AtOnce, &["bob", "carol"]);
    rig.phones[2].manner = Manner::Ring;
    rig.call("9001");
    rig.plan(1, seconds(5), Action::Refer("2000"));
    rig.run(seconds(20));
    assert_eq!(rig.phones[3].answered, 1);
    let story = rig.server.story();
    let line = "call 1: Callee is now carol".to_owned();
    assert!(story.contains(&line), "{story:?}");
    rig.plan(0, Duration::ZERO, Action::Hangup);
    // The transfer could have been reported on for so long.
    rig.run(seconds(300));
    rig.assert_no_leaks();
}
