//! How long transactions stay in memory, and when they repeat themselves (RFC 3261 table 4).

use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::{
    Config, Event, HeaderName, Headers, Input, Method, Request, StatusCode, ToHeader, Transport,
};

use crate::wire_peer::{Lone, request, request_in};

fn lone(transport: Transport) -> Lone {
    let mut lone = Lone::new(Config::default());
    lone.flow.transport = transport;
    lone
}

/// How many seconds, to the millisecond, until no transaction is left.
fn stays(lone: &mut Lone) -> f64 {
    let start = lone.now;
    while lone.endpoint.population().client_transactions
        + lone.endpoint.population().server_transactions
        > 0
    {
        let due = lone.endpoint.poll_timeout().expect("a timer that ends it");
        lone.now = due;
        lone.does(Input::Timeout);
    }
    seconds(start, lone.now)
}

fn seconds(start: Instant, end: Instant) -> f64 {
    ((end - start).as_secs_f64() * 1000.0).round() / 1000.0
}

/// When the endpoint says something again, in seconds, until it stays silent.
fn says_again(lone: &mut Lone) -> Vec<f64> {
    let start = lone.now;
    let mut times = Vec::new();
    while let Some(due) = lone.endpoint.poll_timeout() {
        lone.now = due;
        lone.does(Input::Timeout);
        if !lone.sent().is_empty() {
            times.push(seconds(start, lone.now));
        }
    }
    times
}

fn asks(lone: &mut Lone) -> Request {
    let id = lone.endpoint.next_request();
    let mut message = Request::new(Method::Options, "sip:192.0.2.2".parse().unwrap());
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
    lone.requests().remove(0)
}

fn responds(lone: &mut Lone, status: StatusCode) {
    let Some(Event::Request { request, .. }) = lone.events().pop() else {
        panic!("a request");
    };
    let (headers, body) = (Headers::new(), Bytes::new());
    lone.does(Input::Respond {
        request,
        status,
        headers,
        body,
    });
}

fn rejects(lone: &mut Lone) -> String {
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    let (status, headers) = (StatusCode::BUSY_HERE, Headers::new());
    lone.does(Input::Reject {
        leg,
        status,
        headers,
    });
    let ToHeader(to) = lone.responses().pop().unwrap().headers.required().unwrap();
    to.tag().unwrap().to_owned()
}

#[test]
fn an_answered_request_absorbs_repetitions_for_t4() {
    let mut lone = lone(Transport::Udp);
    let options = asks(&mut lone);
    lone.hears_answer(&options, 200, "bob");
    assert_eq!(stays(&mut lone), 5.0, "timer K");
}

#[test]
fn a_request_is_repeated_with_pauses_up_to_t2_and_given_up_after_64_t1() {
    let mut lone = lone(Transport::Udp);
    asks(&mut lone);
    let times = says_again(&mut lone);
    let expected = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5];
    assert_eq!(times, expected, "timer E");
    assert!(
        matches!(lone.events()[..], [Event::RequestFailed { .. }]),
        "timer F"
    );
    assert!(lone.is_empty());
}

#[test]
fn a_request_in_progress_is_repeated_every_t2() {
    let mut lone = lone(Transport::Udp);
    let options = asks(&mut lone);
    lone.hears_answer(&options, 100, "bob");
    let times = says_again(&mut lone);
    assert_eq!(
        times,
        [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5],
        "timer E"
    );
}

#[test]
fn a_request_of_theirs_absorbs_repetitions_for_64_t1() {
    let mut lone = lone(Transport::Udp);
    lone.hears(&request("OPTIONS", "1", ""));
    responds(&mut lone, StatusCode::OK);
    assert_eq!(stays(&mut lone), 32.0, "timer J");
}

#[test]
fn a_refused_invite_of_ours_absorbs_repetitions_for_32_seconds() {
    let mut lone = lone(Transport::Udp);
    let (_, invite) = lone.calls();
    lone.hears_answer(&invite, 486, "desk");
    assert_eq!(stays(&mut lone), 32.0, "timer D");
}

#[test]
fn an_accepted_invite_of_ours_absorbs_repetitions_for_64_t1() {
    let mut lone = lone(Transport::Udp);
    let (_, invite) = lone.calls();
    lone.hears_answer(&invite, 200, "desk");
    assert_eq!(stays(&mut lone), 32.0, "timer M");
}

#[test]
fn a_refusal_is_repeated_and_given_up_after_64_t1() {
    let mut lone = lone(Transport::Udp);
    lone.hears(&request("INVITE", "1", ""));
    rejects(&mut lone);
    let times = says_again(&mut lone);
    let expected = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5];
    assert_eq!(times, expected, "timer G");
    assert!(lone.is_empty(), "timer H");
}

#[test]
fn an_acknowledged_refusal_absorbs_the_ack_for_t4() {
    let mut lone = lone(Transport::Udp);
    lone.hears(&request("INVITE", "1", ""));
    let tag = rejects(&mut lone);
    let ack = request_in("ACK", "1", "1", &tag, "");
    lone.hears(&ack);
    lone.waits(Duration::from_secs(1));
    lone.hears(&ack);
    lone.hears(&request("INVITE", "1", ""));
    assert!(lone.sent().is_empty(), "the INVITE is old");
    assert_eq!(stays(&mut lone), 4.0, "timer I");
}

#[test]
fn an_invite_that_we_accept_absorbs_repetitions_for_64_t1() {
    let mut lone = lone(Transport::Udp);
    lone.hears(&request("INVITE", "1", ""));
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    lone.does(crate::party::accept(leg));
    let ToHeader(to) = lone.responses().pop().unwrap().headers.required().unwrap();
    lone.hears(&request_in("ACK", "2", "1", to.tag().unwrap(), ""));
    lone.hears(&request("INVITE", "1", ""));
    assert!(lone.sent().is_empty(), "the call itself repeats the 2xx");
    assert_eq!(stays(&mut lone), 32.0, "timer L");
}

#[test]
fn over_a_reliable_transport_nothing_is_absorbed() {
    let mut lone = lone(Transport::Tcp);
    let options = asks(&mut lone);
    lone.hears_answer(&options, 200, "bob");
    lone.hears(&request("OPTIONS", "1", ""));
    responds(&mut lone, StatusCode::OK);
    let (_, invite) = lone.calls();
    lone.hears_answer(&invite, 486, "desk");
    lone.hears(&request("INVITE", "2", ""));
    let tag = rejects(&mut lone);
    lone.hears(&request_in("ACK", "2", "1", &tag, ""));
    assert!(lone.is_empty());
    lone.sent();
    assert!(says_again(&mut lone).is_empty());
}
