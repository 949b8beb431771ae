//! Subscriptions between two endpoints, over good and bad networks.

use std::time::Duration;

use bytes::Bytes;
use simnet::{Conditions, Fate};
use sip::{
    Capacity, Config, Event, EventHeader, Expires, Headers, Input, Method, MinExpires, StatusCode,
    SubscriptionEnd, SubscriptionId,
};

use crate::party::{Manners, address, describe};
use crate::table::{MILLISECOND, SECOND, Table};

pub(crate) fn config() -> Config {
    Config {
        methods: vec![
            Method::Invite,
            Method::Ack,
            Method::Bye,
            Method::Cancel,
            Method::Subscribe,
            Method::Refer,
        ],
        event_packages: vec!["presence".into(), "dialog".into()],
        ..Config::default()
    }
}

fn table(conditions: Conditions, seed: u8) -> Table {
    let mut table = Table::with_config(seed, conditions, config());
    table.bob.manners = grants(600);
    table
}

/// Accepts each SUBSCRIBE for at most that long and notifies at once.
fn grants(expires_seconds: u32) -> Manners {
    Box::new(move |event| match event {
        Event::SubscriptionRequested { subscription, .. } => {
            let accept = Input::AcceptSubscription {
                subscription: *subscription,
                expires_seconds,
                headers: Headers::new(),
            };
            vec![
                (Duration::ZERO, accept),
                (Duration::ZERO, notify(*subscription, "open")),
            ]
        }
        _ => Vec::new(),
    })
}

pub(crate) fn notify(subscription: SubscriptionId, body: &'static str) -> Input {
    Input::Notify {
        subscription,
        headers: Headers::new(),
        body: Bytes::from_static(body.as_bytes()),
    }
}

fn subscribe(table: &mut Table, package: &'static str, expires_seconds: u32) -> SubscriptionId {
    let subscription = table.alice.endpoint.next_subscription();
    let flow = table.alice.flow_to(table.bob.address);
    table.alice_does(Input::Subscribe {
        subscription,
        flow,
        uri: "sip:bob@example.com".parse().unwrap(),
        from: address("sip:alice@example.com"),
        to: address("sip:bob@example.com"),
        event: EventHeader::new(package),
        expires_seconds,
        headers: Headers::new(),
        body: Bytes::new(),
        credential: None,
    });
    subscription
}

/// The subscription that bob was asked for last.
fn asked(table: &Table) -> SubscriptionId {
    let asked = table.bob.events.iter().filter_map(|event| match event {
        Event::SubscriptionRequested { subscription, .. } => Some(*subscription),
        _ => None,
    });
    asked.last().expect("somebody subscribed")
}

fn end_of(events: &[Event]) -> &SubscriptionEnd {
    let mut ends = events.iter().filter_map(|event| match event {
        Event::SubscriptionEnded { cause, .. } => Some(cause),
        _ => None,
    });
    let end = ends.next().expect("the subscription ended");
    assert!(ends.next().is_none(), "it ended twice");
    end
}

#[test]
fn a_watcher_is_told_stays_and_leaves() {
    let mut table = table(Conditions::perfect(), 0);
    let subscription = subscribe(&mut table, "presence", 600);
    table.pass(700 * SECOND);
    let theirs = asked(&table);
    table.bob_does(notify(theirs, "closed"));
    table.pass(SECOND);
    table.alice_does(Input::Unsubscribe { subscription });
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn who_asks_once_is_told_once() {
    let mut table = table(Conditions::perfect(), 0);
    subscribe(&mut table, "presence", 0);
    table.settle();
    assert_eq!(
        table.alice.story(),
        [
            "subscribed for 0 s",
            "notified terminated;reason=timeout: \"open\"",
            "subscription ended: Unsubscribed"
        ]
    );
    assert!(matches!(
        end_of(&table.bob.events),
        SubscriptionEnd::Unsubscribed
    ));
}

#[test]
fn a_package_that_nobody_knows_is_refused_with_those_that_are_known() {
    let mut table = table(Conditions::perfect(), 0);
    subscribe(&mut table, "conference", 600);
    table.settle();
    let SubscriptionEnd::Refused { status, headers } = end_of(&table.alice.events) else {
        panic!("{}", table.tale());
    };
    assert_eq!(*status, StatusCode::BAD_EVENT);
    assert_eq!(
        headers.get(&sip::HeaderName::AllowEvents).unwrap(),
        "presence, dialog"
    );
    assert!(table.bob.events.is_empty());
}

#[test]
fn a_life_that_is_too_short_is_made_longer() {
    let mut table = table(Conditions::perfect(), 0);
    let mut accept = grants(600);
    table.bob.manners = Box::new(move |event| match event {
        Event::SubscriptionRequested {
            subscription,
            request,
            ..
        } if request.headers.typed() == Ok(Some(Expires(5))) => {
            let mut headers = Headers::new();
            headers.push_typed(&MinExpires(60));
            let reject = Input::RejectSubscription {
                subscription: *subscription,
                status: StatusCode::INTERVAL_TOO_BRIEF,
                headers,
            };
            vec![(Duration::ZERO, reject)]
        }
        other => accept(other),
    });
    let subscription = subscribe(&mut table, "presence", 5);
    table.pass(10 * SECOND);
    assert_eq!(table.alice.story()[0], "subscribed for 60 s");
    table.alice_does(Input::Unsubscribe { subscription });
    table.settle();
}

#[test]
fn an_application_that_owes_a_notification_is_helped_out() {
    let mut table = table(Conditions::perfect(), 0);
    table.bob.manners = Box::new(|event| match event {
        Event::SubscriptionRequested { subscription, .. } => {
            let accept = Input::AcceptSubscription {
                subscription: *subscription,
                expires_seconds: 60,
                headers: Headers::new(),
            };
            vec![(Duration::ZERO, accept)]
        }
        _ => Vec::new(),
    });
    subscribe(&mut table, "presence", 60);
    table.pass(SECOND);
    assert_eq!(
        table.alice.story(),
        ["subscribed for 60 s", "notified active;expires=59: \"\""]
    );
}

#[test]
fn nobody_answers_and_both_forget() {
    let mut table = table(Conditions::perfect(), 0);
    table.bob.manners = Box::new(|_| Vec::new());
    subscribe(&mut table, "presence", 600);
    table.settle();
    assert!(matches!(
        end_of(&table.alice.events),
        SubscriptionEnd::Timeout
    ));
    assert!(matches!(
        end_of(&table.bob.events),
        SubscriptionEnd::Timeout
    ));
}

#[test]
fn a_watcher_that_vanished_is_noticed_with_the_next_notification() {
    let mut table = table(Conditions::perfect(), 0);
    subscribe(&mut table, "presence", 600);
    table.pass(10 * SECOND);
    table.network.set_script(|_, _| Fate::Lose);
    let theirs = asked(&table);
    table.bob_does(notify(theirs, "closed"));
    table.pass(33 * SECOND);
    assert!(matches!(
        end_of(&table.bob.events),
        SubscriptionEnd::Timeout
    ));
    table.settle();
    assert!(matches!(
        end_of(&table.alice.events),
        SubscriptionEnd::Expired
    ));
}

#[test]
fn without_refresh_it_expires_on_both_sides() {
    let mut table = table(Conditions::perfect(), 0);
    subscribe(&mut table, "presence", 600);
    table.pass(10 * SECOND);
    // Only what alice says gets lost.
    table.network.set_script(|_, packet| {
        if describe(&packet.payload).starts_with("SUBSCRIBE") {
            Fate::Lose
        } else {
            Fate::Chance
        }
    });
    table.settle();
    assert!(matches!(
        end_of(&table.bob.events),
        SubscriptionEnd::Expired
    ));
    // The last notification comes first, or alice's own clock does.
    end_of(&table.alice.events);
}

#[test]
fn the_notifier_ends_it_and_says_when_to_come_again() {
    let mut table = table(Conditions::perfect(), 0);
    subscribe(&mut table, "presence", 600);
    table.pass(SECOND);
    let theirs = asked(&table);
    table.bob_does(Input::EndSubscription {
        subscription: theirs,
        reason: "probation;retry-after=90".into(),
        headers: Headers::new(),
        body: Bytes::from_static(b"closed"),
    });
    table.settle();
    let end = end_of(&table.alice.events);
    assert_eq!(end.subscribe_again_after(), Some(90 * SECOND));
    assert_eq!(
        table.alice.story()[2],
        "notified terminated;reason=probation;retry-after=90: \"closed\""
    );
    end_of(&table.bob.events);
}

#[test]
fn notifications_do_not_overtake_one_another() {
    let mut table = table(Conditions::perfect(), 0);
    subscribe(&mut table, "presence", 600);
    table.pass(SECOND);
    table.lose("NOTIFY", 2);
    let theirs = asked(&table);
    for body in ["1", "2", "3"] {
        table.bob_does(notify(theirs, body));
    }
    table.pass(20 * SECOND);
    let bodies: Vec<_> = table
        .alice
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Notified { body, .. } => Some(body.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(bodies, ["open", "1", "2", "3"]);
}

#[test]
fn one_peer_cannot_fill_the_house() {
    let capacity = Capacity {
        subscriptions_per_peer: 3,
        ..Capacity::default()
    };
    let config = Config {
        capacity,
        ..config()
    };
    let mut table = Table::with_config(0, Conditions::perfect(), config);
    table.bob.manners = grants(60);
    for _ in 0..4 {
        subscribe(&mut table, "presence", 60);
    }
    table.pass(SECOND);
    assert_eq!(table.bob.endpoint.population().subscriptions, 3);
    let SubscriptionEnd::Refused { status, .. } = end_of(&table.alice.events) else {
        panic!("{}", table.tale());
    };
    assert_eq!(*status, StatusCode::SERVICE_UNAVAILABLE);
}

#[test]
fn leaving_before_the_first_word_leaves_afterwards() {
    let mut table = table(Conditions::perfect(), 0);
    let subscription = subscribe(&mut table, "presence", 600);
    table.alice_does(Input::Unsubscribe { subscription });
    table.settle();
    assert!(matches!(
        end_of(&table.alice.events),
        SubscriptionEnd::Unsubscribed
    ));
    assert!(matches!(
        end_of(&table.bob.events),
        SubscriptionEnd::Unsubscribed
    ));
}

#[test]
fn subscriptions_live_through_bad_networks() {
    for loss in [0.05, 0.15, 0.3] {
        for seed in 0..40 {
            let mut table = table(Conditions::bad(loss), seed);
            let subscription = subscribe(&mut table, "presence", 300);
            table.pass(1200 * SECOND);
            let alive = table.alice.endpoint.population().subscriptions;
            if alive == 1 {
                table.alice_does(Input::Unsubscribe { subscription });
            }
            table.pass(100 * MILLISECOND);
            table.settle();
            end_of(&table.alice.events);
            let asked = table
                .bob
                .events
                .iter()
                .any(|event| matches!(event, Event::SubscriptionRequested { .. }));
            if asked {
                end_of(&table.bob.events);
            }
            assert!(
                alive == 1 || loss > 0.2,
                "seed {seed}, loss {loss}\n{}",
                table.tale()
            );
        }
    }
}
