//! Provisional answers that are repeated until their PRACK comes (RFC 3262 section 3).

use std::time::Duration;

use bytes::Bytes;
use sip::{
    Config, EndCause, Event, HeaderName, Headers, Input, LegId, RSeq, ReliableProvisionals,
    Response, StatusCode, ToHeader,
};

use crate::party::{Manners, accept, hangup};
use crate::table::{MILLISECOND, SECOND, Table};
use crate::wire_peer::{Lone, request, request_in};

pub(crate) fn progress(leg: LegId, status: StatusCode, body: &'static str) -> Input {
    let body = Bytes::from_static(body.as_bytes());
    Input::Progress { leg, status, body }
}

/// Early media at once, and the answer after a while.
pub(crate) fn early_media(pause: Duration) -> Manners {
    Box::new(move |event| match event {
        Event::Incoming { leg, .. } => vec![
            (
                Duration::ZERO,
                progress(*leg, StatusCode::SESSION_PROGRESS, "answer"),
            ),
            (pause, accept(*leg)),
        ],
        Event::Reoffer { leg, .. } => vec![(Duration::ZERO, accept(*leg))],
        _ => Vec::new(),
    })
}

/// A lone callee; the caller's INVITE has these lines.
fn called(lines: &str) -> (Lone, LegId) {
    let mut lone = Lone::new(Config::default());
    lone.hears(&request("INVITE", "1", lines).replace("Length: 0\n\n", "Length: 5\n\noffer"));
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    lone.sent();
    (lone, leg)
}

fn number(response: &Response) -> Option<u32> {
    let number: Option<RSeq> = response.headers.typed().unwrap();
    number.map(|RSeq(number)| number)
}

fn tag(response: &Response) -> String {
    let ToHeader(to) = response.headers.required().unwrap();
    to.tag().unwrap().to_owned()
}

fn prack(sequence: &str, tag: &str, acknowledged: &str) -> String {
    let line = format!("RAck: {acknowledged}\n");
    request_in("PRACK", &format!("prack{sequence}"), sequence, tag, &line)
}

#[test]
fn early_media_is_acknowledged_before_the_call_is_answered() {
    let mut table = Table::good();
    table.bob.manners = early_media(SECOND);
    let leg = table.call();
    table.pass(2 * SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn the_2xx_waits_until_the_early_answer_is_acknowledged() {
    let mut table = Table::good();
    table.bob.manners = early_media(MILLISECOND);
    table.lose("PRACK", 2);
    let leg = table.call();
    table.pass(10 * SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn an_early_answer_is_repeated_with_pauses_that_double_and_given_up_after_64_t1() {
    let (mut lone, leg) = called("Supported: 100rel\n");
    lone.does(progress(leg, StatusCode::SESSION_PROGRESS, "answer"));
    let first = lone.responses().remove(0);
    let start = lone.now;
    let mut times = Vec::new();
    let cause = loop {
        lone.now = lone.endpoint.poll_timeout().unwrap();
        lone.does(Input::Timeout);
        for response in lone.responses() {
            times.push(((lone.now - start).as_millis(), response.status.code()));
            if response.status.is_provisional() {
                assert_eq!(number(&response), number(&first));
            }
        }
        if let Some(Event::Ended { cause, .. }) = lone.events().pop() {
            break cause;
        }
    };
    let expected = [500, 1500, 3500, 7500, 15500, 31500].map(|millis| (millis, 183));
    assert_eq!(times[..6], expected);
    assert_eq!(times[6..], [(32_000, 504)]);
    assert!(matches!(cause, EndCause::NoAcknowledgement));
}

#[test]
fn a_caller_that_requires_it_gets_every_answer_reliably_and_in_order() {
    let (mut lone, leg) = called("Require: 100rel\n");
    lone.does(progress(leg, StatusCode::RINGING, ""));
    lone.does(progress(leg, StatusCode::SESSION_PROGRESS, "answer"));
    lone.does(progress(leg, StatusCode::QUEUED, "ignored"));
    let ringing = lone.responses();
    assert_eq!(ringing.len(), 1, "the others wait for the PRACK");
    let (first, tag) = (number(&ringing[0]).unwrap(), tag(&ringing[0]));
    lone.hears(&prack("2", &tag, &format!("{first} 1 INVITE")));
    let said = lone.responses();
    assert_eq!(
        said.iter().map(|one| one.status.code()).collect::<Vec<_>>(),
        [200, 183]
    );
    assert_eq!(number(&said[1]), Some(first + 1));
    assert_eq!(said[1].body, "answer");
    lone.hears(&prack("3", &tag, &format!("{} 1 INVITE", first + 1)));
    let said = lone.responses();
    assert_eq!(number(&said[1]), Some(first + 2));
    assert_eq!(said[1].body, "", "the session is agreed");
}

#[test]
fn a_prack_of_something_else_is_refused() {
    let (mut lone, leg) = called("Supported: 100rel\n");
    lone.does(progress(leg, StatusCode::SESSION_PROGRESS, "answer"));
    let response = lone.responses().remove(0);
    let (first, tag) = (number(&response).unwrap(), tag(&response));
    let wrong = [
        format!("{} 1 INVITE", first + 1),
        format!("{first} 2 INVITE"),
        format!("{first} 1 UPDATE"),
    ];
    for (count, acknowledged) in wrong.iter().enumerate() {
        lone.hears(&prack(&(count + 2).to_string(), &tag, acknowledged));
        assert_eq!(lone.statuses(), [481], "{acknowledged}");
    }
    lone.hears(&prack("5", &tag, "nonsense"));
    lone.hears(&request_in("PRACK", "6", "6", &tag, ""));
    assert_eq!(lone.statuses(), [400, 400]);
    lone.hears(&prack("7", &tag, &format!("{first} 1 INVITE")));
    lone.hears(&prack("7", &tag, &format!("{first} 1 INVITE")));
    assert_eq!(lone.statuses(), [200, 200], "a repetition");
    lone.hears(&prack("8", &tag, &format!("{first} 1 INVITE")));
    assert_eq!(lone.statuses(), [481], "it was acknowledged");
    lone.hears(&request("PRACK", "9", "RAck: 1 1 INVITE\n"));
    assert_eq!(lone.statuses(), [481], "there is no such call");
}

#[test]
fn only_what_carries_a_session_is_reliable_for_who_merely_supports_it() {
    let (mut lone, leg) = called("Supported: 100rel\n");
    lone.does(progress(leg, StatusCode::RINGING, ""));
    assert_eq!(number(&lone.responses()[0]), None);
    lone.does(progress(leg, StatusCode::SESSION_PROGRESS, "answer"));
    let response = lone.responses().remove(0);
    assert!(number(&response).is_some());
    assert_eq!(
        response.headers.get(&HeaderName::Require).unwrap(),
        "100rel"
    );
    let (mut lone, leg) = called("");
    lone.does(progress(leg, StatusCode::SESSION_PROGRESS, "answer"));
    assert_eq!(number(&lone.responses()[0]), None);
}

#[test]
fn whoever_requires_what_we_never_do_is_told_so() {
    let config = Config {
        reliable_provisionals: ReliableProvisionals::Never,
        ..Config::default()
    };
    let mut lone = Lone::new(config);
    lone.hears(&request("INVITE", "1", "Require: 100rel\n"));
    assert_eq!(lone.statuses(), [420]);
    lone.hears(&request("INVITE", "2", "Supported: 100rel\n"));
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    lone.does(progress(leg, StatusCode::SESSION_PROGRESS, "answer"));
    assert_eq!(number(&lone.responses()[1]), None);
}

#[test]
fn a_2xx_need_not_wait_for_a_prack_without_session_and_takes_it_late() {
    let (mut lone, leg) = called("Require: 100rel\n");
    lone.does(progress(leg, StatusCode::RINGING, ""));
    let response = lone.responses().remove(0);
    let (first, tag) = (number(&response).unwrap(), tag(&response));
    lone.does(accept(leg));
    assert_eq!(lone.statuses(), [200]);
    lone.waits(Duration::from_millis(600));
    assert_eq!(lone.statuses(), [200], "only the 2xx is repeated");
    lone.hears(&prack("2", &tag, &format!("{first} 1 INVITE")));
    assert_eq!(lone.statuses(), [200]);
}

#[test]
fn a_call_may_be_refused_before_its_prack() {
    let (mut lone, leg) = called("Supported: 100rel\n");
    lone.does(progress(leg, StatusCode::SESSION_PROGRESS, "answer"));
    lone.does(accept(leg));
    assert_eq!(lone.statuses(), [183], "the 2xx is held back");
    lone.does(hangup(leg));
    assert_eq!(lone.statuses(), [603]);
    lone.waits(Duration::from_secs(60));
    assert!(lone.is_empty());
}

#[test]
fn an_offer_in_a_prack_is_answered_by_the_application() {
    let (mut lone, leg) = called("Supported: 100rel\n");
    lone.does(progress(leg, StatusCode::SESSION_PROGRESS, "answer"));
    lone.does(accept(leg));
    let response = lone.responses().remove(0);
    let (first, tag) = (number(&response).unwrap(), tag(&response));
    let message = prack("2", &tag, &format!("{first} 1 INVITE"));
    lone.hears(&message.replace("Length: 0\n\n", "Length: 5\n\nvideo"));
    let events = lone.events();
    assert!(
        matches!(&events[..], [Event::Reoffer { invite, .. }] if invite.body == "video"),
        "{events:?}"
    );
    assert!(lone.statuses().is_empty());
    lone.does(Input::Accept {
        leg,
        headers: Headers::new(),
        body: Bytes::from_static(b"video too"),
    });
    let said = lone.responses();
    assert_eq!(said[0].body, "video too", "the PRACK's answer");
    assert_eq!(said[1].body, "", "and then the 2xx");
}

#[test]
fn without_an_offer_in_the_invite_the_early_one_is_answered_in_the_prack() {
    let mut table = Table::good();
    table.bob.manners = Box::new(|event| match event {
        Event::Incoming { leg, .. } => {
            vec![(
                Duration::ZERO,
                progress(*leg, StatusCode::SESSION_PROGRESS, "early offer"),
            )]
        }
        Event::ProgressAcknowledged { leg, .. } => vec![(SECOND, accept(*leg))],
        _ => Vec::new(),
    });
    table.alice.manners = Box::new(|event| match event {
        Event::Progress { leg, .. } => {
            let (leg, body) = (*leg, Bytes::from_static(b"early answer"));
            vec![(SECOND, Input::Acknowledge { leg, body })]
        }
        _ => Vec::new(),
    });
    let (now, bob) = (table.network.now(), table.bob.address);
    let leg = table.alice.call_with(now, bob, Bytes::new());
    table.pass(5 * SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn another_answer_than_the_early_one_is_offered_behind_the_ack() {
    let mut table = Table::good();
    table.bob.manners = Box::new(|event| match event {
        Event::Incoming { leg, .. } => vec![
            (
                Duration::ZERO,
                progress(*leg, StatusCode::SESSION_PROGRESS, "announcement"),
            ),
            (SECOND, accept(*leg)),
        ],
        _ => Vec::new(),
    });
    table.alice.manners = early_media(SECOND);
    let leg = table.call();
    table.pass(5 * SECOND);
    assert_eq!(
        table.alice.story(),
        [
            "progress 183 Session Progress",
            "answered with \"announcement\"",
            "reoffer \"answer\"",
            "acknowledged with \"\"",
        ],
        "{}",
        table.tale()
    );
    table.alice_does(hangup(leg));
    table.settle();
}
