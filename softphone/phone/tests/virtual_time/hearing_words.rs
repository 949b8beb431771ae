//! Words that come by SIP: the server's own alone are heard.

use crate::house::House;
use phone::Event;
use sip::{Allow, Method, StatusCode};

#[test]
fn the_servers_own_word_is_told_and_nobody_elses_is_taken() {
    let mut house = House::signed_in();
    let long = "x".repeat(201);
    for (from, text, status) in [
        ("*701", "Parked at *701: Bela", StatusCode::OK),
        ("300", "Lunch?", StatusCode::FORBIDDEN),
        ("*701", "\u{1b}[2J", StatusCode::FORBIDDEN),
        ("*701", &long, StatusCode::FORBIDDEN),
    ] {
        let now = house.now();
        house.exchange.ask(now, "200", Method::Message, from, text);
        house.pass(2.0);
        let answer = house.exchange.answers.pop().unwrap();
        assert_eq!(answer.status, status, "{from}: {text:?}");
    }
    let told = house.amina.events.iter().filter_map(|event| match event {
        Event::Told { from, text } => Some((from.as_str(), text.as_str())),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told, [("*701", "Parked at *701: Bela")]);
}

#[test]
fn a_phone_refuses_no_method_as_unknown_that_it_says_to_take() {
    let mut house = House::signed_in();
    let now = house.now();
    house.exchange.ask(now, "200", Method::Options, "300", "");
    house.pass(2.0);
    let answer = house.exchange.answers.pop().unwrap();
    let allowed: Vec<Allow> = answer.headers.typed_list().unwrap();
    assert!(allowed.contains(&Allow(Method::Message)), "{allowed:?}");
    assert!(!allowed.contains(&Allow(Method::Refer)), "{allowed:?}");
    // What needs a call needs one.
    let needs_no_call =
        |method: &Method| !matches!(method, Method::Invite | Method::Ack | Method::Cancel);
    for method in allowed
        .into_iter()
        .map(|Allow(method)| method)
        .filter(needs_no_call)
    {
        let now = house.now();
        house.exchange.ask(now, "200", method.clone(), "300", "");
        house.pass(2.0);
        let answer = house.exchange.answers.pop().unwrap();
        assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    let now = house.now();
    house.exchange.ask(now, "200", Method::Refer, "300", "");
    house.pass(2.0);
    let answer = house.exchange.answers.pop().unwrap();
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(answer.headers.has(&sip::HeaderName::Allow));
}
