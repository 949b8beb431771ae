//! Callers who are called back when their callee is free.

use std::time::Duration;

use sip::StatusCode;
use switch::{AccountId, CallEnd, Event, Input, NotCompleted, Party, Side};

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};
use crate::treating::rig_with;

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

/// Alice, Bob and Carol have a phone each; Bob is in one call at most.
fn rig() -> Rig {
    let mut rig = rig_with(&["alice-1", "bob-1", "carol-1"]);
    let one = |treatment: &mut switch::Treatment| treatment.max_calls = Some(1);
    rig.server.directory.treat("bob", one);
    rig
}

fn dial(rig: &mut Rig, phone: usize, number: &str) {
    rig.plan(phone, Duration::ZERO, Action::Call(number.to_owned()));
    rig.run(seconds(5));
}

fn hang_up(rig: &mut Rig, phone: usize) {
    rig.plan(phone, Duration::ZERO, Action::Hangup);
    rig.run(seconds(2));
}

/// Bob talks with Carol; Alice has heard that he is busy, and dials the code.
fn waiting() -> Rig {
    let mut rig = rig();
    dial(&mut rig, CAROL, "1002");
    dial(&mut rig, ALICE, "1002");
    assert_eq!(rig.phones[ALICE].end(), "486 Busy Here");
    dial(&mut rig, ALICE, "*66");
    assert_eq!(rig.phones[ALICE].end(), "they hung up", "it is confirmed");
    assert_eq!(rig.server.switch.counts().completions, 1);
    rig
}

/// Bob is free, and Alice's phone has rung and was picked up.
fn called_back() -> Rig {
    let mut rig = waiting();
    let answered = rig.phones[ALICE].answered;
    hang_up(&mut rig, CAROL);
    rig.run(seconds(6));
    assert_eq!(rig.phones[ALICE].answered, answered + 1);
    rig
}

/// What is left is what a wish that nobody has given up would hold, too.
fn assert_over(rig: &mut Rig) {
    assert_eq!(rig.server.switch.counts().completions, 0);
    rig.assert_no_leaks();
}

#[test]
fn whoever_was_busy_is_called_when_it_is_free_and_the_caller_has_picked_up() {
    let mut rig = called_back();
    rig.run(seconds(5));
    let caller = rig.phones[ALICE].caller.clone();
    assert_eq!(
        caller.as_deref(),
        Some("\"Call back: bob\" <sip:1002@carillon.test>")
    );
    let shown = rig.phones[BOB].caller.clone().unwrap();
    assert!(shown.contains("sip:1001@"), "{shown}");
    let medias = [ALICE, BOB].map(|phone| rig.phones[phone].media.expect("a session"));
    assert_eq!(medias[0].codec, medias[1].codec);
    assert!(
        medias
            .iter()
            .all(|media| media.direction == sdp::Direction::SendRecv)
    );
    let story = rig.server.story();
    assert!(
        story.contains(&"call 5: alice calls bob".to_owned())
            || story
                .iter()
                .filter(|line| line.contains("alice calls bob"))
                .count()
                == 2,
        "{story:?}"
    );
    hang_up(&mut rig, BOB);
    assert_eq!(rig.phones[ALICE].end(), "they hung up");
    assert_eq!(
        rig.server.ends().last(),
        Some(&(CallEnd::HungUp, Some(Side::Callee)))
    );
    assert_over(&mut rig);
}

#[test]
fn whoever_did_not_answer_is_called_after_it_has_used_its_phone() {
    let mut rig = rig();
    rig.phones[BOB].manner = Manner::RefuseAfter(seconds(1), StatusCode::TEMPORARILY_UNAVAILABLE);
    dial(&mut rig, ALICE, "1002");
    dial(&mut rig, ALICE, "*66");
    rig.run(seconds(60));
    assert_eq!(rig.server.switch.counts().completions, 1, "he does nothing");
    rig.phones[BOB].manner = Manner::Answer(seconds(1));
    let answered = rig.phones[ALICE].answered;
    dial(&mut rig, BOB, "1003");
    rig.run(seconds(20));
    assert_eq!(rig.phones[ALICE].answered, answered, "he speaks");
    hang_up(&mut rig, BOB);
    rig.run(seconds(10));
    assert_eq!(rig.phones[ALICE].answered, answered + 1);
    hang_up(&mut rig, ALICE);
    assert_eq!(rig.phones[BOB].end(), "they hung up");
    assert_over(&mut rig);
}

#[test]
fn whoever_is_blocked_waits_in_vain_and_learns_nothing() {
    let mut rig = rig();
    rig.server.directory.block("bob", "alice");
    dial(&mut rig, CAROL, "1002");
    dial(&mut rig, ALICE, "1002");
    assert_eq!(rig.phones[ALICE].end(), "486 Busy Here");
    dial(&mut rig, ALICE, "*66");
    assert_eq!(rig.phones[ALICE].end(), "they hung up");
    let answered = rig.phones[ALICE].answered;
    hang_up(&mut rig, CAROL);
    rig.run(seconds(60));
    assert_eq!(rig.phones[ALICE].answered, answered);
    assert_eq!(
        rig.server.switch.counts().completions,
        1,
        "it looks as ever"
    );
    rig.run(seconds(45 * 60));
    assert_over(&mut rig);
}

#[test]
fn who_does_not_pick_up_is_not_called_again_and_the_next_one_has_its_turn() {
    let mut rig = waiting();
    // Carol waits, too: she has called Bob herself, so not while she speaks with him.
    rig.phones[ALICE].manner = Manner::Ring;
    hang_up(&mut rig, CAROL);
    rig.run(seconds(40));
    assert_eq!(rig.server.switch.counts().completions, 0);
    assert_eq!(rig.phones[ALICE].end(), "cancelled");
    assert_over(&mut rig);
}

#[test]
fn a_wish_is_given_up_with_a_code() {
    let mut rig = waiting();
    dial(&mut rig, ALICE, "*86");
    assert_eq!(rig.phones[ALICE].end(), "they hung up");
    let answered = rig.phones[ALICE].answered;
    hang_up(&mut rig, CAROL);
    rig.run(seconds(30));
    assert_eq!(rig.phones[ALICE].answered, answered);
    dial(&mut rig, ALICE, "*86");
    let refused = "404 Not Found, 399 carillon.test \"Nobody was to call you\"";
    assert_eq!(rig.phones[ALICE].end(), refused);
    assert_over(&mut rig);
}

#[test]
fn a_callee_who_is_busy_again_is_waited_for_again() {
    let mut rig = waiting();
    rig.phones[ALICE].manner = Manner::Answer(seconds(8));
    hang_up(&mut rig, CAROL);
    rig.run(seconds(2));
    // Alice's phone rings; before she picks up Carol is faster.
    dial(&mut rig, CAROL, "1002");
    rig.run(seconds(10));
    assert_eq!(rig.phones[ALICE].end(), "they hung up");
    assert_eq!(rig.server.ends().last().unwrap().0, CallEnd::Busy);
    assert_eq!(rig.server.switch.counts().completions, 1);
    let answered = rig.phones[ALICE].answered;
    hang_up(&mut rig, CAROL);
    rig.run(seconds(20));
    assert_eq!(rig.phones[ALICE].answered, answered + 1);
    assert!(rig.phones[BOB].leg.is_some());
    hang_up(&mut rig, ALICE);
    assert_over(&mut rig);
}

#[test]
fn a_caller_who_hangs_up_before_the_callee_answers_has_cancelled() {
    let mut rig = waiting();
    rig.phones[BOB].manner = Manner::Ring;
    hang_up(&mut rig, CAROL);
    rig.run(seconds(8));
    assert!(rig.phones[BOB].leg.is_some(), "his phone rings");
    hang_up(&mut rig, ALICE);
    assert_eq!(
        rig.server.ends().last(),
        Some(&(CallEnd::Cancelled, Some(Side::Caller)))
    );
    assert_eq!(rig.phones[BOB].end(), "cancelled");
    assert_over(&mut rig);
}

#[test]
fn nobody_is_called_who_does_not_want_to_be_disturbed() {
    let mut rig = waiting();
    let quiet = |rig: &mut Rig, is_quiet| {
        let change = |treatment: &mut switch::Treatment| treatment.do_not_disturb = is_quiet;
        rig.server.directory.treat("bob", change);
    };
    quiet(&mut rig, true);
    let answered = rig.phones[ALICE].answered;
    hang_up(&mut rig, CAROL);
    rig.run(seconds(60));
    assert_eq!(rig.phones[ALICE].answered, answered);
    quiet(&mut rig, false);
    rig.run(seconds(30));
    assert_eq!(rig.phones[ALICE].answered, answered + 1);
    hang_up(&mut rig, ALICE);
    assert_over(&mut rig);
}

#[test]
fn without_a_call_in_vain_there_is_nothing_to_wait_for() {
    let mut rig = rig();
    dial(&mut rig, ALICE, "*66");
    let refused = "404 Not Found, 399 carillon.test \"You have called nobody in vain\"";
    assert_eq!(rig.phones[ALICE].end(), refused);
    assert_over(&mut rig);
}

#[test]
fn wishes_come_by_other_ways_too_and_are_bounded() {
    let mut rig = rig();
    let caller = |account, number: &'static str| Party {
        account: AccountId(account),
        number: Some(number.into()),
        display_name: "x".into(),
        is_guest: false,
    };
    let mut ask = |ticket, caller, dialled: Option<&'static str>| {
        let now = rig.now();
        let request = Input::RequestCompletion {
            ticket,
            caller,
            dialled: dialled.map(Into::into),
        };
        rig.server.handle(now, request);
        let decided = rig.server.events.iter().find_map(|event| match event {
            Event::CompletionDecided { ticket: of, result } if *of == ticket => {
                Some(result.clone())
            }
            _ => None,
        });
        decided.expect("a decision").map(|wish| wish.callee.account)
    };
    let alice = || caller(1, "1001");
    assert_eq!(ask(1, alice(), Some("1002")), Ok(AccountId(2)));
    assert_eq!(ask(2, alice(), Some("1001")), Err(NotCompleted::Oneself));
    assert_eq!(ask(3, alice(), None), Err(NotCompleted::NothingMissed));
    assert_eq!(
        ask(4, alice(), Some("4711")),
        Err(NotCompleted::NotReached(StatusCode::NOT_FOUND))
    );
    assert_eq!(ask(5, alice(), Some("1002")), Ok(AccountId(2)), "again");
    let now = rig.now();
    let own = rig.server.switch.completions(now, AccountId(1));
    assert_eq!(own.len(), 1, "the same wish");
    let cancel = Input::CancelCompletion {
        caller: AccountId(1),
        only: Some(own[0].id),
    };
    rig.server.handle(now, cancel);
    assert_over(&mut rig);
}
