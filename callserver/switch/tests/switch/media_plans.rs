//! What is to be done with the audio between two phones.

use sdp::{Codec, CryptoSuite, Direction};
use simnet::Conditions;
use switch::{CallEnd, Event, MediaPlan, Play};

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;

pub(crate) fn plans(rig: &Rig) -> Vec<MediaPlan> {
    let plan = |event: &Event| match event {
        Event::MediaPlan { plan, .. } => Some(**plan),
        _ => None,
    };
    rig.server.events.iter().filter_map(plan).collect()
}

/// Phones of Alice, Bob and Carol; those that `secure` says come over TLS.
fn rig_with(secure: &[usize], change: impl Fn(&mut Rig)) -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1", "carol-1"]);
    for phone in secure {
        let number = 7 + *phone as u64;
        let address = rig.phones[*phone].address;
        rig.phones[*phone].connection = Some(number);
        rig.phones[*phone].is_secure = true;
        rig.server.connections.insert(address, number);
        rig.server.secure.insert(address);
    }
    change(&mut rig);
    for phone in &mut rig.phones {
        phone.manner = Manner::Answer(seconds(1));
    }
    rig.register_all();
    rig
}

/// Alice has called Bob and speaks with him.
fn talking(secure: &[usize], change: impl Fn(&mut Rig)) -> Rig {
    let mut rig = rig_with(secure, change);
    rig.call("1002");
    rig.run(seconds(5));
    assert_eq!(rig.phones[0].answered, 1, "{:?}", rig.phones[0].ends);
    rig
}

fn finish(mut rig: Rig) {
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(60));
    assert!(
        rig.server
            .ends()
            .iter()
            .all(|(cause, _)| matches!(cause, CallEnd::HungUp | CallEnd::Transferred))
    );
    rig.assert_no_leaks();
}

fn keys(pair: sdp::CryptoPair) -> (sdp::MasterKey, sdp::MasterKey) {
    (pair.ours.key, pair.theirs.key)
}

fn crypto(rig: &Rig, phone: usize) -> sdp::CryptoPair {
    rig.phones[phone].media.unwrap().crypto.unwrap()
}

#[test]
fn phones_with_a_common_codec_are_passed_through_and_the_plan_comes_before_the_answer() {
    let rig = talking(&[], |rig| {
        rig.phones[1].codecs = vec![Codec::Pcma, Codec::G722]
    });
    let plan = plans(&rig)[0];
    assert_eq!(
        (plan.caller.codec, plan.caller.payload_type),
        (Codec::G722, 9)
    );
    assert!(plan.is_passed_through());
    let events = &rig.server.events;
    let at = |is_this: fn(&Event) -> bool| events.iter().position(is_this);
    let planned = at(|event| matches!(event, Event::MediaPlan { .. }));
    let answered = at(|event| matches!(event, Event::CallAnswered { .. }));
    assert!(planned.is_some() && planned < answered);
    assert_eq!(plans(&rig).len(), 1);
    finish(rig);
}

#[test]
fn phones_without_a_common_codec_are_translated_between() {
    let rig = talking(&[], |rig| {
        rig.phones[0].codecs = vec![Codec::Opus];
        rig.phones[1].codecs = vec![Codec::Pcma];
    });
    assert_eq!(rig.phones[1].offers_refused, 1);
    let media = |phone: usize| rig.phones[phone].media.unwrap();
    assert_eq!((media(0).codec, media(1).codec), (Codec::Opus, Codec::Pcma));
    assert_eq!(
        (media(0).telephone_event, media(1).telephone_event),
        (Some(110), Some(101))
    );
    let plan = plans(&rig)[0];
    assert_eq!(
        (
            plan.caller.codec,
            plan.caller.payload_type,
            plan.caller.telephone_event
        ),
        (Codec::Opus, 111, Some(110))
    );
    assert_eq!(
        (
            plan.callee.codec,
            plan.callee.payload_type,
            plan.callee.telephone_event
        ),
        (Codec::Pcma, 8, Some(101))
    );
    assert!(!plan.is_passed_through());
    finish(rig);
}

#[test]
fn phones_that_encrypt_and_share_no_codec_each_speak_with_the_server() {
    let rig = talking(&[0, 1], |rig| {
        rig.phones[0].codecs = vec![Codec::G722];
        rig.phones[1].codecs = vec![Codec::Pcma];
        for phone in [0, 1] {
            rig.phones[phone].encrypt(SUITE);
            rig.phones[phone].refuses_plain = true;
        }
    });
    let plan = plans(&rig)[0];
    assert_eq!(
        (plan.caller.codec, plan.callee.codec),
        (Codec::G722, Codec::Pcma)
    );
    for (phone, side) in [(0, plan.caller), (1, plan.callee)] {
        let (ours, theirs) = keys(side.crypto.unwrap());
        assert_eq!((theirs, ours), keys(crypto(&rig, phone)));
    }
    assert_ne!(
        keys(plan.caller.crypto.unwrap()).0,
        keys(plan.callee.crypto.unwrap()).0
    );
    finish(rig);
}

#[test]
fn a_transfer_to_a_phone_without_a_common_codec_is_translated() {
    let mut rig = talking(&[], |rig| {
        rig.phones[0].codecs = vec![Codec::Pcmu];
        rig.phones[2].codecs = vec![Codec::Opus];
    });
    assert!(plans(&rig)[0].is_passed_through());
    rig.plan(1, seconds(1), Action::Refer("1003"));
    rig.run(seconds(10));
    let plan = *plans(&rig).last().unwrap();
    assert_eq!(
        (plan.caller.codec, plan.callee.codec),
        (Codec::Pcmu, Codec::Opus)
    );
    assert_eq!(rig.phones[2].media.unwrap().codec, Codec::Opus);
    rig.plan(2, seconds(1), Action::Hangup);
    rig.run(seconds(360));
    rig.assert_no_leaks();
}

#[test]
fn translated_phones_can_hold_and_resume_either_way() {
    for holder in [0, 1] {
        let mut rig = talking(&[], |rig| {
            rig.phones[0].codecs = vec![Codec::Pcmu];
            rig.phones[1].codecs = vec![Codec::G722];
        });
        rig.plan(holder, seconds(1), Action::Offer(Direction::SendOnly));
        rig.plan(holder, seconds(3), Action::Offer(Direction::SendRecv));
        rig.run(seconds(6));
        let plans = plans(&rig);
        assert_eq!(plans.len(), 3, "{plans:?}");
        for plan in &plans {
            assert_eq!(
                (plan.caller.codec, plan.callee.codec),
                (Codec::Pcmu, Codec::G722)
            );
        }
        assert!(rig.phones[holder].reoffers_refused.is_empty());
        assert_eq!(plans[0], plans[2]);
        finish(rig);
    }
}

#[test]
fn who_is_held_hears_music_and_the_holder_does_not() {
    for holder in [0, 1] {
        for way in [Direction::SendOnly, Direction::Inactive] {
            let mut rig = talking(&[], |_| {});
            rig.plan(holder, seconds(1), Action::Offer(way));
            rig.run(seconds(3));
            let held = 1 - holder;
            assert_eq!(rig.phones[holder].media.unwrap().direction, way);
            assert_eq!(
                rig.phones[held].media.unwrap().direction,
                Direction::RecvOnly
            );
            let plan = plans(&rig)[1];
            let of = |phone| if phone == 0 { plan.caller } else { plan.callee };
            assert_eq!((of(holder).plays, of(holder).direction), (None, way));
            assert_eq!(
                (of(held).plays, of(held).direction),
                (Some(Play::HoldMusic), Direction::RecvOnly)
            );
            assert!(!plan.is_passed_through());

            rig.plan(holder, seconds(1), Action::Offer(Direction::SendRecv));
            rig.run(seconds(3));
            assert!(plans(&rig)[2].is_passed_through());
            assert_eq!(
                rig.phones[held].media.unwrap().direction,
                Direction::SendRecv
            );
            finish(rig);
        }
    }
}

#[test]
fn two_phones_that_hold_each_other_hear_nothing_and_resume_one_after_the_other() {
    let mut rig = talking(&[], |_| {});
    rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
    rig.run(seconds(3));
    rig.phones[0].holds = true;
    rig.phones[1].holds = true;
    rig.plan(1, seconds(1), Action::Offer(Direction::Inactive));
    rig.run(seconds(3));
    let both = *plans(&rig).last().unwrap();
    assert_eq!((both.caller.plays, both.callee.plays), (None, None));
    rig.phones[0].holds = false;
    rig.plan(0, seconds(1), Action::Offer(Direction::SendRecv));
    rig.run(seconds(3));
    let one = *plans(&rig).last().unwrap();
    assert_eq!(
        (one.caller.plays, one.callee.plays),
        (Some(Play::HoldMusic), None)
    );
    rig.phones[1].holds = false;
    rig.plan(1, seconds(1), Action::Offer(Direction::SendRecv));
    rig.run(seconds(3));
    assert!(plans(&rig).last().unwrap().is_passed_through());
    finish(rig);
}

#[test]
fn keys_of_two_secure_phones_pass_from_end_to_end() {
    let mut rig = talking(&[0, 1], |rig| {
        rig.phones[0].encrypt(SUITE);
        rig.phones[1].encrypt(SUITE);
    });
    let (caller, callee) = (crypto(&rig, 0), crypto(&rig, 1));
    assert_eq!((caller.ours, caller.theirs), (callee.theirs, callee.ours));
    assert!(plans(&rig)[0].is_passed_through());
    rig.plan(1, seconds(1), Action::Offer(Direction::SendOnly));
    rig.run(seconds(3));
    assert_eq!(crypto(&rig, 0), caller);
    finish(rig);
}

#[test]
fn the_server_ends_srtp_where_the_other_phone_is_not_secure() {
    for encrypting in [0, 1] {
        let mut rig = talking(&[encrypting], |rig| {
            rig.phones[encrypting].encrypt(SUITE);
            rig.phones[encrypting].refuses_plain = true;
        });
        let plain = 1 - encrypting;
        assert_eq!(rig.phones[plain].media.unwrap().crypto, None);
        let plan = plans(&rig)[0];
        let of = |phone, plan: MediaPlan| if phone == 0 { plan.caller } else { plan.callee };
        assert_eq!(of(plain, plan).crypto, None);
        let pair = of(encrypting, plan).crypto.unwrap();
        let at_phone = crypto(&rig, encrypting);
        assert_eq!((pair.ours, pair.theirs), (at_phone.theirs, at_phone.ours));
        assert!(!plan.is_passed_through());
        assert_eq!(
            rig.phones[0].offers_refused + rig.phones[1].offers_refused,
            0
        );

        // Hold and resume from both ends keep the keys.
        for phone in [0, 1] {
            rig.plan(phone, seconds(1), Action::Offer(Direction::SendOnly));
            rig.plan(phone, seconds(2), Action::Offer(Direction::SendRecv));
            rig.run(seconds(4));
            assert!(rig.phones[phone].reoffers_refused.is_empty());
            // Only the line of the offer has another number, where the phone offers and not the server.
            let again = crypto(&rig, encrypting);
            assert_eq!(keys(again), keys(at_phone));
            let now = of(encrypting, *plans(&rig).last().unwrap());
            assert_eq!(now.crypto.map(keys), Some(keys(pair)));
            assert_eq!(now.plays, None);
        }
        finish(rig);
    }
}

#[test]
fn a_secure_phone_that_does_not_encrypt_is_asked_once_more() {
    for caller_encrypts in [false, true] {
        let secure: &[usize] = if caller_encrypts { &[0, 1] } else { &[1] };
        let rig = talking(secure, |rig| {
            if caller_encrypts {
                rig.phones[0].encrypt(SUITE);
            }
        });
        assert_eq!(rig.phones[1].offers_refused, 1);
        let plan = plans(&rig)[0];
        assert_eq!(plan.is_passed_through(), !caller_encrypts);
        assert_eq!(plan.caller.crypto.is_some(), caller_encrypts);
        assert_eq!(plan.callee.crypto, None);
        finish(rig);
    }
}

#[test]
fn a_phone_that_always_encrypts_gets_its_way_from_a_secure_caller_that_does_not() {
    let rig = talking(&[0, 1], |rig| {
        rig.phones[1].encrypt(CryptoSuite::AeadAes256Gcm);
        rig.phones[1].refuses_plain = true;
    });
    assert_eq!(rig.phones[1].offers_refused, 1);
    let plan = plans(&rig)[0];
    assert_eq!(
        (plan.caller.crypto, plan.callee.crypto.is_some()),
        (None, true)
    );
    finish(rig);
}

#[test]
fn phones_of_both_kinds_ring_together_each_with_its_own_offer() {
    for winner in ["bob-1", "bob-2"] {
        let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1", "bob-2"]);
        for phone in [0, 1] {
            let address = rig.phones[phone].address;
            rig.phones[phone].connection = Some(phone as u64 + 7);
            rig.phones[phone].is_secure = true;
            rig.phones[phone].encrypt(SUITE);
            rig.server.connections.insert(address, phone as u64 + 7);
            rig.server.secure.insert(address);
        }
        rig.register_all();
        for phone in &mut rig.phones {
            phone.manner = if phone.login == winner {
                Manner::Answer(seconds(1))
            } else {
                Manner::Ring
            };
        }
        rig.call("1002");
        rig.run(seconds(5));
        let plan = plans(&rig)[0];
        assert_eq!(plan.is_passed_through(), winner == "bob-1");
        assert_eq!(plan.caller.crypto.is_some(), winner == "bob-2");
        assert_eq!(
            rig.phones[1].offers_refused + rig.phones[2].offers_refused,
            0
        );
        finish(rig);
    }
}

#[test]
fn a_phone_without_srtp_refuses_in_vain_and_the_caller_hears_why() {
    let mut rig = rig_with(&[], |rig| {
        rig.phones[1].codecs = vec![Codec::Pcma];
        rig.phones[1].encrypt(SUITE);
        rig.phones[1].refuses_plain = true;
    });
    rig.call("1002");
    rig.run(seconds(5));
    // As it is, and with all codecs; a way that anybody can read is no place for keys.
    assert_eq!(rig.phones[1].offers_refused, 1);
    assert!(
        rig.phones[0].ends[0].contains("488"),
        "{:?}",
        rig.phones[0].ends
    );
    rig.assert_no_leaks();
}

#[test]
fn a_transfer_brings_a_plain_newcomer_to_a_phone_that_encrypts() {
    let mut rig = talking(&[0, 1], |rig| {
        rig.phones[0].encrypt(SUITE);
        rig.phones[0].refuses_plain = true;
        rig.phones[1].encrypt(SUITE);
    });
    assert!(plans(&rig)[0].is_passed_through());
    rig.plan(1, seconds(1), Action::Refer("1003"));
    rig.run(seconds(10));
    let plan = *plans(&rig).last().unwrap();
    let pair = plan.caller.crypto.unwrap();
    assert_eq!(pair.theirs, crypto(&rig, 0).ours);
    assert_eq!(plan.callee.crypto, None);
    assert_eq!(rig.phones[2].media.unwrap().crypto, None);

    // The newcomer holds and resumes as if it had been there from the start.
    rig.plan(2, seconds(1), Action::Offer(Direction::SendOnly));
    rig.run(seconds(3));
    assert_eq!(
        plans(&rig).last().unwrap().caller.plays,
        Some(Play::HoldMusic)
    );
    rig.plan(2, seconds(1), Action::Offer(Direction::SendRecv));
    rig.run(seconds(3));
    assert_eq!(*plans(&rig).last().unwrap(), plan);
    // The core remembers for a while that it has told how the transfer went.
    rig.run(seconds(300));
    finish(rig);
}
