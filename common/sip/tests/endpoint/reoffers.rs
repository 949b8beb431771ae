//! Re-INVITEs in both directions, and both at once.

use bytes::Bytes;
use sip::{Headers, Input, LegId, StatusCode};

use crate::party::{answers_after, hangup};
use crate::table::{SECOND, Table};

/// A call that was answered.
fn talking(mut table: Table) -> (Table, LegId, LegId) {
    table.alice.manners = answers_after(SECOND);
    table.bob.manners = answers_after(SECOND);
    let leg = table.call();
    table.pass(2 * SECOND);
    let incoming = table.bob.incoming();
    (table, leg, incoming)
}

fn reinvite(leg: LegId, body: &'static str) -> Input {
    Input::Reinvite {
        leg,
        body: Bytes::from_static(body.as_bytes()),
    }
}

#[test]
fn each_side_may_offer_anew() {
    let (mut table, leg, incoming) = talking(Table::good());
    table.alice_does(reinvite(leg, "hold"));
    table.pass(SECOND);
    table.bob_does(reinvite(incoming, "resume"));
    table.pass(SECOND);
    table.bob_does(hangup(incoming));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn offers_that_cross_are_made_again_after_a_pause() {
    let (mut table, leg, incoming) = talking(Table::good());
    table.alice_does(reinvite(leg, "from alice"));
    table.bob_does(reinvite(incoming, "from bob"));
    table.pass(10 * SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn an_offer_waits_for_the_one_under_way_and_the_newest_counts() {
    let (mut table, leg, _) = talking(Table::good());
    table.alice_does(reinvite(leg, "first"));
    table.alice_does(reinvite(leg, "second"));
    table.alice_does(reinvite(leg, "third"));
    table.pass(SECOND);
    let offers: Vec<_> = table
        .bob
        .story()
        .into_iter()
        .filter(|line| line.starts_with("reoffer"))
        .collect();
    assert_eq!(offers, ["reoffer \"first\"", "reoffer \"third\""]);
    table.alice_does(hangup(leg));
    table.settle();
}

#[test]
fn a_refused_offer_leaves_the_call_as_it_was() {
    let (mut table, leg, incoming) = talking(Table::good());
    table.bob.manners = Box::new(|_| Vec::new());
    table.alice_does(reinvite(leg, "video"));
    table.pass(SECOND);
    let (status, headers) = (StatusCode::NOT_ACCEPTABLE_HERE, Headers::new());
    table.bob_does(Input::Reject {
        leg: incoming,
        status,
        headers,
    });
    table.pass(SECOND);
    assert!(
        table
            .alice
            .story()
            .contains(&"reoffer refused 488 Not Acceptable Here".to_owned()),
        "{}",
        table.tale()
    );
    table.alice_does(hangup(leg));
    table.settle();
}

#[test]
fn a_second_offer_before_the_first_is_answered_is_refused_for_now() {
    let (mut table, leg, _) = talking(Table::good());
    table.bob.manners = Box::new(|_| Vec::new());
    table.alice_does(reinvite(leg, "unanswered"));
    table.pass(SECOND);
    // Nobody answers; the call ends while the offer is open.
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn a_call_that_the_other_side_has_forgotten_ends_at_the_next_offer() {
    let (mut table, leg, _) = talking(Table::good());
    table.bob.endpoint = sip::Endpoint::new(sip::Config::default(), [99; 32]);
    table.alice_does(reinvite(leg, "anybody there?"));
    table.settle();
    let last = table.alice.story().pop().unwrap();
    assert_eq!(last, "ended: refused 481 Call/Transaction Does Not Exist");
}

#[test]
fn an_offer_that_nobody_answers_ends_the_call() {
    let (mut table, leg, _) = talking(Table::good());
    table.network.set_script(|_, _| simnet::Fate::Lose);
    table.alice_does(reinvite(leg, "anybody there?"));
    table.pass(100 * SECOND);
    assert_eq!(table.alice.story().pop().unwrap(), "ended: Timeout");
    assert!(table.alice.is_empty());
}
