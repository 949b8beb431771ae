//! New offers before the call is answered, and UPDATE in answered calls (RFC 3311).

use std::time::Duration;

use bytes::Bytes;
use sip::{
    Config, Event, HeaderName, Headers, Input, LegId, Request, Response, StatusCode, ToHeader,
};

use crate::party::{accept, hangup};
use crate::reliable_callee::{early_media, progress};
use crate::table::{SECOND, Table};
use crate::wire_peer::{Lone, answer, request, request_in};

fn reinvite(leg: LegId, body: &'static str) -> Input {
    let body = Bytes::from_static(body.as_bytes());
    Input::Reinvite { leg, body }
}

/// Both hear early media and have not answered yet.
fn ringing() -> (Table, LegId, LegId) {
    let mut table = Table::good();
    table.alice.manners = early_media(SECOND);
    table.bob.manners = early_media(20 * SECOND);
    let leg = table.call();
    table.pass(SECOND);
    let incoming = table.bob.incoming();
    (table, leg, incoming)
}

#[test]
fn each_side_may_offer_anew_before_the_call_is_answered() {
    let (mut table, leg, incoming) = ringing();
    table.bob.manners = Box::new(|event| match event {
        Event::Reoffer { leg, .. } => vec![(Duration::ZERO, accept(*leg))],
        _ => Vec::new(),
    });
    table.alice_does(reinvite(leg, "from alice"));
    table.pass(SECOND);
    table.bob_does(reinvite(incoming, "from bob"));
    table.pass(30 * SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn offers_that_cross_before_the_answer_are_made_again_after_a_pause() {
    let (mut table, leg, incoming) = ringing();
    table.alice_does(reinvite(leg, "from alice"));
    table.bob_does(reinvite(incoming, "from bob"));
    table.pass(10 * SECOND);
    let crossed = table.count("491 Request Pending (UPDATE)");
    assert_eq!(crossed, 2, "{}", table.tale());
    for (party, offer) in [(&table.alice, "from bob"), (&table.bob, "from alice")] {
        let story = party.story();
        assert!(story.contains(&format!("reoffer \"{offer}\"")), "{story:?}");
        assert!(story.contains(&"reoffer accepted with \"answer\"".to_owned()));
    }
    table.alice_does(hangup(leg));
    table.settle();
}

#[test]
fn an_offer_waits_for_the_answer_where_update_is_not_allowed() {
    let mut lone = Lone::new(Config::default());
    let (leg, invite) = lone.calls();
    lone.hears_answer(&invite, 180, "desk");
    lone.does(reinvite(leg, "video"));
    assert!(lone.requests().is_empty());
    lone.hears_answer(&invite, 200, "desk");
    assert_eq!(lone.methods(), ["ACK", "INVITE"]);
}

/// A provisional answer with a session, as a phone that knows all this gives it.
fn early(invite: &Request, tag: &str) -> Response {
    let mut response = answer(invite, 183, tag);
    response.headers.push(HeaderName::Require, "100rel");
    response.headers.push(HeaderName::RSeq, "1");
    response.headers.push(HeaderName::Allow, "UPDATE");
    response.body = Bytes::from_static(b"early");
    response
}

/// Two phones ring, and both have told their session.
fn forked() -> (Lone, LegId, Request) {
    let mut lone = Lone::new(Config::default());
    let (leg, invite) = lone.calls();
    for tag in ["desk", "mobile"] {
        let payload = early(&invite, tag).to_bytes();
        let flow = lone.flow;
        lone.does(Input::Receive { flow, payload });
    }
    for prack in lone.requests() {
        lone.hears_answer(&prack, 200, "");
    }
    lone.events();
    (lone, leg, invite)
}

/// A request of one of the phones that ring.
fn from_phone(invite: &Request, tag: &str, branch: &str, body: &str) -> String {
    let sip::FromHeader(from) = invite.headers.required().unwrap();
    let call_id = invite.headers.get(&HeaderName::CallId).unwrap();
    request_in("UPDATE", branch, "1", from.tag().unwrap(), "")
        .replace("tag=bob", &format!("tag={tag}"))
        .replace("Call-ID: call-1", &format!("Call-ID: {call_id}"))
        .replace(
            "Length: 0\n\n",
            &format!("Length: {}\n\n{body}", body.len()),
        )
}

#[test]
fn each_phone_that_rings_may_offer_anew() {
    let (mut lone, leg, invite) = forked();
    for tag in ["desk", "mobile"] {
        lone.hears(&from_phone(&invite, tag, tag, "video"));
        let events = lone.events();
        assert!(matches!(events[..], [Event::Reoffer { .. }]), "{events:?}");
        lone.does(accept(leg));
        let said = lone.responses();
        assert_eq!((said.len(), said[0].status.code()), (1, 200), "{tag}");
        assert_eq!(said[0].body, "answer");
    }
    lone.hears_answer(&invite, 200, "desk");
    let events = lone.events();
    let last = events.last();
    assert!(
        matches!(last, Some(Event::Answered { body, .. }) if body == "video"),
        "what was agreed last counts: {last:?}"
    );
}

#[test]
fn while_one_phone_waits_for_an_answer_the_other_has_to_try_again() {
    let (mut lone, leg, invite) = forked();
    lone.hears(&from_phone(&invite, "desk", "1", "video"));
    lone.hears(&from_phone(&invite, "mobile", "2", "video"));
    let said = lone.responses();
    assert_eq!(said[0].status.code(), 500);
    assert!(said[0].headers.has(&HeaderName::RetryAfter));
    let (status, headers) = (StatusCode::NOT_ACCEPTABLE_HERE, Headers::new());
    lone.does(Input::Reject {
        leg,
        status,
        headers,
    });
    assert_eq!(lone.statuses(), [488]);
}

#[test]
fn our_offer_goes_to_the_phone_that_reported_last() {
    let (mut lone, leg, invite) = forked();
    lone.does(reinvite(leg, "video"));
    let update = lone.requests().remove(0);
    assert_eq!(update.method, sip::Method::Update);
    assert_eq!(update.uri.to_string(), "sip:mobile@192.0.2.2");
    assert!(update.headers.has(&HeaderName::Contact));
    // The phone still owes somebody an answer.
    let mut busy = answer(&update, 500, "mobile");
    busy.headers.push(HeaderName::RetryAfter, "7");
    let flow = lone.flow;
    let payload = busy.to_bytes();
    lone.does(Input::Receive { flow, payload });
    lone.waits(Duration::from_millis(6900));
    assert!(lone.requests().is_empty());
    lone.waits(Duration::from_millis(200));
    let update = lone.requests().remove(0);
    lone.hears_answer(&update, 488, "mobile");
    let events = lone.events();
    assert!(
        matches!(events[..], [Event::ReofferRefused { .. }]),
        "{events:?}"
    );
    lone.hears_answer(&invite, 200, "mobile");
    assert_eq!(lone.methods(), ["ACK"]);
}

#[test]
fn an_offer_before_the_first_answer_is_refused() {
    let mut lone = Lone::new(Config::default());
    lone.hears(&request("INVITE", "1", "").replace("Length: 0\n\n", "Length: 5\n\noffer"));
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    lone.does(progress(leg, StatusCode::RINGING, ""));
    let ToHeader(to) = lone.responses().pop().unwrap().headers.required().unwrap();
    let tag = to.tag().unwrap();
    let update = request_in("UPDATE", "2", "2", tag, "");
    lone.hears(&update.replace("Length: 0\n\n", "Length: 5\n\nvideo"));
    assert_eq!(lone.statuses(), [500], "we owe an answer");
    // Without an offer it only says that the caller is there.
    lone.hears(&request_in("UPDATE", "3", "3", tag, ""));
    assert_eq!(lone.statuses(), [200]);
    assert!(lone.events().is_empty());
}

/// A call of theirs that was answered; gives our tag.
fn talking() -> (Lone, LegId, String) {
    let mut lone = Lone::new(Config::default());
    lone.hears(&request("INVITE", "1", "").replace("Length: 0\n\n", "Length: 5\n\noffer"));
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    lone.does(accept(leg));
    let ToHeader(to) = lone.responses().pop().unwrap().headers.required().unwrap();
    let tag = to.tag().unwrap().to_owned();
    lone.hears(&request_in("ACK", "2", "1", &tag, ""));
    lone.events();
    (lone, leg, tag)
}

fn update(branch: &str, number: &str, tag: &str, body: &str) -> String {
    let length = format!("Length: {}\n\n{body}", body.len());
    request_in("UPDATE", branch, number, tag, "").replace("Length: 0\n\n", &length)
}

#[test]
fn an_answered_call_takes_offers_in_update_too() {
    let (mut lone, leg, tag) = talking();
    lone.hears(&update("3", "2", &tag, "hold"));
    lone.hears(&update("3", "2", &tag, "hold"));
    assert!(lone.sent().is_empty());
    lone.hears(&update("4", "3", &tag, "resume"));
    assert_eq!(lone.statuses(), [500], "one at a time");
    lone.does(accept(leg));
    lone.hears(&update("3", "2", &tag, "hold"));
    assert_eq!(lone.statuses(), [200, 200], "a repetition");
    assert_eq!(lone.events().len(), 1);
}

#[test]
fn an_unchanged_offer_is_answered_by_the_core() {
    let (mut lone, _, tag) = talking();
    lone.hears(&update("3", "2", &tag, "offer"));
    let said = lone.responses();
    assert_eq!(
        (said[0].status.code(), &said[0].body[..]),
        (200, &b"answer"[..])
    );
    let reinvite = request_in("INVITE", "4", "3", &tag, "");
    lone.hears(&reinvite.replace("Length: 0\n\n", "Length: 5\n\noffer"));
    let said = lone.responses();
    assert_eq!(
        (said[1].status.code(), &said[1].body[..]),
        (200, &b"answer"[..])
    );
    lone.hears(&request_in("ACK", "5", "3", &tag, ""));
    assert!(lone.events().is_empty());
}

#[test]
fn an_offer_that_crosses_ours_is_refused() {
    let (mut lone, leg, tag) = talking();
    lone.does(reinvite(leg, "ours"));
    lone.sent();
    lone.hears(&update("3", "2", &tag, "theirs"));
    assert_eq!(lone.statuses(), [491]);
}

#[test]
fn an_offer_that_the_application_does_not_answer_is_refused_in_time() {
    let (mut lone, leg, tag) = talking();
    lone.hears(&update("3", "2", &tag, "hold"));
    lone.waits(Duration::from_secs(32));
    assert_eq!(lone.statuses(), [504]);
    lone.does(accept(leg));
    assert!(lone.statuses().is_empty());
    lone.does(hangup(leg));
    assert_eq!(lone.methods(), ["BYE"]);
}

#[test]
fn an_offer_that_is_open_when_the_call_ends_is_refused() {
    let (mut lone, leg, tag) = talking();
    lone.hears(&update("3", "2", &tag, "hold"));
    lone.does(hangup(leg));
    assert_eq!(lone.statuses(), [487]);
    lone.waits(Duration::from_secs(70));
    assert!(lone.is_empty());
}
