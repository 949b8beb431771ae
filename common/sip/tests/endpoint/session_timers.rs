//! Calls that live only as long as they are refreshed (RFC 4028).

use std::time::Duration;

use bytes::Bytes;
use simnet::{Conditions, Fate};
use sip::{
    Config, EndCause, Event, HeaderName, Input, LegId, Method, MinSe, Request, SessionExpires,
    SessionTimer, ToHeader,
};

use crate::party::{accept, answers_after, hangup};
use crate::table::{SECOND, Table};
use crate::wire_peer::{Lone, answer, request, request_in};

fn timer(wanted_seconds: u32, minimum_seconds: u32) -> Config {
    Config {
        session_timer: Some(SessionTimer {
            wanted_seconds,
            minimum_seconds,
        }),
        ..Config::default()
    }
}

fn expires(headers: &sip::Headers) -> Option<String> {
    headers
        .get(&HeaderName::SessionExpires)
        .map(ToString::to_string)
}

/// A call between two endpoints, of which bob's has other settings.
fn talking(bob: Config) -> (Table, LegId) {
    let mut table = Table::with_config(0, Conditions::perfect(), timer(90, 90));
    table.bob.endpoint = sip::Endpoint::new(bob, [7; 32]);
    table.bob.manners = answers_after(SECOND);
    let leg = table.call();
    table.pass(2 * SECOND);
    (table, leg)
}

#[test]
fn a_call_is_refreshed_at_half_its_time_and_nobody_is_told() {
    let (mut table, leg) = talking(timer(90, 90));
    table.pass(100 * SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn whoever_asks_for_too_short_an_interval_asks_again() {
    let (mut table, leg) = talking(timer(1800, 600));
    table.pass(600 * SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn a_call_whose_peer_is_gone_ends_for_both() {
    let (mut table, _) = talking(timer(90, 90));
    table.network.set_script(|_, _| Fate::Lose);
    table.pass(200 * SECOND);
    // Alice refreshes, and hears nothing; bob waits, and hears nothing.
    assert_eq!(table.alice.story().last().unwrap(), "ended: Timeout");
    assert_eq!(table.bob.story().last().unwrap(), "ended: SessionExpired");
    table.settle();
}

#[test]
fn an_endpoint_that_takes_no_part_says_nothing_of_it() {
    let config = Config {
        session_timer: None,
        ..Config::default()
    };
    let (mut table, leg) = talking(config);
    table.pass(2000 * SECOND);
    assert_eq!(table.count("UPDATE") + table.count("INVITE"), 1);
    table.alice_does(hangup(leg));
    table.settle();
}

#[test]
fn refreshes_cross_and_get_lost_without_harm() {
    for seed in 0..20 {
        let config = timer(90, 90);
        let mut table = Table::with_config(seed, Conditions::bad(0.2), config);
        table.bob.manners = answers_after(SECOND);
        let leg = table.call();
        table.pass(600 * SECOND);
        let ended = |story: Vec<String>| {
            story
                .iter()
                .filter(|line| line.starts_with("ended"))
                .count()
        };
        assert_eq!(
            ended(table.alice.story()),
            0,
            "seed {seed}\n{}",
            table.tale()
        );
        table.alice_does(hangup(leg));
        table.settle();
        assert_eq!(ended(table.bob.story()), 1, "seed {seed}");
    }
}

/// A call of theirs whose INVITE has these lines; gives our 2xx and our tag.
fn called(config: Config, lines: &str) -> (Lone, LegId, sip::Response, String) {
    let mut lone = Lone::new(config);
    lone.hears(&request("INVITE", "1", lines).replace("Length: 0\n\n", "Length: 5\n\noffer"));
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("a call");
    };
    lone.does(accept(leg));
    let ok = lone.responses().pop().unwrap();
    let ToHeader(to) = ok.headers.required().unwrap();
    let tag = to.tag().unwrap().to_owned();
    lone.hears(&request_in("ACK", "2", "1", &tag, ""));
    lone.events();
    (lone, leg, ok, tag)
}

/// The next request that is no repetition, and when it came.
fn next_request(lone: &mut Lone) -> (Request, Duration) {
    let start = lone.now;
    loop {
        lone.now = lone.endpoint.poll_timeout().expect("a timer");
        lone.does(Input::Timeout);
        if let Some(request) = lone.requests().into_iter().next() {
            return (request, lone.now - start);
        }
    }
}

fn ended(lone: &mut Lone) -> Option<EndCause> {
    lone.events().into_iter().find_map(|event| match event {
        Event::Ended { cause, .. } => Some(cause),
        _ => None,
    })
}

#[test]
fn what_the_caller_asks_for_is_granted_within_our_wish() {
    let cases = [
        (
            "Supported: timer\nSession-Expires: 600\n",
            "600;refresher=uac",
        ),
        (
            "Supported: timer\nSession-Expires: 600;refresher=uas\n",
            "600;refresher=uas",
        ),
        (
            "Supported: timer\nSession-Expires: 9999\n",
            "1800;refresher=uac",
        ),
        (
            "Supported: timer\nSession-Expires: 9999\nMin-SE: 3000\n",
            "3000;refresher=uac",
        ),
        ("Supported: timer\n", "1800;refresher=uac"),
        ("", "1800;refresher=uas"),
        ("Session-Expires: 40\n", "40;refresher=uas"),
    ];
    for (lines, granted) in cases {
        let (_, _, ok, _) = called(Config::default(), lines);
        assert_eq!(expires(&ok.headers).as_deref(), Some(granted), "{lines}");
        let requires_timer = ok
            .headers
            .get(&HeaderName::Require)
            .is_some_and(|tag| tag == "timer");
        assert_eq!(requires_timer, granted.ends_with("uac"), "{lines}");
    }
    let mut lone = Lone::new(Config::default());
    lone.hears(&request(
        "INVITE",
        "1",
        "Supported: timer\nSession-Expires: 60\n",
    ));
    let refusal = lone.responses().remove(0);
    assert_eq!(refusal.status.code(), 422);
    assert_eq!(refusal.headers.required::<MinSe>().unwrap().seconds, 90);
}

#[test]
fn a_peer_that_knows_no_timers_is_refreshed_by_reinvites_with_our_last_session() {
    let (mut lone, leg, _, _) = called(Config::default(), "");
    let (refresh, after) = next_request(&mut lone);
    assert_eq!(
        (refresh.method.clone(), after.as_secs()),
        (Method::Invite, 900)
    );
    assert_eq!(refresh.body, "answer");
    assert_eq!(expires(&refresh.headers).unwrap(), "1800;refresher=uac");
    let mut ok = answer(&refresh, 200, "");
    ok.body = Bytes::from_static(b"offer");
    let (flow, payload) = (lone.flow, ok.to_bytes());
    lone.does(Input::Receive { flow, payload });
    assert_eq!(lone.methods(), ["ACK"]);
    assert!(lone.events().is_empty(), "nothing has changed");
    // It has said nothing of an interval: from now on there is none.
    lone.waits(Duration::from_secs(4000));
    assert!(lone.requests().is_empty());
    lone.does(hangup(leg));
}

#[test]
fn a_refresh_that_changes_their_session_is_told() {
    let (mut lone, _, _, _) = called(Config::default(), "");
    let (refresh, _) = next_request(&mut lone);
    let mut ok = answer(&refresh, 200, "");
    ok.body = Bytes::from_static(b"moved");
    let (flow, payload) = (lone.flow, ok.to_bytes());
    lone.does(Input::Receive { flow, payload });
    let events = lone.events();
    assert!(matches!(&events[..], [Event::Answered { body, .. }] if body == "moved"));
}

#[test]
fn a_caller_that_allows_update_is_refreshed_without_a_session() {
    let lines = "Supported: timer\nAllow: UPDATE\nSession-Expires: 200;refresher=uas\n";
    let (mut lone, _, _, _) = called(Config::default(), lines);
    let (refresh, after) = next_request(&mut lone);
    assert_eq!(
        (refresh.method.clone(), after.as_secs()),
        (Method::Update, 100)
    );
    assert!(refresh.body.is_empty());
    // Its proxy has a longer minimum since.
    let mut refusal = answer(&refresh, 422, "");
    refusal.headers.push_typed(&MinSe::new(400));
    let (flow, payload) = (lone.flow, refusal.to_bytes());
    lone.does(Input::Receive { flow, payload });
    let again = lone.requests().remove(0);
    assert_eq!(expires(&again.headers).unwrap(), "400;refresher=uac");
    let mut ok = answer(&again, 200, "");
    ok.headers
        .push_typed(&SessionExpires::new(400, Some(sip::Refresher::Uac)));
    let payload = ok.to_bytes();
    lone.does(Input::Receive { flow, payload });
    let (refresh, after) = next_request(&mut lone);
    assert_eq!((refresh.method, after.as_secs()), (Method::Update, 200));
    assert!(lone.events().is_empty());
}

#[test]
fn update_that_is_not_implemented_after_all_gives_way_to_reinvite() {
    let lines = "Supported: timer\nAllow: UPDATE\nSession-Expires: 200;refresher=uas\n";
    let (mut lone, _, _, _) = called(Config::default(), lines);
    let (refresh, _) = next_request(&mut lone);
    lone.hears_answer(&refresh, 501, "");
    let (refresh, after) = next_request(&mut lone);
    assert_eq!((refresh.method, after.as_secs()), (Method::Invite, 0));
}

#[test]
fn a_refresh_that_is_refused_is_tried_again_until_the_call_expires() {
    let lines = "Supported: timer\nAllow: UPDATE\nSession-Expires: 200;refresher=uas\n";
    let (mut lone, _, _, _) = called(Config::default(), lines);
    let start = lone.now;
    let mut count = 0;
    loop {
        let (refresh, _) = next_request(&mut lone);
        if refresh.method == Method::Bye {
            break;
        }
        count += 1;
        lone.hears_answer(&refresh, 503, "");
    }
    assert!(count > 2, "{count}");
    assert_eq!((lone.now - start).as_secs(), 200);
    assert!(matches!(ended(&mut lone), Some(EndCause::SessionExpired)));
}

#[test]
fn a_caller_that_does_not_refresh_in_time_is_hung_up_on() {
    let lines = "Supported: timer\nSession-Expires: 300\n";
    let (mut lone, _, _, tag) = called(Config::default(), lines);
    lone.waits(Duration::from_secs(200));
    // Any re-INVITE or UPDATE that succeeds counts.
    let update = request_in("UPDATE", "3", "2", &tag, lines);
    lone.hears(&update);
    let granted = lone.responses().remove(0);
    assert_eq!(expires(&granted.headers).unwrap(), "300;refresher=uac");
    let (bye, after) = next_request(&mut lone);
    assert_eq!((bye.method, after.as_secs()), (Method::Bye, 268));
    assert!(matches!(ended(&mut lone), Some(EndCause::SessionExpired)));
}

#[test]
fn a_refresh_by_reinvite_is_answered_with_our_last_session() {
    let lines = "Supported: timer\nSession-Expires: 300\n";
    let (mut lone, _, _, tag) = called(Config::default(), lines);
    let reinvite = request_in("INVITE", "3", "2", &tag, lines);
    lone.hears(&reinvite.replace("Length: 0\n\n", "Length: 5\n\noffer"));
    let ok = lone.responses().pop().unwrap();
    assert_eq!((ok.status.code(), &ok.body[..]), (200, &b"answer"[..]));
    assert_eq!(expires(&ok.headers).unwrap(), "300;refresher=uac");
    lone.hears(&request_in("ACK", "4", "2", &tag, ""));
    let brief = "Supported: timer\nSession-Expires: 50\n";
    lone.hears(&request_in("UPDATE", "5", "3", &tag, brief));
    lone.hears(&request_in("INVITE", "6", "4", &tag, brief));
    assert_eq!(lone.statuses(), [422, 422]);
    assert!(lone.events().is_empty());
}

#[test]
fn the_callee_decides_who_of_us_refreshes() {
    for (granted, expected) in [
        ("200;refresher=uac", Method::Update),
        ("200;refresher=uas", Method::Bye),
    ] {
        let mut lone = Lone::new(Config::default());
        let (_, invite) = lone.calls();
        assert_eq!(expires(&invite.headers).unwrap(), "1800");
        let mut ok = answer(&invite, 200, "desk");
        ok.headers.push(HeaderName::SessionExpires, granted);
        ok.headers.push(HeaderName::Allow, "UPDATE");
        let (flow, payload) = (lone.flow, ok.to_bytes());
        lone.does(Input::Receive { flow, payload });
        lone.sent();
        let (request, _) = next_request(&mut lone);
        assert_eq!(request.method, expected);
    }
}

#[test]
fn an_invite_is_lengthened_only_so_often() {
    let mut lone = Lone::new(Config::default());
    let (_, mut invite) = lone.calls();
    let mut count = 0;
    for minimum in (2000..).step_by(100) {
        let mut refusal = answer(&invite, 422, "desk");
        refusal.headers.push_typed(&MinSe::new(minimum));
        let (flow, payload) = (lone.flow, refusal.to_bytes());
        lone.does(Input::Receive { flow, payload });
        let again = lone
            .requests()
            .into_iter()
            .find(|one| one.method == Method::Invite);
        let Some(again) = again else { break };
        assert_eq!(expires(&again.headers).unwrap(), minimum.to_string());
        assert_eq!(again.headers.required::<MinSe>().unwrap().seconds, minimum);
        invite = again;
        count += 1;
    }
    assert_eq!(count, 4);
    assert!(matches!(ended(&mut lone), Some(EndCause::Refused { .. })));
}
