//! Digits that phones dial within a call, in INFO.

use sdp::CryptoSuite;
use simnet::Conditions;
use sip::StatusCode;
use switch::{Config, Event, Side};

use crate::phone::Action;
use crate::rig::{Rig, seconds};
use crate::server::DOMAIN;

const RELAY: &str = "application/dtmf-relay";
const FIVE: &str = "Signal=5\r\nDuration=200\r\n";

fn talking() -> Rig {
    talking_with(true)
}

fn talking_with(sounds_digits: bool) -> Rig {
    let config = Config {
        sounds_digits,
        ..Config::new(DOMAIN)
    };
    let mut rig = Rig::with_config(1, Conditions::perfect(), &["alice-1", "bob-1"], config);
    rig.register_all();
    rig.call("1002");
    rig.run(seconds(10));
    rig
}

fn sounded(rig: &Rig) -> Vec<(Side, char, u32)> {
    let digit = |event: &Event| match event {
        Event::MediaDigit {
            to, digit, millis, ..
        } => Some((*to, *digit, *millis)),
        _ => None,
    };
    rig.server.events.iter().filter_map(digit).collect()
}

#[test]
fn digits_go_to_the_other_phone_as_they_came() {
    let mut rig = talking();
    rig.plan(0, seconds(0), Action::Inform(RELAY, FIVE));
    rig.plan(1, seconds(1), Action::Inform("application/dtmf", "#"));
    rig.run(seconds(2));
    assert_eq!(rig.phones[1].heard[0], format!("INFO {FIVE}"));
    assert_eq!(rig.phones[0].heard, ["200 heard", "INFO #"]);
    assert!(sounded(&rig).is_empty());
}

#[test]
fn a_phone_that_knows_no_digits_in_info_gets_them_in_its_audio() {
    for status in [405, 415, 469, 501] {
        let mut rig = talking();
        rig.phones[1].answer = StatusCode::new(status).unwrap();
        rig.plan(0, seconds(0), Action::Inform(RELAY, FIVE));
        rig.plan(0, seconds(1), Action::Inform(RELAY, "Signal=*"));
        rig.run(seconds(2));
        assert_eq!(rig.phones[0].heard, ["200 ", "200 "]);
        assert_eq!(rig.phones[1].heard.len(), 1, "it is asked once");
        assert_eq!(
            sounded(&rig),
            [(Side::Callee, '5', 200), (Side::Callee, '*', 160)]
        );
        rig.plan(1, seconds(0), Action::Hangup);
        rig.run(seconds(10));
        rig.assert_no_leaks();
    }
}

#[test]
fn what_is_no_digit_is_refused_and_other_information_is_the_phones_affair() {
    let mut rig = talking();
    rig.phones[1].answer = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    rig.plan(0, seconds(0), Action::Inform(RELAY, "Signal=flash"));
    rig.plan(0, seconds(1), Action::Inform("application/x-what", "5"));
    rig.run(seconds(2));
    assert_eq!(rig.phones[0].heard, ["400 ", "415 heard"]);
    assert!(sounded(&rig).is_empty());
}

#[test]
fn where_nobody_can_put_digits_into_audio_the_refusal_passes() {
    let mut rig = talking_with(false);
    rig.phones[1].answer = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    rig.plan(0, seconds(0), Action::Inform(RELAY, FIVE));
    rig.run(seconds(2));
    assert_eq!(rig.phones[0].heard, ["415 heard"]);
    assert!(sounded(&rig).is_empty());
}

#[test]
fn nothing_is_put_into_audio_that_only_the_phones_can_open() {
    let config = Config {
        sounds_digits: true,
        ..Config::new(DOMAIN)
    };
    let mut rig = Rig::with_config(1, Conditions::perfect(), &["alice-1", "bob-1"], config);
    for (number, phone) in (7..).zip(&mut rig.phones) {
        phone.encrypt(CryptoSuite::AesCm128HmacSha1_80);
        phone.connection = Some(number);
        phone.is_secure = true;
        rig.server.connections.insert(phone.address, number);
        rig.server.secure.insert(phone.address);
    }
    rig.register_all();
    rig.call("1002");
    rig.run(seconds(10));
    rig.phones[1].answer = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    rig.plan(0, seconds(0), Action::Inform(RELAY, FIVE));
    rig.run(seconds(2));
    assert_eq!(rig.phones[0].heard, ["415 heard"]);
    assert!(sounded(&rig).is_empty());
}
