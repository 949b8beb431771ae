//! Requests within a call go from phone to phone.

use simnet::Conditions;
use sip::{Method, StatusCode};

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

fn talking() -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    rig.register_all();
    rig.call("1002");
    rig.run(seconds(10));
    rig
}

#[test]
fn information_and_unknown_requests_reach_the_other_phone_and_its_answer_comes_back() {
    for method in [
        Method::Info,
        Method::Message,
        Method::Options,
        Method::from("SING"),
    ] {
        let mut rig = talking();
        rig.plan(0, seconds(0), Action::Send(method.clone(), "do you hear"));
        rig.run(seconds(1));
        assert_eq!(rig.phones[1].heard, [format!("{method} do you hear")]);
        // The answer to a MESSAGE has no body (RFC 3428 section 7).
        let answer = match method {
            Method::Message => "200 ",
            _ => "200 heard",
        };
        assert_eq!(rig.phones[0].heard, [answer]);
        rig.plan(1, seconds(0), Action::Send(method.clone(), "yes"));
        rig.plan(0, seconds(5), Action::Hangup);
        rig.run(seconds(10));
        assert_eq!(rig.phones[0].heard[1], format!("{method} yes"));
        assert_eq!(rig.phones[1].heard[1], answer);
        rig.assert_no_leaks();
    }
}

#[test]
fn what_the_other_phone_refuses_is_refused_in_its_words() {
    let mut rig = talking();
    rig.phones[1].answer = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    rig.plan(0, seconds(0), Action::Send(Method::Info, "x"));
    rig.plan(0, seconds(1), Action::Send(Method::from("DANCE"), "x"));
    rig.run(seconds(2));
    assert_eq!(rig.phones[0].heard, ["415 heard", "501 "]);
    assert_eq!(rig.phones[0].end(), "goes on");
}

#[test]
fn a_request_that_meets_the_end_of_its_call_still_gets_an_answer() {
    let mut rig = talking();
    rig.plan(0, seconds(0), Action::Send(Method::Info, "x"));
    rig.plan(1, seconds(0), Action::Hangup);
    rig.run(seconds(40));
    assert_eq!(rig.phones[0].heard.len(), 1);
    rig.assert_no_leaks();
}

#[test]
fn while_several_phones_ring_nobody_can_take_a_request() {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1", "bob-2"]);
    rig.register_all();
    for phone in 1..3 {
        rig.phones[phone].manner = Manner::Ring;
    }
    rig.call("1002");
    rig.run(seconds(2));
    rig.plan(1, seconds(0), Action::Send(Method::Info, "x"));
    rig.plan(0, seconds(3), Action::Hangup);
    rig.run(seconds(10));
    rig.assert_no_leaks();
}
