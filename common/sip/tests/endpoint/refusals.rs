//! What an endpoint refuses by itself, and how.

use std::time::Duration;

use bytes::Bytes;
use sip::{Capacity, Config, Event, HeaderName, Headers, Input, Method, StatusCode, ToHeader};

use crate::wire_peer::{Lone, request, request_in};

fn lone() -> Lone {
    Lone::new(Config::default())
}

fn refused(config: Config, message: &str) -> Vec<u16> {
    let mut lone = Lone::new(config);
    lone.hears(message);
    let statuses = lone.statuses();
    assert!(
        lone.events()
            .iter()
            .all(|event| matches!(event, Event::BadMessage { .. })),
        "the application learns nothing of it"
    );
    assert!(lone.is_empty(), "and nothing is remembered");
    statuses
}

#[test]
fn unknown_methods_are_not_implemented_and_known_ones_not_allowed() {
    assert_eq!(
        refused(Config::default(), &request("FROBNICATE", "1", "")),
        [501]
    );
    let mut lone = lone();
    lone.hears(&request("PUBLISH", "2", ""));
    let response = lone.responses().remove(0);
    assert_eq!(response.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(
        response
            .headers
            .get(&HeaderName::Allow)
            .unwrap()
            .contains("INVITE")
    );
}

#[test]
fn unknown_extensions_are_named() {
    let config = Config {
        reliable_provisionals: sip::ReliableProvisionals::Never,
        ..Config::default()
    };
    let mut lone = Lone::new(config);
    lone.hears(&request("OPTIONS", "1", "Require: 100rel, future\n"));
    let response = lone.responses().remove(0);
    assert_eq!(response.status, StatusCode::BAD_EXTENSION);
    let named: Vec<_> = response
        .headers
        .all(&HeaderName::Unsupported)
        .cloned()
        .collect();
    assert_eq!(named, ["100rel", "future"]);
    let config = Config {
        supported: vec!["future".into(), "100rel".into()],
        ..Config::default()
    };
    let mut lone = Lone::new(config);
    lone.hears(&request("OPTIONS", "1", "Require: 100rel, future\n"));
    assert!(matches!(lone.events()[..], [Event::Request { .. }]));
}

#[test]
fn requests_in_unknown_calls_are_refused_and_their_acks_ignored() {
    for method in ["INVITE", "BYE", "INFO", "MESSAGE"] {
        let message = request_in(method, "1", "1", "unknown", "");
        assert_eq!(refused(Config::default(), &message), [481], "{method}");
    }
    assert_eq!(refused(Config::default(), &request("BYE", "1", "")), [481]);
    assert_eq!(
        refused(Config::default(), &request("CANCEL", "1", "")),
        [481]
    );
    assert!(
        refused(
            Config::default(),
            &request_in("ACK", "1", "1", "unknown", "")
        )
        .is_empty()
    );
    assert!(refused(Config::default(), &request("ACK", "1", "")).is_empty());
}

#[test]
fn hops_count_only_for_who_passes_calls_on() {
    let message = request("INVITE", "1", "").replace("Max-Forwards: 70", "Max-Forwards: 0");
    let config = Config {
        forwards: true,
        ..Config::default()
    };
    assert_eq!(refused(config, &message), [483]);
    let mut lone = lone();
    lone.hears(&message);
    assert_eq!(lone.statuses(), [100]);
}

#[test]
fn malformed_requests_get_a_reason() {
    for (from, to, status) in [
        ("CSeq: 1 OPTIONS", "CSeq: 1 INVITE", 400),
        ("CSeq: 1 OPTIONS", "CSeq: one OPTIONS", 400),
        (
            "From: <sip:bob@example.com>;tag=bob",
            "From: <sip:bob@",
            400,
        ),
        ("Contact: <sip:bob@192.0.2.2>", "Contact: <<", 400),
        ("SIP/2.0\nVia", "SIP/7.0\nVia", 505),
        (
            "OPTIONS sip:alice@192.0.2.1",
            "OPTIONS http://192.0.2.1/",
            416,
        ),
    ] {
        let message = request("OPTIONS", "1", "").replace(from, to);
        assert_eq!(refused(Config::default(), &message), [status], "{to}");
    }
    let message = request("INVITE", "1", "").replace("Contact: <sip:bob@192.0.2.2>\n", "");
    assert_eq!(
        refused(Config::default(), &message),
        [400],
        "an INVITE without Contact"
    );
}

#[test]
fn what_cannot_be_answered_is_dropped() {
    for message in ["", "\n\n", "hello", "INVITE", "SIP/2.0 200 OK\n\n"] {
        let mut lone = lone();
        lone.hears(message);
        assert!(lone.sent().is_empty(), "{message:?}");
    }
}

#[test]
fn a_full_house_asks_to_come_back() {
    let capacity = Capacity {
        server_transactions: 2,
        legs: 1,
        ..Capacity::default()
    };
    let mut lone = Lone::new(Config {
        capacity,
        ..Config::default()
    });
    lone.hears(&request("INVITE", "1", ""));
    lone.hears(&request("INVITE", "2", "").replace("call-1", "call-2"));
    let statuses: Vec<_> = lone
        .responses()
        .iter()
        .map(|one| (one.status.code(), one.headers.has(&HeaderName::RetryAfter)))
        .collect();
    assert_eq!(statuses, [(100, false), (503, true)]);
    lone.hears(&request("OPTIONS", "3", ""));
    lone.hears(&request("OPTIONS", "4", ""));
    assert_eq!(lone.statuses(), [503]);
    // What is known already is never refused.
    lone.hears(&request("INVITE", "1", ""));
    lone.hears(&request("CANCEL", "1", ""));
    assert_eq!(lone.statuses(), [100, 200, 487]);
}

#[test]
fn answers_go_to_the_port_in_the_via_unless_the_sender_asks_for_its_own() {
    let mut lone = lone();
    let mut flow = lone.flow;
    flow.remote.set_port(40_000);
    lone.hears_over(flow, &request("FROBNICATE", "1", ""));
    let (to, _) = lone.sent().remove(0);
    assert_eq!(to.remote.port(), 5060);
    let message = request("FROBNICATE", "2", "").replace("branch", "rport;branch");
    lone.hears_over(flow, &message);
    let (to, answer) = lone.sent().remove(0);
    assert_eq!(to.remote.port(), 40_000);
    let via = answer.headers().get(&HeaderName::Via).unwrap().clone();
    assert!(
        via.contains("rport=40000") && via.contains("received=192.0.2.2"),
        "{via}"
    );
}

#[test]
fn a_request_is_answered_once_and_repeated_from_memory() {
    let mut lone = lone();
    let message = request("MESSAGE", "1", "");
    lone.hears(&message);
    let events = lone.events();
    let [Event::Request { request, .. }] = events[..] else {
        panic!("{events:?}");
    };
    lone.hears(&message);
    assert!(lone.sent().is_empty(), "nobody has answered yet");
    let (status, headers, body) = (StatusCode::OK, Headers::new(), Bytes::new());
    lone.does(Input::Respond {
        request,
        status,
        headers: headers.clone(),
        body: body.clone(),
    });
    lone.does(Input::Respond {
        request,
        status: StatusCode::DECLINE,
        headers,
        body,
    });
    lone.hears(&message);
    let responses = lone.responses();
    assert_eq!(responses.len(), 2);
    assert_eq!(responses[0], responses[1]);
    assert!(lone.events().is_empty());
    lone.waits(Duration::from_secs(32));
    assert!(lone.is_empty());
}

#[test]
fn a_challenge_is_not_remembered_and_its_repetition_has_the_same_tag() {
    let mut lone = lone();
    let message = request("REGISTER", "1", "");
    let mut tags = Vec::new();
    for _ in 0..2 {
        lone.hears(&message);
        let events = lone.events();
        let [Event::Request { request, .. }] = events[..] else {
            panic!("{events:?}");
        };
        let (status, headers) = (StatusCode::UNAUTHORIZED, Headers::new());
        lone.does(Input::Respond {
            request,
            status,
            headers,
            body: Bytes::new(),
        });
        let ToHeader(to) = lone.responses().remove(0).headers.required().unwrap();
        tags.push(to.tag().unwrap().to_owned());
        assert!(lone.is_empty());
    }
    assert_eq!(tags[0], tags[1]);
}

#[test]
fn a_request_that_the_application_forgets_is_forgotten() {
    let mut lone = lone();
    lone.hears(&request("OPTIONS", "1", ""));
    lone.waits(Duration::from_secs(40));
    assert_eq!(lone.endpoint.population().open_requests, 0);
    assert!(lone.is_empty());
}

#[test]
fn old_numbers_inside_a_call_are_refused() {
    let mut lone = lone();
    lone.hears(&request("INVITE", "1", "").replace("CSeq: 1 ", "CSeq: 7 "));
    let events = lone.events();
    let [Event::Incoming { leg, .. }] = events[..] else {
        panic!("{events:?}");
    };
    lone.does(crate::party::accept(leg));
    let ToHeader(to) = lone.responses().pop().unwrap().headers.required().unwrap();
    let tag = to.tag().unwrap();
    lone.hears(&request_in("ACK", "2", "7", tag, ""));
    lone.hears(&request_in("INFO", "3", "8", tag, ""));
    lone.hears(&request_in("INFO", "4", "8", tag, ""));
    lone.hears(&request_in("BYE", "5", "6", tag, ""));
    assert_eq!(lone.statuses(), [500, 500]);
    let words: Vec<_> = lone.events().iter().map(std::mem::discriminant).collect();
    assert_eq!(words.len(), 2, "the ACK and one INFO");
    lone.hears(&request_in("BYE", "6", "9", tag, ""));
    assert_eq!(lone.statuses(), [200]);
}

#[test]
fn a_phone_of_rfc_2543_is_understood() {
    let mut lone = lone();
    let old = |method: &str| {
        request(method, "1", "")
            .replace(";branch=z9hG4bK1", "")
            .replace(
                "From: <sip:bob@example.com>;tag=bob",
                "From: sip:bob@example.com",
            )
    };
    lone.hears(&old("INVITE"));
    lone.hears(&old("INVITE"));
    let incoming = lone
        .events()
        .iter()
        .filter(|event| matches!(event, Event::Incoming { .. }))
        .count();
    assert_eq!(incoming, 1);
    lone.hears(&old("CANCEL"));
    assert_eq!(lone.statuses(), [100, 100, 200, 487]);
}

#[test]
fn our_own_requests_are_completed() {
    let mut lone = lone();
    let id = lone.endpoint.next_request();
    let mut message = sip::Request::new(Method::Options, "sip:192.0.2.2".parse().unwrap());
    message
        .headers
        .push(HeaderName::From, "<sip:alice@example.com>");
    message
        .headers
        .push(HeaderName::To, "<sip:bob@example.com>");
    let flow = lone.flow;
    lone.does(Input::Request {
        request: id,
        flow,
        message,
        credential: None,
    });
    let sent = lone.requests().remove(0);
    sent.check().unwrap();
    assert!(
        sent.headers
            .get(&HeaderName::From)
            .unwrap()
            .contains("tag=")
    );
    lone.hears_answer(&sent, 200, "bob");
    assert!(matches!(
        lone.events()[..],
        [Event::Response { request, .. }] if request == id
    ));
    lone.waits(Duration::from_secs(6));
    assert!(lone.is_empty());
}
