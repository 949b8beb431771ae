//! Requests that a proxy has forked and that meet again here (RFC 3261 section 8.2.2.2).

use bytes::Bytes;
use sip::{Config, Event, Headers, Input, StatusCode};

use crate::wire_peer::{Lone, request, request_in};

fn rejects(lone: &mut Lone, status: StatusCode) {
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    let headers = Headers::new();
    lone.does(Input::Reject {
        leg,
        status,
        headers,
    });
}

#[test]
fn a_call_that_comes_a_second_way_rings_once() {
    let mut lone = Lone::new(Config::default());
    lone.hears(&request("INVITE", "1", ""));
    assert_eq!(lone.statuses(), [100]);
    lone.hears(&request("INVITE", "2", ""));
    assert_eq!(lone.statuses(), [482]);
    assert_eq!(lone.events().len(), 1);
    assert_eq!(lone.endpoint.population().legs, 1);
}

#[test]
fn a_call_that_was_answered_does_not_ring_again_from_another_way() {
    let mut lone = Lone::new(Config::default());
    lone.hears(&request("INVITE", "1", ""));
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    lone.does(crate::party::accept(leg));
    lone.sent();
    lone.hears(&request("INVITE", "2", ""));
    assert_eq!(lone.statuses(), [482]);
}

#[test]
fn whoever_was_challenged_may_come_back_with_the_same_number() {
    let mut lone = Lone::new(Config::default());
    lone.hears(&request("INVITE", "1", ""));
    rejects(&mut lone, StatusCode::PROXY_AUTHENTICATION_REQUIRED);
    lone.sent();
    lone.hears(&request("INVITE", "2", ""));
    assert_eq!(lone.statuses(), [100]);
}

#[test]
fn another_number_is_another_request() {
    let mut lone = Lone::new(Config::default());
    lone.hears(&request("INVITE", "1", ""));
    lone.hears(&request_in("INVITE", "2", "2", "", ""));
    assert_eq!(lone.statuses(), [100, 100]);
}

#[test]
fn a_message_that_comes_a_second_way_is_delivered_once() {
    let mut lone = Lone::new(Config::default());
    lone.hears(&request("MESSAGE", "1", ""));
    lone.hears(&request("MESSAGE", "2", ""));
    assert_eq!(lone.statuses(), [482]);
    let Some(Event::Request { request: id, .. }) = lone.events().pop() else {
        panic!("a message");
    };
    let (status, headers, body) = (StatusCode::OK, Headers::new(), Bytes::new());
    lone.does(Input::Respond {
        request: id,
        status,
        headers,
        body,
    });
    lone.sent();
    lone.hears(&request("MESSAGE", "3", ""));
    assert_eq!(lone.statuses(), [482]);
    // When the transaction is forgotten, so is its mark.
    lone.waits(std::time::Duration::from_secs(40));
    lone.hears(&request("MESSAGE", "4", ""));
    assert!(lone.statuses().is_empty());
    assert_eq!(lone.events().len(), 1);
}

#[test]
fn questions_that_change_nothing_may_be_asked_twice() {
    let mut lone = Lone::new(Config::default());
    for branch in ["1", "2"] {
        lone.hears(&request("OPTIONS", branch, ""));
        lone.hears(&request("REGISTER", branch, ""));
    }
    assert_eq!(lone.events().len(), 4);
}
