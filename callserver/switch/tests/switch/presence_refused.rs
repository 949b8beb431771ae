//! Subscriptions and publications that are not taken.

use sip::{HeaderName, Message, Method, Response};
use switch::{Config, Input};

use crate::registrant::Registrant;
use crate::server::DOMAIN;

const CONTACT: &str = "Contact: <sip:alice@198.51.100.7:51000;transport=tcp>\r\n";

fn alice() -> Registrant {
    Registrant::new("alice-1")
}

fn uri(user: &str) -> String {
    format!("sip:{user}@{DOMAIN}")
}

fn answer(phone: &mut Registrant, method: &str, to: &str, lines: &str) -> Response {
    let transmits = phone.request(method, &uri(to), lines);
    let answers =
        transmits
            .into_iter()
            .filter_map(|transmit| match Message::parse(transmit.payload) {
                Ok(Message::Response(response)) => Some(response),
                _ => None,
            });
    let answers: Vec<_> = answers.collect();
    assert_eq!(answers.len(), 1);
    answers.into_iter().next().unwrap()
}

#[test]
fn what_cannot_be_is_refused_before_anybody_is_asked_who_they_are() {
    let mut phone = alice();
    phone.uri = uri("1002");
    for (lines, code, header) in [
        ("Event: weather\r\n", 489, HeaderName::AllowEvents),
        ("Event: refer\r\n", 489, HeaderName::AllowEvents),
        ("", 489, HeaderName::AllowEvents),
        (
            "Event: presence\r\nAccept: application/json\r\n",
            406,
            HeaderName::Accept,
        ),
        (
            "Event: dialog\r\nAccept: application/dialog-info+xml;q=0\r\n",
            406,
            HeaderName::Accept,
        ),
        (
            "Event: presence\r\nExpires: 5\r\n",
            423,
            HeaderName::MinExpires,
        ),
        (
            "Event: presence\r\nAccept: application/pidf+xml\r\n",
            407,
            HeaderName::ProxyAuthenticate,
        ),
        (
            "Event: presence\r\nAccept: text/plain, */*;q=0.1\r\n",
            407,
            HeaderName::ProxyAuthenticate,
        ),
    ] {
        let lines = format!("{lines}{CONTACT}");
        let refused = phone.send("SUBSCRIBE", &uri("alice-1"), &lines, None);
        assert_eq!(refused.status.code(), code, "{lines}");
        assert!(refused.headers.has(&header), "{lines}: {refused:?}");
        phone.call_id.push('x');
    }
    assert_eq!(phone.server.switch.counts().subscriptions, 0);
}

#[test]
fn nobody_is_watched_under_a_number_that_nobody_has_and_nobody_watches_in_anothers_name() {
    let mut phone = alice();
    let lines = format!("Event: presence\r\n{CONTACT}");
    assert_eq!(
        answer(&mut phone, "SUBSCRIBE", "4711", &lines)
            .status
            .code(),
        404
    );
    assert_eq!(phone.server.switch.counts().subscriptions, 0);
}

#[test]
fn a_refresh_that_names_no_subscription_is_told_so() {
    let mut phone = alice();
    let forged = format!(
        "SUBSCRIBE sip:1002@{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/TCP 198.51.100.7;branch=z9hG4bKf\r\n\
         Max-Forwards: 70\r\nFrom: <sip:alice-1@{DOMAIN}>;tag=1\r\nTo: <sip:1002@{DOMAIN}>;tag=forged\r\n\
         Call-ID: forged\r\nCSeq: 9 SUBSCRIBE\r\nEvent: presence\r\n{CONTACT}Content-Length: 0\r\n\r\n"
    );
    let (flow, payload) = (phone.flow, forged.into());
    phone
        .server
        .handle(phone.now, Input::Receive { flow, payload });
    let answer = phone.transmits().remove(0).payload;
    assert!(answer.starts_with(b"SIP/2.0 481 "), "{answer:?}");
}

#[test]
fn one_account_has_so_many_subscriptions_and_no_more() {
    let mut config = Config::new(DOMAIN);
    config.max_subscriptions_of_account = 20;
    let mut phone = Registrant::at(config, "alice-1");
    let lines = format!("Event: presence\r\n{CONTACT}");
    let mut refused = 0;
    for _ in 0..60 {
        phone.call_id.push('x');
        match answer(&mut phone, "SUBSCRIBE", "1002", &lines)
            .status
            .code()
        {
            200 => {}
            403 => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!(
        (refused, phone.server.switch.counts().subscriptions),
        (40, 20)
    );
}

#[test]
fn one_server_has_so_many_subscriptions_and_no_more() {
    let mut config = Config::new(DOMAIN);
    config.max_subscriptions = 10;
    let mut phone = Registrant::at(config, "alice-1");
    let lines = format!("Event: presence\r\n{CONTACT}");
    for _ in 0..10 {
        phone.call_id.push('x');
        assert_eq!(
            answer(&mut phone, "SUBSCRIBE", "1002", &lines)
                .status
                .code(),
            200
        );
    }
    phone.call_id.push('x');
    phone.uri = uri("1002");
    let full = phone.send("SUBSCRIBE", &uri("alice-1"), &lines, None);
    assert_eq!(full.status.code(), 503);
    assert_eq!(phone.server.switch.counts().core.subscriptions, 10);
}

#[test]
fn published_states_are_the_owners_own_well_formed_and_the_ones_that_are_there() {
    let mut phone = alice();
    let publish = |phone: &mut Registrant, to: &str, lines: &str, body: &str| -> u16 {
        phone.call_id.push('x');
        phone.body = body.to_owned();
        let code = answer(phone, "PUBLISH", to, lines).status.code();
        phone.body.clear();
        code
    };
    let pidf = "Event: presence\r\nContent-Type: application/pidf+xml\r\n";
    let good = "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\"/>";
    let bomb = "<!DOCTYPE p [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><presence><note>&b;</note></presence>";
    let deep = "<presence>".repeat(5_000);
    let json = "Event: presence\r\nContent-Type: application/json\r\n";
    let unknown = format!("{pidf}SIP-If-Match: forged\r\n");
    let brief = format!("{pidf}Expires: 5\r\n");
    for (to, lines, body, code) in [
        ("alice-1", pidf, good, 200),
        ("1001", pidf, good, 200),
        ("1002", pidf, good, 403),
        ("1001", pidf, bomb, 400),
        ("1001", pidf, "<html/>", 400),
        ("1001", pidf, &*deep, 413),
        ("1001", pidf, "not xml", 400),
        ("1001", json, "{}", 415),
        ("1001", &*unknown, good, 412),
        ("1001", &*brief, good, 423),
        ("1001", "Event: presence\r\n", "", 400),
    ] {
        assert_eq!(publish(&mut phone, to, lines, body), code, "{to} {lines}");
    }
    let stranger = phone.send("PUBLISH", &uri("1001"), pidf, None);
    assert_eq!(stranger.status.code(), 407);
    let dialog = phone.send("PUBLISH", &uri("1001"), "Event: dialog\r\n", None);
    assert_eq!(dialog.status.code(), 489);
    assert_eq!(Method::from("PUBLISH"), Method::Publish);
}
