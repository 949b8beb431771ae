//! Calls that go on in another process: an endpoint is thrown away in the middle of a call, and a fresh one takes its
//! place from what was kept.

use std::time::Duration;

use bytes::Bytes;
use simnet::Conditions;
use sip::{
    CSeq, Config, EndCause, Endpoint, Event, Flow, HeaderName, Headers, Input, LegId, LegSnapshot,
    Method, Request, SessionTimer, ToHeader, Transport, Via,
};

use crate::party::{accept, answers_after, hangup};
use crate::table::{SECOND, Table};
use crate::wire_peer::{Lone, answer, request, request_in};

fn config() -> Config {
    let mut config = Config {
        flow_recovery: 32 * SECOND,
        notes_changes: true,
        session_timer: Some(SessionTimer {
            wanted_seconds: 90,
            minimum_seconds: 90,
        }),
        ..Config::default()
    };
    config.methods.push(Method::Refer);
    config
}

/// What was kept, as it comes back from where it was kept.
fn kept(endpoint: &Endpoint, leg: LegId) -> Box<LegSnapshot> {
    let snapshot = endpoint.snapshot_of(leg).expect("an answered call");
    let written = serde_json::to_string(&snapshot).unwrap();
    let read: LegSnapshot = serde_json::from_str(&written).unwrap();
    assert_eq!(read, snapshot);
    Box::new(read)
}

/// The process dies, and another one goes on with the call.
fn restart(lone: &mut Lone, leg: LegId) -> LegId {
    let snapshot = kept(&lone.endpoint, leg);
    resume(lone, snapshot, Duration::ZERO, false)
}

fn resume(lone: &mut Lone, snapshot: Box<LegSnapshot>, age: Duration, is_doubtful: bool) -> LegId {
    lone.endpoint = Endpoint::new(config(), [99; 32]);
    let leg = lone.endpoint.next_leg();
    lone.does(Input::RestoreLeg {
        leg,
        snapshot,
        age,
        is_doubtful,
    });
    leg
}

/// A call of theirs, answered; our tag.
fn called_over(transport: Transport) -> (Lone, LegId, String) {
    let mut lone = Lone::new(config());
    lone.flow.transport = transport;
    let lines = "Allow: UPDATE\nSupported: timer\nRecord-Route: <sip:proxy.example;lr>\n";
    lone.hears(&request("INVITE", "1", lines).replace("Length: 0\n\n", "Length: 5\n\noffer"));
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

fn called() -> (Lone, LegId, String) {
    called_over(Transport::Udp)
}

fn number(request: &Request) -> u32 {
    request.headers.required::<CSeq>().unwrap().number
}

fn branch(request: &Request) -> String {
    let via: Via = request.headers.required().unwrap();
    via.branch().unwrap().to_owned()
}

fn reinvite(branch: &str, number: &str, tag: &str) -> String {
    request_in("INVITE", branch, number, tag, "").replace("Length: 0\n\n", "Length: 4\n\nhold")
}

#[test]
fn what_the_peer_asks_in_the_call_is_answered_by_the_process_that_follows() {
    let (mut lone, leg, tag) = called();
    let leg = restart(&mut lone, leg);
    assert!(lone.sent().is_empty(), "nobody is bothered");
    lone.hears(&request_in("UPDATE", "a", "2", &tag, ""));
    assert_eq!(lone.statuses(), [200]);
    lone.hears(&request_in("INFO", "b", "3", &tag, ""));
    let info = match lone.events().pop() {
        Some(Event::Request {
            request,
            leg: Some(of),
            ..
        }) if of == leg => request,
        other => panic!("an INFO in the call, not {other:?}"),
    };
    lone.does(Input::Respond {
        request: info,
        status: sip::StatusCode::OK,
        headers: Headers::new(),
        body: Bytes::new(),
    });
    assert_eq!(lone.statuses(), [200]);
    let refer = "Refer-To: <sip:carol@example.com>\n";
    lone.hears(&request_in("REFER", "c", "4", &tag, refer));
    let event = lone.events().pop();
    assert!(
        matches!(event, Some(Event::SubscriptionRequested { leg: Some(of), .. }) if of == leg),
        "{event:?}"
    );
    lone.hears(&reinvite("d", "5", &tag));
    assert!(matches!(lone.events()[..], [Event::Reoffer { .. }]));
    lone.does(accept(leg));
    assert!(lone.statuses().contains(&200));
    lone.hears(&request_in("ACK", "e", "5", &tag, ""));
    lone.hears(&request_in("BYE", "f", "6", &tag, ""));
    assert!(lone.statuses().contains(&200));
    let events = lone.events();
    assert!(
        matches!(
            events.last(),
            Some(Event::Ended {
                cause: EndCause::RemoteHangup { .. },
                ..
            })
        ),
        "{events:?}"
    );
}

#[test]
fn what_we_ask_has_fresh_names_and_higher_numbers_and_takes_the_same_way() {
    let (mut lone, leg, _) = called();
    let info = |lone: &mut Lone, leg| {
        let request = lone.endpoint.next_request();
        lone.does(Input::SendInDialog {
            leg,
            request,
            method: Method::Info,
            headers: Headers::new(),
            body: Bytes::new(),
        });
        lone.requests().remove(0)
    };
    let snapshot = kept(&lone.endpoint, leg);
    let before: Vec<_> = (0..5).map(|_| info(&mut lone, leg)).collect();
    let leg = resume(&mut lone, snapshot, Duration::ZERO, false);
    let after = info(&mut lone, leg);
    let last = before.last().unwrap();
    assert!(number(&after) > number(last));
    assert!(before.iter().all(|one| branch(one) != branch(&after)));
    for name in [
        HeaderName::From,
        HeaderName::To,
        HeaderName::CallId,
        HeaderName::Route,
    ] {
        assert_eq!(after.headers.get(&name), last.headers.get(&name));
    }
    assert_eq!(after.uri, last.uri);
    lone.does(Input::Reinvite {
        leg,
        body: Bytes::from_static(b"ours"),
    });
    let offer = lone.requests().remove(0);
    assert!(number(&offer) > number(&after));
    lone.hears_answer(&offer, 200, "bob");
    assert_eq!(lone.methods(), ["ACK"]);
    lone.events();
    lone.does(hangup(leg));
    let bye = lone.requests().remove(0);
    assert_eq!(bye.method, Method::Bye);
    assert!(number(&bye) > number(&offer));
}

#[test]
fn an_old_number_is_refused_and_the_last_one_does_not_move_the_call() {
    let (mut lone, leg, tag) = called();
    lone.hears(&request_in("UPDATE", "a", "7", &tag, ""));
    lone.sent();
    let snapshot = kept(&lone.endpoint, leg);
    let leg = resume(&mut lone, snapshot, Duration::ZERO, false);
    lone.hears(&request_in("UPDATE", "b", "6", &tag, ""));
    assert_eq!(lone.statuses(), [500]);
    // Nobody knows whether the last one was answered: its repetition is, from wherever it comes, once.
    let elsewhere = Flow {
        remote: ([203, 0, 113, 9], 5060).into(),
        ..lone.flow
    };
    lone.hears_over(elsewhere, &request_in("UPDATE", "a", "7", &tag, ""));
    assert_eq!(lone.statuses(), [200]);
    assert_eq!(lone.endpoint.flow_of(leg), Some(lone.flow));
    lone.hears_over(elsewhere, &request_in("UPDATE", "c", "7", &tag, ""));
    assert_eq!(lone.statuses(), [500]);
}

#[test]
fn an_answer_to_an_offer_of_the_process_before_is_acknowledged() {
    let (mut lone, leg, _) = called();
    lone.does(Input::Reinvite {
        leg,
        body: Bytes::from_static(b"ours"),
    });
    let offer = lone.requests().remove(0);
    let snapshot = kept(&lone.endpoint, leg);
    assert!(snapshot.is_offering());
    let leg = resume(&mut lone, snapshot, Duration::ZERO, false);
    for _ in 0..2 {
        lone.hears_answer(&offer, 200, "bob");
        let ack = lone.requests().remove(0);
        assert_eq!((&ack.method, number(&ack)), (&Method::Ack, number(&offer)));
    }
    assert!(lone.events().is_empty());
    // Only of this call, and only what may have been asked.
    let mut stranger = answer(&offer, 200, "bob");
    stranger.headers.set(HeaderName::CallId, "another");
    lone.does(Input::Receive {
        flow: lone.flow,
        payload: stranger.to_bytes(),
    });
    assert!(lone.sent().is_empty());
    // The owner offers anew.
    lone.does(Input::Reinvite {
        leg,
        body: Bytes::from_static(b"again"),
    });
    let again = lone.requests().remove(0);
    assert!(number(&again) > number(&offer));
}

#[test]
fn an_acceptance_without_its_ack_is_repeated_by_the_process_that_follows() {
    let (mut lone, leg, tag) = called();
    lone.hears(&reinvite("a", "2", &tag));
    lone.events();
    lone.does(accept(leg));
    lone.sent();
    let leg = restart(&mut lone, leg);
    lone.waits(SECOND);
    assert_eq!(lone.statuses(), [200]);
    lone.hears(&reinvite("a", "2", &tag));
    assert_eq!(lone.statuses(), [200], "repeated, it is known again");
    lone.hears(&request_in("ACK", "b", "2", &tag, ""));
    assert!(
        matches!(lone.events()[..], [Event::Acknowledged { leg: of, .. }] if of == leg),
        "as ever"
    );
    lone.waits(40 * SECOND);
    assert!(lone.responses().is_empty());
    assert_eq!(lone.endpoint.population().legs, 1);
}

#[test]
fn an_offer_that_was_open_is_refused_for_now() {
    let (mut lone, leg, tag) = called();
    lone.hears(&reinvite("a", "2", &tag));
    assert_eq!(lone.statuses(), [100]);
    restart(&mut lone, leg);
    let refusal = lone.responses().remove(0);
    assert_eq!(refusal.status.code(), 500);
    assert!(refusal.headers.has(&HeaderName::RetryAfter));
    lone.hears(&reinvite("a", "2", &tag));
    assert_eq!(lone.statuses(), [500], "the same answer as before");
    lone.hears(&request_in("ACK", "a", "2", &tag, ""));
    lone.hears(&reinvite("b", "3", &tag));
    assert!(matches!(lone.events()[..], [Event::Reoffer { .. }]));
}

#[test]
fn the_clock_of_a_call_goes_on_and_a_lapsed_one_gives_the_peer_time() {
    let refreshed_after = |age: u64| {
        let (lone, leg, _) = called();
        let mut lone = lone;
        lone.waits(10 * SECOND);
        lone.does(Input::Timeout);
        let snapshot = kept(&lone.endpoint, leg);
        resume(&mut lone, snapshot, Duration::from_secs(age), false);
        let start = lone.now;
        while lone.events().is_empty() {
            lone.waits(SECOND);
        }
        (lone.now - start).as_secs()
    };
    // Their task: 90 s, of which the last 30 s are ours to end it.
    assert_eq!(refreshed_after(0), 50);
    assert_eq!(refreshed_after(10), 40);
    assert_eq!(refreshed_after(3600), 32);
}

#[test]
fn a_refresh_in_the_words_of_before_is_no_offer() {
    let (mut lone, leg, tag) = called();
    restart(&mut lone, leg);
    let same =
        request_in("INVITE", "a", "2", &tag, "").replace("Length: 0\n\n", "Length: 5\n\noffer");
    lone.hears(&same);
    let answer = lone.responses().pop().unwrap();
    assert_eq!(
        (answer.status.code(), &answer.body[..]),
        (200, &b"answer"[..])
    );
    assert!(lone.events().is_empty());
}

#[test]
fn a_peer_of_long_ago_is_asked_whether_it_still_has_the_call() {
    let (mut lone, leg, _) = called();
    let snapshot = kept(&lone.endpoint, leg);
    resume(&mut lone, snapshot, 300 * SECOND, true);
    lone.waits(5 * SECOND);
    let refresh = lone.requests().remove(0);
    assert_eq!(refresh.method, Method::Update);
    lone.hears_answer(&refresh, 481, "");
    assert!(matches!(lone.events()[..], [Event::Ended { .. }]));
}

#[test]
fn a_call_over_a_connection_waits_until_its_peer_comes_back() {
    let (mut lone, leg, tag) = called_over(Transport::Tcp);
    restart(&mut lone, leg);
    assert!(matches!(lone.events()[..], [Event::FlowLost { .. }]));
    lone.waits(20 * SECOND);
    let flow = Flow {
        connection: 9,
        ..lone.flow
    };
    lone.hears_over(flow, &request_in("UPDATE", "a", "2", &tag, ""));
    assert_eq!(lone.statuses(), [200]);
    assert!(matches!(lone.events()[..], [Event::Moved { .. }]));
    let (mut lone, leg, _) = called_over(Transport::Tcp);
    restart(&mut lone, leg);
    lone.waits(33 * SECOND);
    assert!(matches!(
        lone.events()[..],
        [Event::FlowLost { .. }, Event::Ended { .. }]
    ));
}

#[test]
fn what_cannot_be_used_ends_and_a_call_comes_back_only_once() {
    let (mut lone, leg, _) = called();
    let snapshot = kept(&lone.endpoint, leg);
    let broken = serde_json::to_string(&snapshot)
        .unwrap()
        .replace("sip:bob@192.0.2.2", "nowhere");
    let broken = Box::new(serde_json::from_str(&broken).unwrap());
    resume(&mut lone, broken, Duration::ZERO, false);
    assert!(matches!(
        lone.events()[..],
        [Event::Ended {
            cause: EndCause::Protocol(_),
            ..
        }]
    ));
    resume(&mut lone, snapshot.clone(), Duration::ZERO, false);
    let twice = lone.endpoint.next_leg();
    lone.does(Input::RestoreLeg {
        leg: twice,
        snapshot,
        age: Duration::ZERO,
        is_doubtful: false,
    });
    assert!(matches!(lone.events()[..], [Event::Ended { leg, .. }] if leg == twice));
    assert_eq!(lone.endpoint.population().legs, 1);
}

#[test]
fn only_answered_calls_are_kept_and_changes_are_noted() {
    let mut lone = Lone::new(config());
    let (leg, invite) = lone.calls();
    assert!(lone.endpoint.snapshot_of(leg).is_none());
    lone.hears_answer(&invite, 200, "desk");
    assert!(lone.endpoint.take_changed().contains(&leg));
    assert!(lone.endpoint.snapshot_of(leg).is_some());
    assert!(lone.endpoint.take_changed().is_empty());
    let tag = {
        let sip::FromHeader(from) = invite.headers.required().unwrap();
        from.tag().unwrap().to_owned()
    };
    let update = format!(
        "UPDATE sip:alice@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKu
Max-Forwards: 70
From: <sip:bob@example.com>;tag=desk
To: <sip:alice@example.com>;tag={tag}
Call-ID: {}
CSeq: 1 UPDATE
Contact: <sip:desk@192.0.2.2>
Content-Length: 0

",
        invite.headers.get(&HeaderName::CallId).unwrap()
    );
    lone.hears(&update);
    assert_eq!(lone.endpoint.take_changed(), [leg]);
    lone.does(hangup(leg));
    assert!(lone.endpoint.snapshot_of(leg).is_none());
}

#[test]
fn two_endpoints_that_are_replaced_again_and_again_keep_their_call() {
    for seed in 0..20 {
        let mut table = Table::with_config(seed, Conditions::bad(0.1), config());
        table.bob.manners = answers_after(SECOND);
        let mut ours = table.call();
        table.pass(10 * SECOND);
        let mut theirs = table.bob.incoming();
        for round in 0..6_u8 {
            let is_alice = round % 2 == 0;
            let (party, leg) = match is_alice {
                true => (&mut table.alice, &mut ours),
                false => (&mut table.bob, &mut theirs),
            };
            party.do_now(table.network.now(), Input::Timeout);
            let snapshot = kept(&party.endpoint, *leg);
            party.endpoint = Endpoint::new(config(), [200 + round; 32]);
            let fresh = party.endpoint.next_leg();
            let now = table.network.now();
            let restore = Input::RestoreLeg {
                leg: fresh,
                snapshot,
                age: Duration::ZERO,
                is_doubtful: false,
            };
            party.do_now(now, restore);
            *leg = fresh;
            // Longer than the interval: the refreshes have to go on.
            table.pass(100 * SECOND);
            let tale = table.tale();
            assert!(
                !tale.contains("ended"),
                "seed {seed}, round {round}\n{tale}"
            );
            let body = Bytes::from(format!("offer {round}"));
            let offer = Input::Reinvite { leg: ours, body };
            table.alice_does(offer);
            table.pass(20 * SECOND);
        }
        assert_eq!(
            table
                .alice
                .story()
                .iter()
                .filter(|line| line.starts_with("answered"))
                .count(),
            7,
            "seed {seed}\n{}",
            table.tale()
        );
        table.alice_does(hangup(ours));
        table.settle();
    }
}
