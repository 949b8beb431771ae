//! Giving up a call before it is answered, and the races around it.

use std::time::Duration;

use sip::Input;

use crate::party::{accept, answers_after, hangup, rings};
use crate::table::{SECOND, Table};

#[test]
fn the_caller_gives_up_while_it_rings() {
    let mut table = Table::good();
    table.bob.manners = rings();
    let leg = table.call();
    table.pass(3 * SECOND);
    let reason = Some("SIP;cause=200;text=\"Call completed elsewhere\"".into());
    table.alice_does(Input::Hangup { leg, reason });
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn a_cancel_waits_for_the_first_answer() {
    let mut table = Table::good();
    table.bob.manners = rings();
    let leg = table.call();
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn an_answer_that_crosses_the_cancel_is_hung_up() {
    let mut table = Table::good();
    table.bob.manners = rings();
    let leg = table.call();
    table.pass(SECOND);
    table.alice_does(hangup(leg));
    let leg = table.bob.incoming();
    table.bob_does(accept(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn a_call_given_up_before_any_answer_dies_when_nobody_is_there() {
    let mut table = Table::good();
    table.lose("INVITE", u32::MAX);
    let leg = table.call();
    table.alice_does(hangup(leg));
    assert_eq!(table.alice.story(), ["ended: LocalHangup"]);
    table.settle();
    assert_eq!(table.count("CANCEL"), 0);
}

#[test]
fn a_cancel_that_gets_lost_is_repeated() {
    let mut table = Table::good();
    table.bob.manners = rings();
    let leg = table.call();
    table.pass(SECOND);
    table.lose("CANCEL", 3);
    table.alice_does(hangup(leg));
    table.settle();
    assert_eq!(table.count("CANCEL"), 4);
    assert!(
        table
            .bob
            .story()
            .contains(&"ended: Cancelled { reason: None }".to_owned())
    );
}

#[test]
fn a_cancelled_call_without_final_answer_is_forgotten() {
    let mut table = Table::good();
    table.bob.manners = rings();
    let leg = table.call();
    table.pass(SECOND);
    // Bob is never heard again, nor hears anything.
    table.network.set_script(|_, _| simnet::Fate::Lose);
    table.alice_does(hangup(leg));
    table.pass(40 * SECOND);
    assert!(table.alice.is_empty());
}

#[test]
fn a_quick_answer_may_come_before_the_cancel_is_sent() {
    let mut table = Table::good();
    table.bob.manners = answers_after(Duration::ZERO);
    // Only the 200 arrives: no 100 and no 180.
    table.lose("1", 2);
    let leg = table.call();
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}
