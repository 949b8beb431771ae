//! Subscriptions and transfers begun, told, ended and crossed at any moment over bad networks: each ends
//! once, and nothing is left in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use simnet::Conditions;
use sip::{Event, EventHeader, Headers, Input, LegId, StatusCode, SubscriptionId};

use crate::party::{address, answers_after, hangup};
use crate::subscriptions::{config, notify};
use crate::table::{SECOND, Table};

/// A small generator, so that a seed is a story that can be told again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// What alice has begun.
#[derive(Default)]
struct Begun {
    legs: Vec<LegId>,
    subscriptions: Vec<SubscriptionId>,
}

fn alice_acts(table: &mut Table, begun: &mut Begun, dice: &mut Dice) {
    let flow = table.alice.flow_to(table.bob.address);
    let event = EventHeader::new(["presence", "dialog", "conference"][dice.roll(3) as usize]);
    let expires_seconds = [0, 60, 600][dice.roll(3) as usize];
    let leg = begun.legs.last().copied();
    let is_new = dice.roll(2) == 0;
    match (dice.roll(7), leg) {
        (0, _) => {
            let leg = table.call();
            begun.legs.push(leg);
        }
        (1, _) => {
            let subscription = table.alice.endpoint.next_subscription();
            begun.subscriptions.push(subscription);
            table.alice_does(Input::Subscribe {
                subscription,
                flow,
                uri: "sip:bob@example.com".parse().unwrap(),
                from: address("sip:alice@example.com"),
                to: address("sip:bob@example.com"),
                event,
                expires_seconds,
                headers: Headers::new(),
                body: Bytes::new(),
                credential: None,
            });
        }
        (2, Some(leg)) => {
            let subscription = table.alice.endpoint.next_subscription();
            begun.subscriptions.push(subscription);
            table.alice_does(Input::SubscribeInCall {
                subscription,
                leg,
                event,
                expires_seconds,
                headers: Headers::new(),
                body: Bytes::new(),
            });
        }
        (3 | 4, Some(leg)) => {
            let subscription = table.alice.endpoint.next_subscription();
            begun.subscriptions.push(subscription);
            table.alice_does(Input::Refer {
                subscription,
                leg,
                refer_to: address("sip:carol@example.com"),
                headers: Headers::new(),
            });
        }
        (5, Some(leg)) if is_new => table.alice_does(hangup(leg)),
        _ => {
            if let Some(subscription) = begun.subscriptions.last().copied() {
                table.alice_does(Input::Unsubscribe { subscription });
            }
        }
    }
}

fn bob_acts(table: &mut Table, dice: &mut Dice) {
    let asked = table.bob.events.iter().filter_map(|event| match event {
        Event::SubscriptionRequested { subscription, .. } => Some(*subscription),
        _ => None,
    });
    let asked: Vec<_> = asked.collect();
    let Some(subscription) = asked.last().copied() else {
        return;
    };
    let input = match dice.roll(5) {
        0 => Input::EndSubscription {
            subscription,
            reason: "noresource".into(),
            headers: Headers::new(),
            body: Bytes::new(),
        },
        1 => match table.bob.last_incoming() {
            Some(leg) => hangup(leg),
            None => return,
        },
        _ => notify(subscription, "news"),
    };
    table.bob_does(input);
}

/// Answers calls, and accepts or refuses subscriptions as the dice fall.
fn moody(seed: u64) -> crate::party::Manners {
    let mut answers = answers_after(SECOND);
    let mut dice = Dice(seed);
    Box::new(move |event| match event {
        Event::SubscriptionRequested { subscription, .. } => {
            let subscription = *subscription;
            let pause = Duration::from_millis(dice.roll(3000));
            match dice.roll(6) {
                0 => {
                    let status = StatusCode::FORBIDDEN;
                    let headers = Headers::new();
                    let reject = Input::RejectSubscription {
                        subscription,
                        status,
                        headers,
                    };
                    vec![(pause, reject)]
                }
                1 => Vec::new(),
                _ => {
                    let accept = Input::AcceptSubscription {
                        subscription,
                        expires_seconds: 300,
                        headers: Headers::new(),
                    };
                    vec![(pause, accept), (pause, notify(subscription, "state"))]
                }
            }
        }
        other => answers(other),
    })
}

/// How often each subscription has ended.
fn ends(events: &[Event]) -> BTreeMap<SubscriptionId, usize> {
    let mut ends = BTreeMap::new();
    for event in events {
        if let Event::SubscriptionEnded { subscription, .. } = event {
            *ends.entry(*subscription).or_default() += 1;
        }
    }
    ends
}

#[test]
fn whatever_happens_each_subscription_ends_once() {
    let (mut asked, mut told) = (0, 0);
    for loss in [0.0, 0.1, 0.3] {
        for seed in 0..60 {
            let mut table = Table::with_config(seed, Conditions::bad(loss), config());
            table.bob.manners = moody(u64::from(seed));
            let mut dice = Dice(u64::from(seed) * 7 + 1);
            let mut begun = Begun::default();
            for _ in 0..25 {
                table.pass(Duration::from_millis(dice.roll(4000)));
                alice_acts(&mut table, &mut begun, &mut dice);
                if dice.roll(2) == 0 {
                    bob_acts(&mut table, &mut dice);
                }
            }
            table.pass(20 * SECOND);
            for subscription in &begun.subscriptions {
                let subscription = *subscription;
                table.alice_does(Input::Unsubscribe { subscription });
            }
            table.pass(100 * SECOND);
            for leg in &begun.legs {
                table.alice_does(hangup(*leg));
            }
            let incoming = table.bob.events.iter().filter_map(|event| match event {
                Event::Incoming { leg, .. } => Some(*leg),
                _ => None,
            });
            for leg in incoming.collect::<Vec<_>>() {
                table.bob_does(hangup(leg));
            }
            table.settle();
            asked += begun.subscriptions.len();
            let told_now = table.alice.events.iter();
            told += told_now
                .filter(|event| matches!(event, Event::Notified { .. }))
                .count();
            let ended = ends(&table.alice.events);
            for subscription in &begun.subscriptions {
                assert_eq!(
                    ended.get(subscription),
                    Some(&1),
                    "seed {seed}, loss {loss}: {subscription}\n{}",
                    table.tale()
                );
            }
            let twice = ends(&table.bob.events).into_values().filter(|one| *one > 1);
            assert_eq!(
                twice.count(),
                0,
                "seed {seed}, loss {loss}\n{}",
                table.tale()
            );
        }
    }
    assert!(asked > 1000 && told > 1000, "{asked} begun, {told} told");
}
