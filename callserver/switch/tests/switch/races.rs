//! Things that happen at the same moment, in hundreds of orders: the call comes to one end, and nothing is left.

use std::time::Duration;

use sdp::Direction;
use simnet::Conditions;
use switch::CallEnd;

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

const SEEDS: u8 = 100;

/// Messages take up to a tenth of a second, so that a few milliseconds decide nothing by themselves.
fn rig(seed: u8) -> Rig {
    let mut rig = Rig::new(
        seed,
        Conditions::perfect(),
        &["alice-1", "bob-1", "carol-1"],
    );
    rig.register_all();
    rig.network.set_conditions(Conditions::bad(0.05));
    for phone in &mut rig.phones {
        phone.manner = Manner::Answer(seconds(2));
    }
    rig
}

fn at(seed: u8, spread: u64) -> Duration {
    Duration::from_millis(u64::from(seed) * spread / u64::from(SEEDS))
}

fn over(rig: &mut Rig, seed: u8) {
    rig.run(seconds(80));
    for phone in &rig.phones {
        assert!(
            phone.leg.is_none(),
            "seed {seed}: {} is still in a call",
            phone.login
        );
    }
    // The core remembers for a while that it has told how a transfer went.
    rig.run(seconds(300));
    rig.assert_no_leaks();
}

#[test]
fn an_answer_meets_a_cancel() {
    let (mut answered, mut cancelled) = (0, 0);
    for seed in 0..SEEDS {
        let mut rig = rig(seed);
        rig.call("1002");
        // The callee picks up two seconds after the invitation has reached it.
        rig.plan(
            0,
            Duration::from_millis(1900) + at(seed, 600),
            Action::Hangup,
        );
        rig.run(seconds(40));
        match rig.end().0 {
            CallEnd::Cancelled => cancelled += 1,
            CallEnd::HungUp => answered += 1,
            other => panic!("seed {seed}: {other:?}"),
        }
        over(&mut rig, seed);
    }
    assert!(answered > 0 && cancelled > 0, "{answered} {cancelled}");
}

#[test]
fn both_hang_up_at_once() {
    for seed in 0..SEEDS {
        let mut rig = rig(seed);
        rig.call("1002");
        rig.run(seconds(10));
        rig.plan(0, seconds(1), Action::Hangup);
        rig.plan(1, seconds(1) + at(seed, 100), Action::Hangup);
        rig.run(seconds(40));
        assert_eq!(rig.end().0, CallEnd::HungUp, "seed {seed}");
        over(&mut rig, seed);
    }
}

#[test]
fn both_change_the_session_at_once() {
    for seed in 0..SEEDS {
        let mut rig = rig(seed);
        rig.call("1002");
        rig.run(seconds(10));
        rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
        rig.plan(
            1,
            seconds(1) + at(seed, 100),
            Action::Offer(Direction::SendRecv),
        );
        rig.run(seconds(30));
        let plan = *crate::media_plans::plans(&rig).last().unwrap();
        // Whoever was last, both phones and the plan say the same.
        let (caller, callee) = (rig.phones[0].media.unwrap(), rig.phones[1].media.unwrap());
        assert_eq!(caller.direction, callee.direction.reversed(), "seed {seed}");
        assert_eq!(plan.caller.direction, caller.direction, "seed {seed}");
        assert_eq!(plan.callee.direction, callee.direction, "seed {seed}");
        rig.plan(0, seconds(1), Action::Hangup);
        rig.run(seconds(40));
        over(&mut rig, seed);
    }
}

#[test]
fn both_hand_the_call_over_at_once() {
    for seed in 0..SEEDS {
        let mut rig = rig(seed);
        rig.call("1002");
        rig.run(seconds(10));
        rig.plan(0, seconds(1), Action::Refer("1003"));
        rig.plan(1, seconds(1) + at(seed, 100), Action::Refer("1003"));
        rig.run(seconds(40));
        for phone in 0..3 {
            rig.plan(phone, seconds(1), Action::Hangup);
        }
        over(&mut rig, seed);
    }
}

#[test]
fn a_hold_meets_a_hangup_and_a_transfer() {
    for seed in 0..SEEDS {
        let mut rig = rig(seed);
        rig.call("1002");
        rig.run(seconds(10));
        rig.plan(
            0,
            seconds(1) + at(seed, 2400),
            Action::Offer(Direction::Inactive),
        );
        rig.plan(1, seconds(1), Action::Refer("1003"));
        if seed % 2 == 0 {
            rig.plan(0, seconds(1) + at(seed, 3000), Action::Hangup);
        }
        rig.run(seconds(40));
        for phone in 0..3 {
            rig.plan(phone, seconds(1), Action::Hangup);
        }
        over(&mut rig, seed);
    }
}
