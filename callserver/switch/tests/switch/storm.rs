//! Many calls between many phones at once, ended in every way that comes to mind, on a bad network: at last nothing is left.

use std::time::Duration;

use sdp::Direction;
use simnet::Conditions;
use sip::{Method, StatusCode};
use switch::Input;

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

/// A small generator (xorshift), so that a seed gives the same storm everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn millis(&mut self, limit: u64) -> Duration {
        Duration::from_millis(self.below(limit))
    }

    fn manner(&mut self) -> Manner {
        match self.below(8) {
            7 => Manner::Redirect("sip:1003@carillon.test"),
            0 => Manner::Ring,
            1 => Manner::Refuse(StatusCode::BUSY_HERE),
            2 => Manner::RefuseAfter(self.millis(5000), StatusCode::DECLINE),
            3 => Manner::EarlyMedia(self.millis(5000)),
            4 => Manner::AnswerNonsense,
            _ => Manner::Answer(self.millis(5000)),
        }
    }

    fn change(&mut self) -> Action {
        match self.below(10) {
            0 => Action::AskForOffer,
            1 => Action::Offer(Direction::SendOnly),
            2 => Action::Offer(Direction::SendRecv),
            3 => Action::Refer("1001"),
            4 => Action::Refer("1003"),
            5 => Action::ReferToSecond,
            6 => Action::Send(Method::Info, "x"),
            7 => Action::Message("1002", "x"),
            _ => Action::Hangup,
        }
    }
}

#[test]
fn calls_that_end_in_random_ways_leave_nothing_behind() {
    let mut calls = 0;
    for seed in 1..=20 {
        let logins = ["alice-1", "bob-1", "bob-2", "carol-1", "carol-2", "alice-2"];
        let mut rig = Rig::new(seed, Conditions::perfect(), &logins);
        rig.register_all();
        rig.network.set_conditions(Conditions::bad(0.1));
        let mut dice = Dice(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for _ in 0..10 {
            for phone in 0..logins.len() {
                rig.phones[phone].manner = dice.manner();
                rig.phones[phone].refuses_reoffers =
                    (dice.below(4) == 0).then_some(StatusCode::NOT_ACCEPTABLE_HERE);
                let number = ["1001", "1002", "1003", "4711"][dice.below(4) as usize];
                let begins = dice.millis(3000);
                // A phone that is in a call stays in it, or consults somebody in a second one, or takes over another's.
                let is_free = rig.phones[phone].leg.is_none();
                let may_consult = rig.phones[phone].held.is_none() && dice.below(4) == 0;
                let others = dice.below(logins.len() as u64) as usize;
                if is_free
                    && dice.below(4) == 0
                    && let Some(name) = rig.phones[others].name.clone()
                {
                    rig.plan(phone, begins, Action::TakeOver(name));
                } else if (is_free || may_consult) && dice.below(2) == 0 {
                    let call = match dice.below(5) {
                        0 => Action::CallWithoutOffer(number.to_owned()),
                        _ => Action::Call(number.to_owned()),
                    };
                    rig.plan(phone, begins, call);
                }
                rig.plan(phone, begins + dice.millis(10_000), dice.change());
                rig.plan(phone, begins + dice.millis(10_000), dice.change());
            }
            rig.run(seconds(8));
            if dice.below(3) == 0
                && let Some(call) = rig.server.open_ports.first().copied()
            {
                let now = rig.now();
                rig.server.handle(now, Input::HangUpCall { call });
            }
        }
        for phone in 0..logins.len() {
            rig.plan(phone, seconds(80), Action::Hangup);
            rig.plan(phone, seconds(81), Action::HangupFirst);
        }
        rig.run(seconds(400));
        calls += rig.server.ends().len();
        for phone in &rig.phones {
            assert!(
                phone.leg.is_none() && phone.held.is_none(),
                "seed {seed}: {} is still in a call",
                phone.login
            );
        }
        rig.assert_no_leaks();
    }
    assert!(calls > 200, "only {calls} calls");
}
