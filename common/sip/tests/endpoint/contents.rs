//! MESSAGE, INFO and OPTIONS: what may stand in them, and what their answers tell.

use bytes::Bytes;
use sip::{Config, Event, HeaderName, Headers, Input, Method, Request, StatusCode};

use crate::party::accept;
use crate::wire_peer::{Lone, request, request_in};

fn config() -> Config {
    Config {
        supported: vec!["replaces".into()],
        event_packages: vec!["presence".into()],
        info_packages: vec!["dtmf".into(), "conference".into()],
        accept: vec!["application/sdp".into(), "text/*".into()],
        ..Config::default()
    }
}

fn message(lines: &str) -> String {
    let message = request("MESSAGE", "m1", lines);
    message.replace("Content-Length: 0\n\n", "Content-Length: 2\n\nhi")
}

/// The request that the application was told of last.
fn asked(lone: &mut Lone) -> sip::RequestId {
    match lone.events().pop() {
        Some(Event::Request { request, .. }) => request,
        other => panic!("{other:?}"),
    }
}

/// A call that came in and was accepted; our tag.
fn in_call(lone: &mut Lone) -> String {
    lone.hears(&request("INVITE", "first", ""));
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    lone.does(accept(leg));
    let last = lone.responses().pop().unwrap();
    assert_eq!(
        last.headers.get(&HeaderName::RecvInfo).unwrap(),
        "dtmf, conference"
    );
    let to: sip::ToHeader = last.headers.required().unwrap();
    let tag = to.0.tag().unwrap().to_owned();
    lone.hears(&request_in("ACK", "ack", "1", &tag, ""));
    lone.events();
    tag
}

#[test]
fn a_message_goes_out_without_contact() {
    let mut lone = Lone::new(config());
    let request = lone.endpoint.next_request();
    let mut message = Request::new(Method::Message, "sip:bob@example.com".parse().unwrap());
    for name in [HeaderName::From, HeaderName::To, HeaderName::Contact] {
        message.headers.push(name, "<sip:alice@example.com>");
    }
    message.body = Bytes::from_static(b"hi");
    lone.does(Input::Request {
        request,
        flow: lone.flow,
        message,
        credential: None,
    });
    let sent = lone.requests().remove(0);
    assert!(!sent.headers.has(&HeaderName::Contact));
}

#[test]
fn a_message_may_be_taken_for_later_and_is_answered_without_contact_and_body() {
    let mut lone = Lone::new(config());
    lone.hears(&message("Content-Type: text/plain\n"));
    let request = asked(&mut lone);
    let mut headers = Headers::new();
    headers.push(HeaderName::Contact, "<sip:alice@192.0.2.1>");
    headers.push(HeaderName::ContentType, "text/plain");
    lone.does(Input::Respond {
        request,
        status: StatusCode::ACCEPTED,
        headers,
        body: Bytes::from_static(b"thanks"),
    });
    let answer = lone.responses().remove(0);
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert!(!answer.headers.has(&HeaderName::Contact) && answer.body.is_empty());
}

#[test]
fn bodies_that_nobody_understands_are_refused_with_those_that_are_understood() {
    let mut lone = Lone::new(config());
    for (lines, status) in [
        ("Content-Type: image/png\n", 415),
        ("Content-Type: text/html\n", 0),
        (
            "Content-Type: image/png\nContent-Disposition: render;handling=optional\n",
            0,
        ),
        ("Content-Type: text/plain\nContent-Encoding: gzip\n", 415),
        ("", 0),
    ] {
        let mut lone_message = message(lines);
        lone_message = lone_message.replace("bKm1", &format!("bK{}", lines.len()));
        lone.hears(&lone_message.replace("Call-ID: ", &format!("Call-ID: {}", lines.len())));
        let answers = lone.responses();
        let status_of = answers.first().map_or(0, |answer| answer.status.code());
        assert_eq!(status_of, status, "{lines}");
        if status == 415 {
            let accept = answers[0].headers.get(&HeaderName::Accept).unwrap();
            assert_eq!(accept, "application/sdp, text/*");
        }
    }
}

#[test]
fn an_answer_to_options_tells_what_we_can_do() {
    let mut lone = Lone::new(config());
    lone.hears(&request("OPTIONS", "o1", ""));
    let request = asked(&mut lone);
    let mut headers = Headers::new();
    headers.push(HeaderName::Accept, "application/sdp");
    lone.does(Input::Respond {
        request,
        status: StatusCode::OK,
        headers,
        body: Bytes::new(),
    });
    let answer = lone.responses().remove(0);
    for (name, value) in [
        (HeaderName::Accept, "application/sdp"),
        (HeaderName::AllowEvents, "presence"),
        (HeaderName::RecvInfo, "dtmf, conference"),
    ] {
        let values: Vec<_> = answer.headers.all(&name).collect();
        assert_eq!(values, [value]);
    }
    let allow = answer.headers.get(&HeaderName::Allow).unwrap();
    assert!(
        allow.contains("INVITE, ACK, BYE, CANCEL, OPTIONS"),
        "{allow}"
    );
    let supported = answer.headers.get(&HeaderName::Supported).unwrap();
    assert!(supported.contains("replaces"), "{supported}");
}

#[test]
fn info_packages_that_nobody_asked_for_are_refused() {
    let mut lone = Lone::new(config());
    let tag = in_call(&mut lone);
    for (number, lines, status) in [
        ("2", "Info-Package: dtmf\n", 0),
        ("3", "Info-Package: trickle-ice\n", 469),
        ("4", "Info-Package: DTMF\n", 469),
        ("5", "Info-Package: ;\n", 400),
        ("6", "Content-Type: application/dtmf-relay\n", 0),
    ] {
        lone.hears(&request_in("INFO", number, number, &tag, lines));
        let answers = lone.responses();
        let status_of = answers.first().map_or(0, |answer| answer.status.code());
        assert_eq!(status_of, status, "{lines}");
        if status == 469 {
            let known = answers[0].headers.get(&HeaderName::RecvInfo).unwrap();
            assert_eq!(known, "dtmf, conference");
        }
    }
}

#[test]
fn info_outside_calls_belongs_to_none() {
    let mut lone = Lone::new(config());
    lone.hears(&request("INFO", "i1", "Info-Package: dtmf\n"));
    assert_eq!(lone.statuses(), [481]);
    assert!(lone.events().is_empty());
}

#[test]
fn options_in_a_call_are_answered_and_change_nothing() {
    let mut lone = Lone::new(config());
    let tag = in_call(&mut lone);
    lone.hears(&request_in("OPTIONS", "o1", "2", &tag, ""));
    let Some(Event::Request {
        request,
        leg: Some(_),
        ..
    }) = lone.events().pop()
    else {
        panic!("a request in the call");
    };
    let (status, headers, body) = (StatusCode::OK, Headers::new(), Bytes::new());
    lone.does(Input::Respond {
        request,
        status,
        headers,
        body,
    });
    let answer = lone.responses().remove(0);
    assert!(answer.headers.has(&HeaderName::Allow));
    assert_eq!(lone.endpoint.population().legs, 1);
}

#[test]
fn reasons_of_refusals_hangups_and_cancels_can_be_read() {
    let reason = "Reason: Q.850;cause=17;text=\"User busy\"\n";
    let mut lone = Lone::new(config());
    // RFC 6432: in an answer.
    let (_, invite) = lone.calls();
    let mut busy = crate::wire_peer::answer(&invite, 486, "bob");
    busy.headers
        .push(HeaderName::Reason, "Q.850;cause=17;text=\"User busy\"");
    let (flow, payload) = (lone.flow, busy.to_bytes());
    lone.does(Input::Receive { flow, payload });
    let Some(Event::Ended {
        cause: sip::EndCause::Refused { headers, .. },
        ..
    }) = lone.events().pop()
    else {
        panic!("a refusal");
    };
    let read: sip::Reason = headers.required().unwrap();
    assert_eq!(read.cause(), Some(17));
    // In a BYE.
    lone.sent();
    let tag = in_call(&mut lone);
    lone.hears(&request_in("BYE", "b1", "2", &tag, reason));
    assert!(matches!(
        lone.events().pop(),
        Some(Event::Ended {
            cause: sip::EndCause::RemoteHangup { reason: Some(_) },
            ..
        })
    ));
    // In a CANCEL.
    let call = request("INVITE", "c1", "").replace("call-1", "call-2");
    lone.hears(&call);
    lone.events();
    let cancel = request("CANCEL", "c1", reason).replace("call-1", "call-2");
    lone.hears(&cancel);
    assert!(matches!(
        lone.events().pop(),
        Some(Event::Ended {
            cause: sip::EndCause::Cancelled { reason: Some(_) },
            ..
        })
    ));
}
