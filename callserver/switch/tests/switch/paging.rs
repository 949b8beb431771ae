//! Messages outside calls.

use simnet::Conditions;
use sip::StatusCode;
use switch::{
    AccountId, Content, DeviceId, Event, Input, Letter, LetterEnd, LetterFate, Outgoing, Party,
};

use crate::phone::Action;
use crate::rig::{Rig, seconds};

fn rig(logins: &[&str]) -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), logins);
    rig.register_all();
    rig
}

#[test]
fn a_message_goes_to_all_phones_of_its_recipient_and_one_that_takes_it_is_enough() {
    let mut rig = rig(&["alice-1", "bob-1", "bob-2"]);
    rig.phones[1].answer = StatusCode::BUSY_HERE;
    rig.plan(0, seconds(0), Action::Message("1002", "lunch?"));
    rig.run(seconds(5));
    for phone in 1..3 {
        assert_eq!(rig.phones[phone].heard, ["MESSAGE lunch?"]);
        let from = rig.phones[phone].caller.clone();
        assert_eq!(from.as_deref(), Some("\"alice\" <sip:1001@carillon.test>"));
    }
    assert_eq!(rig.phones[0].heard, ["200 "]);
    rig.assert_no_leaks();
}

#[test]
fn a_message_that_nobody_takes_is_refused_with_what_tells_most() {
    let mut rig = rig(&["alice-1", "bob-1", "bob-2"]);
    rig.phones[1].answer = StatusCode::BUSY_HERE;
    rig.phones[2].answer = StatusCode::NOT_FOUND;
    rig.plan(0, seconds(0), Action::Message("1002", "lunch?"));
    rig.plan(0, seconds(1), Action::Message("1003", "nobody is there"));
    rig.plan(
        0,
        seconds(2),
        Action::Message("4711", "nobody has this number"),
    );
    rig.run(seconds(5));
    assert_eq!(rig.phones[0].heard, ["486 ", "480 ", "404 "]);
    rig.assert_no_leaks();
}

#[test]
fn ones_own_other_phones_get_a_message_to_oneself() {
    let mut rig = rig(&["alice-1", "alice-2"]);
    rig.plan(0, seconds(0), Action::Message("1001", "buy bread"));
    rig.run(seconds(5));
    assert_eq!(rig.phones[1].heard, ["MESSAGE buy bread"]);
    assert_eq!(rig.phones[0].heard, ["200 "]);
}

#[test]
fn messages_arrive_once_over_bad_links() {
    let mut arrived = 0;
    for seed in 0..30 {
        let mut rig = Rig::new(seed, Conditions::perfect(), &["alice-1", "bob-1"]);
        rig.register_all();
        rig.network.set_conditions(Conditions::bad(0.2));
        rig.plan(0, seconds(0), Action::Message("1002", "lunch?"));
        rig.run(seconds(100));
        assert!(rig.phones[1].heard.len() <= 1, "seed {seed}");
        assert_eq!(rig.phones[0].heard.len(), 1, "seed {seed}");
        arrived += rig.phones[1].heard.len();
        rig.assert_no_leaks();
    }
    assert!(arrived >= 28, "{arrived} of 30");
}

#[test]
fn nobody_subscribes_or_publishes_what_does_not_exist() {
    let mut phone = crate::registrant::Registrant::new("alice-1");
    for method in ["SUBSCRIBE", "PUBLISH"] {
        let lines = "Event: weather\r\nContact: <sip:alice@10.0.0.1>\r\n";
        let answer = phone.send(method, "sip:alice-1@carillon.test", lines, None);
        assert_eq!(answer.status.code(), 489);
        assert!(answer.headers.has(&sip::HeaderName::AllowEvents));
    }
}

#[test]
fn a_text_is_accepted_when_it_is_kept_and_phones_are_not_asked() {
    let mut rig = rig(&["alice-1", "bob-1"]);
    rig.server.directory.letter_fate = Some(LetterFate::Kept);
    rig.plan(0, seconds(0), Action::Message("1002", "lunch?"));
    rig.run(seconds(5));
    assert_eq!(rig.phones[0].heard, ["202 "]);
    assert!(rig.phones[1].heard.is_empty());
    let [(to, Letter::Text(letter))] = &rig.server.directory.letters[..] else {
        panic!("{:?}", rig.server.directory.letters);
    };
    assert_eq!((*to, &*letter.text), (AccountId(2), "lunch?"));
    // Somebody who is not welcome learns nothing: their words are kept from those who have blocked them.
    rig.server.directory.block("bob", "alice");
    rig.plan(0, seconds(0), Action::Message("1002", "lunch?"));
    rig.run(seconds(5));
    assert_eq!(rig.phones[0].heard, ["202 ", "202 "]);
    rig.assert_no_leaks();
}

#[test]
fn what_is_not_kept_is_refused_with_what_its_sender_can_do() {
    let mut rig = rig(&["alice-1", "bob-1"]);
    let fates = [
        (LetterFate::Invalid, "400 "),
        (LetterFate::TooLong, "413 "),
        (LetterFate::Later { seconds: 7 }, "503 "),
        (LetterFate::NotForConversations, "200 "),
    ];
    for (fate, told) in fates {
        rig.server.directory.letter_fate = Some(fate);
        rig.plan(0, seconds(0), Action::Message("1002", "lunch?"));
        rig.run(seconds(5));
        assert_eq!(rig.phones[0].heard.last().map(String::as_str), Some(told));
    }
    assert_eq!(rig.phones[1].heard, ["MESSAGE lunch?"]);
    rig.assert_no_leaks();
}

fn letter(ticket: u64, device: i64, text: &str) -> Input {
    let party = |account, number: &'static str, name: &'static str| Party {
        account: AccountId(account),
        number: Some(number.into()),
        display_name: name.into(),
        is_guest: false,
    };
    Input::SendLetter {
        ticket,
        from: party(1, "1001", "alice"),
        to: party(2, "1002", ""),
        device: DeviceId(device),
        letter: Box::new(Outgoing {
            content: Content::Plain(text.to_owned()),
            date: None,
        }),
    }
}

fn ends(rig: &Rig) -> Vec<(u64, LetterEnd)> {
    let events = rig.server.events.iter();
    let ends = events.filter_map(|event| match event {
        Event::LetterEnded { ticket, end } => Some((*ticket, *end)),
        _ => None,
    });
    ends.collect()
}

#[test]
fn a_letter_goes_to_the_one_phone_that_it_is_for() {
    let mut rig = rig(&["alice-1", "bob-1", "bob-2"]);
    let devices: Vec<i64> = (1..3)
        .map(|phone| rig.server.directory.device_of(&rig.phones[phone].login))
        .collect();
    let now = rig.now();
    for (ticket, device, text) in [
        (1, devices[0], "one"),
        (2, devices[1], "two"),
        (3, 999, "nobody"),
    ] {
        let input = letter(ticket, device, text);
        rig.server.handle(now, input);
    }
    rig.run(seconds(5));
    assert_eq!(rig.phones[1].heard, ["MESSAGE one"]);
    assert_eq!(rig.phones[2].heard, ["MESSAGE two"]);
    let from = rig.phones[1].caller.clone();
    assert_eq!(from.as_deref(), Some("\"alice\" <sip:1001@carillon.test>"));
    let mut told = ends(&rig);
    told.sort_by_key(|(ticket, _)| *ticket);
    assert_eq!(
        told,
        [
            (1, LetterEnd::Answered(200)),
            (2, LetterEnd::Answered(200)),
            (3, LetterEnd::NotHere),
        ]
    );
    rig.assert_no_leaks();
}

#[test]
fn a_phone_that_reads_conversations_by_itself_gets_no_letter() {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1", "bob-2"]);
    rig.phones[1].features = vec![sip::READS_ROOMS.into()];
    rig.register_all();
    let now = rig.now();
    for phone in 1..3 {
        let device = rig.server.directory.device_of(&rig.phones[phone].login);
        let ticket = u64::try_from(phone).expect("a phone");
        rig.server.handle(now, letter(ticket, device, "lunch?"));
    }
    rig.run(seconds(5));
    assert!(rig.phones[1].heard.is_empty());
    assert_eq!(rig.phones[2].heard, ["MESSAGE lunch?"]);
    let told = ends(&rig);
    assert!(told.contains(&(1, LetterEnd::NotHere)), "{told:?}");
    rig.assert_no_leaks();
}

#[test]
fn a_letter_goes_to_where_its_phone_was_heard_of_last() {
    // Started anew somewhere else, without a word of farewell.
    let mut rig = rig(&["alice-1", "bob-1", "bob-1"]);
    let device = rig.server.directory.device_of("bob-1");
    for phone in [1, 2, 1] {
        rig.run(seconds(1));
        let now = rig.now();
        rig.phones[phone].register(now);
        rig.run(seconds(5));
        let now = rig.now();
        rig.server.handle(now, letter(1, device, "lunch?"));
        rig.run(seconds(5));
        assert_eq!(
            rig.phones[phone].heard.pop().as_deref(),
            Some("MESSAGE lunch?")
        );
        assert!(rig.phones.iter().all(|phone| phone.heard.is_empty()));
    }
    rig.assert_no_leaks();
}

#[test]
fn of_each_letter_it_is_told_once_what_became_of_it_however_bad_the_link() {
    for seed in 0..20 {
        let mut rig = Rig::new(seed, Conditions::perfect(), &["alice-1", "bob-1"]);
        rig.register_all();
        rig.network.set_conditions(Conditions::bad(0.3));
        let device = rig.server.directory.device_of("bob-1");
        let now = rig.now();
        for ticket in 1..6 {
            let input = letter(ticket, device, "lunch?");
            rig.server.handle(now, input);
        }
        rig.run(seconds(100));
        let mut told: Vec<u64> = ends(&rig).into_iter().map(|(ticket, _)| ticket).collect();
        told.sort_unstable();
        assert_eq!(told, [1, 2, 3, 4, 5], "seed {seed}");
        rig.assert_no_leaks();
    }
}
