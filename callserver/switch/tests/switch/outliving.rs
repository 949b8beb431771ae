//! Calls that outlive the server: it dies in the middle of them, and another one goes on with what was kept.

use std::collections::BTreeMap;
use std::time::Duration;

use sdp::Direction;
use simnet::Conditions;
use sip::{Flow, Method, StatusCode, Transport};
use switch::{CallEnd, Config, Event, Input, Side, StoredBinding, StoredCall, WallClock};

use crate::media_plans::plans;
use crate::phone::{Action, Manner, Phone};
use crate::rig::{Rig, seconds};
use crate::server::{DOMAIN, Server};

fn config() -> Config {
    Config {
        keeps_calls: true,
        ..Config::new(DOMAIN)
    }
}

fn rig(seed: u8, conditions: Conditions, logins: &[&str]) -> Rig {
    let mut rig = Rig::with_config(seed, conditions, logins, config());
    rig.phones[1].manner = Manner::Answer(seconds(1));
    rig.register_all();
    rig
}

/// Alice and Bob speak.
fn talking() -> (Rig, Keeper) {
    let mut rig = Rig::with_config(
        1,
        Conditions::perfect(),
        &["alice-1", "bob-1", "carol-1"],
        config(),
    );
    rig.phones[1].manner = Manner::Answer(seconds(1));
    let keeper = Keeper::register_all(&mut rig);
    rig.call("1002");
    rig.run(seconds(5));
    assert_eq!(rig.phones[0].answered, 1);
    (rig, keeper)
}

#[test]
fn keys_and_codecs_of_the_server_are_those_of_before() {
    let mut rig = Rig::with_config(1, Conditions::perfect(), &["alice-1", "bob-1"], config());
    rig.phones[0].codecs = vec![sdp::Codec::Opus];
    rig.phones[0].encrypt(sdp::CryptoSuite::AesCm128HmacSha1_80);
    rig.phones[0].refuses_plain = true;
    rig.phones[1].codecs = vec![sdp::Codec::Pcma];
    let mut keeper = Keeper::register_all(&mut rig);
    rig.call("1002");
    rig.run(seconds(5));
    let before = *plans(&rig).last().unwrap();
    assert!(before.caller.crypto.is_some());
    keeper.restart(&mut rig);
    rig.run(seconds(1));
    // Once by the server that has died, and once by this one.
    assert_eq!(plans(&rig), [before, before]);
    rig.plan(1, seconds(1), Action::Offer(Direction::SendOnly));
    rig.plan(1, seconds(2), Action::Offer(Direction::SendRecv));
    rig.run(seconds(5));
    assert_eq!(plans(&rig).len(), 4);
    let after = *plans(&rig).last().unwrap();
    let keys = |plan: switch::MediaPlan| {
        let pair = plan.caller.crypto.unwrap();
        (pair.ours.key, pair.theirs.key)
    };
    assert_eq!(keys(after), keys(before));
    assert_eq!(after.callee, before.callee);
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(60));
    rig.assert_no_leaks();
}

/// Keeps what the server says is to be kept.
#[derive(Default)]
pub(crate) struct Keeper {
    bindings: BTreeMap<u64, StoredBinding>,
    restarts: u8,
}

impl Keeper {
    pub(crate) fn register_all(rig: &mut Rig) -> Self {
        let mut keeper = Keeper::default();
        let now = rig.now();
        for phone in &mut rig.phones {
            phone.register(now);
        }
        rig.run(seconds(2));
        keeper.read(&rig.server.events);
        rig.register_all();
        keeper
    }

    fn read(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::DeviceRegistered { binding, .. } => {
                    self.bindings.insert(binding.id.0, *binding.clone());
                }
                Event::DeviceUnregistered { binding, .. } => {
                    self.bindings.remove(&binding.0);
                }
                _ => {}
            }
        }
    }

    /// What the server that has died has left of its calls, as it comes back from where it was kept.
    fn calls(&mut self, events: &[Event]) -> Vec<StoredCall> {
        self.read(events);
        let mut calls = BTreeMap::new();
        for event in events {
            if let Event::CallChanged { call, kept } = event {
                match kept {
                    Some(kept) => calls.insert(*call, kept.clone()),
                    None => calls.remove(call),
                };
            }
        }
        let written = serde_json::to_string(&calls.into_values().collect::<Vec<_>>()).unwrap();
        serde_json::from_str(&written).unwrap()
    }

    /// The server dies, and another one takes its place.
    pub(crate) fn restart(&mut self, rig: &mut Rig) {
        self.restart_with(rig, config(), false);
    }

    fn restart_with(&mut self, rig: &mut Rig, config: Config, are_doubtful: bool) {
        self.restarts += 1;
        let events = std::mem::take(&mut rig.server.events);
        let calls = self.calls(&events);
        let mut server = Server::new(config, 100 + self.restarts);
        server.add_people();
        server.connections = std::mem::take(&mut rig.server.connections);
        server.media = std::mem::take(&mut rig.server.media);
        server.open_ports = calls.iter().map(|kept| kept.call).collect();
        let bindings = self.bindings.values().cloned().collect();
        let now = rig.now();
        server.handle(now, Input::Restore { bindings });
        server.events = events
            .into_iter()
            .filter(|event| !matches!(event, Event::CallChanged { .. }))
            .collect();
        let restore = Input::RestoreCalls {
            calls,
            are_doubtful,
        };
        server.handle(now, restore);
        rig.server = server;
    }
}

/// One of them hangs up, and the other hears it.
fn finish(rig: &mut Rig, hangs_up: usize) {
    rig.plan(hangs_up, seconds(1), Action::Hangup);
    rig.run(seconds(60));
    let side = [Side::Caller, Side::Callee][hangs_up];
    assert_eq!(rig.end(), (CallEnd::HungUp, Some(side)), "{}", rig.ladder());
    assert_eq!(rig.phones[1 - hangs_up].end(), "they hung up");
    rig.assert_no_leaks();
}

fn directions(rig: &Rig) -> (Direction, Direction) {
    let of = |phone: usize| rig.phones[phone].media.unwrap().direction;
    (of(0), of(1))
}

#[test]
fn nobody_notices_that_the_server_died_in_their_call() {
    for hangs_up in [0, 1] {
        let (mut rig, mut keeper) = talking();
        let said = rig.ladder();
        keeper.restart(&mut rig);
        rig.run(seconds(10));
        assert_eq!(rig.ladder(), said, "nothing is sent for it");
        let counts = rig.server.switch.counts();
        assert_eq!((counts.calls, counts.legs, counts.registrations), (1, 2, 3));
        finish(&mut rig, hangs_up);
    }
}

#[test]
fn what_phones_do_in_a_call_works_after_a_restart_as_before() {
    let (mut rig, mut keeper) = talking();
    keeper.restart(&mut rig);
    rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
    rig.plan(1, seconds(3), Action::Send(Method::Info, "are you there?"));
    rig.run(seconds(5));
    assert_eq!(directions(&rig), (Direction::SendOnly, Direction::RecvOnly));
    assert_eq!(rig.phones[0].heard, ["INFO are you there?"]);
    keeper.restart(&mut rig);
    rig.plan(1, seconds(1), Action::AskForOffer);
    rig.plan(0, seconds(3), Action::Offer(Direction::SendRecv));
    rig.run(seconds(5));
    assert_eq!(directions(&rig), (Direction::SendRecv, Direction::SendRecv));
    // Longer than any session interval: the refreshes go on.
    rig.run(seconds(4000));
    keeper.restart(&mut rig);
    rig.run(seconds(4000));
    assert!(rig.server.ends().is_empty(), "{}", rig.ladder());
    rig.plan(1, seconds(1), Action::Refer("1003"));
    rig.run(seconds(10));
    assert_eq!(rig.phones[1].end(), "they hung up");
    keeper.restart(&mut rig);
    rig.plan(2, seconds(1), Action::Hangup);
    rig.run(seconds(300));
    assert_eq!(rig.phones[0].end(), "they hung up");
    rig.run(seconds(300));
    rig.assert_no_leaks();
}

#[test]
fn new_calls_get_new_names_and_old_ones_count_for_their_account() {
    let (mut rig, mut keeper) = talking();
    let few = Config {
        max_calls_of_account: 1,
        ..config()
    };
    keeper.restart_with(&mut rig, few, false);
    rig.plan(2, seconds(1), Action::Call("1001".into()));
    rig.run(seconds(5));
    let names: Vec<u64> = rig
        .server
        .events
        .iter()
        .filter_map(|event| match event {
            Event::CallStarted { call, .. } => Some(call.0),
            _ => None,
        })
        .collect();
    assert_eq!(names, [1, 2]);
    rig.plan(0, seconds(1), Action::Call("1002".into()));
    rig.run(seconds(5));
    let told = "403 Forbidden, 399 carillon.test \"You have too many calls at once\"";
    assert_eq!(rig.phones[0].end(), told);
}

/// The server finds nobody where these phones had their connections.
fn nobody_listens(rig: &mut Rig, phones: &[usize]) {
    rig.server.connections.clear();
    while rig.server.switch.poll_transmit().is_some() {}
    for phone in phones {
        let flow = Flow {
            transport: Transport::Tcp,
            local: rig.server.address,
            remote: rig.phones[*phone].address,
            connection: 0,
        };
        let now = rig.now();
        rig.server.handle(now, Input::FlowFailed { flow });
    }
}

#[test]
fn a_phone_over_a_connection_gets_its_call_back_when_it_registers_or_speaks_in_it() {
    for (phone, registers) in [(0, true), (1, true), (0, false), (1, false)] {
        let mut rig = Rig::with_config(1, Conditions::perfect(), &["alice-1", "bob-1"], config());
        for phone in &mut rig.phones {
            rig.server.connections.insert(phone.address, 1);
            phone.connection = Some(1);
        }
        rig.phones[1].manner = Manner::Answer(seconds(1));
        let mut keeper = Keeper::register_all(&mut rig);
        rig.call("1002");
        rig.run(seconds(5));
        keeper.restart(&mut rig);
        nobody_listens(&mut rig, &[0, 1]);
        rig.run(seconds(5));
        assert!(
            rig.server.ends().is_empty(),
            "{:?}\n{}",
            rig.server.story(),
            rig.ladder()
        );
        for (port, phone) in (50_001..).zip([phone, 1 - phone]) {
            let now = rig.now();
            let own: &mut Phone = &mut rig.phones[phone];
            own.address.set_port(port);
            own.connection = Some(2);
            rig.server.connections.insert(own.address, 2);
            let name = own.login.clone();
            rig.network.name(own.address, &format!("{name}/2"));
            if registers {
                own.register(now);
            } else {
                let (leg, flow) = (own.leg.unwrap(), own.flow());
                own.handle(now, sip::Input::MoveLeg { leg, flow });
            }
            rig.run(seconds(5));
        }
        rig.run(seconds(60));
        rig.plan(1 - phone, seconds(1), Action::Offer(Direction::SendOnly));
        rig.run(seconds(5));
        assert_eq!(
            rig.phones[phone].media.unwrap().direction,
            Direction::RecvOnly,
            "{}",
            rig.ladder()
        );
        finish(&mut rig, phone);
    }
}

#[test]
fn a_phone_that_does_not_come_back_over_a_connection_has_lost_its_call() {
    let mut rig = Rig::with_config(1, Conditions::perfect(), &["alice-1", "bob-1"], config());
    let bob = rig.phones[1].address;
    rig.server.connections.insert(bob, 1);
    rig.phones[1].connection = Some(1);
    rig.phones[1].manner = Manner::Answer(seconds(1));
    let mut keeper = Keeper::register_all(&mut rig);
    rig.call("1002");
    rig.run(seconds(5));
    keeper.restart(&mut rig);
    nobody_listens(&mut rig, &[1]);
    rig.run(seconds(33));
    assert_eq!(rig.end(), (CallEnd::Lost, Some(Side::Callee)));
    assert_eq!(rig.phones[0].end(), "they hung up");
    rig.phones[1].leg = None;
    rig.assert_no_leaks();
}

#[test]
fn after_a_long_time_phones_are_asked_whether_they_still_have_their_calls() {
    let (mut rig, mut keeper) = talking();
    let later = |rig: &Rig, unix_seconds| Config {
        wall_clock: Some(WallClock {
            at: rig.now(),
            unix_seconds,
        }),
        ..config()
    };
    let clock = later(&rig, 5000);
    keeper.restart_with(&mut rig, clock, false);
    rig.run(seconds(1));
    // Nobody was there for an hour, and bob has hung up meanwhile.
    rig.phones[1] = Phone::new("bob-1", 11, 77);
    let clock = later(&rig, 8600);
    keeper.restart_with(&mut rig, clock, true);
    rig.run(seconds(10));
    assert_eq!(rig.end(), (CallEnd::Lost, Some(Side::Callee)));
    assert_eq!(rig.phones[0].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn a_transfer_that_was_under_way_is_cut_and_the_call_is_as_it_was() {
    for after in [0, 500] {
        let (mut rig, mut keeper) = talking();
        rig.phones[2].manner = Manner::Answer(seconds(20));
        rig.plan(1, seconds(0), Action::Refer("1003"));
        rig.run(seconds(1) + Duration::from_millis(after));
        keeper.restart(&mut rig);
        rig.run(seconds(5));
        rig.plan(0, seconds(1), Action::Send(Method::Info, "still there?"));
        rig.run(seconds(5));
        let heard = rig.phones[1].heard.last();
        assert_eq!(heard.map(String::as_str), Some("INFO still there?"));
        rig.plan(0, seconds(1), Action::Hangup);
        rig.run(seconds(2));
        assert_eq!(rig.phones[1].end(), "they hung up");
    }
}

#[test]
fn only_answered_calls_are_kept_and_none_that_has_ended() {
    let mut rig = rig(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    rig.phones[1].manner = Manner::Refuse(StatusCode::BUSY_HERE);
    rig.call("1002");
    rig.run(seconds(5));
    assert!(Keeper::default().calls(&rig.server.events).is_empty());
    rig.phones[1].manner = Manner::Answer(seconds(3));
    rig.call("1002");
    rig.run(seconds(2));
    assert!(Keeper::default().calls(&rig.server.events).is_empty());
    rig.run(seconds(3));
    assert_eq!(Keeper::default().calls(&rig.server.events).len(), 1);
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(3));
    assert!(Keeper::default().calls(&rig.server.events).is_empty());
}

#[test]
fn a_server_that_dies_at_any_moment_of_a_change_leaves_a_call_that_can_be_used() {
    for (seed, after) in (0..=255_u8).cycle().zip((0..3_000).step_by(23)) {
        let mut rig =
            Rig::with_config(seed, Conditions::bad(0.05), &["alice-1", "bob-1"], config());
        rig.phones[1].manner = Manner::Answer(Duration::ZERO);
        let mut keeper = Keeper::register_all(&mut rig);
        rig.call("1002");
        rig.run(seconds(10));
        if rig.phones[0].answered == 0 {
            continue;
        }
        rig.plan(
            0,
            Duration::from_millis(500),
            Action::Offer(Direction::SendOnly),
        );
        rig.plan(
            1,
            Duration::from_millis(1500),
            Action::Offer(Direction::SendRecv),
        );
        rig.run(Duration::from_millis(after));
        keeper.restart(&mut rig);
        rig.run(seconds(40));
        let tale = rig.ladder();
        assert!(rig.server.ends().is_empty(), "after {after} ms\n{tale}");
        rig.plan(1, seconds(1), Action::Send(Method::Info, "are you there?"));
        rig.run(seconds(40));
        assert_eq!(
            rig.phones[0].heard,
            ["INFO are you there?"],
            "after {after} ms\n{}",
            rig.ladder()
        );
        rig.plan(0, seconds(1), Action::Hangup);
        rig.run(seconds(60));
        assert_eq!(rig.phones[1].end(), "they hung up");
        rig.assert_no_leaks();
    }
}
