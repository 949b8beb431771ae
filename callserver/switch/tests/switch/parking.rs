//! Calls that are parked in a slot and taken there.

use std::time::Duration;

use sdp::Direction;
use simnet::{Conditions, Fate};
use sip::StatusCode;
use switch::{CallEnd, Config, Event, House, Play};

use crate::outliving::Keeper;
use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};
use crate::server::DOMAIN;
use crate::treating::rig_with;
use crate::watcher::Watcher;

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

fn dial(rig: &mut Rig, phone: usize, number: &str) {
    rig.plan(phone, Duration::ZERO, Action::Call(number.to_owned()));
    rig.run(seconds(5));
}

fn hang_up(rig: &mut Rig, phone: usize) {
    rig.plan(phone, Duration::ZERO, Action::Hangup);
    rig.run(seconds(5));
}

/// Alice has called Bob, who parks her; `code` says where.
fn parked(code: &'static str) -> Rig {
    let mut rig = rig_with(&["alice-1", "bob-1", "carol-1"]);
    dial(&mut rig, ALICE, "1002");
    rig.plan(BOB, Duration::ZERO, Action::Refer(code));
    rig.run(seconds(5));
    rig
}

/// The core keeps one timer for as long as a transfer could have been reported on.
fn assert_no_leaks(rig: &mut Rig) {
    rig.run(seconds(300));
    rig.assert_no_leaks();
}

fn assert_speaks(rig: &Rig, phone: usize) {
    let media = rig.phones[phone].media.expect("a session");
    assert_eq!(media.direction, Direction::SendRecv);
    assert!(rig.phones[phone].leg.is_some());
}

#[test]
fn a_call_that_is_parked_before_its_caller_has_acknowledged_it_waits_all_the_same() {
    let mut rig = rig_with(&["alice-1", "bob-1", "carol-1"]);
    let alice = rig.phones[ALICE].address;
    rig.network.set_script(move |_, packet| {
        match packet.from == alice && packet.payload.starts_with(b"ACK ") {
            true => Fate::Deliver(Duration::from_millis(400)),
            false => Fate::Chance,
        }
    });
    rig.plan(ALICE, Duration::ZERO, Action::Call("1002".to_owned()));
    // Right after Bob has answered; Alice's ACK comes while she is being offered the music.
    let just_answered = Duration::from_millis(2_445);
    rig.plan(BOB, just_answered, Action::Refer("*68"));
    rig.run(seconds(10));
    rig.network.clear_script();
    assert!(rig.phones[ALICE].leg.is_some());
    dial(&mut rig, CAROL, "*701");
    assert_speaks(&rig, ALICE);
    assert_speaks(&rig, CAROL);
}

#[test]
fn a_call_waits_in_the_lowest_slot_and_whoever_dials_that_has_it() {
    let mut rig = parked("*68");
    let heard = &rig.phones[BOB].heard;
    assert!(
        heard.contains(&"MESSAGE Parked at *701: alice".to_owned()),
        "{heard:?}"
    );
    assert!(heard.contains(&"it is 200".to_owned()), "{heard:?}");
    assert_eq!(rig.phones[BOB].end(), "they hung up");
    assert!(rig.phones[ALICE].leg.is_some());
    // She hears music.
    let plays = rig
        .server
        .events
        .iter()
        .rev()
        .find_map(|event| match event {
            Event::MediaPlan { plan, .. } => Some(plan.caller.plays),
            _ => None,
        });
    assert_eq!(plays, Some(Some(Play::HoldMusic)));
    let is_parked = |event: &Event| {
        let Event::CallHosted { house, .. } = event else {
            return false;
        };
        matches!(house, House::Parked { slot: 0, .. })
    };
    assert!(rig.server.events.iter().any(is_parked));

    dial(&mut rig, CAROL, "*701");
    assert_eq!(rig.phones[CAROL].answered, 1);
    assert_speaks(&rig, ALICE);
    assert_speaks(&rig, CAROL);
    let story = rig.server.story();
    let line = "call 3: carol calls alice under *701".to_owned();
    assert!(story.contains(&line), "{story:?}");
    hang_up(&mut rig, CAROL);
    assert_eq!(rig.phones[ALICE].end(), "they hung up");
    assert_no_leaks(&mut rig);
}

#[test]
fn the_one_who_called_can_park_the_one_who_was_called() {
    let mut rig = rig_with(&["alice-1", "bob-1", "carol-1"]);
    dial(&mut rig, ALICE, "1002");
    rig.plan(ALICE, Duration::ZERO, Action::Refer("*703"));
    rig.run(seconds(5));
    assert_eq!(rig.phones[ALICE].end(), "they hung up");
    dial(&mut rig, CAROL, "*703");
    assert_speaks(&rig, BOB);
    assert_speaks(&rig, CAROL);
    hang_up(&mut rig, BOB);
    assert_eq!(rig.phones[CAROL].end(), "they hung up");
    assert_no_leaks(&mut rig);
}

#[test]
fn a_slot_takes_one_call_and_an_empty_one_gives_none() {
    let mut rig = parked("*702");
    dial(&mut rig, CAROL, "*701");
    let refused = "404 Not Found, 399 carillon.test \"No call is parked there\"";
    assert_eq!(rig.phones[CAROL].end(), refused);
    dial(&mut rig, CAROL, "*68");
    let refused = "404 Not Found, 399 carillon.test \"Hand a call over to this to park it\"";
    assert_eq!(rig.phones[CAROL].end(), refused);
    // Another call for the same slot stays where it is.
    dial(&mut rig, CAROL, "1002");
    rig.phones[BOB].heard.clear();
    rig.plan(BOB, Duration::ZERO, Action::Refer("*702"));
    rig.run(seconds(5));
    assert_eq!(
        rig.phones[BOB].heard,
        ["it is 100", "it is 486", "no more reports"]
    );
    assert!(rig.phones[BOB].leg.is_some());
    hang_up(&mut rig, BOB);
    hang_up(&mut rig, ALICE);
    assert_no_leaks(&mut rig);
}

#[test]
fn whoever_waits_may_hang_up_and_the_slot_is_free_again() {
    let mut rig = parked("*68");
    hang_up(&mut rig, ALICE);
    assert_eq!(rig.server.ends().last().unwrap().0, CallEnd::HungUp);
    dial(&mut rig, CAROL, "*701");
    assert!(rig.phones[CAROL].end().starts_with("404 "));
    assert_no_leaks(&mut rig);
}

#[test]
fn a_call_that_nobody_takes_rings_back() {
    let mut rig = parked("*68");
    rig.phones[BOB].manner = Manner::Ring;
    rig.run(seconds(125));
    assert_eq!(
        rig.phones[BOB].caller.as_deref(),
        Some("\"Parked: alice\" <sip:*701@carillon.test>")
    );
    assert!(rig.phones[BOB].leg.is_some());
    // He is not there; two minutes later he is.
    rig.run(seconds(40));
    assert_eq!(rig.phones[BOB].end(), "cancelled");
    rig.phones[BOB].manner = Manner::Answer(seconds(1));
    let answered = rig.phones[BOB].answered;
    rig.run(seconds(130));
    assert_eq!(rig.phones[BOB].answered, answered + 1);
    assert_speaks(&rig, ALICE);
    assert_speaks(&rig, BOB);
    hang_up(&mut rig, BOB);
    assert_eq!(rig.phones[ALICE].end(), "they hung up");
    assert_no_leaks(&mut rig);
}

#[test]
fn somebody_takes_the_call_while_it_rings_back() {
    let mut rig = parked("*68");
    rig.phones[BOB].manner = Manner::Ring;
    rig.run(seconds(125));
    dial(&mut rig, CAROL, "*701");
    assert!(rig.phones[BOB].leg.is_none(), "he is not needed any more");
    assert_speaks(&rig, ALICE);
    assert_speaks(&rig, CAROL);
    hang_up(&mut rig, ALICE);
    assert_no_leaks(&mut rig);
}

#[test]
fn a_phone_that_takes_no_other_session_is_not_left_in_a_slot() {
    let mut rig = rig_with(&["alice-1", "bob-1", "carol-1"]);
    dial(&mut rig, ALICE, "1002");
    rig.phones[ALICE].refuses_reoffers = Some(StatusCode::NOT_ACCEPTABLE_HERE);
    rig.plan(BOB, Duration::ZERO, Action::Refer("*68"));
    rig.run(seconds(5));
    assert_eq!(rig.phones[ALICE].end(), "they hung up");
    assert_eq!(rig.server.ends().last().unwrap().0, CallEnd::NoMedia);
    assert_no_leaks(&mut rig);
}

#[test]
fn a_caller_without_an_offer_takes_a_call_too() {
    let mut rig = parked("*68");
    let action = Action::CallWithoutOffer("*701".to_owned());
    rig.plan(CAROL, Duration::ZERO, action);
    rig.run(seconds(5));
    assert_speaks(&rig, ALICE);
    assert_speaks(&rig, CAROL);
    hang_up(&mut rig, CAROL);
    assert_no_leaks(&mut rig);
}

#[test]
fn a_lamp_shows_whether_a_slot_is_taken() {
    let mut rig = rig_with(&["alice-1", "bob-1", "carol-1"]);
    rig.watchers.push(Watcher::new("carol-2", 40));
    let now = rig.now();
    rig.watchers[0].watch(now, "dialog", "*701");
    rig.run(seconds(2));
    dial(&mut rig, ALICE, "1002");
    rig.plan(BOB, Duration::ZERO, Action::Refer("*68"));
    rig.run(seconds(5));
    let last = |rig: &Rig| rig.watchers[0].last().to_owned();
    assert!(
        last(&rig).contains("<state>confirmed</state>"),
        "{}",
        last(&rig)
    );
    hang_up(&mut rig, ALICE);
    assert!(
        !last(&rig).contains("<state>confirmed</state>"),
        "{}",
        last(&rig)
    );
}

#[test]
fn a_parked_call_outlives_the_server_and_is_taken_from_the_next_one() {
    let config = Config {
        keeps_calls: true,
        ..Config::new(DOMAIN)
    };
    let logins = ["alice-1", "bob-1", "carol-1"];
    let mut rig = Rig::with_config(1, Conditions::perfect(), &logins, config);
    let mut keeper = Keeper::register_all(&mut rig);
    dial(&mut rig, ALICE, "1002");
    rig.plan(BOB, Duration::ZERO, Action::Refer("*68"));
    rig.run(seconds(5));
    keeper.restart(&mut rig);
    rig.run(seconds(1));
    rig.phones[BOB].manner = Manner::Ring;
    rig.run(seconds(125));
    let shown = rig.phones[BOB].caller.as_deref();
    assert_eq!(shown, Some("\"Parked: alice\" <sip:*701@carillon.test>"));
    dial(&mut rig, CAROL, "*701");
    assert_speaks(&rig, ALICE);
    assert_speaks(&rig, CAROL);
    hang_up(&mut rig, CAROL);
    assert_eq!(rig.phones[ALICE].end(), "they hung up");
}
