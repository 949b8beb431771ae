//! Phones from which no audio comes any more.

use sdp::Direction;
use simnet::Conditions;
use switch::{CallEnd, Input, Side};

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

fn talking() -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    rig.register_all();
    rig.call("1002");
    rig.run(seconds(10));
    rig
}

fn silent(rig: &mut Rig, side: Side) {
    let call = *rig.server.open_ports.first().unwrap();
    let now = rig.now();
    let side = Some(side);
    rig.server.handle(now, Input::MediaSilent { call, side });
}

fn both_silent(rig: &mut Rig) {
    let call = *rig.server.open_ports.first().unwrap();
    let now = rig.now();
    let side = None;
    rig.server.handle(now, Input::MediaSilent { call, side });
}

#[test]
fn a_phone_that_is_silent_and_does_not_answer_loses_its_call() {
    for (side, phone) in [(Side::Caller, 0), (Side::Callee, 1)] {
        let mut rig = talking();
        let gone = rig.phones[phone].address;
        rig.network.set_script(move |_, packet| {
            if packet.to == gone || packet.from == gone {
                simnet::Fate::Lose
            } else {
                simnet::Fate::Chance
            }
        });
        silent(&mut rig, side);
        rig.run(seconds(40));
        assert_eq!(rig.end(), (CallEnd::Lost, Some(side)));
        assert_eq!(rig.phones[1 - phone].end(), "they hung up");
        rig.assert_no_leaks();
    }
}

#[test]
fn a_phone_that_is_silent_and_still_there_keeps_its_call() {
    let mut rig = talking();
    for _ in 0..3 {
        silent(&mut rig, Side::Callee);
    }
    rig.run(seconds(60));
    assert!(rig.phones.iter().all(|phone| phone.end() == "goes on"));
    rig.plan(0, seconds(0), Action::Hangup);
    rig.run(seconds(40));
    rig.assert_no_leaks();
}

#[test]
fn a_phone_that_is_on_hold_is_silent_by_agreement() {
    let mut rig = talking();
    rig.plan(0, seconds(0), Action::Offer(Direction::SendOnly));
    rig.run(seconds(5));
    let before = rig.network.sent();
    silent(&mut rig, Side::Callee);
    rig.run(seconds(5));
    assert_eq!(rig.network.sent(), before);
}

#[test]
fn a_call_in_which_neither_phone_speaks_ends_with_a_reason() {
    let mut rig = talking();
    both_silent(&mut rig);
    rig.run(seconds(40));
    assert_eq!(rig.end(), (CallEnd::Silent, None));
    assert!(rig.phones.iter().all(|phone| phone.end() == "they hung up"));
    rig.assert_no_leaks();
}

#[test]
fn nobody_has_to_speak_while_one_holds_the_other() {
    for direction in [Direction::SendOnly, Direction::Inactive] {
        let mut rig = talking();
        rig.plan(0, seconds(0), Action::Offer(direction));
        rig.run(seconds(5));
        let before = rig.network.sent();
        both_silent(&mut rig);
        rig.run(seconds(5));
        assert_eq!(rig.network.sent(), before, "{direction:?}");

        // Afterwards they have to again.
        rig.plan(0, seconds(0), Action::Offer(Direction::SendRecv));
        rig.run(seconds(5));
        both_silent(&mut rig);
        rig.run(seconds(40));
        assert_eq!(rig.end(), (CallEnd::Silent, None));
    }
}

#[test]
fn a_call_that_rings_is_not_expected_to_sound() {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    rig.phones[1].manner = Manner::Ring;
    rig.register_all();
    rig.call("1002");
    rig.run(seconds(2));
    both_silent(&mut rig);
    rig.run(seconds(2));
    assert!(rig.server.ends().is_empty());
}
