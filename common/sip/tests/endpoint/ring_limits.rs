//! How long a call may ring without a word: timer C (RFC 3261 section 16.6 step 11).

use std::time::Duration;

use sip::{EndCause, Event, Input};

use crate::party::{hangup, rings};
use crate::table::{SECOND, Table};
use crate::wire_peer::Lone;

fn ended(lone: &mut Lone) -> Option<EndCause> {
    lone.events().into_iter().find_map(|event| match event {
        Event::Ended { cause, .. } => Some(cause),
        _ => None,
    })
}

#[test]
fn a_call_that_falls_silent_after_ringing_is_cancelled() {
    let mut lone = Lone::new(sip::Config::default());
    let (_, invite) = lone.calls();
    lone.hears_answer(&invite, 180, "desk");
    lone.waits(Duration::from_secs(199));
    assert!(ended(&mut lone).is_none());
    lone.waits(Duration::from_secs(2));
    assert!(lone.methods().contains(&"CANCEL".to_owned()));
    assert!(matches!(ended(&mut lone), Some(EndCause::Timeout)));
    lone.hears_answer(&invite, 487, "desk");
    assert_eq!(lone.methods(), ["ACK"]);
    lone.waits(Duration::from_secs(60));
    assert!(lone.is_empty());
}

#[test]
fn each_report_of_ringing_gives_the_call_as_long_again() {
    let mut lone = Lone::new(sip::Config::default());
    let (_, invite) = lone.calls();
    for _ in 0..20 {
        lone.hears_answer(&invite, 180, "desk");
        lone.waits(Duration::from_secs(190));
    }
    assert!(ended(&mut lone).is_none());
    // 100 says only that a proxy is there.
    lone.hears_answer(&invite, 100, "");
    lone.waits(Duration::from_secs(11));
    assert!(matches!(ended(&mut lone), Some(EndCause::Timeout)));
}

#[test]
fn whoever_answers_after_the_limit_is_hung_up_on() {
    let mut lone = Lone::new(sip::Config::default());
    let (_, invite) = lone.calls();
    lone.hears_answer(&invite, 180, "desk");
    lone.waits(Duration::from_secs(201));
    lone.hears_answer(&invite, 200, "desk");
    lone.waits(Duration::from_secs(60));
    let methods = lone.methods();
    assert!(methods.contains(&"ACK".to_owned()) && methods.contains(&"BYE".to_owned()));
    assert!(matches!(ended(&mut lone), Some(EndCause::Timeout)));
}

#[test]
fn a_reoffer_that_falls_silent_is_cancelled_and_the_call_goes_on() {
    let mut lone = Lone::new(sip::Config::default());
    let (leg, invite) = lone.calls();
    lone.hears_answer(&invite, 200, "desk");
    lone.sent();
    let body = bytes::Bytes::from_static(b"hold");
    lone.does(Input::Reinvite { leg, body });
    let reinvite = lone.requests().remove(0);
    lone.hears_answer(&reinvite, 180, "desk");
    lone.waits(Duration::from_secs(201));
    assert!(lone.methods().contains(&"CANCEL".to_owned()));
    lone.hears_answer(&reinvite, 487, "desk");
    let events = lone.events();
    assert!(matches!(events.last(), Some(Event::ReofferRefused { .. })));
    lone.does(hangup(leg));
    assert_eq!(lone.methods(), ["ACK", "BYE"]);
}

#[test]
fn between_our_own_endpoints_a_call_may_ring_for_an_hour() {
    let mut table = Table::good();
    table.bob.manners = rings();
    let leg = table.call();
    table.pass(3600 * SECOND);
    assert_eq!(table.alice.endpoint.population().legs, 1);
    table.alice_does(hangup(leg));
    table.settle();
}
