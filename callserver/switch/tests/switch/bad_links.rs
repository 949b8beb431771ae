//! The same calls over networks that lose, double, delay and reorder: whatever happens, both sides come to one end, and
//! nothing is left behind.

use std::time::Duration;

use sdp::Direction;
use simnet::Conditions;
use sip::StatusCode;

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

/// Registers over a good network, then the weather turns.
fn rig(seed: u8, logins: &[&str], loss: f64) -> Rig {
    let mut rig = Rig::new(seed, Conditions::perfect(), logins);
    rig.register_all();
    rig.network.set_conditions(Conditions::bad(loss));
    rig
}

/// After all timers of SIP have run out, nobody believes to be in a call, and the switch holds nothing.
fn assert_all_over(rig: &mut Rig, seed: u8) {
    rig.run(seconds(400));
    for phone in &rig.phones {
        assert!(
            phone.leg.is_none(),
            "seed {seed}: {} is still in a call\n{}",
            phone.login,
            rig.ladder()
        );
    }
    rig.assert_no_leaks();
}

#[test]
fn an_answered_call_comes_to_one_end() {
    let mut answered = 0;
    for seed in 0..100 {
        let mut rig = rig(seed, &["alice-1", "bob-1"], 0.2);
        rig.call("1002");
        rig.plan(usize::from(seed % 2), seconds(60), Action::Hangup);
        assert_all_over(&mut rig, seed);
        answered += rig.phones[0].answered;
    }
    assert!(answered >= 95, "only {answered} of 100 calls were answered");
}

#[test]
fn a_caller_who_gives_up_just_when_it_is_answered() {
    for seed in 0..150 {
        let mut rig = rig(seed, &["alice-1", "bob-1"], 0.1);
        rig.phones[1].manner = Manner::Answer(seconds(2));
        rig.call("1002");
        let hangup = Duration::from_millis(1800 + 10 * u64::from(seed));
        rig.plan(0, hangup, Action::Hangup);
        // Whoever was left alone hangs up at last.
        rig.plan(1, seconds(100), Action::Hangup);
        assert_all_over(&mut rig, seed);
    }
}

#[test]
fn several_phones_race_for_the_call() {
    for seed in 0..100 {
        let mut rig = rig(seed, &["alice-1", "bob-1", "bob-2", "bob-3"], 0.15);
        let late = Duration::from_millis(3000 + 5 * u64::from(seed));
        rig.phones[1].manner = Manner::Answer(seconds(3));
        rig.phones[2].manner = Manner::Answer(late);
        rig.phones[3].manner = match seed % 3 {
            0 => Manner::Ring,
            1 => Manner::RefuseAfter(late, StatusCode::DECLINE),
            _ => Manner::Refuse(StatusCode::BUSY_HERE),
        };
        rig.call("1002");
        rig.plan(0, seconds(60), Action::Hangup);
        assert_all_over(&mut rig, seed);
    }
}

#[test]
fn changes_from_both_sides_during_a_call() {
    for seed in 0..100 {
        let mut rig = rig(seed, &["alice-1", "bob-1"], 0.15);
        rig.call("1002");
        rig.plan(0, seconds(10), Action::Offer(Direction::SendOnly));
        rig.plan(
            1,
            Duration::from_millis(9900 + 3 * u64::from(seed)),
            Action::Offer(Direction::Inactive),
        );
        rig.plan(0, seconds(20), Action::AskForOffer);
        rig.plan(1, seconds(30), Action::Offer(Direction::SendRecv));
        rig.plan(usize::from(seed % 2), seconds(60), Action::Hangup);
        rig.plan(usize::from((seed + 1) % 2), seconds(100), Action::Hangup);
        assert_all_over(&mut rig, seed);
    }
}

#[test]
fn calls_without_an_offer() {
    for seed in 0..60 {
        let mut rig = rig(seed, &["alice-1", "bob-1"], 0.2);
        rig.plan(
            0,
            Duration::ZERO,
            Action::CallWithoutOffer("1002".to_owned()),
        );
        rig.plan(0, seconds(60), Action::Hangup);
        assert_all_over(&mut rig, seed);
    }
}

#[test]
fn phones_register_through_the_worst_weather() {
    for seed in 0..50 {
        let mut rig = Rig::new(seed, Conditions::bad(0.3), &["alice-1", "bob-1"]);
        let now = rig.now();
        for phone in &mut rig.phones {
            phone.register(now);
        }
        rig.run(seconds(120));
        for phone in &rig.phones {
            assert!(phone.registered.is_some(), "seed {seed}: {}", phone.login);
        }
        assert_eq!(rig.server.switch.counts().registrations, 2);
    }
}
