//! What goes wrong: lost connections, full relays, silent databases, operators, a server that stops.

use std::time::Duration;

use simnet::Conditions;
use switch::{CallEnd, CallId, Config, Event, Input, Side};

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};
use crate::server::DOMAIN;

fn alice_and_bob() -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    rig.register_all();
    rig
}

fn tell(rig: &mut Rig, input: Input) {
    let now = rig.now();
    rig.server.handle(now, input);
}

/// The server's end of a phone's flow.
fn flow_of(rig: &Rig, phone: usize) -> sip::Flow {
    let flow = rig.phones[phone].flow();
    sip::Flow {
        local: flow.remote,
        remote: flow.local,
        ..flow
    }
}

#[test]
fn a_connection_that_breaks_ends_the_call_for_the_other() {
    for (phone, side) in [(0, Side::Caller), (1, Side::Callee)] {
        let mut rig = alice_and_bob();
        rig.call("1002");
        rig.run(seconds(10));
        let flow = flow_of(&rig, phone);
        tell(&mut rig, Input::FlowFailed { flow });
        rig.run(seconds(60));
        assert_eq!(rig.end(), (CallEnd::Lost, Some(side)));
        assert_eq!(rig.phones[1 - phone].end(), "they hung up");
        assert_eq!(rig.server.switch.counts().registrations, 1);
        rig.assert_no_leaks();
    }
}

#[test]
fn a_connection_that_breaks_while_it_rings_is_a_phone_less() {
    let mut rig = alice_and_bob();
    rig.phones[1].manner = Manner::Ring;
    rig.call("1002");
    rig.run(seconds(10));
    let flow = flow_of(&rig, 1);
    tell(&mut rig, Input::FlowFailed { flow });
    rig.run(seconds(60));
    assert_eq!(rig.end(), (CallEnd::Unreachable, Some(Side::Callee)));
    assert_eq!(rig.phones[0].end(), "480 Temporarily Unavailable");
    rig.assert_no_leaks();
}

#[test]
fn a_caller_that_vanishes_does_not_keep_the_callee() {
    let mut rig = alice_and_bob();
    rig.phones[1].manner = Manner::Answer(seconds(2));
    let gone = rig.phones[0].address;
    rig.call("1002");
    rig.run(seconds(1));
    rig.network.set_script(move |_, packet| {
        if packet.to == gone {
            simnet::Fate::Lose
        } else {
            simnet::Fate::Chance
        }
    });
    rig.run(seconds(120));
    assert_eq!(rig.end(), (CallEnd::Lost, Some(Side::Caller)));
    assert_eq!(rig.phones[1].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn a_full_relay_refuses_the_call() {
    let mut rig = alice_and_bob();
    rig.server.relay_is_full = true;
    rig.call("1002");
    rig.run(seconds(60));
    assert_eq!(rig.phones[0].end(), "503 Service Unavailable");
    assert_eq!(rig.end(), (CallEnd::NoMedia, None));
    rig.assert_no_leaks();
}

#[test]
fn nonsense_instead_of_a_session_ends_the_call() {
    let mut rig = alice_and_bob();
    rig.phones[1].manner = Manner::AnswerNonsense;
    rig.call("1002");
    rig.run(seconds(60));
    assert_eq!(rig.phones[0].end(), "488 Not Acceptable Here");
    assert_eq!(rig.phones[1].end(), "they hung up");
    assert_eq!(rig.end(), (CallEnd::NoMedia, Some(Side::Callee)));
    rig.assert_no_leaks();
}

#[test]
fn questions_that_nobody_answers_end_in_500() {
    let mut rig = alice_and_bob();
    rig.server.holds_answers = true;
    rig.call("1002");
    rig.run(seconds(60));
    assert_eq!(rig.phones[0].end(), "500 Server Internal Error");
    rig.server.held.clear();
    rig.assert_no_leaks();
}

#[test]
fn the_caller_gives_up_while_a_question_is_open() {
    let mut rig = alice_and_bob();
    rig.server.holds_answers = true;
    rig.call("1002");
    rig.plan(0, seconds(2), Action::Hangup);
    rig.run(seconds(3));
    let now = rig.now();
    rig.server.release(now);
    rig.run(seconds(60));
    assert_eq!(rig.phones[1].end(), "goes on");
    assert_eq!(rig.phones[1].answered, 0);
    rig.assert_no_leaks();
}

#[test]
fn ports_that_come_after_the_caller_gave_up_are_given_back() {
    let mut rig = alice_and_bob();
    rig.call("1002");
    rig.plan(0, seconds(2), Action::Hangup);
    // Only the last question, for ports, is held back.
    while !rig.server.story().iter().any(|line| line.contains("calls")) {
        rig.server.holds_answers = true;
        rig.run(Duration::from_millis(5));
        if rig
            .server
            .held
            .iter()
            .any(|(_, question)| matches!(question, switch::Question::MediaPorts { .. }))
        {
            break;
        }
        let now = rig.now();
        let held = std::mem::take(&mut rig.server.held);
        for (ask, question) in held {
            rig.server.answer_one(now, ask, &question);
        }
    }
    rig.run(seconds(3));
    assert_eq!(rig.server.held.len(), 1);
    assert_eq!(rig.end(), (CallEnd::Cancelled, Some(Side::Caller)));
    let now = rig.now();
    rig.server.release(now);
    rig.run(seconds(60));
    rig.assert_no_leaks();
}

#[test]
fn the_operator_ends_a_call_that_rings_and_one_that_is_answered() {
    for (after, heard) in [(1, "480 Temporarily Unavailable, "), (10, "they hung up")] {
        let mut rig = alice_and_bob();
        rig.call("1002");
        rig.run(seconds(after));
        let call = *rig.server.open_ports.first().unwrap();
        tell(&mut rig, Input::HangUpCall { call });
        rig.run(seconds(60));
        assert_eq!(rig.end(), (CallEnd::ByOperator, None));
        assert!(
            rig.phones[0].end().starts_with(heard),
            "{}",
            rig.phones[0].end()
        );
        rig.assert_no_leaks();
    }
}

#[test]
fn ending_a_call_that_is_not_there_does_nothing() {
    let mut rig = alice_and_bob();
    tell(&mut rig, Input::HangUpCall { call: CallId(77) });
    assert!(rig.server.story().is_empty());
}

#[test]
fn a_revoked_credential_loses_its_registration_but_not_its_call() {
    let mut rig = alice_and_bob();
    rig.call("1002");
    rig.run(seconds(10));
    let login = sip::Text::from("bob-1");
    tell(&mut rig, Input::ForgetLogin { login });
    assert!(
        rig.server
            .story()
            .contains(&"bob-1 unregistered: Revoked".to_owned())
    );
    rig.run(seconds(5));
    assert!(rig.phones[1].leg.is_some());
    rig.plan(1, seconds(1), Action::Hangup);
    rig.run(seconds(60));
    rig.assert_no_leaks();
}

#[test]
fn a_server_that_stops_hangs_up_and_takes_nothing_new() {
    let mut rig = alice_and_bob();
    rig.call("1002");
    rig.run(seconds(10));
    tell(&mut rig, Input::Drain);
    rig.run(seconds(5));
    assert_eq!(rig.end(), (CallEnd::ServerStopped, None));
    assert!(rig.phones.iter().all(|phone| phone.end() == "they hung up"));
    assert!(rig.server.events.contains(&Event::Drained));
    rig.call("1002");
    rig.run(seconds(60));
    assert_eq!(rig.phones[0].end(), "503 Service Unavailable");
    rig.assert_no_leaks();
}

#[test]
fn an_idle_server_stops_at_once() {
    let mut rig = alice_and_bob();
    tell(&mut rig, Input::Drain);
    assert!(rig.server.events.contains(&Event::Drained));
}

#[test]
fn more_calls_than_allowed_are_refused() {
    let mut config = Config::new(DOMAIN);
    config.max_calls = 0;
    let mut rig = Rig::with_config(1, Conditions::perfect(), &["alice-1", "bob-1"], config);
    rig.register_all();
    rig.call("1002");
    rig.run(seconds(60));
    assert_eq!(rig.phones[0].end(), "503 Service Unavailable");

    let mut config = Config::new(DOMAIN);
    config.max_calls_of_account = 1;
    let mut rig = Rig::with_config(
        1,
        Conditions::perfect(),
        &["alice-1", "alice-2", "bob-1"],
        config,
    );
    rig.register_all();
    rig.call("1002");
    rig.plan(1, seconds(1), Action::Call("1002".to_owned()));
    rig.run(seconds(5));
    let told = "403 Forbidden, 399 carillon.test \"You have too many calls at once\"";
    assert_eq!(rig.phones[1].end(), told);
    assert_eq!(rig.phones[0].answered, 1);
}
