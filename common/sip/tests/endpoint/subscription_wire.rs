//! Subscriptions message by message: what a peer may do that our own endpoint does not.

use std::time::Duration;

use bytes::Bytes;
use sip::{
    Config, Event, EventHeader, FromHeader, HeaderName, Headers, Input, Request, SubscriptionEnd,
    SubscriptionId, TypedHeader,
};

use crate::party::address;
use crate::subscriptions::config;
use crate::wire_peer::Lone;

pub(crate) fn subscribes(lone: &mut Lone) -> (SubscriptionId, Request) {
    let subscription = lone.endpoint.next_subscription();
    lone.does(Input::Subscribe {
        subscription,
        flow: lone.flow,
        uri: "sip:bob@192.0.2.2".parse().unwrap(),
        from: address("sip:alice@example.com"),
        to: address("sip:bob@example.com"),
        event: EventHeader::new("presence"),
        expires_seconds: 600,
        headers: Headers::new(),
        body: Bytes::new(),
        credential: None,
    });
    (subscription, lone.requests().remove(0))
}

/// A NOTIFY for that SUBSCRIBE from the notifier with that tag.
pub(crate) fn notify(subscribe: &Request, number: u32, from_tag: &str, lines: &str) -> String {
    let FromHeader(from) = subscribe.headers.required().unwrap();
    let call_id = subscribe.headers.get(&HeaderName::CallId).unwrap();
    format!(
        "NOTIFY sip:alice@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK{from_tag}{number}
Max-Forwards: 70
From: <sip:bob@example.com>;tag={from_tag}
To: {}
Call-ID: {call_id}
CSeq: {number} NOTIFY
Contact: <sip:{from_tag}@192.0.2.2>
{lines}Content-Length: 0

",
        FromHeader(from).to_text()
    )
}

/// Waits until the endpoint asks for something.
fn next_request(lone: &mut Lone) -> Request {
    lone.sent();
    let mut seconds = 0..10_000;
    let found = seconds.find_map(|_| {
        lone.waits(Duration::from_secs(1));
        lone.requests().pop()
    });
    found.expect("a request")
}

const ACTIVE: &str = "Event: presence\nSubscription-State: active;expires=600\n";
const OVER: &str = "Event: presence\nSubscription-State: terminated;reason=noresource\n";

#[test]
fn a_notification_may_come_before_the_answer() {
    let mut lone = Lone::new(Config::default());
    let (_, subscribe) = subscribes(&mut lone);
    lone.hears(&notify(&subscribe, 7, "desk", ACTIVE));
    assert_eq!(lone.statuses(), [200]);
    lone.hears_answer(&subscribe, 200, "desk");
    let events = lone.events();
    assert!(
        matches!(
            events[..],
            [Event::Notified { .. }, Event::Subscribed { .. }]
        ),
        "{events:?}"
    );
    let refresh = next_request(&mut lone);
    assert_eq!(refresh.uri.to_string(), "sip:desk@192.0.2.2");
    assert_eq!(
        refresh.headers.get(&HeaderName::CSeq).unwrap(),
        "2 SUBSCRIBE"
    );
}

#[test]
fn the_branches_of_a_fork_are_subscriptions_of_their_own() {
    let mut lone = Lone::new(Config::default());
    let (_, subscribe) = subscribes(&mut lone);
    lone.hears_answer(&subscribe, 200, "desk");
    lone.hears(&notify(&subscribe, 1, "desk", ACTIVE));
    lone.hears(&notify(&subscribe, 1, "mobile", ACTIVE));
    assert_eq!(lone.statuses(), [200, 200]);
    lone.hears(&notify(&subscribe, 2, "desk", OVER));
    lone.events();
    lone.hears(&notify(&subscribe, 2, "mobile", OVER));
    let events = lone.events();
    assert!(
        matches!(
            &events[..],
            [
                Event::Notified { .. },
                Event::SubscriptionEnded {
                    cause: SubscriptionEnd::Terminated { .. },
                    ..
                }
            ]
        ),
        "{events:?}"
    );
    lone.hears(&notify(&subscribe, 3, "mobile", ACTIVE));
    assert_eq!(lone.statuses(), [200, 200, 481]);
}

#[test]
fn after_timer_n_no_further_branches_are_taken() {
    let mut lone = Lone::new(Config::default());
    let (_, subscribe) = subscribes(&mut lone);
    lone.hears_answer(&subscribe, 200, "desk");
    lone.hears(&notify(&subscribe, 1, "desk", ACTIVE));
    lone.waits(Duration::from_secs(33));
    lone.sent();
    lone.hears(&notify(&subscribe, 1, "mobile", ACTIVE));
    assert_eq!(lone.statuses(), [481]);
}

#[test]
fn an_answer_without_notification_is_no_subscription() {
    let mut lone = Lone::new(Config::default());
    let (_, subscribe) = subscribes(&mut lone);
    lone.hears_answer(&subscribe, 200, "desk");
    lone.events();
    lone.waits(Duration::from_secs(33));
    assert!(matches!(
        lone.events()[..],
        [Event::SubscriptionEnded {
            cause: SubscriptionEnd::Timeout,
            ..
        }]
    ));
}

#[test]
fn notifications_that_fit_nowhere_are_refused() {
    let mut lone = Lone::new(Config::default());
    let (_, subscribe) = subscribes(&mut lone);
    lone.hears(&notify(&subscribe, 5, "desk", ACTIVE));
    lone.sent();
    let other = ACTIVE.replace("presence", "dialog");
    for (number, lines, status) in [
        (6, other.as_str(), 481),
        (7, "Subscription-State: active\n", 400),
        (8, "Event: presence\n", 400),
        (9, "Event: presence\nSubscription-State: ;\n", 400),
        (4, ACTIVE, 500),
    ] {
        lone.hears(&notify(&subscribe, number, "desk", lines));
        assert_eq!(lone.statuses(), [status], "{number}");
    }
    let strange = notify(&subscribe, 1, "desk", ACTIVE).replace("Call-ID: ", "Call-ID: x");
    lone.hears(&strange.replace("desk1", "desk2"));
    assert_eq!(lone.statuses(), [481]);
}

#[test]
fn a_refresh_that_finds_nobody_ends_it() {
    let mut lone = Lone::new(Config::default());
    let (_, subscribe) = subscribes(&mut lone);
    lone.hears_answer(&subscribe, 200, "desk");
    lone.hears(&notify(&subscribe, 1, "desk", ACTIVE));
    lone.events();
    let refresh = next_request(&mut lone);
    lone.hears_answer(&refresh, 481, "desk");
    assert!(matches!(
        lone.events()[..],
        [Event::SubscriptionEnded {
            cause: SubscriptionEnd::Refused { .. },
            ..
        }]
    ));
}

#[test]
fn a_refresh_that_fails_for_now_is_tried_again_while_there_is_time() {
    let mut lone = Lone::new(Config::default());
    let (_, subscribe) = subscribes(&mut lone);
    lone.hears_answer(&subscribe, 200, "desk");
    let long = "Event: presence\nSubscription-State: active;expires=6000\n";
    lone.hears(&notify(&subscribe, 1, "desk", long));
    lone.events();
    let refresh = next_request(&mut lone);
    lone.hears_answer(&refresh, 503, "desk");
    assert!(lone.events().is_empty());
    let again = next_request(&mut lone);
    assert_eq!(again.headers.get(&HeaderName::CSeq).unwrap(), "3 SUBSCRIBE");
    lone.hears_answer(&again, 200, "desk");
    assert!(matches!(lone.events()[..], [Event::Subscribed { .. }]));
}

fn subscribe_line(event: &str) -> String {
    crate::wire_peer::request("SUBSCRIBE", "s1", event)
}

#[test]
fn a_subscribe_that_makes_no_sense_is_refused() {
    let mut lone = Lone::new(config());
    for (lines, status) in [
        ("", 489),
        ("Event: ;id=1\n", 400),
        ("Event: refer\n", 489),
        ("Event: presence\nExpires: soon\n", 400),
    ] {
        lone.hears(&subscribe_line(lines));
        assert_eq!(lone.statuses(), [status], "{lines}");
    }
    let stranger =
        crate::wire_peer::request_in("SUBSCRIBE", "s2", "1", "nobody", "Event: dialog\n");
    lone.hears(&stranger);
    assert_eq!(lone.statuses(), [481]);
    assert!(lone.is_empty() && lone.endpoint.population().subscriptions == 0);
}

#[test]
fn a_subscription_moves_to_a_new_connection() {
    let mut lone = Lone::new(Config::default());
    lone.flow.transport = sip::Transport::Tcp;
    lone.flow.connection = 7;
    let (_, subscribe) = subscribes(&mut lone);
    lone.hears_answer(&subscribe, 200, "desk");
    lone.hears(&notify(&subscribe, 1, "desk", ACTIVE));
    lone.waits(Duration::from_secs(100));
    lone.sent();
    let flow = lone.flow;
    lone.does(Input::FlowFailed { flow });
    lone.waits(Duration::from_secs(1));
    let sent = lone.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].0.connection, 0);
    assert!(
        matches!(&sent[0].1, sip::Message::Request(request) if request.method == sip::Method::Subscribe)
    );
}

#[test]
fn a_subscription_may_live_in_the_dialog_of_a_call() {
    let mut lone = Lone::new(config());
    lone.hears(&crate::wire_peer::request("INVITE", "first", ""));
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    lone.does(crate::party::accept(leg));
    let accepted = lone.responses().pop().unwrap();
    let to: sip::ToHeader = accepted.headers.required().unwrap();
    let tag = to.tag().unwrap().to_owned();
    let in_call = |method: &str, number: &str, lines: &str| {
        crate::wire_peer::request_in(method, &format!("d{number}"), number, &tag, lines)
    };
    lone.hears(&in_call("ACK", "1", ""));
    lone.events();
    lone.hears(&in_call("SUBSCRIBE", "2", "Event: dialog\nExpires: 600\n"));
    let Some(Event::SubscriptionRequested {
        subscription,
        leg: Some(carrier),
        ..
    }) = lone.events().pop()
    else {
        panic!("a subscription in the call");
    };
    assert_eq!(carrier, leg);
    lone.does(Input::AcceptSubscription {
        subscription,
        expires_seconds: 600,
        headers: Headers::new(),
    });
    lone.does(crate::subscriptions::notify(subscription, "1"));
    let sent = lone.requests();
    assert_eq!(sent.len(), 1);
    let cseq = sent[0].headers.get(&HeaderName::CSeq).unwrap();
    assert_eq!(cseq, "1 NOTIFY");
    lone.hears_answer(&sent[0], 200, "bob");
    // The call ends, the subscription goes on in what is left of the dialog.
    lone.does(crate::party::hangup(leg));
    let bye = lone.requests().remove(0);
    assert_eq!(bye.headers.get(&HeaderName::CSeq).unwrap(), "2 BYE");
    lone.does(crate::subscriptions::notify(subscription, "2"));
    let second = lone.requests().remove(0);
    assert_eq!(second.headers.get(&HeaderName::CSeq).unwrap(), "3 NOTIFY");
    lone.hears_answer(&second, 200, "bob");
    lone.hears(&in_call("SUBSCRIBE", "3", "Event: dialog\nExpires: 0\n"));
    lone.does(Input::AcceptSubscription {
        subscription,
        expires_seconds: 600,
        headers: Headers::new(),
    });
    lone.does(crate::subscriptions::notify(subscription, "3"));
    let last = lone.requests().remove(0);
    let state = last.headers.get(&HeaderName::SubscriptionState).unwrap();
    assert_eq!(state, "terminated;reason=timeout");
    lone.hears_answer(&last, 200, "bob");
    assert_eq!(lone.endpoint.population().subscriptions, 0);
    lone.hears(&in_call("SUBSCRIBE", "4", "Event: dialog\n"));
    assert_eq!(lone.statuses(), [481]);
}

#[test]
fn all_routes_of_the_application_are_kept_in_their_order() {
    let mut lone = Lone::new(Config::default());
    let subscription = lone.endpoint.next_subscription();
    let mut headers = Headers::new();
    for route in ["<sip:one.example;lr>", "<sip:two.example;lr>"] {
        headers.push(HeaderName::Route, route);
    }
    headers.push(HeaderName::Accept, "application/pidf+xml");
    lone.does(Input::Subscribe {
        subscription,
        flow: lone.flow,
        uri: "sip:bob@192.0.2.2".parse().unwrap(),
        from: address("sip:alice@example.com"),
        to: address("sip:bob@example.com"),
        event: EventHeader::new("presence"),
        expires_seconds: 600,
        headers,
        body: Bytes::new(),
        credential: None,
    });
    let subscribe = lone.requests().remove(0);
    let routes: Vec<_> = subscribe.headers.all(&HeaderName::Route).collect();
    assert_eq!(routes, ["<sip:one.example;lr>", "<sip:two.example;lr>"]);
    // In the dialog the way is that of the notifier.
    lone.hears_answer(&subscribe, 200, "desk");
    lone.hears(&notify(&subscribe, 1, "desk", ACTIVE));
    let refresh = next_request(&mut lone);
    assert!(!refresh.headers.has(&HeaderName::Route));
    assert!(refresh.headers.has(&HeaderName::Accept));
}
