//! Registrations over flows that are kept (RFC 5626), and the routes that a registrar asks for.

use std::time::Duration;

use bytes::Bytes;
use sip::{
    Config, Event, HeaderName, Headers, Input, Method, RegistrationId, Request, RetryDelay, Text,
    Transport,
};

use crate::party::address;
use crate::wire_peer::{Lone, answer};

const INSTANCE: &str = "urn:uuid:00000000-0000-1000-8000-000a95a0e128";

fn registers(lone: &mut Lone, reg_id: Option<u32>) -> (RegistrationId, Request) {
    registers_with(lone, reg_id, Vec::new())
}

fn registers_with(
    lone: &mut Lone,
    reg_id: Option<u32>,
    features: Vec<Text>,
) -> (RegistrationId, Request) {
    let registration = lone.endpoint.next_registration();
    lone.does(Input::Register {
        registration,
        flow: lone.flow,
        registrar: "sip:example.com".parse().unwrap(),
        address_of_record: address("sip:alice@example.com"),
        credential: None,
        expires_seconds: 3600,
        instance: Some(INSTANCE.into()),
        reg_id,
        features,
    });
    let request = lone.requests().remove(0);
    (registration, request)
}

/// The registrar takes the device, with these headers in its answer.
fn grants(lone: &mut Lone, request: &Request, lines: &[(&str, &str)]) {
    let mut response = answer(request, 200, "registrar");
    let contact = request.headers.get(&HeaderName::Contact).unwrap();
    response
        .headers
        .set(HeaderName::Contact, format!("{contact};expires=3600"));
    for (name, value) in lines {
        response.headers.push(HeaderName::from(*name), *value);
    }
    let (flow, payload) = (lone.flow, response.to_bytes());
    lone.does(Input::Receive { flow, payload });
}

fn calls(lone: &mut Lone, from: &str) -> Request {
    let leg = lone.endpoint.next_leg();
    lone.does(Input::Invite {
        leg,
        flow: lone.flow,
        uri: "sip:bob@example.com".parse().unwrap(),
        from: address(from),
        to: address("sip:bob@example.com"),
        headers: Headers::new(),
        body: Bytes::from_static(b"offer"),
        credential: None,
    });
    lone.requests().remove(0)
}

fn value<'a>(request: &'a Request, name: &HeaderName) -> &'a str {
    request.headers.get(name).map_or("", |value| value.as_str())
}

#[test]
fn a_device_says_which_one_it_is_and_which_way_this_is() {
    let mut lone = Lone::new(Config::default());
    let (_, request) = registers(&mut lone, Some(1));
    assert_eq!(
        value(&request, &HeaderName::Contact),
        format!("<sip:alice@192.0.2.1:5060>;+sip.instance=\"<{INSTANCE}>\";reg-id=1")
    );
    assert_eq!(value(&request, &HeaderName::Supported), "path, outbound");
}

#[test]
fn a_device_says_what_it_is_capable_of() {
    let mut lone = Lone::new(Config::default());
    let features = vec![Text::from_static(sip::READS_ROOMS)];
    let (_, request) = registers_with(&mut lone, None, features);
    let contact = value(&request, &HeaderName::Contact);
    assert!(contact.ends_with("\";+carillon.rooms"), "{contact}");
}

#[test]
fn the_owner_learns_how_often_the_flow_wants_a_sign_of_life() {
    let mut lone = Lone::new(Config::default());
    let (_, request) = registers(&mut lone, Some(1));
    grants(&mut lone, &request, &[("Flow-Timer", "120")]);
    let events = lone.events();
    assert!(
        matches!(
            events[..],
            [Event::Registered {
                flow_timer_seconds: Some(120),
                ..
            }]
        ),
        "{events:?}"
    );
}

#[test]
fn calls_over_the_flow_ask_to_come_back_over_it() {
    let mut lone = Lone::new(Config::default());
    let (_, request) = registers(&mut lone, Some(1));
    grants(&mut lone, &request, &[]);
    let invite = calls(&mut lone, "sip:alice@example.com");
    assert!(!value(&invite, &HeaderName::Contact).contains(";ob"));
    let (_, request) = registers(&mut lone, Some(1));
    grants(&mut lone, &request, &[("Require", "outbound")]);
    let invite = calls(&mut lone, "sip:alice@example.com");
    assert_eq!(
        value(&invite, &HeaderName::Contact),
        "<sip:alice@192.0.2.1:5060;ob>"
    );
}

#[test]
fn later_requests_pass_where_the_registrar_wants() {
    let mut lone = Lone::new(Config::default());
    let (_, request) = registers(&mut lone, None);
    let routes = "<sip:p2.example;lr>,<sip:hsp.example;lr>";
    grants(&mut lone, &request, &[("Service-Route", routes)]);
    let invite = calls(&mut lone, "sip:alice@example.com");
    assert_eq!(value(&invite, &HeaderName::Route), routes);
    // Somebody else's call over the same flow is none of this registration's business.
    let invite = calls(&mut lone, "sip:carol@example.com");
    assert_eq!(value(&invite, &HeaderName::Route), "");
    let mut message = Request::new(Method::Message, "sip:bob@example.com".parse().unwrap());
    for name in [HeaderName::From, HeaderName::To] {
        message.headers.push(name, "<sip:alice@example.com>");
    }
    let request = lone.endpoint.next_request();
    lone.does(Input::Request {
        request,
        flow: lone.flow,
        message,
        credential: None,
    });
    assert_eq!(value(&lone.requests()[0], &HeaderName::Route), routes);
}

#[test]
fn a_refresh_without_routes_takes_them_back() {
    let mut lone = Lone::new(Config::default());
    let (_, request) = registers(&mut lone, None);
    let route = "<sip:p2.example;lr>";
    grants(&mut lone, &request, &[("Service-Route", route)]);
    let refresh = (0..3600)
        .find_map(|_| {
            lone.waits(Duration::from_secs(1));
            lone.requests().pop()
        })
        .expect("a refresh");
    assert_eq!(value(&refresh, &HeaderName::Route), "");
    grants(&mut lone, &refresh, &[]);
    let invite = calls(&mut lone, "sip:alice@example.com");
    assert_eq!(value(&invite, &HeaderName::Route), "");
}

#[test]
fn routes_that_are_none_are_not_taken() {
    let mut lone = Lone::new(Config::default());
    let (_, request) = registers(&mut lone, None);
    grants(&mut lone, &request, &[("Service-Route", "<sip:p2.example")]);
    let invite = calls(&mut lone, "sip:alice@example.com");
    assert_eq!(value(&invite, &HeaderName::Route), "");
}

#[test]
fn without_outbound_at_the_first_hop_the_device_registers_the_old_way() {
    let mut lone = Lone::new(Config::default());
    let (_, request) = registers(&mut lone, Some(1));
    lone.hears_answer(&request, 439, "edge");
    let again = lone.requests().remove(0);
    let contact = value(&again, &HeaderName::Contact);
    assert!(
        contact.contains("+sip.instance") && !contact.contains("reg-id"),
        "{contact}"
    );
    lone.hears_answer(&again, 439, "edge");
    assert!(lone.requests().is_empty());
}

#[test]
fn a_registrar_that_wants_ever_longer_lives_is_left_alone() {
    let mut lone = Lone::new(Config::default());
    let (_, mut request) = registers(&mut lone, None);
    let mut asked = 1;
    for least in 1..20 {
        let mut response = answer(&request, 423, "registrar");
        let seconds = (3600 + least).to_string();
        response.headers.push(HeaderName::MinExpires, seconds);
        let (flow, payload) = (lone.flow, response.to_bytes());
        lone.does(Input::Receive { flow, payload });
        let Some(next) = lone.requests().pop() else {
            break;
        };
        request = next;
        asked += 1;
    }
    assert_eq!(asked, 4);
    assert!(matches!(
        lone.events()[..],
        [Event::RegistrationFailed {
            will_retry_after: Some(_),
            ..
        }]
    ));
}

fn over_tcp(delay: RetryDelay) -> Lone {
    let mut lone = Lone::new(Config {
        registration_retry: delay,
        ..Config::default()
    });
    lone.flow.transport = Transport::Tcp;
    lone.flow.connection = 1;
    lone
}

/// The pause that the device takes after a failure.
fn pause(lone: &mut Lone) -> Duration {
    let events = lone.events();
    let pauses = events.iter().filter_map(|event| match event {
        Event::RegistrationFailed {
            will_retry_after, ..
        } => *will_retry_after,
        _ => None,
    });
    pauses.last().expect("a failure")
}

#[test]
fn a_flow_that_has_served_is_replaced_at_once() {
    let mut lone = over_tcp(RetryDelay::OUTBOUND);
    let (_, request) = registers(&mut lone, Some(1));
    grants(&mut lone, &request, &[]);
    lone.waits(Duration::from_secs(600));
    let flow = lone.flow;
    lone.does(Input::FlowFailed { flow });
    assert!(pause(&mut lone) <= Duration::from_secs(1));
    lone.waits(Duration::from_secs(1));
    let again = lone.sent();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].0.connection, 0, "over any connection");
    // The new one fails as well: now the pauses of section 4.5 begin.
    let mut flow = lone.flow;
    for most in [60, 120, 240] {
        flow.connection = 0;
        lone.does(Input::FlowFailed { flow });
        let pause = pause(&mut lone);
        let most = Duration::from_secs(most);
        assert!(pause >= most / 2 && pause <= most, "{pause:?}");
        lone.waits(pause);
        assert_eq!(lone.methods(), ["REGISTER"]);
    }
}

#[test]
fn a_server_that_takes_a_device_and_drops_it_is_not_asked_without_end() {
    let mut lone = over_tcp(RetryDelay::OUTBOUND);
    let (_, mut request) = registers(&mut lone, Some(1));
    for most in [60, 120, 240] {
        grants(&mut lone, &request, &[]);
        lone.waits(Duration::from_secs(1));
        let flow = lone.flow;
        lone.does(Input::FlowFailed { flow });
        let pause = pause(&mut lone);
        let most = Duration::from_secs(most);
        assert!(pause >= most / 2 && pause <= most, "{pause:?}");
        lone.waits(pause);
        request = lone.requests().remove(0);
    }
}

#[test]
fn beside_a_flow_that_works_there_is_more_time() {
    let mut lone = over_tcp(RetryDelay::OUTBOUND);
    let (_, first) = registers(&mut lone, Some(1));
    grants(&mut lone, &first, &[]);
    let (_, second) = registers(&mut lone, Some(2));
    lone.hears_answer(&second, 503, "edge");
    let pause = pause(&mut lone);
    assert!(pause >= Duration::from_secs(90), "{pause:?}");
}
