//! Calls over a good network: every message, as a ladder.

use std::time::Duration;

use bytes::Bytes;
use sip::{Headers, Input, Method, StatusCode};

use crate::party::{answers_after, hangup, rings};
use crate::table::{MILLISECOND, SECOND, Table};

#[test]
fn a_call_is_set_up_and_the_caller_hangs_up() {
    let mut table = Table::good();
    table.bob.manners = answers_after(2 * SECOND);
    let leg = table.call();
    table.pass(5 * SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn the_callee_hangs_up_and_says_why() {
    let mut table = Table::good();
    table.bob.manners = answers_after(SECOND);
    table.call();
    table.pass(5 * SECOND);
    let leg = table.bob.incoming();
    let reason = Some("SIP;cause=200;text=\"bye bye\"".into());
    table.bob_does(Input::Hangup { leg, reason });
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn a_refusal_is_acknowledged() {
    let mut table = Table::good();
    table.bob.manners = rings();
    table.call();
    table.pass(SECOND);
    let leg = table.bob.incoming();
    let (status, headers) = (StatusCode::BUSY_HERE, Headers::new());
    table.bob_does(Input::Reject {
        leg,
        status,
        headers,
    });
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn hanging_up_while_it_rings_here_declines() {
    let mut table = Table::good();
    table.bob.manners = rings();
    table.call();
    table.pass(SECOND);
    let leg = table.bob.incoming();
    table.bob_does(hangup(leg));
    table.settle();
    assert!(
        table
            .alice
            .story()
            .contains(&"ended: refused 603 Decline".to_owned())
    );
    assert!(table.bob.story().contains(&"ended: LocalHangup".to_owned()));
}

#[test]
fn an_invite_without_offer_is_answered_in_the_ack() {
    let mut table = Table::good();
    table.bob.manners = answers_after(SECOND);
    let (now, peer) = (table.network.now(), table.bob.address);
    let leg = table.alice.call_with(now, peer, Bytes::new());
    table.pass(3 * SECOND);
    table.alice_does(Input::Acknowledge {
        leg,
        body: Bytes::from_static(b"late answer"),
    });
    table.pass(SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn over_a_reliable_transport_nothing_is_repeated() {
    let mut table = Table::over_tcp();
    table.bob.manners = answers_after(20 * SECOND);
    let leg = table.call();
    table.pass(60 * SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn a_call_that_rings_for_long_is_reported_every_minute() {
    let mut table = Table::good();
    table.bob.manners = answers_after(Duration::from_secs(200));
    let leg = table.call();
    table.pass(Duration::from_secs(210));
    assert_eq!(table.count("180 Ringing"), 4);
    table.alice_does(hangup(leg));
    table.settle();
}

#[test]
fn requests_inside_a_call_reach_the_other_side() {
    let mut table = Table::good();
    table.bob.manners = answers_after(SECOND);
    let leg = table.call();
    table.pass(2 * SECOND);
    let request = table.alice.endpoint.next_request();
    let mut headers = Headers::new();
    headers.push(sip::HeaderName::ContentType, "application/dtmf-relay");
    let body = Bytes::from_static(b"Signal=5");
    table.alice_does(Input::SendInDialog {
        leg,
        request,
        method: Method::Info,
        headers,
        body,
    });
    table.pass(20 * MILLISECOND);
    let received = table.bob.last_request();
    let (status, headers, body) = (StatusCode::OK, Headers::new(), Bytes::new());
    table.bob_does(Input::Respond {
        request: received,
        status,
        headers,
        body,
    });
    table.pass(SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn both_may_hang_up_at_once() {
    let mut table = Table::good();
    table.bob.manners = answers_after(SECOND);
    let leg = table.call();
    table.pass(3 * SECOND);
    table.alice_does(hangup(leg));
    let leg = table.bob.incoming();
    table.bob_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn what_comes_after_the_end_is_ignored() {
    let mut table = Table::good();
    table.bob.manners = answers_after(SECOND);
    let leg = table.call();
    table.pass(3 * SECOND);
    table.alice_does(hangup(leg));
    table.alice_does(hangup(leg));
    table.alice_does(Input::Reinvite {
        leg,
        body: Bytes::from_static(b"more"),
    });
    table.settle();
    let ended = table
        .alice
        .story()
        .into_iter()
        .filter(|line| line.starts_with("ended"))
        .count();
    assert_eq!(ended, 1);
    assert_eq!(table.count("BYE"), 1);
}
