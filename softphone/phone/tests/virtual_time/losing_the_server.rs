//! The server goes away and comes back.

use crate::house::House;
use phone::{EndReason, Event, Input, RegistrationProblem, RegistrationState};
use simnet::Conditions;
use sip::Method;

#[test]
fn a_wrong_secret_ends_the_registration() {
    let mut house = House::new(Conditions::perfect()).with_secret("not the secret");
    house.amina.handle(house.network.now(), Input::SignIn);
    house.pass(60.0);
    let problem = RegistrationProblem::WrongCredential;
    assert_eq!(
        house.amina.states(),
        [
            RegistrationState::Registering,
            RegistrationState::Failed { problem }
        ]
    );
}

#[test]
fn a_registration_that_goes_well_is_told_once() {
    let mut house = House::signed_in();
    house.pass(1000.0);
    assert!(house.amina.events.is_empty(), "{:?}", house.amina.events);
    let registers = house
        .exchange
        .requests
        .iter()
        .filter(|method| **method == Method::Register);
    assert!(registers.count() > 10, "it is refreshed");
}

#[test]
fn the_server_learns_that_it_need_not_send_messages() {
    let house = House::signed_in();
    let contact = &house.exchange.registered_as;
    assert!(contact.contains(";+carillon.rooms"), "{contact}");
}

#[test]
fn a_server_that_wants_more_signs_of_life_gets_them() {
    for (flow_timer, least) in [(None, 35), (Some(3600), 35), (Some(10), 110)] {
        let mut house = House::new(Conditions::perfect());
        house.exchange.flow_timer = flow_timer;
        house.amina.handle(house.network.now(), Input::SignIn);
        house.pass(1000.0);
        let requests = house.exchange.requests.iter();
        let asked = requests
            .filter(|method| **method == Method::Options)
            .count();
        assert!(asked >= least, "{flow_timer:?}: {asked}");
        assert!(asked < 2 * least, "{flow_timer:?}: {asked}");
    }
}

/// The server dies in the middle of a call, and both phones notice that it is silent.
fn silent_in_mid_call() -> House {
    let (mut house, at_amina, at_bela) = House::connected();
    house.pass(30.0);
    assert!(house.amina.is_connected());
    house.exchange.is_dead = true;
    house.pass(2.0);
    let now = house.now();
    house
        .amina
        .handle(now, Input::MediaStalled { call: at_amina });
    house
        .bela
        .handle(now, Input::MediaStalled { call: at_bela });
    house.pass(8.0);
    house
}

fn reconnects(events: &[Event]) -> (usize, usize) {
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
    (
        count(|event| matches!(event, Event::Reconnecting { .. })),
        count(|event| matches!(event, Event::Reconnected { .. })),
    )
}

#[test]
fn a_call_outlives_a_server_that_is_silent_for_a_while() {
    let mut house = silent_in_mid_call();
    assert!(house.amina.is_connected() && house.bela.is_connected());
    assert_eq!(reconnects(&house.amina.events), (1, 0));
    assert!(matches!(
        house.amina.phone.registration(),
        RegistrationState::Retrying { .. }
    ));
    house.exchange.is_dead = false;
    house.pass(50.0);
    assert!(house.amina.is_connected() && house.bela.is_connected());
    assert_eq!(reconnects(&house.amina.events), (1, 1));
    assert_eq!(reconnects(&house.bela.events), (1, 1));
    let call = house.amina.calls()[0].number;
    house
        .amina
        .handle(house.network.now(), Input::HangUp { call });
    house.pass(1.0);
    assert_eq!(house.bela.ends(), [EndReason::RemoteHangup]);
}

#[test]
fn a_server_that_does_not_come_back_in_time_has_lost_the_call() {
    let mut house = silent_in_mid_call();
    house.pass(75.0);
    assert!(house.amina.is_connected() && house.bela.is_connected());
    house.pass(20.0);
    assert_eq!(house.amina.ends(), [EndReason::ServerGone]);
    assert_eq!(house.bela.ends(), [EndReason::ServerGone]);
}

#[test]
fn a_server_that_comes_back_without_the_call_has_ended_it_meanwhile() {
    let mut house = silent_in_mid_call();
    house.exchange.forget_calls();
    house.exchange.is_dead = false;
    house.pass(50.0);
    assert_eq!(house.amina.ends(), [EndReason::EndedMeanwhile]);
    assert_eq!(house.bela.ends(), [EndReason::EndedMeanwhile]);
}

#[test]
fn a_call_that_waits_for_the_server_can_be_hung_up() {
    let mut house = silent_in_mid_call();
    let call = house.amina.calls()[0].number;
    house
        .amina
        .handle(house.network.now(), Input::HangUp { call });
    assert_eq!(house.amina.ends(), [EndReason::LocalHangup]);
}

#[test]
fn a_call_that_is_heard_goes_on_although_the_server_is_silent() {
    let (mut house, _, _) = House::connected();
    let before = house.exchange.requests.len();
    house.pass(30.0);
    let asked = house.exchange.requests[before..].contains(&Method::Options);
    assert!(!asked, "nobody asks while sound flows");
    house.exchange.is_dead = true;
    house.pass(30.0);
    assert!(house.amina.is_connected() && house.bela.is_connected());
}

#[test]
fn a_pause_in_the_sound_is_no_dead_server() {
    let (mut house, at_amina, _) = House::connected();
    house
        .amina
        .handle(house.network.now(), Input::MediaStalled { call: at_amina });
    house.pass(30.0);
    assert!(house.amina.is_connected());
    house
        .amina
        .handle(house.network.now(), Input::MediaFlows { call: at_amina });
    house.pass(120.0);
    assert!(house.amina.is_connected());
}

#[test]
fn a_call_without_sound_ends_although_the_server_is_there() {
    let (mut house, at_amina, _) = House::connected();
    house
        .amina
        .handle(house.network.now(), Input::MediaStalled { call: at_amina });
    house.pass(59.0);
    assert!(house.amina.is_connected());
    house.pass(2.0);
    assert_eq!(house.amina.ends(), [EndReason::MediaSilent]);
}

#[test]
fn a_call_through_a_dead_server_ends_within_ten_seconds() {
    let mut house = House::signed_in();
    house.exchange.is_dead = true;
    house.dial("201");
    house.pass(10.0);
    assert_eq!(house.amina.ends(), [EndReason::ServerUnreachable]);
}

#[test]
fn a_server_that_dies_while_it_rings_ends_the_call() {
    let mut house = House::signed_in();
    house.dial("201");
    house.pass(1.0);
    house.ringing();
    house.exchange.is_dead = true;
    house.pass(10.0);
    assert_eq!(house.amina.ends(), [EndReason::ServerGone]);
    assert_eq!(house.bela.ends(), [EndReason::ServerGone]);
}

#[test]
fn the_phone_comes_back_when_the_server_does() {
    let mut house = House::signed_in();
    house.exchange.is_dead = true;
    house.pass(60.0);
    assert!(
        matches!(
            house.amina.phone.registration(),
            RegistrationState::Retrying { .. }
        ),
        "{:?}",
        house.amina.states()
    );
    house.exchange.is_dead = false;
    house.exchange.bindings.clear();
    house.pass(90.0);
    assert_eq!(
        house.amina.phone.registration(),
        RegistrationState::Registered
    );
    assert!(house.exchange.bindings.contains_key("200"));
    house.dial("201");
    house.pass(1.0);
    house.ringing();
}

#[test]
fn a_lossy_network_is_no_dead_server() {
    let (mut house, at_amina, at_bela) = House::connected();
    house.network.set_conditions(Conditions::bad(0.2));
    for _ in 0..5 {
        let now = house.now();
        house
            .amina
            .handle(now, Input::MediaStalled { call: at_amina });
        house
            .bela
            .handle(now, Input::MediaStalled { call: at_bela });
        house.pass(20.0);
        let now = house.now();
        house
            .amina
            .handle(now, Input::MediaFlows { call: at_amina });
        house.bela.handle(now, Input::MediaFlows { call: at_bela });
    }
    assert!(house.amina.is_connected() && house.bela.is_connected());
}
