//! Calls that outlive their connection.

use std::time::Duration;

use bytes::Bytes;
use sip::{Config, EndCause, Event, Flow, Headers, Input, LegId, Method, Transport};

use crate::party::{accept, hangup};
use crate::wire_peer::{Lone, request, request_in};

const PATIENCE: Duration = Duration::from_secs(32);

/// A call of theirs over a connection that has just broken; our tag.
fn lost() -> (Lone, LegId, String) {
    let mut lone = Lone::new(Config {
        flow_recovery: PATIENCE,
        ..Config::default()
    });
    lone.flow.transport = Transport::Tcp;
    lone.flow.connection = 1;
    let invite = request("INVITE", "1", "Allow: UPDATE\nSupported: timer\n");
    lone.hears(&invite.replace("Length: 0\n\n", "Length: 5\n\noffer"));
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    lone.does(accept(leg));
    let sip::ToHeader(to) = lone.responses().pop().unwrap().headers.required().unwrap();
    let tag = to.tag().unwrap().to_owned();
    lone.hears(&request_in("ACK", "2", "1", &tag, ""));
    lone.events();
    let flow = lone.flow;
    lone.does(Input::FlowFailed { flow });
    let events = lone.events();
    assert!(matches!(events[..], [Event::FlowLost { .. }]), "{events:?}");
    (lone, leg, tag)
}

fn another(lone: &Lone) -> Flow {
    let mut flow = lone.flow;
    flow.remote.set_port(50_000);
    flow.connection = 2;
    flow
}

#[test]
fn a_peer_that_does_not_come_back_has_lost_the_call() {
    let (mut lone, _, _) = lost();
    lone.waits(PATIENCE - Duration::from_millis(1));
    assert!(lone.events().is_empty());
    // The same news once more changes nothing.
    let flow = lone.flow;
    lone.does(Input::FlowFailed { flow });
    lone.waits(Duration::from_millis(1));
    let events = lone.events();
    assert!(
        matches!(
            events[..],
            [Event::Ended {
                cause: EndCause::FlowFailed,
                ..
            }]
        ),
        "{events:?}"
    );
    assert!(lone.sent().is_empty());
    lone.waits(Duration::from_secs(70));
    assert!(lone.is_empty());
}

#[test]
fn a_request_over_another_connection_brings_the_call_back() {
    let (mut lone, leg, tag) = lost();
    lone.waits(Duration::from_secs(20));
    let flow = another(&lone);
    lone.hears_over(flow, &request_in("UPDATE", "3", "2", &tag, ""));
    assert_eq!(lone.statuses(), [200]);
    let events = lone.events();
    assert!(
        matches!(events[..], [Event::Moved { flow: new, .. }] if new == flow),
        "{events:?}"
    );
    // Lost again, it has all its time again.
    lone.waits(Duration::from_secs(10));
    lone.does(Input::FlowFailed { flow });
    lone.waits(Duration::from_secs(20));
    assert_eq!(lone.events().len(), 1);
    let last = Flow {
        connection: 3,
        ..flow
    };
    lone.does(Input::MoveLeg { leg, flow: last });
    lone.sent();
    lone.does(hangup(leg));
    let sent = lone.sent();
    assert!(
        matches!(&sent[..], [(flow, sip::Message::Request(bye))] if *flow == last && bye.method == Method::Bye),
        "{sent:?}"
    );
}

#[test]
fn what_is_offered_meanwhile_waits_and_what_is_asked_fails() {
    let (mut lone, leg, _) = lost();
    let body = Bytes::from_static(b"hold");
    lone.does(Input::Reinvite { leg, body });
    let request = lone.endpoint.next_request();
    lone.does(Input::SendInDialog {
        leg,
        request,
        method: Method::Info,
        headers: Headers::new(),
        body: Bytes::new(),
    });
    assert!(lone.sent().is_empty());
    let events = lone.events();
    assert!(
        matches!(events[..], [Event::RequestFailed { .. }]),
        "{events:?}"
    );
    let flow = another(&lone);
    lone.does(Input::MoveLeg { leg, flow });
    let sent = lone.sent();
    assert!(
        matches!(&sent[..], [(to, sip::Message::Request(offer))] if *to == flow && offer.body == "hold"),
        "the offer is question enough: {sent:?}"
    );
}

#[test]
fn a_peer_that_comes_back_is_asked_whether_it_still_has_the_call() {
    let (mut lone, leg, _) = lost();
    let flow = another(&lone);
    lone.does(Input::MoveLeg { leg, flow });
    let update = lone.requests().remove(0);
    assert_eq!((&update.method, update.body.len()), (&Method::Update, 0));
    lone.events();
    lone.hears_answer(&update, 481, "");
    let events = lone.events();
    assert!(
        matches!(
            events[..],
            [Event::Ended {
                cause: EndCause::Refused { .. },
                ..
            }]
        ),
        "{events:?}"
    );
}

#[test]
fn a_connection_that_breaks_while_the_peer_is_asked_ends_nothing() {
    let (mut lone, leg, tag) = lost();
    let flow = another(&lone);
    lone.does(Input::MoveLeg { leg, flow });
    assert_eq!(lone.methods(), ["UPDATE"]);
    lone.events();
    lone.does(Input::FlowFailed { flow });
    let events = lone.events();
    assert!(matches!(events[..], [Event::FlowLost { .. }]), "{events:?}");
    lone.waits(Duration::from_secs(10));
    let last = Flow {
        connection: 3,
        ..flow
    };
    lone.hears_over(last, &request_in("UPDATE", "3", "2", &tag, ""));
    assert_eq!(lone.statuses(), [200]);
}

#[test]
fn a_call_that_is_hung_up_meanwhile_is_over_and_the_peer_hears_so_when_it_asks() {
    let (mut lone, leg, tag) = lost();
    lone.does(hangup(leg));
    assert!(lone.sent().is_empty(), "nothing could carry a BYE");
    assert_eq!(lone.endpoint.population().legs, 0);
    let flow = another(&lone);
    lone.hears_over(flow, &request_in("UPDATE", "3", "2", &tag, ""));
    assert_eq!(lone.statuses(), [481]);
}

#[test]
fn datagrams_that_nobody_takes_end_a_call_at_once() {
    let mut lone = Lone::new(Config {
        flow_recovery: PATIENCE,
        ..Config::default()
    });
    let (_, invite) = lone.calls();
    lone.hears_answer(&invite, 200, "desk");
    lone.events();
    let flow = lone.flow;
    lone.does(Input::FlowFailed { flow });
    let events = lone.events();
    assert!(matches!(events[..], [Event::Ended { .. }]), "{events:?}");
}
