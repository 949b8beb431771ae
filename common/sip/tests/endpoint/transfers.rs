//! REFER and its notifications inside calls, and calls that take the place of others.

use std::time::Duration;

use bytes::Bytes;
use simnet::Conditions;
use sip::{
    Config, Event, HeaderName, Headers, Input, LegId, Replaces, Sipfrag, StatusCode,
    SubscriptionEnd, SubscriptionId, Text,
};

use crate::party::{Manners, accept, address, answers_after, hangup};
use crate::subscriptions::config;
use crate::table::{MILLISECOND, SECOND, Table};
use crate::wire_peer::{Lone, request, request_in};

fn table(conditions: Conditions, seed: u8) -> Table {
    let mut table = Table::with_config(seed, conditions, config());
    table.bob.manners = transferee();
    table
}

/// Answers calls, and reports of each REFER that it rings and is answered.
fn transferee() -> Manners {
    let mut answers = answers_after(Duration::ZERO);
    Box::new(move |event| match event {
        Event::SubscriptionRequested { subscription, .. } => {
            let subscription = *subscription;
            let accept = Input::AcceptSubscription {
                subscription,
                expires_seconds: 60,
                headers: Headers::new(),
            };
            vec![
                (Duration::ZERO, accept),
                (SECOND, progress(subscription, StatusCode::RINGING)),
                (3 * SECOND, done(subscription, StatusCode::OK)),
            ]
        }
        other => answers(other),
    })
}

fn fragment(status: StatusCode) -> (Headers, Bytes) {
    let mut headers = Headers::new();
    headers.push(
        HeaderName::ContentType,
        Text::from_static(Sipfrag::CONTENT_TYPE),
    );
    (headers, Sipfrag::new(status).to_bytes())
}

fn progress(subscription: SubscriptionId, status: StatusCode) -> Input {
    let (headers, body) = fragment(status);
    Input::Notify {
        subscription,
        headers,
        body,
    }
}

fn done(subscription: SubscriptionId, status: StatusCode) -> Input {
    let (headers, body) = fragment(status);
    Input::EndSubscription {
        subscription,
        reason: "noresource".into(),
        headers,
        body,
    }
}

fn refers(table: &mut Table, leg: LegId, headers: Headers) -> SubscriptionId {
    let subscription = table.alice.endpoint.next_subscription();
    table.alice_does(Input::Refer {
        subscription,
        leg,
        refer_to: address("sip:carol@example.com"),
        headers,
    });
    subscription
}

/// What alice was told of the transfer.
fn reports(table: &Table, subscription: SubscriptionId) -> Vec<u16> {
    let told = table.alice.events.iter().filter_map(|event| match event {
        Event::Notified {
            subscription: id,
            body,
            ..
        } if *id == subscription => Some(Sipfrag::parse(body).unwrap().status.code()),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_call_is_transferred_and_its_progress_told() {
    let mut table = table(Conditions::perfect(), 0);
    let leg = table.call();
    table.pass(SECOND);
    refers(&mut table, leg, Headers::new());
    table.pass(10 * SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn the_progress_is_told_after_the_call_has_ended() {
    let mut table = table(Conditions::perfect(), 0);
    let leg = table.call();
    table.pass(SECOND);
    let subscription = refers(&mut table, leg, Headers::new());
    table.pass(500 * MILLISECOND);
    table.alice_does(hangup(leg));
    table.settle();
    assert_eq!(reports(&table, subscription), [100, 180, 200]);
    insta::assert_snapshot!(table.tale());
}

#[test]
fn who_wants_no_reports_gets_none() {
    let mut table = table(Conditions::perfect(), 0);
    let leg = table.call();
    table.pass(SECOND);
    let mut headers = Headers::new();
    headers.push(HeaderName::from("Refer-Sub"), "false");
    headers.push(HeaderName::Require, "norefersub");
    let subscription = refers(&mut table, leg, headers);
    table.pass(10 * SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    assert!(reports(&table, subscription).is_empty());
    for events in [&table.alice.events, &table.bob.events] {
        let ended = events.iter().any(|event| {
            matches!(
                event,
                Event::SubscriptionEnded {
                    cause: SubscriptionEnd::NotWanted,
                    ..
                }
            )
        });
        assert!(ended, "{}", table.tale());
    }
}

#[test]
fn a_phone_may_be_asked_to_call_somebody_without_a_call() {
    let mut table = table(Conditions::perfect(), 0);
    let subscription = table.alice.endpoint.next_subscription();
    let flow = table.alice.flow_to(table.bob.address);
    table.alice_does(Input::ReferOutsideCall {
        subscription,
        flow,
        uri: "sip:bob@example.com".parse().unwrap(),
        from: address("sip:alice@example.com"),
        to: address("sip:bob@example.com"),
        refer_to: address("sip:carol@example.com"),
        headers: Headers::new(),
        credential: None,
    });
    table.settle();
    assert_eq!(reports(&table, subscription), [100, 180, 200]);
    insta::assert_snapshot!(table.tale());
}

#[test]
fn a_watcher_may_ask_in_a_call_and_stay_behind_it() {
    let mut table = table(Conditions::perfect(), 0);
    let mut answers = answers_after(Duration::ZERO);
    table.bob.manners = Box::new(move |event| match event {
        Event::SubscriptionRequested { subscription, .. } => {
            let accept = Input::AcceptSubscription {
                subscription: *subscription,
                expires_seconds: 600,
                headers: Headers::new(),
            };
            let tell = crate::subscriptions::notify(*subscription, "talking");
            vec![(Duration::ZERO, accept), (Duration::ZERO, tell)]
        }
        other => answers(other),
    });
    let leg = table.call();
    table.pass(SECOND);
    let subscription = table.alice.endpoint.next_subscription();
    table.alice_does(Input::SubscribeInCall {
        subscription,
        leg,
        event: sip::EventHeader::new("dialog"),
        expires_seconds: 600,
        headers: Headers::new(),
        body: Bytes::new(),
    });
    table.pass(SECOND);
    table.alice_does(hangup(leg));
    table.pass(600 * SECOND);
    table.alice_does(Input::Unsubscribe { subscription });
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn two_transfers_in_one_call_are_told_apart() {
    let mut table = table(Conditions::perfect(), 0);
    let leg = table.call();
    table.pass(SECOND);
    let first = refers(&mut table, leg, Headers::new());
    table.pass(SECOND + 500 * MILLISECOND);
    let second = refers(&mut table, leg, Headers::new());
    table.pass(10 * SECOND);
    assert_eq!(reports(&table, first), [100, 180, 200]);
    assert_eq!(reports(&table, second), [100, 180, 200]);
    table.alice_does(hangup(leg));
    table.settle();
}

#[test]
fn a_refused_transfer_leaves_the_call_as_it_is() {
    let mut table = table(Conditions::perfect(), 0);
    let mut answers = answers_after(Duration::ZERO);
    table.bob.manners = Box::new(move |event| match event {
        Event::SubscriptionRequested { subscription, .. } => {
            let reject = Input::RejectSubscription {
                subscription: *subscription,
                status: StatusCode::DECLINE,
                headers: Headers::new(),
            };
            vec![(Duration::ZERO, reject)]
        }
        other => answers(other),
    });
    let leg = table.call();
    table.pass(SECOND);
    refers(&mut table, leg, Headers::new());
    table.pass(10 * SECOND);
    assert_eq!(table.alice.endpoint.population().legs, 1);
    let last = table.alice.story().pop().unwrap();
    assert_eq!(last, "subscription ended: refused 603 Decline");
    table.alice_does(hangup(leg));
    table.settle();
}

#[test]
fn a_transfer_of_a_call_that_is_no_more_fails_at_once() {
    let mut table = table(Conditions::perfect(), 0);
    let leg = table.call();
    table.pass(SECOND);
    table.alice_does(hangup(leg));
    refers(&mut table, leg, Headers::new());
    assert!(matches!(
        table.alice.events.last(),
        Some(Event::SubscriptionEnded {
            cause: SubscriptionEnd::NoSuchCall,
            ..
        })
    ));
    table.settle();
}

#[test]
fn transfers_live_through_bad_networks() {
    for loss in [0.05, 0.15, 0.3] {
        for seed in 0..40 {
            let mut table = table(Conditions::bad(loss), seed);
            let leg = table.call();
            table.pass(40 * SECOND);
            if table.alice.endpoint.population().legs == 0 {
                continue;
            }
            let subscription = refers(&mut table, leg, Headers::new());
            table.pass(40 * SECOND);
            table.alice_does(hangup(leg));
            table.settle();
            let ends = table
                .alice
                .events
                .iter()
                .filter(|event| matches!(event, Event::SubscriptionEnded { .. }))
                .count();
            assert_eq!(ends, 1, "seed {seed}, loss {loss}\n{}", table.tale());
            if loss < 0.1 {
                let told = reports(&table, subscription);
                assert_eq!(told, [100, 180, 200], "seed {seed}\n{}", table.tale());
            }
        }
    }
}

fn replacing() -> Lone {
    Lone::new(Config {
        supported: vec!["replaces".into()],
        ..config()
    })
}

/// A call that came in, with our tag; answered if asked for.
fn incoming(lone: &mut Lone, is_answered: bool) -> (LegId, String) {
    lone.hears(&request("INVITE", "first", ""));
    let leg = match lone.events().pop() {
        Some(Event::Incoming { leg, .. }) => leg,
        other => panic!("{other:?}"),
    };
    if is_answered {
        lone.does(accept(leg));
    } else {
        lone.does(Input::Progress {
            leg,
            status: StatusCode::RINGING,
            body: Bytes::new(),
        });
    }
    let last = lone.responses().pop().unwrap();
    let to: sip::ToHeader = last.headers.required().unwrap();
    let tag = to.0.tag().unwrap().to_owned();
    if is_answered {
        lone.hears(&request_in("ACK", "ack", "1", &tag, ""));
        lone.events();
    }
    (leg, tag)
}

fn replaces(lone: &mut Lone, branch: &str, lines: &str) -> Vec<u16> {
    let invite = request("INVITE", branch, lines);
    let own = format!("Call-ID: {branch}");
    lone.hears(
        &invite
            .replace("Call-ID: call-1", &own)
            .replace("com>;tag=bob", "com>;tag=new"),
    );
    lone.statuses()
}

#[test]
fn an_invite_that_replaces_a_call_names_it() {
    let mut lone = replacing();
    let (leg, tag) = incoming(&mut lone, true);
    let header = format!("Replaces: call-1;to-tag={tag};from-tag=bob\n");
    assert_eq!(replaces(&mut lone, "new", &header), [100]);
    let Some(Event::Incoming {
        replaces: Some(found),
        ..
    }) = lone.events().pop()
    else {
        panic!("a call that replaces another one");
    };
    assert_eq!(found, leg);
}

#[test]
fn a_call_of_ours_that_rings_elsewhere_may_be_taken() {
    let mut lone = replacing();
    let (leg, invite) = lone.calls();
    lone.hears_answer(&invite, 180, "desk");
    lone.events();
    let from: sip::FromHeader = invite.headers.required().unwrap();
    let tag = from.0.tag().unwrap();
    let call_id = invite.headers.get(&HeaderName::CallId).unwrap();
    let header = format!("Replaces: {call_id};to-tag={tag};from-tag=desk;early-only\n");
    assert_eq!(replaces(&mut lone, "new", &header), [100]);
    let Some(Event::Incoming {
        replaces: Some(found),
        ..
    }) = lone.events().pop()
    else {
        panic!("a call that replaces another one");
    };
    assert_eq!(found, leg);
}

#[test]
fn calls_that_cannot_be_replaced_are_refused() {
    let mut lone = replacing();
    let (_, tag) = incoming(&mut lone, true);
    let named = format!("call-1;to-tag={tag};from-tag=bob");
    for (branch, lines, statuses) in [
        ("r1", format!("Replaces: {named};early-only\n"), vec![486]),
        (
            "r2",
            "Replaces: call-9;to-tag=a;from-tag=b\n".to_owned(),
            vec![481],
        ),
        (
            "r3",
            format!("Replaces: call-1;to-tag={tag};from-tag=eve\n"),
            vec![481],
        ),
        (
            "r4",
            format!("Replaces: {named}\nReplaces: {named}\n"),
            vec![400],
        ),
        (
            "r5",
            format!("Replaces: {named}\nJoin: {named}\n"),
            vec![400],
        ),
        ("r6", "Replaces: call-1\n".to_owned(), vec![400]),
    ] {
        assert_eq!(replaces(&mut lone, branch, &lines), statuses, "{lines}");
    }
}

#[test]
fn only_invites_replace_calls() {
    let mut lone = replacing();
    let header = "Replaces: call-1;to-tag=a;from-tag=b\nRefer-To: <sip:carol@x>\n";
    lone.hears(&request("REFER", "r1", header));
    assert_eq!(lone.statuses(), [400]);
}

#[test]
fn a_call_that_rings_here_cannot_be_taken_by_a_third_party() {
    let mut lone = replacing();
    let (leg, tag) = incoming(&mut lone, false);
    let header = format!("Replaces: call-1;to-tag={tag};from-tag=bob\n");
    assert_eq!(replaces(&mut lone, "new", &header), [481]);
    // The application itself may do what it wants with it.
    let header = Replaces::new("call-1", &tag, "bob");
    assert_eq!(lone.endpoint.leg_of(&header), Some(leg));
}

#[test]
fn a_call_that_has_just_ended_is_not_replaced() {
    let mut lone = replacing();
    let (leg, tag) = incoming(&mut lone, true);
    lone.does(hangup(leg));
    lone.sent();
    let header = format!("Replaces: call-1;to-tag={tag};from-tag=bob\n");
    assert_eq!(replaces(&mut lone, "new", &header), [603]);
}

#[test]
fn who_does_not_know_replaces_ignores_it_unless_it_is_required() {
    let mut lone = Lone::new(config());
    let header = "Replaces: call-9;to-tag=a;from-tag=b\n";
    assert_eq!(replaces(&mut lone, "r1", header), [100]);
    let required = format!("{header}Require: replaces\n");
    assert_eq!(replaces(&mut lone, "r2", &required), [420]);
}

#[test]
fn a_refer_without_a_single_target_is_refused() {
    let mut lone = replacing();
    for (branch, lines) in [
        ("r1", ""),
        ("r2", "Refer-To: <sip:a@b>\nRefer-To: <sip:c@d>\n"),
    ] {
        lone.hears(&request("REFER", branch, lines));
        assert_eq!(lone.statuses(), [400]);
    }
}

#[test]
fn a_refer_outside_calls_is_told_in_a_dialog_of_its_own() {
    let mut lone = replacing();
    lone.hears(&request(
        "REFER",
        "r1",
        "Refer-To: <sip:carol@example.com>\n",
    ));
    let Some(Event::SubscriptionRequested {
        subscription,
        leg: None,
        ..
    }) = lone.events().pop()
    else {
        panic!("a REFER");
    };
    lone.does(Input::AcceptSubscription {
        subscription,
        expires_seconds: 60,
        headers: Headers::new(),
    });
    let sent: Vec<String> = lone
        .sent()
        .into_iter()
        .map(|(_, message)| match message {
            sip::Message::Request(request) => format!(
                "{} {}",
                request.headers.get(&HeaderName::Event).unwrap(),
                std::str::from_utf8(&request.body).unwrap().trim()
            ),
            sip::Message::Response(response) => response.status.to_string(),
        })
        .collect();
    assert_eq!(sent, ["202 Accepted", "refer;id=1 SIP/2.0 100 Trying"]);
}
