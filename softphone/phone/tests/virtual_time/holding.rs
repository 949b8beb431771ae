//! What two people do in a call besides speaking: hold, digits, second calls, handing over.

use crate::house::{Handset, House};
use phone::{CallNumber, Digit, EndReason, Event, Hold, Input, TransferProgress};
use sdp::Direction;
use sip::StatusCode;

const PLAIN: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n\
                     m=audio 5000 RTP/AVP 0\r\n";

fn holds(handset: &Handset, call: CallNumber) -> Hold {
    let calls = handset.calls();
    let call = calls.iter().find(|one| one.number == call).unwrap();
    call.hold
}

fn progress(handset: &Handset) -> Vec<TransferProgress> {
    let told = handset.events.iter().filter_map(|event| match event {
        Event::Transfer { progress, .. } => Some(progress.clone()),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_call_is_put_on_hold_and_goes_on() {
    let (mut house, at_amina, at_bela) = House::connected();
    let hold = |on| Input::Hold { call: at_amina, on };
    house.amina.handle(house.network.now(), hold(true));
    house.pass(1.0);
    assert_eq!(
        (holds(&house.amina, at_amina), holds(&house.bela, at_bela)),
        (
            Hold {
                by_us: true,
                by_them: false
            },
            Hold {
                by_us: false,
                by_them: true
            }
        )
    );
    assert_eq!(house.amina.sessions()[1].direction, Direction::SendOnly);
    // Nobody misses the sound of a call on hold.
    let now = house.now();
    house
        .bela
        .handle(now, Input::MediaStalled { call: at_bela });
    house.pass(200.0);
    house.amina.handle(house.network.now(), hold(false));
    house.pass(1.0);
    assert_eq!(holds(&house.amina, at_amina), Hold::default());
    assert_eq!(holds(&house.bela, at_bela), Hold::default());
    assert_eq!(house.bela.sessions()[2].direction, Direction::SendRecv);
}

#[test]
fn both_may_hold_and_each_goes_on_alone() {
    let (mut house, at_amina, at_bela) = House::connected();
    let now = house.now();
    house.amina.handle(
        now,
        Input::Hold {
            call: at_amina,
            on: true,
        },
    );
    house.pass(1.0);
    let now = house.now();
    house.bela.handle(
        now,
        Input::Hold {
            call: at_bela,
            on: true,
        },
    );
    house.pass(1.0);
    let both = Hold {
        by_us: true,
        by_them: true,
    };
    assert_eq!(holds(&house.amina, at_amina), both);
    assert_eq!(holds(&house.bela, at_bela), both);
    let now = house.now();
    house.amina.handle(
        now,
        Input::Hold {
            call: at_amina,
            on: false,
        },
    );
    house.pass(1.0);
    assert_eq!(
        holds(&house.amina, at_amina),
        Hold {
            by_us: false,
            by_them: true
        }
    );
    assert!(house.amina.is_connected() && house.bela.is_connected());
}

#[test]
fn a_question_for_our_offer_late_in_a_call_does_not_end_it() {
    let (mut house, _, _) = House::connected();
    house.pass(400.0);
    let now = house.now();
    house.exchange.reoffer(now, "201", "");
    house.pass(1.0);
    assert!(house.bela.is_connected());
}

#[test]
fn a_second_call_waits_and_answering_it_holds_the_first() {
    let (mut house, _, at_bela) = House::connected();
    let now = house.now();
    house.exchange.call(now, "201", PLAIN);
    house.pass(1.0);
    let second = house
        .bela
        .events
        .iter()
        .rev()
        .find_map(|event| match event {
            Event::Incoming { call, .. } => Some(*call),
            _ => None,
        })
        .unwrap();
    assert_ne!(second, at_bela);
    let now = house.now();
    house.bela.handle(now, Input::Answer { call: second });
    house.pass(1.0);
    assert!(holds(&house.bela, at_bela).by_us);
    assert!(!holds(&house.bela, second).by_us);
    // Back to the first one: the second waits.
    let swap = Input::Hold {
        call: at_bela,
        on: false,
    };
    house.bela.handle(house.network.now(), swap);
    house.pass(1.0);
    assert!(!holds(&house.bela, at_bela).by_us);
    assert!(holds(&house.bela, second).by_us);
    assert!(house.bela.ends().is_empty());
}

#[test]
fn digits_travel_in_the_sound_where_that_was_agreed_on_and_else_in_info() {
    let (mut house, at_amina, at_bela) = House::connected();
    let press = |call, sign| Input::Press {
        call,
        digit: Digit::new(sign).unwrap(),
    };
    house
        .amina
        .handle(house.network.now(), press(at_amina, '5'));
    let played = house
        .amina
        .count(|event| matches!(event, Event::PlayDigit { digit, .. } if digit.sign() == '5'));
    assert_eq!(played, 1);
    // The other side takes G.711 without telephone-event from now on.
    let now = house.now();
    house.exchange.reoffer(now, "201", PLAIN);
    house.pass(1.0);
    house.bela.handle(house.network.now(), press(at_bela, '#'));
    house.pass(1.0);
    assert_eq!(house.exchange.infos, ["Signal=#\r\nDuration=160\r\n"]);
}

#[test]
fn keys_of_a_telephone_are_digits_and_nothing_else_is() {
    for (code, sign) in (0u8..).zip("0123456789*#ABCD".chars()) {
        assert_eq!(Digit::of_event(code), Digit::new(sign));
    }
    assert_eq!(Digit::new('d').map(Digit::sign), Some('D'));
    assert_eq!((Digit::new('x'), Digit::of_event(16)), (None, None));
}

#[test]
fn a_call_is_handed_over_without_asking() {
    let (mut house, at_amina, _) = House::connected();
    let transfer = Input::Transfer {
        call: at_amina,
        target: "205".into(),
    };
    house.amina.handle(house.network.now(), transfer);
    house.pass(1.0);
    assert_eq!(
        progress(&house.amina),
        [
            TransferProgress::Asked,
            TransferProgress::Ringing,
            TransferProgress::Done
        ]
    );
    assert_eq!(
        house.amina.ends(),
        [EndReason::Transferred("205".to_owned())]
    );
    let target = house.exchange.referred[0].user.as_ref().unwrap();
    assert_eq!(target.as_str(), "205");
}

#[test]
fn a_call_that_nobody_takes_over_goes_on() {
    let (mut house, at_amina, _) = House::connected();
    house.exchange.transfers_end_with = StatusCode::BUSY_HERE;
    for _ in 0..2 {
        let transfer = Input::Transfer {
            call: at_amina,
            target: "205".into(),
        };
        house.amina.handle(house.network.now(), transfer);
        house.pass(1.0);
        let last = progress(&house.amina).pop();
        assert!(
            matches!(&last, Some(TransferProgress::Failed(why)) if why.contains("205 is busy")),
            "{last:?}"
        );
    }
    assert!(house.amina.is_connected());
}

#[test]
fn two_calls_are_joined_after_asking() {
    let (mut house, _, first) = House::connected();
    let now = house.now();
    house.exchange.call(now, "201", PLAIN);
    house.pass(1.0);
    let second = house.bela.calls().last().unwrap().number;
    house
        .bela
        .handle(house.network.now(), Input::Answer { call: second });
    house.pass(1.0);
    let transfer = Input::TransferToCall {
        call: first,
        consulted: second,
    };
    house.bela.handle(house.network.now(), transfer);
    house.pass(1.0);
    assert_eq!(house.bela.ends().len(), 2);
    let ends = house.bela.ends();
    let mut ends = ends.iter();
    assert!(ends.all(|end| matches!(end, EndReason::Transferred(_))));
    let headers = house.exchange.referred[0].headers.as_deref();
    assert!(headers.is_some_and(|text| text.starts_with("Replaces=")));
}

#[test]
fn nothing_can_be_handed_over_to_a_call_that_is_not_there() {
    let (mut house, at_amina, _) = House::connected();
    let consulted = CallNumber(77);
    let transfer = Input::TransferToCall {
        call: at_amina,
        consulted,
    };
    house.amina.handle(house.network.now(), transfer);
    assert!(matches!(
        progress(&house.amina)[..],
        [TransferProgress::Failed(_)]
    ));
    assert!(house.amina.is_connected());
}
