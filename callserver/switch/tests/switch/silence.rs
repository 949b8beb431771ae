//! Phones from which no audio comes any more.

use sdp::Direction;
use simnet::Conditions;
use switch::{CallEnd, Input, Side};

use crate::phone::Action;
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
