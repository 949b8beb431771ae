//! Several flows of one phone, and proxies before it (RFC 5626, RFC 3327).

use std::time::Instant;

use sip::{HeaderName, Response, Transmit};
use switch::{Config, Event, Input, StoredBinding, WallClock};

use crate::registrant::{Registrant, contacts};
use crate::server::{DOMAIN, secret_of};

const INSTANCE: &str = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"";

/// Registers flow `reg_id` of bob's phone over the connection of the same number.
fn register_flow(phone: &mut Registrant, reg_id: u64, lines: &str) -> Response {
    phone.flow.connection = reg_id;
    phone
        .flow
        .remote
        .set_port(51_000 + u16::try_from(reg_id).unwrap());
    phone.call_id = format!("flow-{reg_id}");
    phone.register(&format!(
        "Contact: <sip:bob@10.0.0.1;transport=tcp>;reg-id={reg_id};{INSTANCE}\r\n{lines}"
    ))
}

fn header(response: &Response, name: &HeaderName) -> Option<String> {
    response.headers.get(name).map(ToString::to_string)
}

const OUTBOUND: &str = "Supported: path, outbound\r\n";

#[test]
fn the_flows_of_one_phone_stand_beside_each_other() {
    let mut phone = Registrant::new("bob-1");
    let first = register_flow(&mut phone, 1, OUTBOUND);
    assert_eq!(
        header(&first, &HeaderName::Require).as_deref(),
        Some("outbound")
    );
    let listed = format!("<sip:bob@10.0.0.1;transport=tcp>;expires=3600;{INSTANCE};reg-id=1");
    assert_eq!(contacts(&first), [listed]);
    register_flow(&mut phone, 2, OUTBOUND);
    assert_eq!(phone.count(), 2);

    // The same flow over a new connection, with another contact, takes its own place.
    phone.flow.connection = 3;
    let contact = format!("Contact: <sip:bob@10.0.0.9>;reg-id=1;{INSTANCE}\r\n{OUTBOUND}");
    phone.register(&contact);
    assert_eq!(phone.count(), 2);
    let flow = phone.flow;
    phone.server.handle(phone.now, Input::FlowFailed { flow });
    assert_eq!(phone.count(), 1);
    assert_eq!(
        phone.server.story(),
        [
            "bob-1 registered",
            "bob-1 registered",
            "bob-1 refreshed",
            "bob-1 unregistered: FlowFailed"
        ]
    );
}

#[test]
fn numbers_of_flows_count_only_for_those_who_know_of_flows() {
    let mut phone = Registrant::new("bob-1");
    let answer = register_flow(&mut phone, 1, "");
    assert_eq!(header(&answer, &HeaderName::Require), None);
    phone.call_id = "x".to_owned();
    phone.register(&format!(
        "Contact: <sip:bob@10.0.0.2>;reg-id=2;{INSTANCE}\r\n"
    ));
    assert_eq!(phone.count(), 1, "the same phone at another address");
    // A name that changes is no name.
    phone.register(&format!(
        "Contact: <sip:bob@10.0.0.3>;reg-id=2\r\n{OUTBOUND}"
    ));
    assert_eq!(phone.count(), 2);
}

#[test]
fn flows_that_cannot_be_kept_are_refused() {
    let mut phone = Registrant::new("bob-1");
    let contact = format!("Contact: <sip:bob@10.0.0.1>;reg-id=1;{INSTANCE}\r\n{OUTBOUND}");
    let two = format!("{contact}Contact: <sip:bob@10.0.0.2>;reg-id=2;{INSTANCE}\r\n");
    assert_eq!(phone.register(&two).status.code(), 400);

    // A proxy stands between, and does not say that it keeps flows.
    let proxied = format!("{contact}Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKp\r\n");
    assert_eq!(phone.register(&proxied).status.code(), 439);
    let lame = format!("{proxied}Path: <sip:edge.example;lr>\r\n");
    assert_eq!(phone.register(&lame).status.code(), 439);
    let path = "<sip:inner.example;lr>, <sip:token@edge.example;lr;ob>";
    let good = phone.register(&format!("{proxied}Path: {path}\r\n"));
    assert_eq!(good.status.code(), 200);
    let told: Vec<_> = good
        .headers
        .all(&HeaderName::Path)
        .map(ToString::to_string)
        .collect();
    assert_eq!(told.join(", "), path);
}

#[test]
fn a_phone_behind_proxies_is_called_back_over_them() {
    let mut phone = Registrant::new("bob-1");
    let path = "Path: <sip:inner.example;lr>\r\nPath: <sip:edge.example;lr>\r\n";
    let answer = phone.register(&format!("Contact: <sip:bob@10.0.0.1>\r\n{path}"));
    assert_eq!(header(&answer, &HeaderName::Path), None, "it did not ask");
    let stored = phone.server.events.iter().find_map(|event| match event {
        Event::DeviceRegistered { binding, .. } => Some(StoredBinding::clone(binding)),
        _ => None,
    });
    assert_eq!(stored.expect("a registration").path.len(), 2);
    let [invite] = &call_from_alice(&mut phone)[..] else {
        panic!("one INVITE");
    };
    let text = String::from_utf8_lossy(&invite.payload).into_owned();
    assert!(
        text.starts_with("INVITE sip:bob@10.0.0.1 SIP/2.0\r\n"),
        "{text}"
    );
    let routes = "Route: <sip:inner.example;lr>\r\nRoute: <sip:edge.example;lr>\r\n";
    assert!(text.contains(routes), "{text}");
    assert_eq!(invite.flow.remote.ip().to_string(), "198.51.100.7");
}

#[test]
fn a_call_takes_the_newest_flow_and_falls_back_to_the_other() {
    let mut phone = Registrant::new("bob-1");
    register_flow(&mut phone, 1, OUTBOUND);
    phone.pass(10);
    register_flow(&mut phone, 2, OUTBOUND);
    let invites = call_from_alice(&mut phone);
    let [invite] = &invites[..] else {
        panic!("one phone rings once: {invites:?}");
    };
    assert_eq!(invite.flow.connection, 2);
    let flow = invite.flow;
    phone.server.handle(phone.now, Input::FlowFailed { flow });
    let again = invites_in(phone.transmits());
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].flow.connection, 1);
    // The proxy at the other end of that flow has lost the phone, too.
    let refusal = String::from_utf8_lossy(&again[0].payload).into_owned();
    let lines = |name: &str| {
        let wanted = refusal.lines().filter(|line| line.starts_with(name));
        wanted.map(|line| format!("{line}\r\n")).collect::<String>()
    };
    let answer = format!(
        "SIP/2.0 430 Flow Failed\r\n{}{}{}{}{}Content-Length: 0\r\n\r\n",
        lines("Via:"),
        lines("From:"),
        lines("To:").replace("\r\n", ";tag=x\r\n"),
        lines("Call-ID:"),
        lines("CSeq:")
    );
    let (flow, payload) = (again[0].flow, answer.into());
    phone
        .server
        .handle(phone.now, Input::Receive { flow, payload });
    let last = phone.transmits();
    let is_final = |transmit: &Transmit| transmit.payload.starts_with(b"SIP/2.0 480 ");
    assert!(last.iter().any(is_final), "{last:?}");
}

#[test]
fn the_answer_tells_what_time_it_is() {
    let mut config = Config::new(DOMAIN);
    config.wall_clock = Some(WallClock {
        at: Instant::now(),
        unix_seconds: 1_289_690_940,
    });
    let mut phone = Registrant::at(config, "bob-1");
    let answer = phone.register("Contact: <sip:bob@10.0.0.1>\r\n");
    let date = header(&answer, &HeaderName::Date).expect("a date");
    assert!(date.starts_with("Sat, 13 Nov 2010 23:29:0"), "{date}");
}

/// Alice calls bob's number, from a connection of her own; gives the INVITEs to his phones.
fn call_from_alice(phone: &mut Registrant) -> Vec<Transmit> {
    phone.login = "alice-1".to_owned();
    phone.secret = secret_of("alice-1");
    phone.flow.connection = 99;
    phone.flow.remote.set_port(59_999);
    phone.call_id = "call".to_owned();
    let lines = "Contact: <sip:alice@198.51.100.7>\r\n";
    let transmits = phone.request("INVITE", &format!("sip:1002@{DOMAIN}"), lines);
    invites_in(transmits)
}

fn invites_in(transmits: Vec<Transmit>) -> Vec<Transmit> {
    let mut invites = transmits;
    invites.retain(|transmit| transmit.payload.starts_with(b"INVITE "));
    invites
}
