//! Connections that break.

use sip::{ClientCredential, Headers, Input, Request, Secret};

use crate::party::{address, answers_after, rings};
use crate::table::{SECOND, Table};

fn fails(table: &mut Table) {
    let flow = table.alice.flow_to(table.bob.address);
    table.alice_does(Input::FlowFailed { flow });
    let flow = table.bob.flow_to(table.alice.address);
    table.bob_does(Input::FlowFailed { flow });
}

#[test]
fn a_call_ends_with_its_connection() {
    let mut table = Table::over_tcp();
    table.bob.manners = answers_after(SECOND);
    table.call();
    table.pass(5 * SECOND);
    fails(&mut table);
    table.settle();
    assert_eq!(table.alice.story().last().unwrap(), "ended: FlowFailed");
    assert_eq!(table.bob.story().last().unwrap(), "ended: FlowFailed");
}

#[test]
fn a_call_that_rings_ends_with_its_connection() {
    let mut table = Table::over_tcp();
    table.bob.manners = rings();
    table.call();
    table.pass(5 * SECOND);
    fails(&mut table);
    table.settle();
    assert_eq!(table.alice.story().last().unwrap(), "ended: FlowFailed");
    assert_eq!(table.bob.story().last().unwrap(), "ended: FlowFailed");
}

#[test]
fn another_connection_breaks_nothing() {
    let mut table = Table::over_tcp();
    table.bob.manners = answers_after(SECOND);
    let leg = table.call();
    table.pass(5 * SECOND);
    let mut flow = table.alice.flow_to(table.bob.address);
    flow.connection = 77;
    table.alice_does(Input::FlowFailed { flow });
    assert_eq!(table.alice.endpoint.population().legs, 1);
    table.alice_does(crate::party::hangup(leg));
    table.settle();
}

#[test]
fn requests_under_way_fail_with_their_connection() {
    let mut table = Table::over_tcp();
    let request = table.alice.endpoint.next_request();
    let mut message = Request::new(sip::Method::Options, "sip:example.com".parse().unwrap());
    message
        .headers
        .push(sip::HeaderName::From, "<sip:alice@example.com>");
    message
        .headers
        .push(sip::HeaderName::To, "<sip:bob@example.com>");
    let flow = table.alice.flow_to(table.bob.address);
    table.alice_does(Input::Request {
        request,
        flow,
        message,
        credential: None,
    });
    let registration = table.alice.endpoint.next_registration();
    let secret = Secret::new("secret");
    table.alice_does(Input::Register {
        registration,
        flow,
        registrar: "sip:example.com".parse().unwrap(),
        address_of_record: address("sip:alice@example.com"),
        credential: Some(ClientCredential {
            login: "alice".into(),
            secret,
        }),
        expires_seconds: 60,
    });
    table.pass(SECOND);
    fails(&mut table);
    let gone = "the connection to the registrar is gone; check its address and the network";
    assert_eq!(
        table.alice.story(),
        [
            "request failed: FlowFailed".to_owned(),
            format!("not registered: {gone}; tries again")
        ]
    );
    let _ = Headers::new();
}
