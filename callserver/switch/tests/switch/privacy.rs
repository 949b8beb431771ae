//! Callers who hide who they are, and calls for help.

use std::time::Duration;

use simnet::Conditions;
use switch::{Config, Emergency, Event};

use crate::phone::Action;
use crate::rig::{Rig, seconds};
use crate::server::DOMAIN;
use crate::treating::{rig, treat};

#[test]
fn a_hidden_caller_is_shown_to_nobody_but_the_history() {
    let mut rig = rig();
    rig.plan(0, Duration::ZERO, Action::CallHidden("1002".to_owned()));
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(30));
    let hidden = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";
    let anonymous = Some(hidden.replace('"', ""));
    assert_eq!(
        rig.phones[1]
            .caller
            .as_ref()
            .map(|from| from.replace('"', "")),
        anonymous
    );
    let is_anonymous = |event: &Event| match event {
        Event::CallStarted {
            caller,
            is_anonymous,
            ..
        } => Some((caller.display_name.to_string(), *is_anonymous)),
        _ => None,
    };
    let started: Vec<_> = rig.server.events.iter().filter_map(is_anonymous).collect();
    assert_eq!(started, [("alice".to_owned(), true)]);
    rig.call("1002");
    rig.plan(0, seconds(10), Action::Hangup);
    rig.run(seconds(30));
    assert!(rig.phones[1].caller.as_ref().unwrap().contains("1001"));
    rig.assert_no_leaks();
}

#[test]
fn a_hidden_caller_stays_hidden_when_the_call_is_handed_over() {
    let mut rig = rig();
    rig.plan(0, Duration::ZERO, Action::CallHidden("1002".to_owned()));
    rig.plan(1, seconds(5), Action::Refer("1003"));
    rig.run(seconds(20));
    let shown = rig.phones[2].caller.as_ref().unwrap();
    assert!(shown.contains("anonymous.invalid"), "{shown}");
    rig.plan(0, Duration::ZERO, Action::Hangup);
    rig.run(seconds(300));
    rig.assert_no_leaks();
}

/// 112 rings at Bob's.
fn with_help(config: Config) -> Rig {
    let config = Config {
        emergency: Some(Emergency {
            numbers: vec!["110".into(), "112".into()],
            to: "1002".into(),
        }),
        ..config
    };
    let logins = ["gus-1", "bob-1", "carol-1", "gus-2"];
    let mut rig = Rig::with_config(1, Conditions::perfect(), &logins, config);
    rig.register_all();
    rig
}

#[test]
fn whoever_calls_for_help_gets_through() {
    let mut config = Config::new(DOMAIN);
    config.max_calls_of_account = 1;
    config.max_calls = 1;
    let mut rig = with_help(config);
    rig.server.directory.closed.insert("1002");
    rig.server.directory.block("bob", "gus");
    treat(&mut rig, "bob", |bob| {
        bob.do_not_disturb = true;
        bob.refuses_anonymous = true;
        bob.max_calls = Some(1);
    });
    rig.phones[2].manner = crate::phone::Manner::Ring;
    rig.plan(3, Duration::ZERO, Action::Call("1003".to_owned()));
    rig.run(seconds(5));
    rig.plan(0, Duration::ZERO, Action::CallHidden("112".to_owned()));
    rig.run(seconds(5));
    assert_eq!(rig.phones[0].answered, 1);
    // Who needs help must be found.
    assert!(rig.phones[1].caller.as_ref().unwrap().contains("9001"));
    let story = rig.server.story();
    let line = "call 2: gus dials 112 for help".to_owned();
    assert!(story.contains(&line), "{story:?}");
    for phone in [0, 3] {
        rig.plan(phone, Duration::ZERO, Action::Hangup);
    }
    rig.run(seconds(5));
    // The number itself is still one that guests may not call.
    rig.call("1002");
    rig.run(seconds(5));
    assert!(rig.phones[0].end().starts_with("403 "));
    rig.assert_no_leaks();
}

#[test]
fn without_a_rule_a_number_for_help_is_a_number_like_others() {
    let mut rig = rig();
    rig.call("112");
    rig.run(seconds(5));
    assert_eq!(rig.phones[0].end(), "404 Not Found");
    rig.assert_no_leaks();
}
