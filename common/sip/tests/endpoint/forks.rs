//! INVITEs that reach several phones, and answers that a caller may not expect.

use std::time::Duration;

use sip::{EndCause, Event, HeaderName, Input, Method};

use crate::wire_peer::{Lone, answer};

const TAGS: [&str; 3] = ["desk", "mobile", "attic"];

fn lone() -> Lone {
    Lone::new(sip::Config::default())
}

#[test]
fn of_several_phones_that_answer_the_first_one_counts() {
    let mut lone = lone();
    let (leg, invite) = lone.calls();
    for tag in TAGS {
        lone.hears_answer(&invite, 180, tag);
    }
    for tag in TAGS {
        lone.hears_answer(&invite, 200, tag);
    }
    let said: Vec<_> = lone
        .requests()
        .into_iter()
        .map(|request| format!("{} to {}", request.method, request.uri))
        .collect();
    assert_eq!(
        said,
        [
            "ACK to sip:desk@192.0.2.2",
            "ACK to sip:mobile@192.0.2.2",
            "BYE to sip:mobile@192.0.2.2",
            "ACK to sip:attic@192.0.2.2",
            "BYE to sip:attic@192.0.2.2",
        ]
    );
    let answered = lone
        .events()
        .into_iter()
        .filter(|one| matches!(one, Event::Answered { .. }));
    assert_eq!(answered.count(), 1);
    // Each 2xx that comes again gets its own ACK again, and no second BYE.
    for tag in TAGS {
        lone.hears_answer(&invite, 200, tag);
    }
    assert_eq!(lone.methods(), ["ACK", "ACK", "ACK"]);
    lone.does(Input::Hangup { leg, reason: None });
    assert_eq!(lone.methods(), ["BYE"]);
    lone.waits(Duration::from_secs(60));
    assert!(lone.is_empty());
}

#[test]
fn a_2xx_is_acknowledged_even_when_the_call_is_over() {
    let mut lone = lone();
    let (leg, invite) = lone.calls();
    lone.hears_answer(&invite, 200, "desk");
    lone.does(Input::Hangup { leg, reason: None });
    assert_eq!(lone.methods(), ["ACK", "BYE"]);
    lone.hears_answer(&invite, 200, "desk");
    assert_eq!(lone.methods(), ["ACK"]);
}

#[test]
fn a_phone_that_answers_a_call_given_up_is_hung_up_on() {
    let mut lone = lone();
    let (leg, invite) = lone.calls();
    lone.hears_answer(&invite, 180, "desk");
    lone.does(Input::Hangup { leg, reason: None });
    let cancel = lone.requests().remove(0);
    assert_eq!(cancel.method, Method::Cancel);
    let via = |request: &sip::Request| request.headers.get(&HeaderName::Via).cloned();
    assert_eq!(via(&cancel), via(&invite));
    assert_eq!(cancel.uri, invite.uri);
    lone.hears_answer(&cancel, 200, "desk");
    lone.hears_answer(&invite, 200, "desk");
    assert_eq!(lone.methods(), ["ACK", "BYE"]);
    lone.waits(Duration::from_secs(60));
    assert!(lone.is_empty());
}

#[test]
fn the_ack_of_a_refusal_shares_the_branch_of_its_invite() {
    let mut lone = lone();
    let (_, invite) = lone.calls();
    lone.hears_answer(&invite, 486, "desk");
    let ack = lone.requests().remove(0);
    let via = |request: &sip::Request| request.headers.get(&HeaderName::Via).cloned();
    assert_eq!((ack.method.as_str(), via(&ack)), ("ACK", via(&invite)));
    assert!(
        ack.headers
            .get(&HeaderName::To)
            .unwrap()
            .ends_with("tag=desk")
    );
}

#[test]
fn the_ack_of_a_2xx_is_a_transaction_of_its_own_over_the_recorded_route() {
    let mut lone = lone();
    let (_, invite) = lone.calls();
    let mut response = answer(&invite, 200, "desk");
    response.headers.push(
        HeaderName::RecordRoute,
        "<sip:p2.example;lr>, <sip:p1.example;lr>",
    );
    lone.does(Input::Receive {
        flow: lone.flow,
        payload: response.to_bytes(),
    });
    let ack = lone.requests().remove(0);
    assert_ne!(
        ack.headers.get(&HeaderName::Via),
        invite.headers.get(&HeaderName::Via)
    );
    assert_eq!(
        ack.headers.get(&HeaderName::Route).unwrap(),
        "<sip:p1.example;lr>, <sip:p2.example;lr>"
    );
    assert_eq!(ack.uri.to_string(), "sip:desk@192.0.2.2");
}

#[test]
fn an_answer_with_a_malformed_contact_ends_the_call() {
    let mut lone = lone();
    let (_, invite) = lone.calls();
    let mut response = answer(&invite, 200, "desk");
    response.headers.set(HeaderName::Contact, "<<>>");
    lone.does(Input::Receive {
        flow: lone.flow,
        payload: response.to_bytes(),
    });
    let events = lone.events();
    assert!(
        matches!(
            events[..],
            [Event::Ended {
                cause: EndCause::Protocol(_),
                ..
            }]
        ),
        "{events:?}"
    );
}

#[test]
fn answers_to_nothing_are_reported_and_dropped() {
    let mut lone = lone();
    let (_, mut invite) = lone.calls();
    invite.headers.set(
        HeaderName::Via,
        "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKforeign",
    );
    lone.hears_answer(&invite, 200, "desk");
    assert!(lone.requests().is_empty());
    assert!(matches!(lone.events()[..], [Event::BadMessage { .. }]));
}

#[test]
fn a_redirection_is_handed_to_the_application() {
    let mut lone = lone();
    let (_, invite) = lone.calls();
    lone.hears_answer(&invite, 302, "elsewhere");
    let events = lone.events();
    let [
        Event::Ended {
            cause: EndCause::Refused { status, headers },
            ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(status.code(), 302);
    assert!(headers.has(&HeaderName::Contact));
}
