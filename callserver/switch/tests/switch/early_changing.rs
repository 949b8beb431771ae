//! Sessions that are made or changed before the call is answered: UPDATE while it rings, offers in provisional answers.

use std::time::Duration;

use sdp::Direction;
use simnet::Conditions;
use sip::StatusCode;
use switch::{CallEnd, Side};

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

/// Alice hears Bob's phone, which will be picked up after 10 s.
fn hearing(logins: &[&str]) -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), logins);
    rig.register_all();
    rig.phones[1].manner = Manner::EarlyMedia(seconds(10));
    rig.call("1002");
    rig.run(seconds(2));
    rig
}

fn directions(rig: &Rig) -> (Direction, Direction) {
    let of = |phone: usize| rig.phones[phone].media.unwrap().direction;
    (of(0), of(1))
}

fn invites(rig: &Rig) -> usize {
    rig.ladder().matches("INVITE + session ---").count()
}

/// The call is answered, goes on and ends; nobody is asked for anything more.
fn finish(mut rig: Rig) -> Rig {
    let before = invites(&rig);
    rig.run(seconds(20));
    assert_eq!((rig.phones[0].answered, rig.phones[1].answered), (1, 1));
    assert_eq!(invites(&rig), before, "{}", rig.ladder());
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(60));
    assert_eq!(rig.end(), (CallEnd::HungUp, Some(Side::Caller)));
    rig.assert_no_leaks();
    rig
}

#[test]
fn the_caller_changes_the_session_while_it_rings() {
    let mut rig = hearing(&["alice-1", "bob-1"]);
    rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
    rig.run(seconds(3));
    let held = (Direction::SendOnly, Direction::RecvOnly);
    assert_eq!(directions(&rig), held);
    let rig = finish(rig);
    assert_eq!(directions(&rig), held, "the answer changes nothing");
    insta::assert_snapshot!(rig.ladder());
}

#[test]
fn the_phone_that_rings_changes_the_session() {
    let mut rig = hearing(&["alice-1", "bob-1"]);
    rig.plan(1, seconds(1), Action::Offer(Direction::SendOnly));
    rig.run(seconds(3));
    let held = (Direction::RecvOnly, Direction::SendOnly);
    assert_eq!(directions(&rig), held);
    let rig = finish(rig);
    assert_eq!(directions(&rig), held, "the answer changes nothing");
    insta::assert_snapshot!(rig.ladder());
}

#[test]
fn a_refused_change_leaves_the_session_as_it_was() {
    for changes in [0, 1] {
        let mut rig = hearing(&["alice-1", "bob-1"]);
        rig.phones[1 - changes].refuses_reoffers = Some(StatusCode::NOT_ACCEPTABLE_HERE);
        rig.plan(changes, seconds(1), Action::Offer(Direction::SendOnly));
        rig.run(seconds(3));
        assert_eq!(rig.phones[changes].reoffers_refused, [488]);
        let rig = finish(rig);
        assert_eq!(directions(&rig), (Direction::SendRecv, Direction::SendRecv));
    }
}

#[test]
fn both_change_the_session_at_once_before_the_answer() {
    let mut rig = hearing(&["alice-1", "bob-1"]);
    rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
    rig.plan(1, seconds(1), Action::Offer(Direction::SendOnly));
    rig.run(seconds(6));
    let updates = rig.ladder().matches("UPDATE + session ---").count();
    assert!(updates >= 4, "both come again: {}", rig.ladder());
    finish(rig);
}

#[test]
fn a_phone_is_picked_up_while_a_change_is_under_way() {
    // The offer is on its way to the switch, to the other phone, or its answer is on its way back.
    for (changes, before) in (0..2).flat_map(|phone| (0..60).step_by(5).map(move |t| (phone, t))) {
        let mut rig = hearing(&["alice-1", "bob-1"]);
        let pause = Duration::from_millis(8_040 - before);
        rig.plan(changes, pause, Action::Offer(Direction::SendOnly));
        rig.run(seconds(15));
        let (near, far) = match directions(&rig) {
            (caller, callee) if changes == 0 => (caller, callee),
            (caller, callee) => (callee, caller),
        };
        assert_eq!(
            (near, far),
            (Direction::SendOnly, Direction::RecvOnly),
            "phone {changes}, {before} ms before: {}",
            rig.ladder()
        );
        rig.plan(0, seconds(1), Action::Hangup);
        rig.run(seconds(60));
        assert_eq!(rig.end(), (CallEnd::HungUp, Some(Side::Caller)));
        rig.assert_no_leaks();
    }
}

#[test]
fn a_call_that_ends_during_an_early_change_leaves_nothing_behind() {
    for (changes, ends) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        for after in [5, 15, 25, 35] {
            let mut rig = hearing(&["alice-1", "bob-1"]);
            rig.plan(changes, seconds(1), Action::Offer(Direction::SendOnly));
            let pause = seconds(1) + Duration::from_millis(after);
            rig.plan(ends, pause, Action::Hangup);
            rig.run(seconds(60));
            let end = match ends {
                0 => (CallEnd::Cancelled, Some(Side::Caller)),
                _ => (CallEnd::Declined, Some(Side::Callee)),
            };
            assert_eq!(rig.end(), end, "{}", rig.ladder());
            if ends == 1 {
                assert_eq!(rig.phones[0].end(), "603 Decline");
            }
            rig.assert_no_leaks();
        }
    }
}

#[test]
fn the_operator_ends_a_call_whose_caller_waits_for_the_answer_to_an_offer() {
    let mut rig = hearing(&["alice-1", "bob-1"]);
    rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
    rig.run(seconds(1) + Duration::from_millis(15));
    let now = rig.now();
    let call = *rig.server.open_ports.first().unwrap();
    rig.server.handle(now, switch::Input::HangUpCall { call });
    rig.run(seconds(5));
    assert_eq!(
        rig.phones[0].end(),
        "480 Temporarily Unavailable, Q.850;cause=16;text=\"Ended by the operator\""
    );
    let ladder = rig.ladder();
    assert!(ladder.contains("487 (UPDATE)"), "{ladder}");
    rig.assert_no_leaks();
}

#[test]
fn what_cannot_be_passed_on_while_it_rings_is_passed_on_when_it_was_answered() {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    // Bob's phone lets her hear something, but not reliably.
    rig.phones[1].without_reliable_progress();
    rig.register_all();
    rig.phones[1].manner = Manner::EarlyMedia(seconds(10));
    rig.call("1002");
    rig.plan(0, seconds(2), Action::Offer(Direction::SendOnly));
    rig.run(seconds(30));
    assert_eq!(directions(&rig), (Direction::SendOnly, Direction::RecvOnly));
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(60));
    insta::assert_snapshot!(rig.ladder());
    rig.assert_no_leaks();
}

#[test]
fn a_phone_makes_the_offer_while_it_rings_and_the_caller_answers() {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    rig.register_all();
    rig.phones[1].manner = Manner::EarlyMedia(seconds(10));
    let call = Action::CallWithoutOffer("1002".to_owned());
    rig.plan(0, seconds(0), call);
    rig.run(seconds(2));
    for phone in &rig.phones {
        let media = phone.media.expect("both speak with the relay");
        assert_eq!(media.remote.ip().to_string(), "192.0.2.2");
    }
    assert_eq!(rig.server.media.len(), 2, "the relay knows both");
    rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
    rig.run(seconds(3));
    let held = (Direction::SendOnly, Direction::RecvOnly);
    assert_eq!(directions(&rig), held);
    let rig = finish(rig);
    assert_eq!(directions(&rig), held);
    insta::assert_snapshot!(rig.ladder());
}

#[test]
fn phones_are_not_asked_for_early_offers_that_nobody_could_answer() {
    // Several phones ring, or the caller's phone does not acknowledge provisional answers.
    for (logins, is_old) in [
        (&["alice-1", "bob-1", "bob-2"][..], false),
        (&["alice-1", "bob-1"], true),
    ] {
        let mut rig = Rig::new(1, Conditions::perfect(), logins);
        if is_old {
            rig.phones[0].without_reliable_progress();
        }
        rig.register_all();
        for phone in &mut rig.phones[1..] {
            phone.manner = Manner::EarlyMedia(seconds(5));
        }
        rig.phones[1].manner = Manner::EarlyMedia(seconds(3));
        let call = Action::CallWithoutOffer("1002".to_owned());
        rig.plan(0, seconds(0), call);
        rig.run(seconds(10));
        assert_eq!(rig.phones[0].answered, 1, "{}", rig.ladder());
        assert!(!rig.ladder().contains("PRACK"), "{}", rig.ladder());
        assert_eq!(directions(&rig), (Direction::SendRecv, Direction::SendRecv));
        rig.plan(0, seconds(1), Action::Hangup);
        rig.run(seconds(60));
        rig.assert_no_leaks();
    }
}

#[test]
fn a_phone_that_rings_later_gets_the_session_as_it_was_changed() {
    let mut rig = hearing(&["alice-1", "bob-1", "carol-1"]);
    rig.phones[2].manner = Manner::Answer(seconds(2));
    rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
    rig.plan(1, seconds(3), Action::SendOn("sip:1003@carillon.test"));
    rig.run(seconds(10));
    assert_eq!(rig.phones[2].answered, 1);
    let direction = rig.phones[2].media.unwrap().direction;
    assert_eq!(direction, Direction::RecvOnly);
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(60));
    rig.assert_no_leaks();
}

#[test]
fn while_several_phones_ring_an_offer_has_to_wait() {
    let mut rig = hearing(&["alice-1", "bob-1", "carol-1", "carol-2"]);
    rig.phones[2].manner = Manner::Answer(seconds(5));
    rig.phones[3].manner = Manner::Ring;
    rig.plan(1, seconds(1), Action::SendOn("sip:1003@carillon.test"));
    rig.plan(0, seconds(2), Action::Offer(Direction::SendOnly));
    rig.run(seconds(30));
    let ladder = rig.ladder();
    assert!(ladder.contains("500 (UPDATE)"), "{ladder}");
    assert_eq!(
        rig.phones[2].media.unwrap().direction,
        Direction::RecvOnly,
        "it comes again when the call is answered: {ladder}"
    );
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(60));
    rig.assert_no_leaks();
}

#[test]
fn early_changes_on_bad_networks_come_to_one_end() {
    let mut settled = 0;
    for seed in 0..120 {
        let logins = ["alice-1", "bob-1"];
        let mut rig = Rig::new(seed, Conditions::perfect(), &logins);
        rig.register_all();
        rig.network.set_conditions(Conditions::bad(0.15));
        rig.phones[1].manner = Manner::EarlyMedia(seconds(10));
        let call = match seed % 3 {
            0 => Action::CallWithoutOffer("1002".to_owned()),
            _ => Action::Call("1002".to_owned()),
        };
        rig.plan(0, seconds(0), call);
        let late = Duration::from_millis(9_000 + 20 * u64::from(seed));
        rig.plan(0, seconds(4), Action::Offer(Direction::SendOnly));
        rig.plan(1, late, Action::Offer(Direction::Inactive));
        rig.plan(0, late, Action::Offer(Direction::SendRecv));
        rig.plan(usize::from(seed % 2), seconds(60), Action::Hangup);
        rig.plan(usize::from((seed + 1) % 2), seconds(100), Action::Hangup);
        rig.run(seconds(400));
        for phone in &rig.phones {
            let (login, ladder) = (&phone.login, rig.ladder());
            assert!(phone.leg.is_none(), "seed {seed}: {login}\n{ladder}");
        }
        settled += rig.phones[0].answered;
        rig.assert_no_leaks();
    }
    assert!(settled >= 110, "only {settled} of 120 calls were answered");
}

#[test]
fn an_offer_that_is_answered_too_late_is_never_taken_for_the_answer_to_the_call() {
    for is_silent in [false, true] {
        let mut rig = hearing(&["alice-1", "bob-1"]);
        rig.phones[1].forget_plans();
        rig.phones[1].ignores_reoffers = is_silent;
        rig.phones[1].refuses_reoffers = Some(StatusCode::REQUEST_PENDING);
        rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
        rig.run(seconds(34));
        assert_eq!(rig.phones[0].reoffers_refused, [504], "{}", rig.ladder());
        // Now it takes the offer; the caller's phone waits no longer, and hears what it heard before.
        rig.phones[1].refuses_reoffers = None;
        rig.run(seconds(20));
        assert_eq!(directions(&rig), (Direction::SendRecv, Direction::SendRecv));
        assert_eq!(rig.phones[0].answered, 0, "{}", rig.ladder());
        rig.plan(0, seconds(1), Action::Hangup);
        rig.run(seconds(60));
        assert_eq!(rig.end(), (CallEnd::Cancelled, Some(Side::Caller)));
        rig.assert_no_leaks();
    }
}
