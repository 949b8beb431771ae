//! Phones behind translators of addresses.

use std::net::SocketAddr;

use sdp::Direction;
use simnet::Conditions;
use switch::{Event, Side};

use crate::phone::Action;
use crate::rig::{Rig, seconds};

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// What the relay was told last about a side: where its messages come from, and whether it is behind a translator.
fn told(rig: &Rig, wanted: Side) -> (String, bool) {
    let mut events = rig.server.events.iter().rev();
    let last = events.find_map(|event| match event {
        Event::MediaExpected {
            side,
            signalled_from,
            is_behind_nat,
            ..
        } if *side == wanted => Some((signalled_from.to_string(), *is_behind_nat)),
        _ => None,
    });
    last.expect("the relay expects this side")
}

#[test]
fn a_phone_behind_a_translator_is_called_where_it_is_seen() {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    let bob = rig.phones[1].address;
    rig.server.translated.insert(bob, at("203.0.113.5:40001"));
    rig.register_all();
    rig.call("1002");
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(20));
    assert_eq!(rig.phones[1].answered, 1);
    assert_eq!(
        told(&rig, Side::Caller),
        ("198.51.100.10".to_owned(), false)
    );
    assert_eq!(told(&rig, Side::Callee), ("203.0.113.5".to_owned(), true));
    rig.assert_no_leaks();
}

#[test]
fn a_phone_that_moves_during_a_call_brings_its_audio_along() {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    rig.register_all();
    rig.call("1002");
    rig.run(seconds(10));
    let alice = rig.phones[0].address;
    rig.server.translated.insert(alice, at("203.0.113.9:40001"));
    rig.plan(0, seconds(0), Action::Offer(Direction::SendRecv));
    rig.run(seconds(5));
    assert_eq!(told(&rig, Side::Caller).0, "203.0.113.9");
    // And what is sent to it goes there.
    rig.plan(1, seconds(0), Action::Hangup);
    rig.run(seconds(5));
    assert_eq!(rig.phones[0].end(), "they hung up");
    rig.assert_no_leaks();
}
