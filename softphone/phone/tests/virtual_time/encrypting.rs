//! Who can listen in.

use crate::house::House;
use phone::{Encryption, EndReason, Event, Input};
use sdp::CryptoSuite;
use sip::StatusCode;

fn encryptions(events: &[Event]) -> Vec<Encryption> {
    let told = events.iter().filter_map(|event| match event {
        Event::Answered { encryption, .. } | Event::EncryptionChanged { encryption, .. } => {
            Some(*encryption)
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn two_of_our_phones_encrypt_between_them_when_signalling_is_encrypted() {
    let (house, _, _) = House::secure().talking();
    for handset in [&house.amina, &house.bela] {
        assert_eq!(encryptions(&handset.events), [Encryption::BetweenPhones]);
    }
    let (here, there) = (house.amina.sessions(), house.bela.sessions());
    let (here, there) = (here[0].crypto.unwrap(), there[0].crypto.unwrap());
    assert_eq!(here.ours.suite, CryptoSuite::AeadAes256Gcm);
    assert_eq!((here.ours, here.theirs), (there.theirs, there.ours));
}

#[test]
fn signalling_that_anybody_can_read_carries_no_keys() {
    let (house, _, _) = House::connected();
    assert_eq!(encryptions(&house.amina.events), [Encryption::None]);
    assert!(house.amina.sessions()[0].crypto.is_none());
}

#[test]
fn a_plain_call_is_answered_plainly_and_said_to_be_so() {
    let mut house = House::secure();
    let plain = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n\
                 m=audio 5000 RTP/AVP 0\r\n";
    let now = house.now();
    house.exchange.call(now, "201", plain);
    house.pass(1.0);
    let call = house.ringing();
    house
        .bela
        .handle(house.network.now(), Input::Answer { call });
    house.pass(1.0);
    assert_eq!(encryptions(&house.bela.events), [Encryption::None]);
}

#[test]
fn keys_of_somebody_in_the_middle_are_known_to_lead_no_further_than_there() {
    let mut house = House::secure();
    let key = "Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpb";
    let sealed = format!(
        "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n\
         m=audio 5000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\r\n\
         a=x-carillon-key:1 0123456789abcdef\r\n"
    );
    let now = house.now();
    house.exchange.call(now, "201", &sealed);
    house.pass(1.0);
    let call = house.ringing();
    house
        .bela
        .handle(house.network.now(), Input::Answer { call });
    house.pass(1.0);
    assert_eq!(encryptions(&house.bela.events), [Encryption::ToServer]);
}

#[test]
fn who_takes_no_encrypted_sound_is_offered_plain_sound_once() {
    let mut house = House::secure();
    house.exchange.refuse_with = Some(StatusCode::NOT_ACCEPTABLE_HERE);
    house.dial("201");
    house.pass(1.0);
    assert_eq!(house.amina.ends(), [EndReason::NoCommonCodec]);
    let invites = house.exchange.requests.iter();
    let invites = invites.filter(|method| **method == sip::Method::Invite);
    assert_eq!(invites.count(), 2);
}

#[test]
fn keys_stay_the_same_when_a_call_is_put_on_hold() {
    let (mut house, call, _) = House::secure().talking();
    let before = house.amina.sessions()[0].crypto;
    house
        .amina
        .handle(house.network.now(), Input::Hold { call, on: true });
    house.pass(1.0);
    let sessions = house.amina.sessions();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[1].crypto, before);
}
