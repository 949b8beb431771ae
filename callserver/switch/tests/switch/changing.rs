//! Sessions that change during a call: hold, resume, offers asked for, refusals, glare.

use sdp::Direction;
use simnet::Conditions;
use sip::StatusCode;
use switch::CallEnd;

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

fn talking() -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    rig.register_all();
    rig.phones[1].manner = Manner::Answer(seconds(1));
    rig.call("1002");
    rig.run(seconds(5));
    assert_eq!(rig.phones[0].answered, 1);
    rig
}

fn directions(rig: &Rig) -> (Direction, Direction) {
    let of = |phone: usize| rig.phones[phone].media.unwrap().direction;
    (of(0), of(1))
}

fn finish(mut rig: Rig) -> Rig {
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(60));
    assert_eq!(rig.end().0, CallEnd::HungUp);
    rig.assert_no_leaks();
    rig
}

#[test]
fn either_side_holds_and_resumes() {
    for holder in [0, 1] {
        let mut rig = talking();
        rig.plan(holder, seconds(1), Action::Offer(Direction::SendOnly));
        rig.run(seconds(5));
        let (caller, callee) = directions(&rig);
        let held = if holder == 0 {
            (caller, callee)
        } else {
            (callee, caller)
        };
        assert_eq!(held, (Direction::SendOnly, Direction::RecvOnly));
        rig.plan(holder, seconds(1), Action::Offer(Direction::SendRecv));
        rig.run(seconds(5));
        assert_eq!(directions(&rig), (Direction::SendRecv, Direction::SendRecv));
        let rig = finish(rig);
        if holder == 0 {
            insta::assert_snapshot!(rig.ladder());
        }
    }
}

#[test]
fn a_refused_change_leaves_the_call_as_it_was() {
    let mut rig = talking();
    rig.phones[1].refuses_reoffers = Some(StatusCode::NOT_ACCEPTABLE_HERE);
    rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
    rig.run(seconds(5));
    assert_eq!(rig.phones[0].reoffers_refused, [488]);
    assert_eq!(directions(&rig), (Direction::SendRecv, Direction::SendRecv));
    finish(rig);
}

#[test]
fn a_phone_asks_the_other_for_an_offer_in_mid_call() {
    for asker in [0, 1] {
        let mut rig = talking();
        rig.plan(asker, seconds(1), Action::AskForOffer);
        rig.run(seconds(5));
        assert_eq!(directions(&rig), (Direction::SendRecv, Direction::SendRecv));
        let rig = finish(rig);
        if asker == 0 {
            insta::assert_snapshot!(rig.ladder());
        }
    }
}

#[test]
fn both_change_the_session_at_once_and_both_come_through() {
    let mut rig = talking();
    rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
    rig.plan(1, seconds(1), Action::Offer(Direction::SendOnly));
    rig.run(seconds(60));
    assert!(
        rig.phones.iter().all(|phone| phone.leg.is_some()),
        "the call goes on"
    );
    finish(rig);
}

#[test]
fn hanging_up_during_a_change_leaves_nothing_behind() {
    for (first, second) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let mut rig = talking();
        rig.plan(first, seconds(1), Action::Offer(Direction::SendOnly));
        rig.plan(
            second,
            seconds(1) + std::time::Duration::from_millis(15),
            Action::Hangup,
        );
        rig.run(seconds(60));
        assert_eq!(rig.end().0, CallEnd::HungUp);
        rig.assert_no_leaks();
    }
}
