//! The registrar, message by message (RFC 3261 section 10).

use bytes::Bytes;
use sip::HeaderName;
use switch::Input;

use crate::registrant::{Registrant, contacts};

#[test]
fn several_contacts_are_kept_listed_and_removed_one_by_one() {
    let mut phone = Registrant::new("alice-1");
    phone.register("Contact: <sip:alice@10.0.0.1>;expires=100\r\n");
    let both = phone.register("Contact: <sip:alice@10.0.0.2>;expires=200\r\n");
    let expected = [
        "<sip:alice@10.0.0.1>;expires=100",
        "<sip:alice@10.0.0.2>;expires=200",
    ];
    assert_eq!(contacts(&both), expected);
    let query = phone.register("");
    assert_eq!(contacts(&query), expected);
    let one =
        phone.register("Contact: <sip:ALICE@10.0.0.1>, <sip:alice@10.0.0.1>\r\nExpires: 0\r\n");
    // User parts differ by case, so the first contact is an unknown one (RFC 3261 19.1.4).
    assert_eq!(contacts(&one), expected[1..]);
}

#[test]
fn a_star_removes_all_contacts_of_the_phone() {
    let mut phone = Registrant::new("alice-1");
    phone.register("Contact: <sip:alice@10.0.0.1>, <sip:alice@10.0.0.2>\r\n");
    assert_eq!(phone.count(), 2);
    for malformed in [
        "Contact: *\r\n",
        "Contact: *\r\nExpires: 60\r\n",
        "Contact: *, <sip:a@b>\r\nExpires: 0\r\n",
    ] {
        assert_eq!(phone.register(malformed).status.code(), 400, "{malformed}");
    }
    assert_eq!(phone.count(), 2);
    let response = phone.register("Contact: *\r\nExpires: 0\r\n");
    assert_eq!(response.status.code(), 200);
    assert!(contacts(&response).is_empty());
    assert_eq!(phone.count(), 0);
}

#[test]
fn lives_are_kept_within_limits() {
    let mut phone = Registrant::new("alice-1");
    let brief = phone.register("Contact: <sip:alice@10.0.0.1>;expires=59\r\n");
    assert_eq!(brief.status.code(), 423);
    assert_eq!(brief.headers.get(&HeaderName::MinExpires).unwrap(), "60");
    assert_eq!(phone.count(), 0);
    for (wish, granted) in [("60", "60"), ("4000000000000", "3600")] {
        let response = phone.register(&format!(
            "Contact: <sip:alice@10.0.0.1>\r\nExpires: {wish}\r\n"
        ));
        assert_eq!(
            contacts(&response),
            [format!("<sip:alice@10.0.0.1>;expires={granted}")]
        );
    }
}

#[test]
fn nothing_is_changed_when_one_contact_is_refused() {
    let mut phone = Registrant::new("alice-1");
    let lines = "Contact: <sip:alice@10.0.0.1>, <sip:alice@10.0.0.2>;expires=5\r\n";
    assert_eq!(phone.register(lines).status.code(), 423);
    let lines = "Contact: <sip:alice@10.0.0.1>, <mailto:alice@carillon.test>\r\n";
    assert_eq!(phone.register(lines).status.code(), 416);
    assert_eq!(phone.count(), 0);
}

#[test]
fn a_registration_expires() {
    let mut phone = Registrant::new("alice-1");
    phone.register("Contact: <sip:alice@10.0.0.1>;expires=100\r\n");
    phone.pass(99);
    assert_eq!(phone.count(), 1);
    phone.pass(1);
    assert_eq!(phone.count(), 0);
    assert_eq!(
        phone.server.story(),
        ["alice-1 registered", "alice-1 unregistered: Expired"]
    );
    assert_eq!(phone.server.switch.counts().timers, 0);
}

#[test]
fn a_request_that_was_overtaken_changes_nothing() {
    let mut phone = Registrant::new("alice-1");
    phone.cseq = 10;
    phone.register("Contact: <sip:alice@10.0.0.1>\r\n");
    phone.cseq = 2;
    let late = phone.register("Contact: <sip:alice@10.0.0.1>\r\nExpires: 0\r\n");
    assert_eq!(late.status.code(), 500);
    assert_eq!(phone.count(), 1);
    // Another Call-ID is another start of the phone, and counts anew.
    phone.call_id = "two@phone".to_owned();
    phone.cseq = 0;
    assert_eq!(
        phone
            .register("Contact: <sip:alice@10.0.0.1>\r\n")
            .status
            .code(),
        200
    );
}

#[test]
fn a_phone_says_with_each_registration_whether_it_reads_conversations_by_itself() {
    for (params, reads_rooms) in [
        ("", false),
        (";+carillon.rooms", true),
        (";+Carillon.Rooms=\"TRUE\"", true),
        (";+carillon.rooms=\"FALSE\"", false),
        (";carillon.rooms", false),
        (";+carillon.roomsX", false),
    ] {
        let mut phone = Registrant::new("alice-1");
        // What it was before does not matter.
        phone.register("Contact: <sip:alice@10.0.0.1>;+carillon.rooms\r\n");
        phone.register(&format!("Contact: <sip:alice@10.0.0.1>{params}\r\n"));
        let last = phone
            .server
            .events
            .iter()
            .rev()
            .find_map(|event| match event {
                switch::Event::DeviceRegistered { binding, .. } => Some(binding.reads_rooms),
                _ => None,
            });
        assert_eq!(last, Some(reads_rooms), "{params}");
    }
}

#[test]
fn a_phone_that_names_itself_replaces_its_old_contact() {
    let mut phone = Registrant::new("alice-1");
    let instance = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"";
    phone.register(&format!(
        "Contact: <sip:alice@10.0.0.1:5061>;{instance}\r\n"
    ));
    let again = phone.register(&format!(
        "Contact: <sip:alice@10.0.0.1:5062>;{instance}\r\n"
    ));
    let listed = format!("<sip:alice@10.0.0.1:5062>;expires=3600;{instance}");
    assert_eq!(contacts(&again), [listed]);
    assert!(
        phone
            .server
            .story()
            .contains(&"alice-1 unregistered: Replaced".to_owned())
    );
}

#[test]
fn an_account_that_is_full_loses_the_contact_that_would_end_first() {
    let mut phone = Registrant::new("alice-1");
    for port in 1..=11 {
        let response = phone.register(&format!("Contact: <sip:alice@10.0.0.1:{port}>\r\n"));
        assert_eq!(response.status.code(), 200);
        phone.pass(1);
    }
    assert_eq!(phone.count(), 10);
    assert!(
        contacts(&phone.register(""))
            .iter()
            .all(|contact| !contact.contains(":1>"))
    );
}

#[test]
fn a_broken_connection_takes_its_registrations_along() {
    let mut phone = Registrant::new("alice-1");
    phone.register("Contact: <sip:alice@10.0.0.1>, <sip:alice@10.0.0.2>\r\n");
    let first = phone.flow;
    phone.flow.connection = 2;
    phone.register("Contact: <sip:alice@10.0.0.2>\r\n");
    let flow = first;
    phone.server.handle(phone.now, Input::FlowFailed { flow });
    assert_eq!(phone.count(), 1);
    let flow = phone.flow;
    phone.server.handle(phone.now, Input::FlowFailed { flow });
    assert_eq!(phone.count(), 0);
}

#[test]
fn malformed_contacts_are_refused() {
    let mut phone = Registrant::new("alice-1");
    for lines in [
        "Contact: <sip:alice\r\n",
        "Contact: <sip:a@b>,,<sip:c@d>\r\n",
        "Contact: \"open <sip:a@b>\r\n",
    ] {
        assert_eq!(
            phone
                .send("REGISTER", "sip:alice-1@carillon.test", lines, None)
                .status
                .code(),
            400,
            "{lines}"
        );
    }
    assert_eq!(phone.count(), 0);
}

#[test]
fn options_are_answered_and_other_methods_are_not() {
    let mut phone = Registrant::new("alice-1");
    let response = phone.send("OPTIONS", "sip:carillon.test", "", None);
    assert_eq!(response.status.code(), 200);
    assert_eq!(
        response.headers.get(&HeaderName::Accept).unwrap(),
        "application/sdp"
    );
    assert!(response.headers.has(&HeaderName::Allow));
    assert_eq!(
        phone
            .send("DANCE", "sip:carillon.test", "", None)
            .status
            .code(),
        501
    );
    assert_eq!(
        phone
            .send("FROBNICATE", "sip:carillon.test", "", None)
            .status
            .code(),
        501
    );
}

#[test]
fn noise_is_counted_and_not_answered() {
    let mut phone = Registrant::new("alice-1");
    let (flow, payload) = (phone.flow, Bytes::from_static(b"\x80\x00noise"));
    phone
        .server
        .handle(phone.now, Input::Receive { flow, payload });
    assert!(phone.server.switch.poll_transmit().is_none());
    assert!(phone.server.story()[0].starts_with("bad message: "));
}

#[test]
fn a_stopping_server_registers_nobody() {
    let mut phone = Registrant::new("alice-1");
    phone.server.handle(phone.now, Input::Drain);
    let response = phone.send("REGISTER", "sip:alice-1@carillon.test", "", None);
    assert_eq!(response.status.code(), 503);
    assert!(response.headers.has(&HeaderName::RetryAfter));
}
