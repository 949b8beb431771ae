//! A callee with several phones.

use simnet::Conditions;
use sip::StatusCode;
use switch::{CallEnd, Side};

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

fn bob_has_two_phones() -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1", "bob-2"]);
    rig.register_all();
    rig
}

#[test]
fn all_phones_ring_and_the_first_answer_wins() {
    let mut rig = bob_has_two_phones();
    rig.phones[1].manner = Manner::Ring;
    rig.phones[2].manner = Manner::Answer(seconds(3));
    rig.call("1002");
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(60));
    insta::assert_snapshot!(rig.ladder());
    assert_eq!(
        rig.phones[1].end(),
        "cancelled: SIP;cause=200;text=\"Call completed elsewhere\""
    );
    assert_eq!(rig.phones[2].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn both_phones_are_picked_up_at_once() {
    let mut rig = bob_has_two_phones();
    rig.phones[1].manner = Manner::Answer(seconds(3));
    rig.phones[2].manner = Manner::Answer(seconds(3));
    rig.call("1002");
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(60));
    insta::assert_snapshot!(rig.ladder());
    assert_eq!(rig.end(), (CallEnd::HungUp, Some(Side::Caller)));
    assert_eq!(rig.phones[1].end(), "they hung up");
    assert_eq!(rig.phones[2].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn one_phone_is_busy_and_the_other_answers() {
    let mut rig = bob_has_two_phones();
    rig.phones[1].manner = Manner::Refuse(StatusCode::BUSY_HERE);
    rig.call("1002");
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(60));
    assert_eq!(rig.phones[0].answered, 1);
    rig.assert_no_leaks();
}

#[test]
fn the_best_refusal_is_passed_on() {
    let mut rig = bob_has_two_phones();
    rig.phones[1].manner = Manner::Refuse(StatusCode::BUSY_HERE);
    rig.phones[2].manner = Manner::RefuseAfter(seconds(2), StatusCode::TEMPORARILY_UNAVAILABLE);
    rig.call("1002");
    rig.run(seconds(60));
    assert_eq!(rig.phones[0].end(), "486 Busy Here");
    rig.assert_no_leaks();
}

#[test]
fn declining_on_one_phone_silences_the_other() {
    let mut rig = bob_has_two_phones();
    rig.phones[1].manner = Manner::Ring;
    rig.phones[2].manner = Manner::RefuseAfter(seconds(2), StatusCode::DECLINE);
    rig.call("1002");
    rig.run(seconds(60));
    assert_eq!(rig.phones[0].end(), "603 Decline");
    assert!(rig.phones[1].end().starts_with("cancelled"));
    assert_eq!(rig.end(), (CallEnd::Declined, Some(Side::Callee)));
    rig.assert_no_leaks();
}

#[test]
fn a_phone_that_is_gone_does_not_keep_the_other_from_answering() {
    let mut rig = bob_has_two_phones();
    let gone = rig.phones[1].address;
    rig.phones[2].manner = Manner::Answer(seconds(50));
    rig.network.set_script(move |_, packet| {
        if packet.to == gone {
            simnet::Fate::Lose
        } else {
            simnet::Fate::Chance
        }
    });
    rig.call("1002");
    rig.plan(0, seconds(55), Action::Hangup);
    rig.run(seconds(120));
    assert_eq!(rig.end(), (CallEnd::HungUp, Some(Side::Caller)));
    let story = rig.server.story();
    assert!(
        story.contains(&"bob-1 unregistered: Unreachable".to_owned()),
        "{story:?}"
    );
    rig.assert_no_leaks();
}

#[test]
fn early_media_of_one_of_several_phones_only_rings() {
    let mut rig = bob_has_two_phones();
    rig.phones[1].manner = Manner::EarlyMedia(seconds(5));
    rig.phones[2].manner = Manner::Ring;
    rig.call("1002");
    rig.run(seconds(3));
    assert_eq!(rig.phones[0].progress, [180]);
    assert!(!rig.phones[0].had_early_media);
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(60));
    assert_eq!(rig.phones[0].answered, 1);
    rig.assert_no_leaks();
}
