//! Our own address towards a peer over TLS: `sips` for who asked for it, a `sip` address that names TLS for the others.

use bytes::Bytes;
use sip::{Config, Event, EventHeader, HeaderName, Headers, Input, Request, StatusCode, Transport};

use crate::party::address;
use crate::subscriptions::config;
use crate::wire_peer::{Lone, request};

const PLAIN: &str = "<sip:alice@192.0.2.1:5060;transport=tls>";
const SIPS: &str = "<sips:alice@192.0.2.1:5060>";

fn over(transport: Transport, config: Config) -> Lone {
    let mut lone = Lone::new(config);
    lone.flow.transport = transport;
    lone
}

fn contact(headers: &Headers) -> String {
    headers
        .get(&HeaderName::Contact)
        .map_or_else(String::new, ToString::to_string)
}

/// Is called, and gives the Contact of the answer.
fn answers(transport: Transport, invite: &str) -> String {
    let mut lone = over(transport, Config::default());
    lone.hears(invite);
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    lone.does(Input::Accept {
        leg,
        headers: Headers::new(),
        body: Bytes::from_static(b"answer"),
    });
    let answers = lone.responses();
    let answer = answers
        .iter()
        .find(|answer| answer.status == StatusCode::OK);
    contact(&answer.expect("a 200").headers)
}

/// Calls with these routes, and gives the Contact of the INVITE.
fn calls(transport: Transport, uri: &str, route: Option<&str>) -> String {
    let mut lone = over(transport, Config::default());
    let mut headers = Headers::new();
    if let Some(route) = route {
        headers.push(HeaderName::Route, route);
    }
    let leg = lone.endpoint.next_leg();
    lone.does(Input::Invite {
        leg,
        flow: lone.flow,
        uri: uri.parse().unwrap(),
        from: address("sip:alice@example.com"),
        to: address("sip:bob@example.com"),
        headers,
        body: Bytes::from_static(b"offer"),
        credential: None,
    });
    let invite: Request = lone.requests().remove(0);
    contact(&invite.headers)
}

#[test]
fn a_caller_who_says_sip_over_tls_is_answered_with_sip() {
    let invite = request("INVITE", "a", "").replace("UDP", "TLS");
    assert_eq!(answers(Transport::Tls, &invite), PLAIN);
}

#[test]
fn a_caller_who_dials_sips_is_answered_with_sips() {
    let invite = request("INVITE", "a", "").replace("INVITE sip:", "INVITE sips:");
    assert_eq!(answers(Transport::Tls, &invite), SIPS);
}

#[test]
fn a_caller_whose_own_address_is_sips_is_answered_with_sips() {
    let invite = request("INVITE", "a", "").replace("Contact: <sip:", "Contact: <sips:");
    assert_eq!(answers(Transport::Tls, &invite), SIPS);
}

#[test]
fn what_the_nearest_proxy_says_counts_more_than_the_contact_behind_it() {
    let sips_proxy = "Record-Route: <sips:p1.example;lr>, <sip:p2.example;lr>\n";
    assert_eq!(
        answers(Transport::Tls, &request("INVITE", "a", sips_proxy)),
        SIPS
    );
    let plain_proxy = "Record-Route: <sip:p1.example;lr>, <sips:p2.example;lr>\n";
    let invite = request("INVITE", "a", plain_proxy).replace("Contact: <sip:", "Contact: <sips:");
    assert_eq!(answers(Transport::Tls, &invite), PLAIN);
}

#[test]
fn calls_go_out_with_sips_where_the_target_or_the_first_route_is_sips() {
    assert_eq!(calls(Transport::Tls, "sip:bob@192.0.2.2", None), PLAIN);
    assert_eq!(calls(Transport::Tls, "sips:bob@192.0.2.2", None), SIPS);
    let route = Some("<sips:p1.example;lr>, <sip:p2.example;lr>");
    assert_eq!(calls(Transport::Tls, "sip:bob@192.0.2.2", route), SIPS);
    let route = Some("<sip:p1.example;lr>, <sips:p2.example;lr>");
    assert_eq!(calls(Transport::Tls, "sip:bob@192.0.2.2", route), PLAIN);
}

#[test]
fn web_sockets_and_flows_in_the_clear_keep_their_names() {
    let web = "<sip:alice@192.0.2.1:5060;transport=ws>";
    assert_eq!(calls(Transport::Wss, "sip:bob@192.0.2.2", None), web);
    let web = "<sips:alice@192.0.2.1:5060;transport=ws>";
    assert_eq!(calls(Transport::Wss, "sips:bob@192.0.2.2", None), web);
    // Nobody can promise on a flow in the clear what sips says.
    let udp = "<sip:alice@192.0.2.1:5060>";
    assert_eq!(calls(Transport::Udp, "sips:bob@192.0.2.2", None), udp);
}

#[test]
fn registrations_and_subscriptions_follow_the_same_rule() {
    for (scheme, wanted) in [("sip", PLAIN), ("sips", SIPS)] {
        let mut lone = over(Transport::Tls, config());
        let registration = lone.endpoint.next_registration();
        lone.does(Input::Register {
            registration,
            flow: lone.flow,
            registrar: format!("{scheme}:example.com").parse().unwrap(),
            address_of_record: address("sip:alice@example.com"),
            credential: None,
            expires_seconds: 3600,
            instance: None,
            reg_id: None,
            features: Vec::new(),
        });
        assert_eq!(contact(&lone.requests().remove(0).headers), wanted);

        let subscription = lone.endpoint.next_subscription();
        lone.does(Input::Subscribe {
            subscription,
            flow: lone.flow,
            uri: format!("{scheme}:bob@192.0.2.2").parse().unwrap(),
            from: address("sip:alice@example.com"),
            to: address("sip:bob@example.com"),
            event: EventHeader::new("presence"),
            expires_seconds: 600,
            headers: Headers::new(),
            body: Bytes::new(),
            credential: None,
        });
        assert_eq!(contact(&lone.requests().remove(0).headers), wanted);

        let lines = "Event: presence\nExpires: 600\n";
        let subscribe = request("SUBSCRIBE", "s", lines);
        lone.hears(&subscribe.replace("SUBSCRIBE sip:", &format!("SUBSCRIBE {scheme}:")));
        let accepted = lone.events().into_iter().find_map(|event| match event {
            Event::SubscriptionRequested { subscription, .. } => Some(subscription),
            _ => None,
        });
        lone.does(Input::AcceptSubscription {
            subscription: accepted.expect("a subscription comes in"),
            expires_seconds: 600,
            headers: Headers::new(),
        });
        assert_eq!(contact(&lone.responses().remove(0).headers), wanted);
    }
}
