//! Who watches whom, and what they are told.

use simnet::Conditions;
use switch::{AccountId, Chosen, Input, MessageCount, Told};

use crate::directory::Former;
use crate::phone::Action;
use crate::rig::{Rig, seconds};
use crate::watcher::Watcher;

/// Bob's phone is there; Carol and others watch.
fn rig(watchers: &[&str]) -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    rig.register_all();
    for (host, login) in (10..).zip(watchers) {
        rig.watchers.push(Watcher::new(login, host));
    }
    rig
}

impl Rig {
    fn watch(&mut self, watcher: usize, package: &'static str, number: &str) {
        let now = self.now();
        self.watchers[watcher].watch(now, package, number);
        self.run(seconds(3));
    }

    /// Somebody tells something else about themselves.
    fn tell(&mut self, name: &'static str, account: i64, told: Told) {
        self.server.directory.told.insert(name, told);
        let account = Some(AccountId(account));
        let now = self.now();
        self.server.handle(now, Input::PresenceChanged { account });
        self.run(seconds(3));
    }

    fn last(&self, watcher: usize) -> &str {
        self.watchers[watcher].last()
    }
}

fn chosen(chosen: Chosen, note: &'static str) -> Told {
    Told {
        chosen,
        note: note.into(),
        ..Told::default()
    }
}

#[test]
fn whoever_watches_sees_somebody_speak_go_away_and_come_back() {
    let mut rig = rig(&["carol-1"]);
    rig.watch(0, "presence", "1002");
    let online = rig.last(0).to_owned();
    assert!(online.contains("entity=\"sip:1002@carillon.test\""));
    assert!(online.contains("<basic>open</basic>") && !online.contains("activities"));
    rig.call("1002");
    rig.run(seconds(10));
    assert!(rig.last(0).contains("<rpid:on-the-phone/>"));
    rig.plan(0, seconds(0), Action::Hangup);
    rig.run(seconds(5));
    assert_eq!(rig.last(0), online);
    rig.tell("bob", 2, chosen(Chosen::Away, "back at <four>"));
    assert!(rig.last(0).contains("<rpid:away/>"), "{}", rig.last(0));
    assert!(rig.last(0).contains("<note>back at &lt;four&gt;</note>"));
    rig.tell("bob", 2, chosen(Chosen::Invisible, "hidden"));
    assert!(rig.last(0).contains("<basic>closed</basic>"));
    assert!(!rig.last(0).contains("hidden"));
    let told = rig.watchers[0].told.len();
    rig.call("1002");
    rig.run(seconds(10));
    assert_eq!(rig.watchers[0].told.len(), told, "nobody sees it speak");
    rig.tell("bob", 2, Told::default());
    assert!(rig.last(0).contains("<rpid:on-the-phone/>"));
}

#[test]
fn whoever_is_blocked_is_let_in_and_sees_somebody_offline_for_ever() {
    let mut rig = rig(&["carol-1"]);
    rig.server.directory.block("bob", "carol");
    for package in ["presence", "dialog"] {
        rig.watch(0, package, "1002");
    }
    let (told, first) = (
        rig.watchers[0].told.len(),
        rig.watchers[0].told[0].1.clone(),
    );
    assert_eq!(told, 2);
    assert!(first.contains("<basic>closed</basic>"), "{first}");
    rig.call("1002");
    rig.run(seconds(10));
    rig.tell("bob", 2, chosen(Chosen::Busy, "working"));
    assert_eq!(rig.watchers[0].told.len(), told, "no hint");
    assert!(rig.watchers[0].ends.is_empty());
    rig.server.directory.unblock("bob", "carol");
    rig.tell("bob", 2, chosen(Chosen::Available, "hello"));
    assert!(
        rig.watchers[0]
            .told
            .iter()
            .any(|(_, body)| body.contains("hello"))
    );
    rig.server.directory.block("bob", "carol");
    rig.tell("bob", 2, chosen(Chosen::Available, "again"));
    let bodies: Vec<_> = rig.watchers[0].told.iter().rev().take(2).collect();
    assert!(bodies.iter().any(|(_, body)| body == &first), "{bodies:?}");
    let lamp = |body: &str| body.contains("<state>terminated</state>");
    assert!(bodies.iter().any(|(_, body)| lamp(body)), "{bodies:?}");
}

#[test]
fn busy_lamps_follow_the_calls_of_an_account_and_do_not_say_who_is_there() {
    let mut rig = rig(&["carol-1", "alice-2"]);
    rig.watch(0, "dialog", "1002");
    rig.watch(1, "dialog", "1001");
    assert!(rig.last(0).contains("state=\"full\"") && !rig.last(0).contains("<dialog "));
    rig.call("1002");
    rig.run(seconds(10));
    let states = |rig: &Rig, watcher: usize| -> Vec<String> {
        let told = rig.watchers[watcher].told.iter();
        let state = |body: &str| Some(body.split("<state>").nth(1)?.split('<').next()?.to_owned());
        told.filter_map(|(_, body)| state(body)).collect()
    };
    assert_eq!(
        states(&rig, 0).last().map(String::as_str),
        Some("confirmed")
    );
    assert!(rig.last(0).contains("direction=\"recipient\""));
    assert!(
        !rig.watchers[0]
            .told
            .iter()
            .any(|(_, body)| body.contains("1001"))
    );
    assert!(rig.last(1).contains("direction=\"initiator\""));
    assert!(
        rig.last(1)
            .contains("<identity>sip:1002@carillon.test</identity>")
    );
    rig.plan(0, seconds(0), Action::Hangup);
    rig.run(seconds(5));
    assert_eq!(
        states(&rig, 0).last().map(String::as_str),
        Some("terminated")
    );
    let versions: Vec<_> = (0..rig.watchers[0].told.len())
        .map(|version| format!("version=\"{version}\""))
        .collect();
    for ((_, body), version) in rig.watchers[0].told.iter().zip(versions) {
        assert!(body.contains(&version), "{version} {body}");
    }
}

#[test]
fn one_sees_who_watches_oneself_and_has_ones_own_message_lamp() {
    let mut rig = rig(&["alice-1", "carol-1"]);
    let count = MessageCount { new: 2, old: 1 };
    rig.server.directory.messages.insert("alice", count);
    rig.watch(0, "message-summary", "1001");
    assert!(
        rig.last(0).contains("Voice-Message: 2/1"),
        "{}",
        rig.last(0)
    );
    rig.watch(0, "presence.winfo", "1001");
    assert!(!rig.last(0).contains("<watcher "));
    rig.server.directory.block("alice", "carol");
    rig.watch(1, "presence", "1001");
    let pending = "status=\"pending\">sip:1003@carillon.test</watcher>";
    assert!(rig.last(0).contains(pending), "{}", rig.last(0));
    rig.server.directory.messages.clear();
    let now = rig.now();
    let account = AccountId(1);
    rig.server.handle(now, Input::MessagesChanged { account });
    rig.run(seconds(3));
    assert!(rig.last(0).contains("Messages-Waiting: no"));
    // Neither is anybody else's business.
    rig.watch(1, "presence.winfo", "1001");
    rig.watch(1, "message-summary", "1001");
    assert_eq!(rig.watchers[1].ends, ["403", "403"]);
}

#[test]
fn a_subscription_survives_a_change_of_number_and_ends_with_its_device_or_with_the_account() {
    let mut rig = rig(&["carol-1", "carol-2"]);
    rig.watch(0, "presence", "1002");
    rig.watch(1, "presence", "1002");
    let former = Former::Moved("1005");
    rig.server.directory.change_number("bob", "1005", former);
    rig.tell("bob", 2, chosen(Chosen::Busy, ""));
    assert!(rig.last(0).contains("<rpid:busy/>"));
    assert!(
        rig.last(0).contains("sip:1002@carillon.test"),
        "as it was asked for"
    );
    let now = rig.now();
    let login = "carol-1".into();
    rig.server.handle(now, Input::ForgetLogin { login });
    rig.run(seconds(3));
    assert_eq!(rig.watchers[0].ends, ["rejected"]);
    assert!(rig.watchers[1].ends.is_empty());
    assert_eq!(rig.server.switch.counts().subscriptions, 1);
    let now = rig.now();
    let subscription = rig.watchers[1].watch(now, "presence", "1001");
    rig.run(seconds(1));
    rig.watchers[1].unwatch(now, subscription);
    rig.run(seconds(5));
    assert_eq!(rig.server.switch.counts().subscriptions, 1);
    // Nobody with that id is left.
    rig.server.directory.remove("bob");
    let now = rig.now();
    rig.server
        .handle(now, Input::PresenceChanged { account: None });
    rig.run(seconds(3));
    assert_eq!(
        rig.watchers[1].ends.last().map(String::as_str),
        Some("noresource")
    );
    // As long as its life would have been, the core remembers when it was to end.
    rig.run(seconds(600));
    rig.assert_no_leaks();
}

#[test]
fn many_changes_are_told_once_a_second_and_the_last_one_always() {
    let mut rig = rig(&["carol-1"]);
    rig.watch(0, "presence", "1002");
    let before = rig.watchers[0].told.len();
    for turn in 0..40 {
        let note = if turn % 2 == 0 { "tick" } else { "tock" };
        rig.server
            .directory
            .told
            .insert("bob", chosen(Chosen::Available, note));
        let now = rig.now();
        let account = Some(AccountId(2));
        rig.server.handle(now, Input::PresenceChanged { account });
        rig.run(std::time::Duration::from_millis(100));
    }
    rig.run(seconds(3));
    let told = rig.watchers[0].told.len() - before;
    assert!((4..=6).contains(&told), "{told} in four seconds");
    assert!(rig.last(0).contains("tock"));
}

#[test]
fn what_phones_publish_is_seen_until_it_is_taken_back_or_expires() {
    let mut rig = rig(&["carol-1", "bob-1"]);
    rig.watch(0, "presence", "1002");
    let document = |inner: &str| {
        format!(
            "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:1002@x\">\
             <person><activities>{inner}</activities><note>soup</note></person></presence>"
        )
    };
    let now = rig.now();
    rig.watchers[1].publish(now, &document("<lunch/>"));
    rig.run(seconds(3));
    assert_eq!(rig.watchers[1].published, 1);
    assert!(rig.last(0).contains("<rpid:away/>") && rig.last(0).contains("soup"));
    let now = rig.now();
    rig.watchers[1].publish(now, &document("<busy/>"));
    rig.run(seconds(3));
    assert!(rig.last(0).contains("<rpid:busy/>"));
    let now = rig.now();
    rig.watchers[1].unpublish(now);
    rig.run(seconds(3));
    assert!(!rig.last(0).contains("activities"));
    // A phone that vanishes with its state on the table.
    let now = rig.now();
    rig.watchers[1].publish(now, &document("<away/>"));
    rig.run(seconds(3));
    assert!(rig.last(0).contains("<rpid:away/>"));
    let watcher = rig.watchers.pop();
    rig.run(seconds(700));
    assert!(!rig.last(0).contains("activities"), "{}", rig.last(0));
    drop(watcher);
}

#[test]
fn thousands_watch_one_and_nobody_else_is_touched() {
    let mut rig = Rig::new(3, Conditions::perfect(), &["bob-1"]);
    rig.register_all();
    rig.watchers.push(Watcher::new("carol-1", 9));
    let now = rig.now();
    for _ in 0..900 {
        rig.watchers[0].watch(now, "presence", "1002");
    }
    rig.run(seconds(5));
    assert_eq!(rig.watchers[0].told.len(), 900);
    rig.watch(0, "presence", "1001");
    rig.tell("bob", 2, chosen(Chosen::Away, ""));
    assert_eq!(rig.watchers[0].told.len(), 1801);
}
