//! Calls whose other side is the server itself: voicemail, hearing what was left there, and the own greeting.

use std::time::Duration;

use sdp::{Codec, CryptoSuite, Direction};
use simnet::Conditions;
use sip::{StatusCode, Text};
use switch::{
    AccountId, CallEnd, CallId, Config, Event, House, Input, MessageId, Prompt, Recording, Side,
    Sound, Treatment, Voicemail,
};

use crate::media_plans::plans;
use crate::outliving::Keeper;
use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};
use crate::server::DOMAIN;
use crate::treating::{UNANSWERED, number, rig, rig_with, treat};

const BOB: AccountId = AccountId(2);
const BEEP: Sound = Sound::Prompt(Prompt::Beep);
const GREETING: Sound = Sound::Greeting { of: BOB };

/// Bob takes messages after 12 s.
fn takes_messages(bob: &mut Treatment) {
    bob.voicemail = Some(Voicemail {
        after: seconds(12),
        is_full: false,
    });
}

fn house() -> House {
    House::Voicemail {
        of: BOB,
        is_full: false,
    }
}

/// As which the server has answered calls.
fn houses(rig: &Rig) -> Vec<House> {
    let house = |event: &Event| match event {
        Event::CallHosted { house, .. } => Some(*house),
        _ => None,
    };
    rig.server.events.iter().filter_map(house).collect()
}

/// What the studio was told to play, with the number of each order.
fn plays(rig: &Rig) -> Vec<(u32, Sound)> {
    let play = |event: &Event| match event {
        Event::MediaPlays {
            play, sound, to, ..
        } => {
            assert_eq!(*to, Side::Caller);
            Some((*play, *sound))
        }
        _ => None,
    };
    rig.server.events.iter().filter_map(play).collect()
}

fn sounds(rig: &Rig) -> Vec<Sound> {
    plays(rig).into_iter().map(|(_, sound)| sound).collect()
}

fn recordings(rig: &Rig) -> Vec<(Recording, Duration)> {
    let recording = |event: &Event| match event {
        Event::MediaRecords {
            recording, longest, ..
        } => Some((*recording, *longest)),
        _ => None,
    };
    rig.server.events.iter().filter_map(recording).collect()
}

fn tell(rig: &mut Rig, input: Input) {
    let now = rig.now();
    rig.server.handle(now, input);
    rig.run(seconds(1));
}

/// What is played at present is over.
fn play_to_end(rig: &mut Rig, call: u64) {
    let play = plays(rig).last().unwrap().0;
    let call = CallId(call);
    tell(rig, Input::MediaPlayed { call, play });
}

fn press(rig: &mut Rig, digit: char) {
    let call = CallId(1);
    tell(rig, Input::MediaPressed { call, digit });
}

/// Alice has called Bob, who does not answer, and hears the greeting.
fn greeted() -> Rig {
    let mut rig = rig();
    treat(&mut rig, "bob", takes_messages);
    rig.phones[1].manner = Manner::Ring;
    rig.call("1002");
    rig.run(seconds(14));
    assert_eq!(houses(&rig), [house()]);
    rig
}

#[test]
fn who_is_not_answered_leaves_a_message_and_is_let_go_when_silent() {
    let mut rig = greeted();
    assert_eq!(rig.phones[0].answered, 1);
    assert_eq!(rig.phones[1].end(), UNANSWERED);
    assert_eq!(sounds(&rig), [GREETING]);
    let plan = plans(&rig)[0];
    assert_eq!(plan.house, Some(Side::Callee));
    assert!(!plan.is_passed_through());
    assert_eq!(plan.caller.codec, Codec::Opus);
    play_to_end(&mut rig, 1);
    assert_eq!(sounds(&rig), [GREETING, BEEP]);
    assert_eq!(recordings(&rig), []);
    play_to_end(&mut rig, 1);
    let message = Recording::Message { to: BOB };
    assert_eq!(recordings(&rig), [(message, seconds(180))]);
    let call = CallId(1);
    tell(
        &mut rig,
        Input::MediaRecorded {
            call,
            is_kept: true,
        },
    );
    play_to_end(&mut rig, 1);
    assert_eq!(rig.phones[0].end(), "they hung up");
    assert_eq!(rig.end(), (CallEnd::Voicemail, None));
    rig.assert_no_leaks();
}

#[test]
fn who_hangs_up_has_been_in_the_voicemail_all_the_same() {
    let mut rig = greeted();
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(5));
    assert_eq!(rig.end(), (CallEnd::Voicemail, Some(Side::Caller)));
    rig.assert_no_leaks();
}

#[test]
fn an_end_of_something_older_changes_nothing() {
    let mut rig = greeted();
    press(&mut rig, '#');
    assert_eq!(sounds(&rig), [GREETING, BEEP]);
    let call = CallId(1);
    tell(&mut rig, Input::MediaPlayed { call, play: 1 });
    assert_eq!(recordings(&rig), []);
    play_to_end(&mut rig, 1);
    assert_eq!(recordings(&rig).len(), 1);
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(5));
    rig.assert_no_leaks();
}

#[test]
fn digits_in_info_are_heard_and_other_requests_answered() {
    let mut rig = greeted();
    let relay = "application/dtmf-relay";
    rig.plan(0, seconds(0), Action::Inform(relay, "Signal=#"));
    rig.plan(0, seconds(1), Action::Inform(relay, "Signal=nonsense"));
    rig.plan(0, seconds(2), Action::Inform("text/plain", "hello"));
    rig.plan(0, seconds(3), Action::Send(sip::Method::Options, ""));
    rig.plan(0, seconds(4), Action::Send(sip::Method::Message, "hello"));
    rig.run(seconds(6));
    assert_eq!(sounds(&rig), [GREETING, BEEP]);
    assert_eq!(
        rig.phones[0].heard,
        ["200 ", "400 ", "415 ", "200 ", "405 "]
    );
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(5));
    rig.assert_no_leaks();
}

#[test]
fn each_way_of_not_answering_leads_to_the_voicemail() {
    for manner in [
        Manner::Refuse(StatusCode::BUSY_HERE),
        Manner::Refuse(StatusCode::DECLINE),
        Manner::Refuse(StatusCode::TEMPORARILY_UNAVAILABLE),
        Manner::Refuse(StatusCode::SERVER_INTERNAL_ERROR),
    ] {
        let mut rig = rig();
        treat(&mut rig, "bob", takes_messages);
        rig.phones[1].manner = manner;
        rig.call("1002");
        rig.run(seconds(3));
        assert_eq!(houses(&rig), [house()], "{manner:?}");
        rig.plan(0, seconds(1), Action::Hangup);
        rig.run(seconds(5));
        rig.assert_no_leaks();
    }
    for change in [
        (|bob: &mut Treatment| bob.do_not_disturb = true) as fn(&mut Treatment),
        |bob| bob.max_calls = Some(0),
        |bob| bob.forward_always = number("4711"),
    ] {
        let mut rig = rig();
        treat(&mut rig, "bob", takes_messages);
        treat(&mut rig, "bob", change);
        rig.call("1002");
        rig.run(seconds(3));
        assert_eq!(houses(&rig), [house()]);
        assert_eq!(rig.phones[1].caller, None);
        rig.plan(0, seconds(1), Action::Hangup);
        rig.run(seconds(5));
        rig.assert_no_leaks();
    }
}

#[test]
fn who_has_no_phone_takes_messages() {
    let mut rig = rig_with(&["alice-1"]);
    treat(&mut rig, "bob", takes_messages);
    rig.call("1002");
    rig.run(seconds(3));
    assert_eq!(houses(&rig), [house()]);
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(5));
    rig.assert_no_leaks();
}

#[test]
fn a_forward_goes_first_and_the_voicemail_is_that_of_the_one_who_was_called_if_the_other_has_none()
{
    let mut rig = rig();
    treat(&mut rig, "bob", takes_messages);
    treat(&mut rig, "bob", |bob| {
        bob.forward_no_answer = Some((Text::from_static("1003"), seconds(5)));
    });
    rig.phones[1].manner = Manner::Ring;
    rig.phones[2].manner = Manner::Refuse(StatusCode::BUSY_HERE);
    rig.call("1002");
    rig.run(seconds(8));
    assert!(rig.phones[2].caller.is_some());
    assert_eq!(houses(&rig), [house()]);
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(5));
    rig.assert_no_leaks();
}

#[test]
fn without_room_the_caller_only_hears_that() {
    let mut rig = rig();
    treat(&mut rig, "bob", |bob| {
        bob.do_not_disturb = true;
        bob.voicemail = Some(Voicemail {
            after: seconds(12),
            is_full: true,
        });
    });
    rig.call("1002");
    rig.run(seconds(3));
    assert_eq!(sounds(&rig), [Sound::Prompt(Prompt::Full)]);
    play_to_end(&mut rig, 1);
    assert_eq!(recordings(&rig), []);
    assert_eq!(rig.phones[0].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn the_voicemail_speaks_the_codec_and_the_encryption_of_the_phone() {
    let mut rig = rig();
    treat(&mut rig, "bob", |bob| bob.do_not_disturb = true);
    treat(&mut rig, "bob", takes_messages);
    rig.phones[0].codecs = vec![Codec::Pcmu];
    rig.phones[0].encrypt(CryptoSuite::AesCm128HmacSha1_80);
    rig.call("1002");
    rig.run(seconds(3));
    let plan = plans(&rig)[0];
    assert_eq!(
        (plan.caller.codec, plan.caller.telephone_event),
        (Codec::Pcmu, Some(101))
    );
    let (at_server, at_phone) = (
        plan.caller.crypto.unwrap(),
        rig.phones[0].media.unwrap().crypto.unwrap(),
    );
    assert_eq!(at_server.ours.key, at_phone.theirs.key);
    assert_eq!(at_server.theirs.key, at_phone.ours.key);
    assert!(plan.is_encrypted());
    // It holds, and comes back.
    rig.plan(0, seconds(1), Action::Offer(Direction::SendOnly));
    rig.plan(0, seconds(2), Action::Offer(Direction::SendRecv));
    rig.run(seconds(4));
    let directions: Vec<_> = plans(&rig)
        .iter()
        .map(|plan| plan.caller.direction)
        .collect();
    assert_eq!(
        directions,
        [
            Direction::SendRecv,
            Direction::SendOnly,
            Direction::SendRecv
        ]
    );
    rig.plan(0, seconds(1), Action::AskForOffer);
    rig.run(seconds(3));
    assert_eq!(rig.phones[0].reoffers_refused, [0; 0]);
    assert_eq!(rig.phones[0].end(), "goes on");
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(5));
    rig.assert_no_leaks();
}

#[test]
fn a_phone_that_wants_to_be_offered_something_is() {
    let mut rig = rig();
    treat(&mut rig, "bob", |bob| bob.do_not_disturb = true);
    treat(&mut rig, "bob", takes_messages);
    rig.phones[0].codecs = vec![Codec::Pcma];
    let call = Action::CallWithoutOffer("1002".to_owned());
    rig.plan(0, seconds(0), call);
    rig.run(seconds(3));
    assert_eq!(plans(&rig)[0].caller.codec, Codec::Pcma);
    assert_eq!(sounds(&rig), [GREETING]);
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(5));
    rig.assert_no_leaks();
}

#[test]
fn a_phone_with_which_the_server_shares_nothing_is_refused_and_nothing_is_left() {
    let mut rig = rig();
    treat(&mut rig, "bob", |bob| bob.do_not_disturb = true);
    treat(&mut rig, "bob", takes_messages);
    let offer = "v=0\r\no=- 1 1 IN IP4 198.51.100.10\r\ns=-\r\nc=IN IP4 198.51.100.10\r\nt=0 0\r\nm=audio 7000 RTP/AVP 97\r\na=rtpmap:97 speex/16000\r\n";
    let call = Action::CallText("1002".to_owned(), offer.to_owned());
    rig.plan(0, seconds(0), call);
    rig.run(seconds(3));
    assert!(rig.phones[0].end().starts_with("488 "));
    assert_eq!(rig.end().0, CallEnd::NoMedia);
    rig.assert_no_leaks();
}

#[test]
fn somebody_hears_the_own_messages_and_sorts_them() {
    let mut rig = rig_with(&["bob-1"]);
    rig.server.directory.to_hear.insert("bob", vec![7, 4]);
    rig.call("*97");
    rig.run(seconds(2));
    assert_eq!(houses(&rig), [House::Messages { of: BOB }]);
    play_to_end(&mut rig, 1);
    play_to_end(&mut rig, 1);
    press(&mut rig, '7');
    play_to_end(&mut rig, 1);
    // The last message is heard, and nothing pressed.
    play_to_end(&mut rig, 1);
    rig.run(seconds(5));
    let message = |id| Sound::Message { id: MessageId(id) };
    assert_eq!(
        sounds(&rig),
        [
            BEEP,
            message(7),
            BEEP,
            message(4),
            Sound::Prompt(Prompt::End)
        ]
    );
    let decided = rig.server.events.iter().filter_map(|event| match event {
        Event::MessageHeard { account, message } => Some((*account, message.0, "heard")),
        Event::MessageRemoved { account, message } => Some((*account, message.0, "removed")),
        _ => None,
    });
    let decided: Vec<_> = decided.collect();
    assert_eq!(
        decided,
        [(BOB, 7, "heard"), (BOB, 7, "removed"), (BOB, 4, "heard")]
    );
    press(&mut rig, '*');
    assert_eq!(rig.phones[0].end(), "they hung up");
    assert_eq!(rig.end(), (CallEnd::HungUp, None));
    rig.assert_no_leaks();
}

#[test]
fn a_greeting_is_recorded_and_heard() {
    let mut rig = rig_with(&["bob-1"]);
    rig.call("*98");
    rig.run(seconds(2));
    play_to_end(&mut rig, 1);
    let greeting = Recording::Greeting { of: BOB };
    assert_eq!(recordings(&rig), [(greeting, seconds(60))]);
    press(&mut rig, '#');
    let call = CallId(1);
    let is_kept = true;
    tell(&mut rig, Input::MediaRecorded { call, is_kept });
    assert_eq!(sounds(&rig), [BEEP, GREETING]);
    play_to_end(&mut rig, 1);
    assert_eq!(rig.phones[0].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn a_call_that_nothing_is_heard_of_from_the_studio_ends() {
    let mut rig = greeted();
    rig.run(seconds(2_000));
    assert_eq!(rig.end(), (CallEnd::Voicemail, None));
    rig.assert_no_leaks();
}

#[test]
fn a_message_goes_on_after_a_restart() {
    let config = Config {
        keeps_calls: true,
        ..Config::new(DOMAIN)
    };
    let logins = ["alice-1", "bob-1"];
    let mut rig = Rig::with_config(1, Conditions::perfect(), &logins, config);
    treat(&mut rig, "bob", takes_messages);
    treat(&mut rig, "bob", |bob| bob.do_not_disturb = true);
    let mut keeper = Keeper::register_all(&mut rig);
    rig.call("1002");
    rig.run(seconds(3));
    play_to_end(&mut rig, 1);
    play_to_end(&mut rig, 1);
    assert_eq!(recordings(&rig).len(), 1);
    keeper.restart(&mut rig);
    rig.run(seconds(2));
    assert_eq!(plans(&rig).last().unwrap().house, Some(Side::Callee));
    assert_eq!(sounds(&rig).last(), Some(&BEEP));
    play_to_end(&mut rig, 1);
    assert_eq!(recordings(&rig).len(), 2);
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(60));
    assert_eq!(
        rig.server.ends(),
        [(CallEnd::Voicemail, Some(Side::Caller))]
    );
    rig.assert_no_leaks();
}

#[test]
fn who_left_it_to_the_voicemail_is_in_no_call() {
    let mut rig = rig();
    treat(&mut rig, "bob", takes_messages);
    treat(&mut rig, "bob", |bob| bob.max_calls = Some(1));
    rig.phones[1].manner = Manner::Ring;
    rig.call("1002");
    rig.run(seconds(14));
    assert_eq!(houses(&rig), [house()]);
    assert!(!rig.server.switch.facts(BOB).is_in_call);
    assert!(rig.server.switch.facts(AccountId(1)).is_in_call);
    rig.phones[1].manner = Manner::Answer(seconds(1));
    rig.plan(2, seconds(0), Action::Call("1002".to_owned()));
    rig.run(seconds(5));
    assert_eq!(rig.phones[2].answered, 1);
    rig.plan(0, seconds(1), Action::Hangup);
    rig.plan(2, seconds(1), Action::Hangup);
    rig.run(seconds(5));
    rig.assert_no_leaks();
}
