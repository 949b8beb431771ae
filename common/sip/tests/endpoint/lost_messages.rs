//! Calls in which certain messages get lost.

use crate::party::{accept, answers_after, hangup, rings};
use crate::table::{MILLISECOND, SECOND, Table};

#[test]
fn nobody_answers_for_the_life_of_a_transaction() {
    let mut table = Table::good();
    table.lose("INVITE", u32::MAX);
    table.call();
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn callee_hangs_up_while_ack_is_lost() {
    let mut table = Table::good();
    table.bob.manners = answers_after(SECOND);
    table.lose("ACK", 2);
    table.call();
    table.pass(SECOND + 200 * MILLISECOND);
    let leg = table.bob.incoming();
    table.bob_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn a_lost_ack_is_sent_again_for_each_2xx() {
    let mut table = Table::good();
    table.bob.manners = answers_after(SECOND);
    table.lose("ACK", 4);
    let leg = table.call();
    table.pass(20 * SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    assert_eq!(table.count("200 OK (INVITE)"), 5);
    assert_eq!(table.count("ACK"), 5);
    assert!(
        table
            .bob
            .story()
            .contains(&"acknowledged with \"\"".to_owned())
    );
}

#[test]
fn a_2xx_that_is_never_acknowledged_ends_the_call() {
    let mut table = Table::good();
    table.bob.manners = answers_after(SECOND);
    table.lose("ACK", u32::MAX);
    table.call();
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn the_callee_hangs_up_in_vain_when_the_ack_never_comes() {
    let mut table = Table::good();
    table.bob.manners = answers_after(SECOND);
    table.lose("ACK", u32::MAX);
    table.call();
    table.pass(2 * SECOND);
    let leg = table.bob.incoming();
    table.bob_does(hangup(leg));
    assert_eq!(table.bob.story().last().unwrap(), "ended: LocalHangup");
    table.settle();
    // The BYE goes out once waiting for the ACK is over.
    assert_eq!(table.count("BYE"), 1);
    assert_eq!(
        table.alice.story().last().unwrap(),
        "ended: RemoteHangup { reason: None }"
    );
}

#[test]
fn an_invite_that_comes_twice_rings_once() {
    let mut table = Table::good();
    table.bob.manners = rings();
    table.lose("1", 4);
    let leg = table.call();
    table.pass(5 * SECOND);
    assert!(table.count("INVITE") > 1);
    let rang = table
        .bob
        .story()
        .into_iter()
        .filter(|line| line == "incoming")
        .count();
    assert_eq!(rang, 1);
    table.alice_does(hangup(leg));
    table.settle();
}

#[test]
fn a_refusal_is_repeated_until_its_ack() {
    let mut table = Table::good();
    table.bob.manners = rings();
    table.call();
    table.pass(SECOND);
    table.lose("ACK", 3);
    let leg = table.bob.incoming();
    table.bob_does(hangup(leg));
    table.settle();
    assert_eq!(table.count("603"), 4);
    assert_eq!(table.count("ACK"), 4);
}

#[test]
fn a_lost_answer_to_bye_is_given_again() {
    let mut table = Table::good();
    table.bob.manners = answers_after(SECOND);
    let leg = table.call();
    table.pass(3 * SECOND);
    table.lose("200 OK (BYE)", 3);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn a_2xx_that_overtakes_the_ringing_counts() {
    let mut table = Table::good();
    table.bob.manners = rings();
    table.lose("180", 1);
    let leg = table.call();
    table.pass(SECOND);
    let incoming = table.bob.incoming();
    table.bob_does(accept(incoming));
    table.pass(SECOND);
    assert_eq!(table.alice.story(), ["answered with \"answer\""]);
    table.alice_does(hangup(leg));
    table.settle();
}
