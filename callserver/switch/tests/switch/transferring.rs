//! Calls that are handed over to somebody else.

use std::time::Duration;

use simnet::Conditions;
use sip::StatusCode;

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

/// Alice talks with bob; carol is there.
fn talking(seed: u8) -> Rig {
    let logins = ["alice-1", "bob-1", "carol-1"];
    let mut rig = Rig::new(seed, Conditions::perfect(), &logins);
    rig.register_all();
    rig.call("1002");
    rig.run(seconds(5));
    rig
}

/// Alice talks with bob, who talks with carol in a second call, which bob began.
fn consulting(seed: u8) -> Rig {
    let mut rig = talking(seed);
    rig.plan(BOB, seconds(0), Action::Call("1003".to_owned()));
    rig.run(seconds(5));
    assert!(rig.phones[BOB].held.is_some());
    rig
}

/// Whoever is `left` hangs up, and the other one hears it: they have been in one call.
fn assert_joined(rig: &mut Rig, left: usize, right: usize) {
    assert!(rig.phones[left].leg.is_some() && rig.phones[right].leg.is_some());
    let media = |phone: usize, rig: &Rig| rig.phones[phone].media.expect("a session");
    assert_eq!(media(left, rig).codec, media(right, rig).codec);
    rig.plan(left, seconds(0), Action::Hangup);
    rig.run(seconds(5));
    assert_eq!(rig.phones[left].end(), "we hung up");
    assert_eq!(rig.phones[right].end(), "they hung up");
    assert_no_leaks(rig);
}

/// The core keeps one timer for as long as a transfer could have been reported on.
fn assert_no_leaks(rig: &mut Rig) {
    rig.run(seconds(300));
    rig.assert_no_leaks();
}

#[test]
fn a_call_is_handed_over_blindly() {
    let mut rig = talking(1);
    rig.plan(BOB, seconds(0), Action::Refer("1003"));
    rig.run(seconds(10));
    let reports = ["it is 100", "it is 180", "it is 200", "no more reports"];
    assert_eq!(rig.phones[BOB].heard, reports);
    assert_eq!(rig.phones[BOB].end(), "they hung up");
    let caller = rig.phones[CAROL].caller.clone();
    assert_eq!(
        caller.as_deref(),
        Some("\"alice\" <sip:1001@carillon.test>")
    );
    insta::assert_snapshot!(rig.ladder());
    assert_joined(&mut rig, ALICE, CAROL);
    let story = rig.server.story();
    assert!(
        story.contains(&"call 1: Callee is now carol".to_owned()),
        "{story:?}"
    );
}

#[test]
fn the_caller_may_hand_over_as_well() {
    let mut rig = talking(1);
    rig.plan(ALICE, seconds(0), Action::Refer("1003"));
    rig.run(seconds(10));
    assert_eq!(rig.phones[ALICE].end(), "they hung up");
    assert_joined(&mut rig, CAROL, BOB);
}

#[test]
fn a_call_goes_on_when_the_target_refuses() {
    for (target, manner, code) in [
        ("1003", Manner::Refuse(StatusCode::BUSY_HERE), 486),
        (
            "1003",
            Manner::RefuseAfter(seconds(2), StatusCode::DECLINE),
            603,
        ),
        ("1003", Manner::Ring, 480),
        ("1003", Manner::AnswerNonsense, 400),
        ("4711", Manner::Ring, 404),
    ] {
        let mut rig = talking(1);
        rig.phones[CAROL].manner = manner;
        rig.plan(BOB, seconds(0), Action::Refer(target));
        rig.run(seconds(70));
        let heard = &rig.phones[BOB].heard;
        assert_eq!(heard[0], "it is 100");
        assert_eq!(
            heard[heard.len() - 2..],
            [format!("it is {code}"), "no more reports".to_owned()]
        );
        assert!(rig.phones[CAROL].leg.is_none());
        assert_joined(&mut rig, ALICE, BOB);
    }
}

#[test]
fn a_transferor_who_trusts_and_leaves_is_not_missed() {
    let mut rig = talking(1);
    rig.plan(BOB, seconds(0), Action::Refer("1003"));
    rig.plan(BOB, Duration::from_millis(500), Action::Hangup);
    rig.run(seconds(10));
    assert_eq!(rig.phones[BOB].end(), "we hung up");
    assert_joined(&mut rig, ALICE, CAROL);

    // But when the target refuses, nobody is there any more.
    let mut rig = talking(1);
    rig.phones[CAROL].manner = Manner::RefuseAfter(seconds(2), StatusCode::DECLINE);
    rig.plan(BOB, seconds(0), Action::Refer("1003"));
    rig.plan(BOB, Duration::from_millis(500), Action::Hangup);
    rig.run(seconds(10));
    assert_eq!(rig.phones[ALICE].end(), "they hung up");
    assert_no_leaks(&mut rig);
}

#[test]
fn the_party_that_stays_may_leave_before_anybody_answers() {
    let mut rig = talking(1);
    rig.phones[CAROL].manner = Manner::Ring;
    rig.plan(BOB, seconds(0), Action::Refer("1003"));
    rig.plan(ALICE, seconds(2), Action::Hangup);
    rig.run(seconds(10));
    assert!(rig.phones[CAROL].end().starts_with("cancelled"));
    assert!(rig.phones[BOB].heard.contains(&"it is 487".to_owned()));
    assert_eq!(rig.phones[BOB].end(), "they hung up");
    assert_no_leaks(&mut rig);
}

#[test]
fn the_party_that_stays_may_refuse_the_newcomer() {
    let mut rig = talking(1);
    rig.phones[ALICE].refuses_reoffers = Some(StatusCode::NOT_ACCEPTABLE_HERE);
    rig.plan(BOB, seconds(0), Action::Refer("1003"));
    rig.run(seconds(10));
    assert!(rig.phones[BOB].heard.contains(&"it is 488".to_owned()));
    assert!(rig.phones[CAROL].leg.is_none());
    assert_joined(&mut rig, ALICE, BOB);
}

#[test]
fn two_calls_of_one_phone_are_joined() {
    let mut rig = consulting(1);
    rig.plan(BOB, seconds(0), Action::ReferToSecond);
    rig.run(seconds(5));
    let reports = ["it is 100", "it is 200", "no more reports"];
    assert_eq!(rig.phones[BOB].heard, reports);
    assert_eq!(rig.phones[BOB].ends, ["they hung up", "they hung up"]);
    insta::assert_snapshot!(rig.ladder());
    assert_joined(&mut rig, ALICE, CAROL);
}

#[test]
fn a_phone_that_hangs_up_both_calls_at_once_still_joins_them() {
    let mut rig = consulting(1);
    rig.plan(BOB, seconds(0), Action::ReferToSecond);
    rig.plan(BOB, Duration::from_millis(1), Action::Hangup);
    rig.run(seconds(5));
    assert_joined(&mut rig, ALICE, CAROL);
}

#[test]
fn both_calls_go_on_when_they_cannot_be_joined() {
    for refuser in [ALICE, CAROL] {
        let mut rig = consulting(1);
        rig.phones[refuser].refuses_reoffers = Some(StatusCode::NOT_ACCEPTABLE_HERE);
        rig.plan(BOB, seconds(0), Action::ReferToSecond);
        rig.run(seconds(5));
        assert!(rig.phones[BOB].heard.contains(&"it is 488".to_owned()));
        for phone in [ALICE, CAROL] {
            assert!(rig.phones[phone].leg.is_some());
            rig.plan(phone, seconds(0), Action::Hangup);
        }
        rig.run(seconds(5));
        assert_eq!(rig.phones[BOB].ends, ["they hung up", "they hung up"]);
        assert_no_leaks(&mut rig);
    }
}

#[test]
fn a_call_that_still_rings_is_rung_anew_for_the_other_party() {
    let mut rig = talking(1);
    rig.phones[CAROL].manner = Manner::Answer(seconds(4));
    rig.plan(BOB, seconds(0), Action::Call("1003".to_owned()));
    rig.run(seconds(2));
    // The names of calls that ring are known from their provisional answers.
    let ringing = rig.phones[BOB].progress_name.clone().expect("it rings");
    let held = rig.phones[BOB].held.expect("a first call");
    rig.phones[BOB].leg = Some(held);
    rig.plan(BOB, seconds(0), Action::ReferReplacing(ringing));
    rig.run(seconds(10));
    let caller = rig.phones[CAROL].caller.clone();
    assert_eq!(
        caller.as_deref(),
        Some("\"alice\" <sip:1001@carillon.test>")
    );
    assert_joined(&mut rig, ALICE, CAROL);
}

#[test]
fn nobody_takes_another_ones_call() {
    let logins = ["alice-1", "bob-1", "carol-1", "carol-2"];
    let mut rig = Rig::new(1, Conditions::perfect(), &logins);
    rig.register_all();
    rig.call("1002");
    rig.phones[3].manner = Manner::Ring;
    rig.plan(3, seconds(0), Action::Call("1003".to_owned()));
    rig.run(seconds(5));
    // Carol has overheard how alice's call is called.
    let name = rig.phones[ALICE].name.clone().expect("a call");
    rig.plan(3, seconds(0), Action::ReferReplacing(name));
    rig.run(seconds(5));
    assert!(rig.phones[3].heard.contains(&"it is 403".to_owned()));
    rig.plan(3, seconds(0), Action::Hangup);
    assert_joined(&mut rig, ALICE, BOB);
}

#[test]
fn transfers_over_bad_links_come_to_one_end() {
    let mut joined = 0;
    for seed in 0..40 {
        let mut rig = talking(seed);
        rig.network.set_conditions(Conditions::bad(0.15));
        rig.plan(BOB, seconds(0), Action::Refer("1003"));
        rig.plan(ALICE, seconds(60), Action::Hangup);
        for phone in [BOB, CAROL] {
            rig.plan(phone, seconds(120), Action::Hangup);
        }
        rig.run(seconds(400));
        joined += rig.phones[CAROL].answered;
        for phone in &rig.phones {
            assert!(phone.leg.is_none(), "seed {seed}: {}", phone.login);
        }
        assert_no_leaks(&mut rig);
    }
    assert!(joined >= 36, "{joined} of 40");
}

#[test]
fn a_transfer_goes_on_where_the_target_has_calls_sent_that_it_does_not_take() {
    let unanswered = |target: &mut switch::Treatment| {
        target.forward_no_answer = Some(("1001".into(), seconds(5)));
    };
    let busy = |target: &mut switch::Treatment| target.forward_busy = Some("1001".into());
    for (manner, change) in [
        (Manner::Ring, &unanswered as &dyn Fn(&mut switch::Treatment)),
        (Manner::Refuse(StatusCode::BUSY_HERE), &busy),
        (Manner::Refuse(StatusCode::DECLINE), &busy),
    ] {
        // Bob hands carol over to gus, who does not take the call and has such calls go to alice.
        let logins = ["alice-1", "bob-1", "carol-1", "gus-1"];
        let mut rig = Rig::new(1, Conditions::perfect(), &logins);
        rig.register_all();
        rig.server.directory.treat("gus", change);
        rig.phones[3].manner = manner;
        rig.plan(BOB, seconds(0), Action::Call("1003".to_owned()));
        rig.run(seconds(5));
        rig.plan(BOB, seconds(0), Action::Refer("9001"));
        rig.run(seconds(20));
        assert!(rig.phones[3].leg.is_none());
        assert_eq!(rig.phones[BOB].heard.last().unwrap(), "no more reports");
        assert!(rig.phones[ALICE].history[0].contains("sip:9001@"));
        assert_joined(&mut rig, ALICE, CAROL);
    }
}
