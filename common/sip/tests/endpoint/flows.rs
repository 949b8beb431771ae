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
        instance: None,
        reg_id: None,
        features: Vec::new(),
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

#[test]
fn of_many_calls_only_those_of_the_broken_connection_end() {
    let mut lone = crate::wire_peer::Lone::new(sip::Config::default());
    let remote = |host: u8| std::net::SocketAddr::from(([198, 51, 100, host], 5060));
    for count in 0..100u32 {
        lone.flow.transport = sip::Transport::Tcp;
        lone.flow.remote = remote((count % 10) as u8);
        lone.flow.connection = u64::from(count % 10 + 1);
        if count % 2 == 0 {
            lone.calls();
        } else {
            let branch = count.to_string();
            let invite = crate::wire_peer::request("INVITE", &branch, "");
            let flow = lone.flow;
            lone.hears_over(flow, &invite.replace("call-1", &branch));
        }
    }
    assert_eq!(lone.endpoint.population().legs, 100);
    for host in 0..10 {
        lone.flow.remote = remote(host);
        lone.flow.connection = u64::from(host) + 1;
        let flow = lone.flow;
        lone.events();
        lone.does(Input::FlowFailed { flow });
        assert_eq!(lone.events().len(), 10, "connection {host}");
    }
    let population = lone.endpoint.population();
    assert_eq!(population.legs + population.client_transactions, 0);
}

/// A call of theirs over one connection, that then goes on over another one.
fn moved() -> (crate::wire_peer::Lone, sip::LegId, sip::Flow) {
    let mut lone = crate::wire_peer::Lone::new(sip::Config::default());
    lone.flow.transport = sip::Transport::Tcp;
    lone.flow.connection = 1;
    let lines = "Allow: UPDATE\n";
    let invite = crate::wire_peer::request("INVITE", "1", lines);
    lone.hears(&invite.replace("Length: 0\n\n", "Length: 5\n\noffer"));
    let leg = lone.events().into_iter().find_map(|event| match event {
        sip::Event::Incoming { leg, .. } => Some(leg),
        _ => None,
    });
    let leg = leg.unwrap();
    lone.does(crate::party::accept(leg));
    let sip::ToHeader(to) = lone.responses().pop().unwrap().headers.required().unwrap();
    let tag = to.tag().unwrap().to_owned();
    lone.hears(&crate::wire_peer::request_in("ACK", "2", "1", &tag, ""));
    let body = bytes::Bytes::from_static(b"hold");
    lone.does(Input::Reinvite { leg, body });
    assert_eq!(lone.methods(), ["INVITE"]);
    let old = lone.flow;
    lone.flow.remote.set_port(5070);
    lone.flow.connection = 2;
    lone.hears(&crate::wire_peer::request_in("UPDATE", "3", "2", &tag, ""));
    (lone, leg, old)
}

#[test]
fn an_offer_is_made_again_over_the_connection_that_the_call_has_moved_to() {
    let (mut lone, leg, old) = moved();
    lone.sent();
    lone.events();
    lone.does(Input::FlowFailed { flow: old });
    let sent = lone.sent();
    assert!(
        matches!(&sent[..], [(flow, sip::Message::Request(request))]
            if *flow == lone.flow && request.body == "hold"),
        "{sent:?}"
    );
    assert!(lone.events().is_empty());
    let flow = lone.flow;
    lone.does(Input::FlowFailed { flow });
    let events = lone.events();
    assert!(
        matches!(events[..], [sip::Event::Ended { leg: one, cause: sip::EndCause::FlowFailed }] if one == leg),
        "{events:?}"
    );
    assert!(lone.sent().is_empty(), "nothing could carry a BYE");
}

#[test]
fn a_copy_of_an_old_request_does_not_draw_the_call_to_its_sender() {
    let mut lone = crate::wire_peer::Lone::new(sip::Config::default());
    lone.hears(&crate::wire_peer::request("INVITE", "1", ""));
    let Some(sip::Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    lone.does(crate::party::accept(leg));
    let sip::ToHeader(to) = lone.responses().pop().unwrap().headers.required().unwrap();
    let tag = to.tag().unwrap().to_owned();
    lone.hears(&crate::wire_peer::request_in("ACK", "2", "1", &tag, ""));
    lone.hears(&crate::wire_peer::request_in("UPDATE", "3", "2", &tag, ""));
    lone.sent();
    let mut elsewhere = lone.flow;
    elsewhere.remote = "203.0.113.66:5060".parse().unwrap();
    let copy = crate::wire_peer::request_in("UPDATE", "other", "2", &tag, "");
    lone.hears_over(elsewhere, &copy);
    assert_eq!(lone.statuses(), [500]);
    assert_eq!(lone.endpoint.flow_of(leg), Some(lone.flow));
}
