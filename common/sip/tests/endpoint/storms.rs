//! Many calls over bad networks: whatever gets lost, doubled or overtaken, each leg ends once, both
//! sides agree, and nothing is left in memory.

use std::time::Duration;

use bytes::Bytes;
use simnet::Conditions;
use sip::Input;

use crate::party::{answers_after, hangup};
use crate::table::{SECOND, Table};

const SEEDS: u8 = 60;

fn ended(story: &[String]) -> usize {
    story
        .iter()
        .filter(|line| line.starts_with("ended"))
        .count()
}

/// One call; `act` happens that long after its start.
fn play(seed: u8, loss: f64, after: Duration, act: impl Fn(&mut Table, sip::LegId)) -> Table {
    let mut table = Table::under(seed, Conditions::bad(loss));
    table.bob.manners = answers_after(2 * SECOND);
    let leg = table.call();
    table.pass(after);
    act(&mut table, leg);
    // Whoever has heard nothing of the end hangs up in the end.
    table.pass(120 * SECOND);
    table.alice_does(hangup(leg));
    if let Some(leg) = table.bob.last_incoming() {
        table.bob_does(hangup(leg));
    }
    table.settle();
    let (alice, bob) = (table.alice.story(), table.bob.story());
    assert_eq!(
        ended(&alice),
        1,
        "seed {seed}, loss {loss}\n{}",
        table.tale()
    );
    let incoming = bob.iter().filter(|line| *line == "incoming").count();
    assert!(incoming <= 1, "seed {seed}, loss {loss}\n{}", table.tale());
    assert_eq!(
        ended(&bob),
        incoming,
        "seed {seed}, loss {loss}\n{}",
        table.tale()
    );
    table
}

fn storm(after: Duration, act: impl Fn(&mut Table, sip::LegId)) {
    for loss in [0.0, 0.05, 0.15, 0.3] {
        for seed in 0..SEEDS {
            play(seed, loss, after, &act);
        }
    }
}

#[test]
fn calls_survive_bad_networks() {
    let mut answered = 0;
    for seed in 0..SEEDS {
        let table = play(seed, 0.3, 20 * SECOND, |table, leg| {
            table.alice_does(hangup(leg))
        });
        answered += usize::from(
            table
                .alice
                .story()
                .iter()
                .any(|line| line.starts_with("answered")),
        );
    }
    assert!(
        answered >= usize::from(SEEDS) - 1,
        "{answered} of {SEEDS} calls were answered"
    );
}

#[test]
fn the_caller_may_hang_up_at_any_moment() {
    for millis in [0, 30, 100, 700, 1900, 2000, 2100, 2300, 3000] {
        storm(Duration::from_millis(millis), |table, leg| {
            table.alice_does(hangup(leg))
        });
    }
}

#[test]
fn the_callee_may_hang_up_at_any_moment() {
    for millis in [300, 1900, 2000, 2100, 2300, 3000, 9000] {
        storm(Duration::from_millis(millis), |table, _| {
            if let Some(leg) = table.bob.last_incoming() {
                table.bob_does(hangup(leg));
            }
        });
    }
}

#[test]
fn both_may_offer_anew_and_hang_up_on_a_bad_network() {
    for loss in [0.0, 0.1, 0.3] {
        for seed in 0..SEEDS {
            let mut table = Table::under(seed, Conditions::bad(loss));
            table.alice.manners = answers_after(SECOND);
            table.bob.manners = answers_after(SECOND);
            let leg = table.call();
            table.pass(20 * SECOND);
            let Some(incoming) = table.bob.last_incoming() else {
                continue;
            };
            table.alice_does(Input::Reinvite {
                leg,
                body: Bytes::from_static(b"A"),
            });
            table.bob_does(Input::Reinvite {
                leg: incoming,
                body: Bytes::from_static(b"B"),
            });
            table.pass(120 * SECOND);
            let (alice, bob) = (table.alice.story(), table.bob.story());
            if ended(&alice) == 0 && ended(&bob) == 0 {
                let tale = table.tale();
                assert!(
                    alice.contains(&"reoffer \"B\"".to_owned()),
                    "seed {seed}\n{tale}"
                );
                assert!(
                    bob.contains(&"reoffer \"A\"".to_owned()),
                    "seed {seed}\n{tale}"
                );
            }
            table.alice_does(hangup(leg));
            table.bob_does(hangup(incoming));
            table.settle();
        }
    }
}
