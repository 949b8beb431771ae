//! Ten thousand calls between many phones, ended in every way that comes to mind, on a bad network: at last nothing is left.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use sdp::{Codec, CryptoSuite, Direction};
use simnet::{Conditions, Fate};
use sip::{Method, StatusCode};
use switch::{Input, Side};

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
        match self.below(13) {
            10 => Action::Inform("application/dtmf-relay", "Signal=5"),
            11 => Action::Offer(Direction::Inactive),
            12 => Action::Offer(Direction::SendRecv),
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

/// The phones of one storm: some encrypt, some know few codecs, some come over TLS.
const LOGINS: [&str; 6] = ["alice-1", "bob-1", "bob-2", "carol-1", "carol-2", "alice-2"];

fn phones(seed: u8, dice: &mut Dice) -> Rig {
    let mut rig = Rig::new(seed, Conditions::perfect(), &LOGINS);
    for index in 0..LOGINS.len() {
        let phone = &mut rig.phones[index];
        if dice.below(3) == 0 {
            let one = dice.below(Codec::ALL.len() as u64) as usize;
            phone.codecs = vec![Codec::ALL[one]];
        }
        if dice.below(3) == 0 {
            phone.connection = Some(index as u64 + 7);
            phone.is_secure = true;
            rig.server
                .connections
                .insert(phone.address, index as u64 + 7);
            rig.server.secure.insert(phone.address);
        }
        if dice.below(3) == 0 {
            phone.encrypt(CryptoSuite::AesCm128HmacSha1_80);
            phone.refuses_plain = dice.below(2) == 0;
        }
    }
    rig.register_all();
    rig
}

/// Lets phones call each other for `rounds` times eight seconds, and then hang up. Gives the number of calls.
fn storm(seed: u8, rounds: usize) -> usize {
    let mut dice = Dice(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut rig = phones(seed, &mut dice);
    let held_before = format!("{:?}", rig.server.switch).len();
    rig.network.set_conditions(Conditions::bad(0.1));
    // One phone at a time has no network.
    let gone = Rc::new(Cell::new(None));
    let is_gone = Rc::clone(&gone);
    rig.network.set_script(move |_, packet| {
        let gone = is_gone.get();
        if gone == Some(packet.to) || gone == Some(packet.from) {
            Fate::Lose
        } else {
            Fate::Chance
        }
    });
    for _ in 0..rounds {
        let away = dice.below(5 * LOGINS.len() as u64) as usize;
        gone.set(rig.phones.get(away).map(|phone| phone.address));
        for phone in 0..LOGINS.len() {
            act(&mut rig, &mut dice, phone);
        }
        rig.run(seconds(8));
        let now = rig.now();
        if let Some(call) = rig.server.open_ports.first().copied() {
            let side = [Side::Caller, Side::Callee][dice.below(2) as usize];
            match dice.below(4) {
                0 => rig.server.handle(now, Input::HangUpCall { call }),
                1 => rig.server.handle(
                    now,
                    Input::MediaSilent {
                        call,
                        side: Some(side),
                    },
                ),
                _ => {}
            }
        }
    }
    gone.set(None);
    for phone in 0..LOGINS.len() {
        rig.plan(phone, seconds(80), Action::Hangup);
        rig.plan(phone, seconds(81), Action::HangupFirst);
    }
    rig.run(seconds(400));
    for phone in &rig.phones {
        assert!(
            phone.leg.is_none() && phone.held.is_none(),
            "seed {seed}: {} is still in a call",
            phone.login
        );
    }
    // A phone that was away when it hung up has told nobody; but it is silent, and the relay notices.
    let now = rig.now();
    for call in rig.server.open_ports.clone() {
        for side in [Side::Caller, Side::Callee] {
            rig.server.handle(
                now,
                Input::MediaSilent {
                    call,
                    side: Some(side),
                },
            );
        }
    }
    rig.run(seconds(60));
    rig.assert_no_leaks();
    // Whatever is held anywhere is shown; numbers have grown a little, and nonces come and go.
    let held = format!("{:?}", rig.server.switch).len();
    assert!(
        held < held_before + 2000,
        "seed {seed}: {held_before} and then {held}"
    );
    rig.server.ends().len()
}

/// What one phone does in a round.
fn act(rig: &mut Rig, dice: &mut Dice, phone: usize) {
    rig.phones[phone].manner = dice.manner();
    rig.phones[phone].holds = dice.below(6) == 0;
    rig.phones[phone].refuses_reoffers =
        (dice.below(4) == 0).then_some(StatusCode::NOT_ACCEPTABLE_HERE);
    rig.phones[phone].answer =
        [StatusCode::OK, StatusCode::UNSUPPORTED_MEDIA_TYPE][dice.below(2) as usize];
    let number = ["1001", "1002", "1003", "4711"][dice.below(4) as usize];
    let begins = dice.millis(3000);
    // A phone that is in a call stays in it, or consults somebody in a second one, or takes over another's.
    let is_free = rig.phones[phone].leg.is_none();
    let may_consult = rig.phones[phone].held.is_none() && dice.below(4) == 0;
    let others = dice.below(LOGINS.len() as u64) as usize;
    if is_free
        && dice.below(4) == 0
        && let Some(name) = rig.phones[others].name.clone()
    {
        rig.plan(phone, begins, Action::TakeOver(name));
    } else if (is_free || may_consult) && dice.below(3) != 0 {
        let call = match dice.below(5) {
            0 => Action::CallWithoutOffer(number.to_owned()),
            _ => Action::Call(number.to_owned()),
        };
        rig.plan(phone, begins, call);
    }
    rig.plan(phone, begins + dice.millis(10_000), dice.change());
    rig.plan(phone, begins + dice.millis(10_000), dice.change());
}

/// An eighth of the ten thousand: processes take them side by side.
fn an_eighth(number: u8) {
    let mut calls = 0;
    let mut seeds = 32 * number..=32 * number + 31;
    while calls < 1250 {
        let seed = seeds
            .next()
            .expect("each storm has more than a hundred calls");
        calls += storm(seed, 100);
    }
}

macro_rules! eighths {
    ($($name:ident $number:literal)*) => {$(
        #[test]
        fn $name() {
            an_eighth($number);
        }
    )*};
}

eighths! {
    ten_thousand_calls_that_end_in_random_ways_leave_nothing_behind_first_part 0
    ten_thousand_calls_that_end_in_random_ways_leave_nothing_behind_second_part 1
    ten_thousand_calls_that_end_in_random_ways_leave_nothing_behind_third_part 2
    ten_thousand_calls_that_end_in_random_ways_leave_nothing_behind_fourth_part 3
    ten_thousand_calls_that_end_in_random_ways_leave_nothing_behind_fifth_part 4
    ten_thousand_calls_that_end_in_random_ways_leave_nothing_behind_sixth_part 5
    ten_thousand_calls_that_end_in_random_ways_leave_nothing_behind_seventh_part 6
    ten_thousand_calls_that_end_in_random_ways_leave_nothing_behind_eighth_part 7
}
