//! Numbers that change: who is reached under the new one and the old one, and what goes on as if nothing had happened.

use sdp::Direction;
use simnet::Conditions;
use sip::{Response, StatusCode};
use switch::CallEnd;

use crate::directory::Former;
use crate::phone::{Action, Manner, Phone};
use crate::registrant::Registrant;
use crate::rig::{Rig, seconds};

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

fn rig() -> Rig {
    let logins = ["alice-1", "bob-1", "carol-1", "gus-1"];
    let mut rig = Rig::new(1, Conditions::perfect(), &logins);
    rig.register_all();
    rig
}

/// Bob is 1005 now, and 1002 does this.
fn moved(former: Former) -> Rig {
    let mut rig = rig();
    let directory = &mut rig.server.directory;
    directory.change_number("bob", "1005", former);
    rig
}

const TOLD: [&str; 3] = [
    "History-Info: <sip:1002@carillon.test>;index=1",
    "History-Info: <sip:1005@carillon.test;cause=302>;index=1.1;mp=1",
    "Diversion: <sip:1002@carillon.test>;reason=unconditional;counter=1",
];

#[test]
fn the_next_call_to_the_new_number_arrives() {
    let mut rig = moved(Former::Gone);
    rig.call("1005");
    rig.plan(ALICE, seconds(10), Action::Hangup);
    rig.run(seconds(20));
    assert_eq!(rig.phones[BOB].answered, 1);
    assert!(rig.phones[BOB].history.is_empty());
    rig.assert_no_leaks();
}

#[test]
fn a_call_to_the_old_number_is_forwarded_and_the_phone_is_told_what_was_dialled() {
    let mut rig = moved(Former::Forward("bob"));
    rig.call("1002");
    rig.plan(ALICE, seconds(10), Action::Hangup);
    rig.run(seconds(20));
    insta::assert_snapshot!(rig.ladder());
    insta::assert_snapshot!(rig.server.story().join("\n"));
    assert_eq!(rig.phones[ALICE].progress, [181, 180]);
    assert_eq!(rig.phones[BOB].history, TOLD);
    rig.assert_no_leaks();
}

#[test]
fn a_caller_is_told_the_new_number_or_that_there_is_none() {
    for (former, heard) in [
        (
            Former::Moved("1005"),
            "301 Moved Permanently, <sip:1005@carillon.test>",
        ),
        (
            Former::Gone,
            "410 Gone, Q.850;cause=22;text=\"Number changed\"",
        ),
    ] {
        let mut rig = moved(former);
        rig.call("1002");
        rig.run(seconds(60));
        assert_eq!(rig.phones[ALICE].end(), heard);
        assert!(rig.server.story().is_empty(), "nobody was called");
        rig.assert_no_leaks();
    }
}

#[test]
fn a_guest_hears_which_number_is_not_for_guests() {
    let mut rig = rig();
    rig.server.directory.closed.insert("1002");
    rig.plan(3, seconds(0), Action::Call("1002".to_owned()));
    rig.run(seconds(10));
    let refused = "403 Forbidden, 399 carillon.test \"You may not call this number\"";
    assert_eq!(rig.phones[3].end(), refused);
    rig.plan(3, seconds(0), Action::Call("1003".to_owned()));
    rig.plan(3, seconds(5), Action::Hangup);
    rig.run(seconds(10));
    assert_eq!(rig.phones[CAROL].answered, 1);
    rig.assert_no_leaks();
}

#[test]
fn a_message_follows_a_forwarded_number_and_no_other() {
    let say = |former| {
        let mut rig = moved(former);
        rig.plan(ALICE, seconds(0), Action::Message("1002", "lunch?"));
        rig.run(seconds(5));
        let heard = rig.phones[ALICE].heard.clone();
        let history = std::mem::take(&mut rig.phones[BOB].history);
        rig.assert_no_leaks();
        (heard, rig.phones[BOB].heard.len(), history)
    };
    let (heard, arrived, history) = say(Former::Forward("bob"));
    assert_eq!((heard, arrived), (vec!["200 ".to_owned()], 1));
    assert_eq!(history, TOLD[..2]);
    let (heard, arrived, _) = say(Former::Moved("1005"));
    assert_eq!(heard, ["301 <sip:1005@carillon.test>"]);
    assert_eq!(arrived, 0);
    let (heard, arrived, _) = say(Former::Gone);
    assert_eq!((heard, arrived), (vec!["410 ".to_owned()], 0));
}

#[test]
fn a_guest_may_not_write_to_a_number_that_is_not_for_guests() {
    let mut rig = rig();
    rig.server.directory.closed.insert("1002");
    rig.plan(3, seconds(0), Action::Message("1002", "hello"));
    rig.run(seconds(5));
    assert_eq!(rig.phones[3].heard, ["403 "]);
    assert!(rig.phones[BOB].heard.is_empty());
}

/// Alice talks with Carol, and hands the call over to this number.
fn handed_over(rig: &mut Rig, number: &'static str) -> Vec<String> {
    rig.call("1003");
    rig.run(seconds(5));
    rig.plan(ALICE, seconds(0), Action::Refer(number));
    rig.run(seconds(10));
    rig.phones[ALICE].heard.clone()
}

#[test]
fn a_call_is_handed_over_to_a_number_that_is_forwarded_or_has_moved() {
    for (former, history) in [
        (Former::Forward("bob"), &TOLD[..]),
        (Former::Moved("1005"), &[]),
    ] {
        let mut rig = moved(former);
        let reports = ["it is 100", "it is 180", "it is 200", "no more reports"];
        assert_eq!(handed_over(&mut rig, "1002"), reports);
        assert_eq!(rig.phones[BOB].history, history);
        rig.plan(BOB, seconds(0), Action::Hangup);
        rig.run(seconds(300));
        assert_eq!(rig.phones[CAROL].end(), "they hung up");
        rig.assert_no_leaks();
    }
}

#[test]
fn a_call_that_cannot_be_handed_over_goes_on_and_the_reason_is_reported() {
    for (former, report) in [
        (Former::Gone, "it is 410"),
        (Former::Moved("1002"), "it is 301"),
        (Former::Moved("4711"), "it is 404"),
    ] {
        let mut rig = moved(former);
        let reports = ["it is 100", report, "no more reports"];
        assert_eq!(handed_over(&mut rig, "1002"), reports);
        assert_eq!(rig.phones[ALICE].end(), "goes on");
        rig.plan(ALICE, seconds(0), Action::Hangup);
        rig.run(seconds(300));
        assert_eq!(rig.phones[CAROL].end(), "they hung up");
        rig.assert_no_leaks();
    }
}

#[test]
fn a_guest_hands_over_only_to_whom_it_may_call() {
    let mut rig = rig();
    rig.server.directory.closed.insert("1002");
    rig.plan(3, seconds(0), Action::Call("1003".to_owned()));
    rig.run(seconds(5));
    rig.plan(3, seconds(0), Action::Refer("1002"));
    rig.run(seconds(5));
    let reports = ["it is 100", "it is 403", "no more reports"];
    assert_eq!(rig.phones[3].heard, reports);
    // Carol may call Bob, and so she may give the guest to him.
    rig.plan(CAROL, seconds(0), Action::Refer("1002"));
    rig.run(seconds(10));
    assert_eq!(rig.phones[BOB].answered, 1);
    assert_eq!(
        rig.server.directory.asked[1..],
        [
            ("gus".to_owned(), "1002".to_owned()),
            ("carol".to_owned(), "1002".to_owned())
        ]
    );
}

#[test]
fn a_phone_that_sends_its_callers_to_a_former_number_sends_them_to_the_new_one() {
    for former in [Former::Forward("bob"), Former::Moved("1005")] {
        let mut rig = moved(former);
        rig.phones[CAROL].manner = Manner::Redirect("sip:1002@carillon.test");
        rig.call("1003");
        rig.plan(ALICE, seconds(10), Action::Hangup);
        rig.run(seconds(20));
        assert_eq!(rig.phones[BOB].answered, 1);
        assert_eq!(rig.phones[BOB].end(), "they hung up");
        rig.assert_no_leaks();
    }
}

#[test]
fn numbers_that_say_of_each_other_that_they_have_moved_come_to_an_end() {
    let mut rig = rig();
    let directory = &mut rig.server.directory;
    directory.set_former("4711", Former::Moved("4712"));
    directory.set_former("4712", Former::Moved("4711"));
    rig.phones[CAROL].manner = Manner::Redirect("sip:4711@carillon.test");
    rig.call("1003");
    rig.run(seconds(20));
    assert!(rig.phones[ALICE].end().starts_with("480 "));
    assert!(rig.server.directory.asked.len() < 10);
    rig.assert_no_leaks();
}

#[test]
fn a_phone_leads_a_guest_nowhere_where_the_guest_may_not_go() {
    let mut rig = rig();
    rig.server.directory.closed.insert("1002");
    rig.phones[CAROL].manner = Manner::Redirect("sip:1002@carillon.test");
    rig.plan(3, seconds(0), Action::Call("1003".to_owned()));
    rig.run(seconds(20));
    assert!(rig.phones[3].end().starts_with("480 "));
    assert_eq!(rig.phones[BOB].answered, 0);
    rig.assert_no_leaks();
}

#[test]
fn a_call_goes_on_when_the_numbers_of_both_sides_change() {
    let mut rig = rig();
    rig.call("1002");
    rig.run(seconds(5));
    let directory = &mut rig.server.directory;
    directory.change_number("bob", "1005", Former::Gone);
    directory.change_number("alice", "1006", Former::Gone);
    // Held and resumed, from either side; and long enough that all registrations are refreshed, and the session too.
    rig.plan(ALICE, seconds(1), Action::Offer(Direction::SendOnly));
    rig.plan(BOB, seconds(2), Action::Offer(Direction::SendRecv));
    rig.run(seconds(4000));
    assert_eq!(rig.phones[ALICE].end(), "goes on");
    let story = rig.server.story();
    for login in ["alice-1", "bob-1", "carol-1"] {
        let refreshed = format!("{login} refreshed");
        assert!(story.contains(&refreshed), "{refreshed}: {story:?}");
    }
    assert!(!story.iter().any(|line| line.contains("unregistered")));
    rig.plan(ALICE, seconds(0), Action::Hangup);
    rig.run(seconds(5));
    assert_eq!(rig.end().0, CallEnd::HungUp);
    assert_eq!(rig.phones[BOB].end(), "they hung up");
    // The next call shows the new number.
    rig.call("1005");
    rig.run(seconds(5));
    assert!(rig.phones[BOB].leg.is_some());
    let caller = rig.phones[BOB].caller.as_deref();
    assert_eq!(caller, Some("\"alice\" <sip:1006@carillon.test>"));
}

#[test]
fn a_call_is_handed_over_and_taken_over_after_its_numbers_have_changed() {
    let mut rig = Rig::new(
        1,
        Conditions::perfect(),
        &["alice-1", "bob-1", "carol-1", "alice-2"],
    );
    rig.register_all();
    rig.call("1002");
    rig.run(seconds(5));
    let name = rig.phones[ALICE].name.clone().unwrap();
    let directory = &mut rig.server.directory;
    directory.change_number("alice", "1006", Former::Gone);
    directory.change_number("carol", "1007", Former::Gone);
    rig.plan(3, seconds(0), Action::TakeOver(name));
    rig.run(seconds(5));
    assert_eq!(rig.phones[ALICE].end(), "they hung up");
    assert!(rig.phones[3].leg.is_some());
    rig.plan(BOB, seconds(0), Action::Refer("1007"));
    rig.run(seconds(10));
    assert_eq!(rig.phones[CAROL].answered, 1);
    assert_eq!(rig.phones[BOB].end(), "they hung up");
    rig.plan(CAROL, seconds(0), Action::Hangup);
    rig.run(seconds(300));
    assert_eq!(rig.phones[3].end(), "they hung up");
    rig.assert_no_leaks();
}

#[test]
fn a_call_that_rings_while_the_number_changes_is_answered() {
    let mut rig = rig();
    rig.phones[BOB].manner = Manner::Answer(seconds(10));
    rig.call("1002");
    rig.run(seconds(5));
    let directory = &mut rig.server.directory;
    directory.change_number("bob", "1005", Former::Gone);
    rig.run(seconds(10));
    assert_eq!(rig.phones[ALICE].answered, 1);
    rig.plan(BOB, seconds(0), Action::Hangup);
    rig.run(seconds(5));
    rig.assert_no_leaks();
}

/// A REGISTER for the address of record `number`.
fn register(phone: &mut Registrant, number: &str) -> Response {
    let to = Phone::uri(number).to_string();
    phone.register_as(&to, "Contact: <sip:desk@198.51.100.7>\r\n")
}

#[test]
fn a_phone_that_was_set_up_with_its_number_keeps_registering_until_somebody_else_has_it() {
    let mut phone = Registrant::new("bob-1");
    assert_eq!(register(&mut phone, "1002").status, StatusCode::OK);
    let directory = &mut phone.server.directory;
    directory.change_number("bob", "1005", Former::Gone);
    assert_eq!(register(&mut phone, "1002").status, StatusCode::OK);
    assert_eq!(register(&mut phone, "1005").status, StatusCode::OK);
    let directory = &mut phone.server.directory;
    directory.change_number("carol", "1002", Former::Gone);
    assert_eq!(register(&mut phone, "1002").status, StatusCode::FORBIDDEN);
    assert_eq!(register(&mut phone, "1005").status, StatusCode::OK);
    assert_eq!(phone.count(), 1, "it was the same phone all the time");
}
