//! Two applications that do anything at any moment over bad networks: whatever they do, each call ends
//! once for each side, nothing is told behind its end, and nothing is left in memory.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use simnet::Conditions;
use sip::{
    Config, Event, HeaderName, Headers, Input, LegId, ReliableProvisionals, SessionTimer,
    StatusCode, Transport,
};

use crate::party::{Manners, Party, address, hangup};
use crate::table::{SECOND, Table};

/// A generator whose numbers need be neither good nor secret.
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's constants; the high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn pause(&mut self) -> Duration {
        match self.below(10) {
            0..=2 => Duration::ZERO,
            3..=6 => Duration::from_millis(self.below(400)),
            7..=8 => Duration::from_millis(self.below(5000)),
            _ => Duration::from_secs(self.below(120)),
        }
    }

    fn body(&mut self, word: &str) -> Bytes {
        Bytes::from(format!("{word}-{}", self.below(5)))
    }
}

/// Any input for a call, whether it fits or not.
fn whim(dice: &mut Dice, leg: LegId) -> Input {
    let headers = Headers::new();
    match dice.below(16) {
        0..=1 => Input::Progress {
            leg,
            status: StatusCode::RINGING,
            body: Bytes::new(),
        },
        2..=4 => Input::Progress {
            leg,
            status: StatusCode::SESSION_PROGRESS,
            body: dice.body("early"),
        },
        5..=7 => Input::Accept {
            leg,
            headers,
            body: dice.body("answer"),
        },
        8 => Input::Reject {
            leg,
            status: StatusCode::NOT_ACCEPTABLE_HERE,
            headers,
        },
        9..=11 => Input::Reinvite {
            leg,
            body: dice.body("offer"),
        },
        12 => Input::Reinvite {
            leg,
            body: Bytes::new(),
        },
        13..=14 => Input::Acknowledge {
            leg,
            body: dice.body("acknowledgement"),
        },
        _ => hangup(leg),
    }
}

/// Answers most of what is asked, sooner or later.
fn moods(mut dice: Dice) -> Manners {
    Box::new(move |event| {
        let (leg, body) = match event {
            Event::Incoming { leg, .. } => (*leg, Bytes::new()),
            Event::Reoffer { leg, .. } => (*leg, dice.body("agreed")),
            Event::Progress { leg, .. } | Event::Answered { leg, .. } => {
                let (leg, body) = (*leg, dice.body("acknowledgement"));
                return vec![(dice.pause(), Input::Acknowledge { leg, body })];
            }
            _ => return Vec::new(),
        };
        let headers = Headers::new();
        match dice.below(8) {
            0 => Vec::new(),
            1 => {
                let status = StatusCode::NOT_ACCEPTABLE_HERE;
                vec![(
                    dice.pause(),
                    Input::Reject {
                        leg,
                        status,
                        headers,
                    },
                )]
            }
            _ => {
                let mut inputs = Vec::new();
                for _ in 0..dice.below(4) {
                    let pause = dice.pause();
                    inputs.push((pause, whim(&mut dice, leg)));
                }
                inputs.push((dice.pause(), Input::Accept { leg, headers, body }));
                inputs
            }
        }
    })
}

fn calls(
    party: &mut Party,
    peer: std::net::SocketAddr,
    dice: &mut Dice,
    table_now: std::time::Instant,
) {
    let leg = party.endpoint.next_leg();
    let mut headers = Headers::new();
    if dice.below(3) == 0 {
        headers.push(HeaderName::Require, "100rel");
    }
    let body = if dice.below(4) == 0 {
        Bytes::new()
    } else {
        dice.body("offer")
    };
    let invite = Input::Invite {
        leg,
        flow: party.flow_to(peer),
        uri: format!("sip:bob@{peer}").parse().unwrap(),
        from: address("sip:alice@example.com"),
        to: address("sip:bob@example.com"),
        headers,
        body,
        credential: None,
    };
    party.legs.push(leg);
    party.do_now(table_now, invite);
}

/// All calls of a party.
fn legs(party: &Party) -> Vec<LegId> {
    let incoming = party.events.iter().filter_map(|event| match event {
        Event::Incoming { leg, .. } => Some(*leg),
        _ => None,
    });
    party.legs.iter().copied().chain(incoming).collect()
}

/// Each call has exactly one end, and nothing behind it.
fn check(party: &Party, tale: &str) {
    let mut ends: HashMap<LegId, usize> = HashMap::new();
    for event in &party.events {
        let leg = match event {
            Event::Ended { leg, .. } => {
                *ends.entry(*leg).or_default() += 1;
                continue;
            }
            Event::Incoming { leg, .. }
            | Event::Progress { leg, .. }
            | Event::Answered { leg, .. }
            | Event::Acknowledged { leg, .. }
            | Event::ProgressAcknowledged { leg, .. }
            | Event::Reoffer { leg, .. }
            | Event::ReofferAccepted { leg, .. }
            | Event::ReofferWithdrawn { leg }
            | Event::FlowLost { leg }
            | Event::Moved { leg, .. }
            | Event::ReofferRefused { leg, .. } => leg,
            _ => continue,
        };
        assert!(!ends.contains_key(leg), "{event:?} behind the end\n{tale}");
    }
    for leg in legs(party) {
        assert_eq!(ends.get(&leg), Some(&1), "{} {leg}\n{tale}", party.name);
    }
}

/// The connection between them breaks, and there is another one. Some calls are told so, and some not.
fn breaks(table: &mut Table, dice: &mut Dice) {
    let now = table.network.now();
    let (alice, bob) = (table.alice.address, table.bob.address);
    for (party, peer) in [(&mut table.alice, bob), (&mut table.bob, alice)] {
        let flow = party.flow_to(peer);
        party.connection += 1;
        party.do_now(now, Input::FlowFailed { flow });
        let flow = party.flow_to(peer);
        for leg in legs(party) {
            if dice.below(2) == 0 {
                party.do_now(now, Input::MoveLeg { leg, flow });
            }
        }
    }
}

fn play(seed: u64, loss: f64, config: Config) -> Table {
    let conditions = if loss > 0.0 {
        Conditions::bad(loss)
    } else {
        Conditions::perfect()
    };
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let has_connections = !config.flow_recovery.is_zero();
    let mut table = Table::with_config(seed as u8, conditions, config);
    if has_connections {
        table.alice.transport = Transport::Tcp;
        table.bob.transport = Transport::Tcp;
    }
    table.alice.manners = moods(Dice(dice.below(u64::MAX >> 1)));
    table.bob.manners = moods(Dice(dice.below(u64::MAX >> 1)));
    let (alice, bob) = (table.alice.address, table.bob.address);
    for _ in 0..20 {
        let now = table.network.now();
        if has_connections && dice.below(4) == 0 {
            breaks(&mut table, &mut dice);
        }
        let of_alice = dice.below(2) == 0;
        let (party, peer) = if of_alice {
            (&mut table.alice, bob)
        } else {
            (&mut table.bob, alice)
        };
        let legs = legs(party);
        if legs.is_empty() || dice.below(12) == 0 {
            calls(party, peer, &mut dice, now);
        } else {
            let leg = legs[dice.below(legs.len() as u64) as usize];
            let input = whim(&mut dice, leg);
            party.do_now(now, input);
        }
        let pause = dice.pause();
        table.pass(pause);
    }
    // Whoever still speaks stops.
    table.alice.manners = Box::new(|_| Vec::new());
    table.bob.manners = Box::new(|_| Vec::new());
    table.pass(150 * SECOND);
    let now = table.network.now();
    for party in [&mut table.alice, &mut table.bob] {
        for leg in legs(party) {
            party.do_now(now, hangup(leg));
        }
    }
    table.settle();
    let tale = format!("seed {seed}, loss {loss}\n{}", table.tale());
    check(&table.alice, &tale);
    check(&table.bob, &tale);
    table
}

fn config() -> Config {
    Config {
        session_timer: Some(SessionTimer {
            wanted_seconds: 90,
            minimum_seconds: 90,
        }),
        ..Config::default()
    }
}

#[test]
fn every_call_ends_once_whatever_happens() {
    const WORDS: [&str; 8] = [
        "PRACK",
        "200 OK (PRACK)",
        "481 Call/Transaction Does Not Exist (PRACK)",
        "UPDATE",
        "200 OK (UPDATE)",
        "491 Request Pending",
        "504 Server Time-out (INVITE)",
        "ACK",
    ];
    let mut counts = [0; WORDS.len()];
    for seed in 0..400 {
        for loss in [0.0, 0.1, 0.3] {
            let table = play(seed, loss, config());
            for (count, words) in counts.iter_mut().zip(WORDS) {
                *count += table.count(words);
            }
        }
    }
    // It would prove little if the calls were never interesting.
    let rare = counts.iter().zip(WORDS).find(|(count, _)| **count < 20);
    assert!(rare.is_none(), "{rare:?} of {counts:?}");
}

#[test]
fn every_call_ends_once_without_the_extensions_too() {
    for seed in 1000..1100 {
        let config = Config {
            reliable_provisionals: ReliableProvisionals::Never,
            session_timer: None,
            ..Config::default()
        };
        play(seed, 0.2, config);
    }
}

#[test]
fn every_call_ends_once_though_connections_break() {
    let (mut lost, mut questions) = (0, 0);
    for seed in 2000..2400 {
        let config = Config {
            flow_recovery: 32 * SECOND,
            ..config()
        };
        let table = play(seed, 0.0, config);
        let is_lost = |event: &&Event| matches!(event, Event::FlowLost { .. });
        lost += table.alice.events.iter().filter(is_lost).count();
        questions += table.count("UPDATE");
    }
    assert!(lost > 100 && questions > 100, "{lost}, {questions}");
}
