//! PRACKs of our own, and the dialogs of phones that ring (RFC 3262 section 4).

use std::time::Duration;

use bytes::Bytes;
use sip::{Config, Event, HeaderName, Input, Method, RAck, Request, Response};

use crate::party::hangup;
use crate::wire_peer::{Lone, answer};

/// A provisional answer that wants a PRACK.
fn reliable(invite: &Request, status: u16, tag: &str, number: u32, body: &'static str) -> Response {
    let mut response = answer(invite, status, tag);
    response.headers.push(HeaderName::Require, "100rel");
    response.headers.push(HeaderName::RSeq, number.to_string());
    response.headers.push(HeaderName::Allow, "INVITE, UPDATE");
    response.body = Bytes::from_static(body.as_bytes());
    response
}

fn hears(lone: &mut Lone, response: &Response) {
    let flow = lone.flow;
    let payload = response.to_bytes();
    lone.does(Input::Receive { flow, payload });
}

/// What the requests acknowledge, with their numbers and targets.
fn pracks(requests: &[Request]) -> Vec<String> {
    let one = |request: &Request| {
        let acknowledged: RAck = request.headers.required().unwrap();
        let sequence = request.headers.get(&HeaderName::CSeq).unwrap();
        format!(
            "{} to {} for {}",
            sequence,
            request.uri,
            sip::TypedHeader::to_text(&acknowledged)
        )
    };
    requests.iter().map(one).collect()
}

#[test]
fn each_phone_that_rings_has_its_own_numbers() {
    let mut lone = Lone::new(Config::default());
    let (_, invite) = lone.calls();
    hears(&mut lone, &reliable(&invite, 180, "desk", 700, ""));
    hears(&mut lone, &reliable(&invite, 180, "mobile", 9, ""));
    hears(&mut lone, &reliable(&invite, 183, "desk", 701, "answer"));
    assert_eq!(
        pracks(&lone.requests()),
        [
            "2 PRACK to sip:desk@192.0.2.2 for 700 1 INVITE",
            "2 PRACK to sip:mobile@192.0.2.2 for 9 1 INVITE",
            "3 PRACK to sip:desk@192.0.2.2 for 701 1 INVITE",
        ]
    );
    assert_eq!(lone.events().len(), 3);
}

#[test]
fn repetitions_and_what_has_overtaken_another_are_passed_over() {
    let mut lone = Lone::new(Config::default());
    let (_, invite) = lone.calls();
    for number in [5, 5, 7, 6, 5, 7] {
        hears(&mut lone, &reliable(&invite, 180, "desk", number, ""));
    }
    assert_eq!(
        pracks(&lone.requests()),
        [
            "2 PRACK to sip:desk@192.0.2.2 for 5 1 INVITE",
            "3 PRACK to sip:desk@192.0.2.2 for 6 1 INVITE",
            "4 PRACK to sip:desk@192.0.2.2 for 7 1 INVITE",
        ]
    );
    assert_eq!(lone.events().len(), 3);
}

#[test]
fn what_was_agreed_early_counts_more_than_the_2xx() {
    let mut lone = Lone::new(Config::default());
    let (leg, invite) = lone.calls();
    hears(&mut lone, &reliable(&invite, 183, "desk", 1, "early"));
    let prack = lone.requests().remove(0);
    lone.hears_answer(&prack, 200, "desk");
    let mut ok = answer(&invite, 200, "desk");
    ok.body = Bytes::from_static(b"late");
    hears(&mut lone, &ok);
    let events = lone.events();
    assert!(
        matches!(events.last(), Some(Event::Answered { body, .. }) if body == "early"),
        "{events:?}"
    );
    lone.does(hangup(leg));
    let numbers: Vec<_> = lone
        .requests()
        .iter()
        .map(|request| request.headers.get(&HeaderName::CSeq).unwrap().to_string())
        .collect();
    assert_eq!(
        numbers,
        ["1 ACK", "3 BYE"],
        "numbers go on behind the PRACK"
    );
}

#[test]
fn of_phones_that_got_pracks_the_first_to_answer_counts_and_the_others_are_hung_up() {
    let mut lone = Lone::new(Config::default());
    let (_, invite) = lone.calls();
    for tag in ["desk", "mobile"] {
        hears(&mut lone, &reliable(&invite, 183, tag, 1, "early"));
    }
    for prack in lone.requests() {
        lone.hears_answer(&prack, 200, "");
    }
    lone.hears_answer(&invite, 200, "mobile");
    lone.hears_answer(&invite, 200, "desk");
    let said: Vec<_> = lone
        .requests()
        .iter()
        .map(|request| {
            let sequence = request.headers.get(&HeaderName::CSeq).unwrap();
            format!("{sequence} to {}", request.uri)
        })
        .collect();
    assert_eq!(
        said,
        [
            "1 ACK to sip:mobile@192.0.2.2",
            "1 ACK to sip:desk@192.0.2.2",
            "3 BYE to sip:desk@192.0.2.2",
        ]
    );
}

#[test]
fn a_prack_that_is_challenged_is_sent_again_with_credentials() {
    let mut lone = Lone::new(Config::default());
    let credential = sip::ClientCredential {
        login: "alice".into(),
        secret: sip::Secret::new("secret"),
    };
    let (_, invite) = lone.calls_with(Some(credential));
    hears(&mut lone, &reliable(&invite, 183, "desk", 1, "early"));
    let prack = lone.requests().remove(0);
    let mut challenge = answer(&prack, 401, "desk");
    challenge.headers.push(
        HeaderName::WwwAuthenticate,
        "Digest realm=\"example.com\", nonce=\"1\", algorithm=SHA-256, qop=\"auth\"",
    );
    hears(&mut lone, &challenge);
    let again = lone.requests().remove(0);
    assert_eq!(again.method, Method::Prack);
    assert!(again.headers.has(&HeaderName::Authorization));
    assert_eq!(again.headers.get(&HeaderName::CSeq).unwrap(), "3 PRACK");
    assert_eq!(again.headers.get(&HeaderName::RAck).unwrap(), "1 1 INVITE");
}

#[test]
fn a_prack_goes_the_recorded_route() {
    let mut lone = Lone::new(Config::default());
    let (_, invite) = lone.calls();
    let mut response = reliable(&invite, 180, "desk", 1, "");
    response.headers.push(
        HeaderName::RecordRoute,
        "<sip:p2.example;lr>, <sip:p1.example;lr>",
    );
    hears(&mut lone, &response);
    assert_eq!(
        lone.requests()[0].headers.get(&HeaderName::Route).unwrap(),
        "<sip:p1.example;lr>, <sip:p2.example;lr>"
    );
}

#[test]
fn a_call_that_ends_while_its_prack_is_under_way_leaves_nothing_behind() {
    let mut lone = Lone::new(Config::default());
    let (leg, invite) = lone.calls();
    hears(&mut lone, &reliable(&invite, 183, "desk", 1, "early"));
    lone.does(hangup(leg));
    lone.hears_answer(&invite, 487, "desk");
    lone.waits(Duration::from_secs(70));
    assert!(lone.is_empty());
    let ended = |event: &Event| matches!(event, Event::Ended { .. });
    assert_eq!(lone.events().iter().filter(|one| ended(one)).count(), 1);
}
