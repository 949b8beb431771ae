//! Messages outside calls.

use simnet::Conditions;
use sip::StatusCode;

use crate::phone::Action;
use crate::rig::{Rig, seconds};

fn rig(logins: &[&str]) -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), logins);
    rig.register_all();
    rig
}

#[test]
fn a_message_goes_to_all_phones_of_its_recipient_and_one_that_takes_it_is_enough() {
    let mut rig = rig(&["alice-1", "bob-1", "bob-2"]);
    rig.phones[1].answer = StatusCode::BUSY_HERE;
    rig.plan(0, seconds(0), Action::Message("1002", "lunch?"));
    rig.run(seconds(5));
    for phone in 1..3 {
        assert_eq!(rig.phones[phone].heard, ["MESSAGE lunch?"]);
        let from = rig.phones[phone].caller.clone();
        assert_eq!(from.as_deref(), Some("\"alice\" <sip:1001@carillon.test>"));
    }
    assert_eq!(rig.phones[0].heard, ["200 "]);
    rig.assert_no_leaks();
}

#[test]
fn a_message_that_nobody_takes_is_refused_with_what_tells_most() {
    let mut rig = rig(&["alice-1", "bob-1", "bob-2"]);
    rig.phones[1].answer = StatusCode::BUSY_HERE;
    rig.phones[2].answer = StatusCode::NOT_FOUND;
    rig.plan(0, seconds(0), Action::Message("1002", "lunch?"));
    rig.plan(0, seconds(1), Action::Message("1003", "nobody is there"));
    rig.plan(
        0,
        seconds(2),
        Action::Message("4711", "nobody has this number"),
    );
    rig.run(seconds(5));
    assert_eq!(rig.phones[0].heard, ["486 ", "480 ", "404 "]);
    rig.assert_no_leaks();
}

#[test]
fn ones_own_other_phones_get_a_message_to_oneself() {
    let mut rig = rig(&["alice-1", "alice-2"]);
    rig.plan(0, seconds(0), Action::Message("1001", "buy bread"));
    rig.run(seconds(5));
    assert_eq!(rig.phones[1].heard, ["MESSAGE buy bread"]);
    assert_eq!(rig.phones[0].heard, ["200 "]);
}

#[test]
fn messages_arrive_once_over_bad_links() {
    let mut arrived = 0;
    for seed in 0..30 {
        let mut rig = Rig::new(seed, Conditions::perfect(), &["alice-1", "bob-1"]);
        rig.register_all();
        rig.network.set_conditions(Conditions::bad(0.2));
        rig.plan(0, seconds(0), Action::Message("1002", "lunch?"));
        rig.run(seconds(100));
        assert!(rig.phones[1].heard.len() <= 1, "seed {seed}");
        assert_eq!(rig.phones[0].heard.len(), 1, "seed {seed}");
        arrived += rig.phones[1].heard.len();
        rig.assert_no_leaks();
    }
    assert!(arrived >= 28, "{arrived} of 30");
}

#[test]
fn nobody_subscribes_or_publishes_what_does_not_exist() {
    let mut phone = crate::registrant::Registrant::new("alice-1");
    for method in ["SUBSCRIBE", "PUBLISH"] {
        let lines = "Event: weather\r\nContact: <sip:alice@10.0.0.1>\r\n";
        let answer = phone.send(method, "sip:alice-1@carillon.test", lines, None);
        assert_eq!(answer.status.code(), 489);
        assert!(answer.headers.has(&sip::HeaderName::AllowEvents));
    }
}
