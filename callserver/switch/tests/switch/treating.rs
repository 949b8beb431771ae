//! Callees who have decided what is done with their calls.

use std::time::Duration;

use simnet::Conditions;
use sip::{StatusCode, Text};
use switch::{CallEnd, Config, DeviceId, Ring, Side, Treatment};

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};
use crate::server::DOMAIN;

pub(crate) const ELSEWHERE: &str = "cancelled: SIP;cause=200;text=\"Call completed elsewhere\"";
pub(crate) const UNANSWERED: &str = "cancelled: Q.850;cause=19;text=\"No answer\"";

/// Alice calls; Bob and Carol have a phone each.
pub(crate) fn rig() -> Rig {
    rig_with(&["alice-1", "bob-1", "carol-1"])
}

pub(crate) fn rig_with(logins: &[&str]) -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), logins);
    rig.register_all();
    rig
}

pub(crate) fn treat(rig: &mut Rig, name: &str, change: impl FnOnce(&mut Treatment)) {
    rig.server.directory.treat(name, change);
}

pub(crate) fn number(number: &'static str) -> Option<Text> {
    Some(Text::from_static(number))
}

/// The first phone calls Bob for so long.
fn call_bob(rig: &mut Rig, time: u64) {
    rig.call("1002");
    rig.plan(0, seconds(time), Action::Hangup);
    rig.run(seconds(time + 20));
}

#[test]
fn who_does_not_want_to_be_disturbed_is_busy_and_hears_nothing() {
    let mut rig = rig();
    treat(&mut rig, "bob", |bob| bob.do_not_disturb = true);
    call_bob(&mut rig, 20);
    assert_eq!(rig.phones[0].end(), "486 Busy Here");
    assert_eq!(rig.phones[0].progress, [0; 0]);
    assert_eq!(rig.phones[1].end(), "goes on");
    assert_eq!(rig.phones[1].caller, None);
    assert_eq!(rig.end(), (CallEnd::Busy, Some(Side::Callee)));
    rig.assert_no_leaks();
}

#[test]
fn all_calls_go_on_to_another_number_which_hears_why() {
    let mut rig = rig();
    treat(&mut rig, "bob", |bob| bob.forward_always = number("1003"));
    call_bob(&mut rig, 10);
    insta::assert_snapshot!(rig.ladder());
    assert_eq!(rig.phones[0].progress, [181, 180]);
    assert_eq!(rig.phones[0].answered, 1);
    assert_eq!(rig.phones[1].caller, None);
    assert_eq!(
        rig.phones[2].history,
        [
            "History-Info: <sip:1002@carillon.test>;index=1",
            "History-Info: <sip:1003@carillon.test;cause=302>;index=1.1;mp=1",
            "Diversion: <sip:1002@carillon.test>;reason=unconditional;counter=1",
        ]
    );
    let story = rig.server.story();
    assert_eq!(story[0], "call 1: alice calls bob");
    assert_eq!(story[1], "call 1: goes on to carol");
    // It is Bob who sends the call there, so it is he who must be allowed to call there.
    let asked = &rig.server.directory.asked;
    assert_eq!(asked[1], ("bob".to_owned(), "1003".to_owned()));
    rig.assert_no_leaks();
}

#[test]
fn each_cause_leads_to_its_own_number() {
    for (cause, change) in [
        (
            "cause=486",
            (|bob: &mut Treatment| {
                bob.do_not_disturb = true;
                bob.forward_busy = number("1003");
            }) as fn(&mut Treatment),
        ),
        ("cause=486", |bob| bob.forward_busy = number("1003")),
        ("cause=408", |bob| {
            let to = Text::from_static("1003");
            bob.forward_no_answer = Some((to, Duration::from_secs(12)));
        }),
        ("cause=503", |bob| bob.forward_unreachable = number("1003")),
    ] {
        let mut rig = rig();
        treat(&mut rig, "bob", change);
        rig.phones[1].manner = match cause {
            "cause=486" => Manner::Refuse(StatusCode::BUSY_HERE),
            "cause=503" => Manner::Refuse(StatusCode::TEMPORARILY_UNAVAILABLE),
            _ => Manner::Ring,
        };
        call_bob(&mut rig, 30);
        assert_eq!(rig.phones[2].answered, 1, "{cause}");
        assert!(
            rig.phones[2].history[1].contains(cause),
            "{:?}",
            rig.phones[2].history
        );
        assert_eq!(rig.phones[0].end(), "we hung up");
        rig.assert_no_leaks();
    }
}

#[test]
fn a_phone_that_rings_in_vain_stops_when_the_call_goes_on() {
    let mut rig = rig();
    treat(&mut rig, "bob", |bob| {
        bob.forward_no_answer = Some((Text::from_static("1003"), seconds(12)));
    });
    rig.phones[1].manner = Manner::Answer(seconds(13));
    call_bob(&mut rig, 30);
    assert_eq!(rig.phones[0].progress, [180, 181, 180]);
    assert_eq!(rig.phones[1].end(), UNANSWERED);
    assert_eq!(rig.phones[1].answered, 0);
    assert_eq!(rig.phones[2].answered, 1);
    rig.assert_no_leaks();
}

#[test]
fn who_has_no_phone_is_unreachable_and_can_be_reached_elsewhere() {
    let mut rig = rig_with(&["alice-1", "carol-1"]);
    call_bob(&mut rig, 20);
    let absent = "480 Temporarily Unavailable, Q.850;cause=20;text=\"Nobody is registered\"";
    assert_eq!(rig.phones[0].end(), absent);
    treat(&mut rig, "bob", |bob| {
        bob.forward_unreachable = number("1003")
    });
    call_bob(&mut rig, 20);
    assert_eq!(rig.phones[0].end(), "we hung up");
    assert_eq!(rig.phones[1].answered, 1);
    rig.assert_no_leaks();
}

#[test]
fn forwards_in_a_circle_and_into_nothing_end_with_what_the_first_one_would_have_said() {
    for (target, heard) in [
        ("1002", "486 Busy Here"),
        ("1003", "486 Busy Here"),
        ("4711", "486 Busy Here"),
    ] {
        let mut rig = rig();
        treat(&mut rig, "bob", |bob| {
            bob.do_not_disturb = true;
            bob.forward_busy = number(target);
        });
        treat(&mut rig, "carol", |carol| {
            carol.do_not_disturb = true;
            carol.forward_busy = number("1002");
        });
        call_bob(&mut rig, 20);
        assert_eq!(rig.phones[0].end(), heard, "{target}");
        rig.assert_no_leaks();
    }
}

#[test]
fn a_forward_must_be_allowed_to_whoever_forwards_and_welcome_where_it_leads() {
    let mut rig = rig_with(&["alice-1", "gus-1", "carol-1"]);
    treat(&mut rig, "gus", |gus| gus.forward_always = number("1003"));
    rig.server.directory.closed.insert("1003");
    rig.call("9001");
    rig.run(seconds(20));
    assert!(rig.phones[0].end().starts_with("480 "));
    // Carol does not want to hear from Alice, by whatever way.
    rig.server.directory.closed.clear();
    rig.server.directory.block("carol", "alice");
    rig.call("9001");
    rig.run(seconds(20));
    assert!(rig.phones[0].end().starts_with("480 "));
    assert_eq!(rig.phones[2].caller, None);
    rig.assert_no_leaks();
}

#[test]
fn whom_all_calls_go_to_still_reaches_the_one_they_come_from() {
    let mut rig = rig();
    treat(&mut rig, "bob", |bob| bob.forward_always = number("1001"));
    call_bob(&mut rig, 10);
    assert_eq!(rig.phones[1].answered, 1);
    rig.assert_no_leaks();
}

#[test]
fn who_is_blocked_hears_what_anybody_hears_who_calls_at_a_bad_time() {
    let mut rig = rig();
    rig.server.directory.block("bob", "alice");
    call_bob(&mut rig, 10);
    assert_eq!(rig.phones[0].end(), "486 Busy Here");
    assert_eq!(rig.phones[0].progress, [0; 0]);
    assert_eq!(rig.phones[1].caller, None);
    rig.assert_no_leaks();
}

#[test]
fn who_wants_to_know_who_calls_refuses_those_who_hide_it() {
    let mut rig = rig();
    treat(&mut rig, "bob", |bob| bob.refuses_anonymous = true);
    rig.plan(0, Duration::ZERO, Action::CallHidden("1002".to_owned()));
    rig.run(seconds(20));
    assert!(
        rig.phones[0].end().starts_with("433 "),
        "{}",
        rig.phones[0].end()
    );
    call_bob(&mut rig, 10);
    assert_eq!(rig.phones[1].answered, 1);
    rig.assert_no_leaks();
}

#[test]
fn without_call_waiting_a_second_call_hears_busy() {
    let mut rig = rig_with(&["alice-1", "bob-1", "carol-1", "bob-2"]);
    rig.phones[3].manner = Manner::Ring;
    treat(&mut rig, "bob", |bob| bob.max_calls = Some(1));
    rig.call("1002");
    rig.run(seconds(10));
    rig.plan(2, Duration::ZERO, Action::Call("1002".to_owned()));
    rig.run(seconds(10));
    assert_eq!(rig.phones[2].end(), "486 Busy Here");
    // The second phone of his rings as soon as there is room for a second call.
    treat(&mut rig, "bob", |bob| bob.max_calls = Some(2));
    rig.plan(2, Duration::ZERO, Action::Call("1002".to_owned()));
    rig.run(seconds(10));
    assert_eq!(rig.phones[2].progress, [180]);
    rig.plan(2, Duration::ZERO, Action::Hangup);
    rig.plan(0, Duration::ZERO, Action::Hangup);
    rig.run(seconds(10));
    rig.assert_no_leaks();
}

#[test]
fn phones_ring_one_after_another_in_the_order_that_their_owner_likes() {
    let mut rig = rig_with(&["alice-1", "bob-1", "bob-2", "bob-3"]);
    treat(&mut rig, "bob", |bob| {
        bob.ring = Ring::InOrder {
            devices: vec![DeviceId(202)],
            each: seconds(5),
        };
    });
    for phone in [1, 2] {
        rig.phones[phone].manner = Manner::Ring;
    }
    rig.phones[3].manner = Manner::Ring;
    rig.call("1002");
    rig.run(seconds(4));
    let ringing = |rig: &Rig| -> Vec<bool> {
        let phones = rig.phones[1..].iter();
        phones.map(|phone| phone.leg.is_some()).collect()
    };
    assert_eq!(ringing(&rig), [false, true, false]);
    rig.run(seconds(5));
    assert_eq!(rig.phones[2].end(), UNANSWERED);
    assert_eq!(ringing(&rig).iter().filter(|rings| **rings).count(), 1);
    rig.run(seconds(5));
    assert_eq!(ringing(&rig).iter().filter(|rings| **rings).count(), 1);
    rig.run(seconds(10));
    assert_eq!(rig.end(), (CallEnd::NoAnswer, None));
    let all_rang = rig.phones[1..]
        .iter()
        .all(|phone| phone.end() == UNANSWERED);
    assert!(all_rang);
    rig.assert_no_leaks();
}

#[test]
fn the_next_phone_rings_at_once_when_one_refuses() {
    let mut rig = rig_with(&["alice-1", "bob-1", "bob-2"]);
    treat(&mut rig, "bob", |bob| {
        bob.ring = Ring::InOrder {
            devices: vec![DeviceId(201), DeviceId(202)],
            each: seconds(20),
        };
    });
    rig.phones[1].manner = Manner::Refuse(StatusCode::BUSY_HERE);
    call_bob(&mut rig, 10);
    assert_eq!(rig.phones[2].answered, 1);
    rig.assert_no_leaks();
}

#[test]
fn the_caller_gives_up_at_each_moment_of_a_long_way() {
    for after in 0..40 {
        let mut rig = rig();
        treat(&mut rig, "bob", |bob| {
            bob.forward_no_answer = Some((Text::from_static("1003"), Duration::from_millis(1500)));
        });
        rig.phones[1].manner = Manner::Ring;
        rig.phones[2].manner = Manner::Ring;
        rig.call("1002");
        rig.plan(0, Duration::from_millis(after * 47), Action::Hangup);
        rig.run(seconds(20));
        let caller = rig.phones[0].end();
        assert!(
            caller.starts_with("487") || caller == "we hung up",
            "{caller}"
        );
        assert!(rig.phones[1..].iter().all(|phone| phone.leg.is_none()));
        rig.assert_no_leaks();
    }
}

#[test]
fn a_silent_directory_does_not_hold_a_call_that_goes_on() {
    let mut rig = Rig::with_config(
        1,
        Conditions::perfect(),
        &["alice-1", "bob-1"],
        Config::new(DOMAIN),
    );
    rig.register_all();
    treat(&mut rig, "bob", |bob| {
        bob.forward_no_answer = Some((Text::from_static("1003"), seconds(3)));
    });
    rig.phones[1].manner = Manner::Ring;
    rig.call("1002");
    rig.run(seconds(2));
    rig.server.holds_answers = true;
    rig.run(seconds(30));
    assert_eq!(rig.end(), (CallEnd::NoAnswer, None));
    rig.server.held.clear();
    rig.assert_no_leaks();
}

#[test]
fn a_call_that_is_handed_over_respects_what_the_new_callee_wants() {
    let mut rig = rig_with(&["alice-1", "bob-1", "carol-1", "gus-1"]);
    treat(&mut rig, "carol", |carol| {
        carol.forward_always = number("9001")
    });
    rig.call("1002");
    rig.plan(1, seconds(5), Action::Refer("1003"));
    rig.run(seconds(20));
    assert_eq!(rig.phones[3].answered, 1);
    assert_eq!(rig.phones[2].caller, None);
    assert!(rig.phones[3].history[1].contains("cause=302"));
    rig.plan(0, Duration::ZERO, Action::Hangup);
    rig.run(seconds(20));
    treat(&mut rig, "carol", |carol| {
        *carol = Treatment {
            do_not_disturb: true,
            ..Treatment::default()
        }
    });
    rig.call("1002");
    rig.plan(1, seconds(5), Action::Refer("1003"));
    rig.run(seconds(20));
    assert!(rig.phones[1].heard.contains(&"it is 486".to_owned()));
    assert!(rig.phones[1].leg.is_some());
    rig.plan(0, Duration::ZERO, Action::Hangup);
    // The transfer could have been reported on for so long.
    rig.run(seconds(300));
    rig.assert_no_leaks();
}

#[test]
fn nobody_else_rings_once_somebody_has_answered() {
    let mut rig = rig_with(&["alice-1", "bob-1", "bob-2"]);
    rig.phones[2].manner = Manner::Ring;
    treat(&mut rig, "bob", |bob| {
        bob.forward_no_answer = Some((Text::from_static("1003"), seconds(3)));
    });
    call_bob(&mut rig, 10);
    assert_eq!(rig.phones[2].end(), ELSEWHERE);
    assert_eq!(rig.phones[0].progress, [180]);
    rig.assert_no_leaks();
}

#[test]
fn a_call_that_is_declined_goes_where_calls_go_while_the_callee_is_busy() {
    let mut rig = rig_with(&["alice-1", "bob-1", "carol-1"]);
    let busy = |bob: &mut Treatment| bob.forward_busy = Some(Text::from_static("1003"));
    rig.server.directory.treat("bob", busy);
    rig.phones[1].manner = Manner::RefuseAfter(seconds(2), StatusCode::DECLINE);
    rig.call("1002");
    rig.run(seconds(10));
    assert_eq!((rig.phones[0].answered, rig.phones[2].answered), (1, 1));
    let by = "Diversion: <sip:1002@carillon.test>;reason=deflection;counter=1".to_owned();
    assert!(rig.phones[2].history.contains(&by));
    rig.plan(0, seconds(0), Action::Hangup);
    rig.run(seconds(20));
    rig.assert_no_leaks();
}
