//! Digits dialled in a conversation.

use std::time::Duration;

use media::{Codec, Config, Digit, Event, Input};
use simnet::Conditions;

use crate::telephone::{Call, Telephone};

fn with_digits(codec: Codec) -> [Config; 2] {
    let config = Config {
        telephone_event: Some(101),
        ..Config::new(codec)
    };
    [config.clone(), config]
}

fn dial(call: &mut Call, digits: &str) {
    for sign in digits.chars() {
        let digit = Digit::new(sign).expect("a key");
        let now = call.air.now();
        call.alice.session.handle(now, Input::Digit(digit));
    }
}

fn heard(telephone: &Telephone) -> String {
    let digits = telephone.events.iter().filter_map(|event| match event {
        Event::Digit(digit) => Some(digit.sign()),
        _ => None,
    });
    digits.collect()
}

#[test]
fn digits_are_heard_in_order_once_each_also_over_a_bad_network() {
    let bad = Conditions {
        loss: 0.2,
        duplicate: 0.1,
        delay_least: Duration::from_millis(10),
        delay_most: Duration::from_millis(45),
        ..Conditions::perfect()
    };
    for (codec, conditions) in [
        (Codec::Opus, Conditions::perfect()),
        (Codec::Pcma, bad),
        (Codec::G722, bad),
    ] {
        let mut call = Call::agreed(with_digits(codec), conditions, 1);
        call.go_on(Duration::from_secs(1));
        dial(&mut call, "0123456789*#ABCD11");
        call.go_on(Duration::from_secs(5));
        assert_eq!(heard(&call.bob), "0123456789*#ABCD11", "{codec:?}");
        assert_eq!(heard(&call.alice), "");
        assert_eq!(call.bob.session.statistics().malformed, 0);
    }
}

#[test]
fn sound_pauses_for_a_digit_and_goes_on_and_nothing_counts_as_lost() {
    let mut call = Call::agreed(with_digits(Codec::Opus), Conditions::perfect(), 1);
    call.go_on(Duration::from_secs(2));
    dial(&mut call, "5");
    call.finish();
    let statistics = call.bob.session.statistics();
    assert_eq!(statistics.lost, 0, "{statistics:?}");
    // The pause is noticed when nothing comes, as any pause is; what the digit's packets stand for is not invented.
    assert!(statistics.concealed <= 4, "{statistics:?}");
    // A word may lack a tenth of a second, no more.
    assert!(crate::hear(&call)[0].similarity > 0.85);
}

#[test]
fn without_agreement_no_digit_is_sent() {
    let mut call = Call::new(Codec::Pcmu, Conditions::perfect(), 1);
    dial(&mut call, "5");
    call.go_on(Duration::from_secs(1));
    assert_eq!(heard(&call.bob), "");
    assert_eq!(call.bob.session.statistics().malformed, 0);
}
