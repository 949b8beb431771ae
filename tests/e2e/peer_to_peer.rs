//! Two softphones that write to each other without the server: what it hears of it and when, and what is left when one of
//! them, both or the server die.

use std::path::Path;
use std::time::Duration;

use end_to_end::{
    Account, Event, Finished, Internet, Server, ServerOptions, Softphone, Sound, Translation,
};

pub(super) const SOON: Duration = Duration::from_secs(30);

/// Two people, the folders of their softphones, and a server.
pub(super) struct Scene {
    pub(super) server: Server,
    pub(super) ann: Account,
    pub(super) bob: Account,
    pub(super) folder: tempfile::TempDir,
}

/// A flush that no test waits for.
pub(super) const NEVER: &str = "3600";

impl Scene {
    pub(super) fn new() -> Self {
        let server = Server::start().unwrap();
        Self {
            ann: server.add_account("ann", "1001").unwrap(),
            bob: server.add_account("bob", "1002").unwrap(),
            folder: tempfile::tempdir().unwrap(),
            server,
        }
    }

    pub(super) fn keep(&self, account: &Account) -> String {
        let folder = self.folder.path().join(&account.name);
        folder.to_str().unwrap().to_owned()
    }

    pub(super) fn start(&self, account: &Account, flush_seconds: &str, more: &[&str]) -> Softphone {
        self.start_with(account, flush_seconds, more, &Sound::silent())
    }

    pub(super) fn start_with(
        &self,
        account: &Account,
        flush_seconds: &str,
        more: &[&str],
        sound: &Sound,
    ) -> Softphone {
        let keep = self.keep(account);
        let own = ["--keep", &keep, "--flush-seconds", flush_seconds];
        let arguments = [&own[..], more, &["--commands", "watch"]].concat();
        let mut phone = Softphone::start(&self.server, account, sound, &arguments).unwrap();
        phone.wait_for("conversations", SOON).unwrap();
        phone
    }

    pub(super) fn both(&self, flush_seconds: &str) -> (Softphone, Softphone) {
        let mut anns = self.start(&self.ann, flush_seconds, &[]);
        let mut bobs = self.start(&self.bob, flush_seconds, &[]);
        say(&mut anns, "bob", "first");
        for phone in [&mut anns, &mut bobs] {
            let path = phone.wait_for("path", SOON).unwrap();
            assert_eq!(path.text("path"), "direct");
        }
        (anns, bobs)
    }

    fn history(&self, account: &Account) -> Vec<String> {
        let keep = self.keep(account);
        let other = if account.name == "ann" { "bob" } else { "ann" };
        let verb = ["--keep", &keep, "history", other, "--limit", "200"];
        let phone = Softphone::start(&self.server, account, &Sound::silent(), &verb).unwrap();
        let finished = phone.finish(SOON).unwrap();
        assert_eq!(finished.code, Some(0), "{}", finished.errors);
        texts(&finished)
    }

    /// Entries that the server has written, said there and brought later.
    pub(super) fn written(&self) -> (f64, f64) {
        let figure = |way| {
            let name = format!("carillon_room_entries_total{{way=\"{way}\"}}");
            self.server.figure(&name).unwrap()
        };
        (figure("said"), figure("flushed"))
    }
}

pub(super) fn say(phone: &mut Softphone, to: &str, text: &str) {
    let line = format!("message {to} {text}");
    phone.process().write_line(&line).unwrap();
}

fn hear(phone: &mut Softphone, text: &str) -> Event {
    loop {
        let event = phone.wait_for("message", SOON).unwrap();
        if event.text("text") == text {
            return event;
        }
    }
}

fn texts(finished: &Finished) -> Vec<String> {
    let lines = finished.events.iter();
    let said = lines.filter(|event| event.name() == "past_message" && event.text("kind") == "text");
    said.map(|event| event.text("text").to_owned()).collect()
}

#[test]
fn on_one_network_they_write_to_each_other_and_the_server_hears_of_it_at_the_flush() {
    let scene = Scene::new();
    let (mut anns, mut bobs) = scene.both(NEVER);
    let before = scene.written();
    let mut expected = vec!["first".to_owned()];
    for number in 0..20 {
        let text = format!("number {number}");
        let (from, to, name) = match number % 2 {
            0 => (&mut anns, &mut bobs, "bob"),
            _ => (&mut bobs, &mut anns, "ann"),
        };
        say(from, name, &text);
        let heard = hear(to, &text);
        assert_eq!(
            (heard.text("path"), heard.value("sequence").is_null()),
            ("direct", true)
        );
        // The first message came through the server, which tells of both people that they have it.
        while from.wait_for("delivered", SOON).unwrap().text("path") != "direct" {}
        expected.push(text);
    }
    assert_eq!(scene.written(), before);
    // One ends, in order: it brings what both have, and the other one hears where it stands.
    let ended = anns.interrupt(SOON).unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    assert_eq!(scene.written(), (before.0, before.1 + 20.0));
    bobs.wait_for("stored", SOON).unwrap();
    drop(bobs);
    assert_eq!(scene.history(&scene.ann), expected);
    assert_eq!(scene.history(&scene.bob), expected);
    let figures = scene.written();
    assert_eq!(figures.1, before.1 + 20.0, "nothing came twice");
}

#[test]
fn what_is_changed_and_what_is_read_is_known_at_once_and_the_server_hears_of_it_at_the_flush() {
    let scene = Scene::new();
    let (mut anns, mut bobs) = scene.both(NEVER);
    let before = scene.written();
    say(&mut anns, "bob", "hallo");
    let message = hear(&mut bobs, "hallo");
    let id = message.text("id").to_owned();
    order(&mut bobs, "look ann");
    loop {
        let read = anns.wait_for("read", SOON).unwrap();
        if read.text("path") == "direct" && read.text("id") == id {
            break;
        }
    }
    order(&mut anns, &format!("edit {id} hello"));
    let edit = bobs.wait_for("message", SOON).unwrap();
    assert_eq!(
        (edit.text("kind"), edit.text("path"), edit.text("target")),
        ("edit", "direct", &*id)
    );
    order(&mut bobs, &format!("react {id} 👍"));
    let reaction = anns.wait_for("message", SOON).unwrap();
    assert_eq!(
        (reaction.text("kind"), reaction.text("path")),
        ("reaction", "direct")
    );
    say(&mut bobs, "ann", "not meant");
    let wrong = hear(&mut anns, "not meant").text("id").to_owned();
    order(&mut bobs, &format!("delete {wrong}"));
    assert_eq!(
        anns.wait_for("message", SOON).unwrap().text("kind"),
        "delete"
    );
    assert_eq!(scene.written(), before);
    let ended = anns.interrupt(SOON).unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    assert_eq!(scene.written(), (before.0, before.1 + 5.0));
    drop(bobs);
    for account in [&scene.ann, &scene.bob] {
        assert_eq!(scene.history(account), ["first", "hello"]);
    }
}

fn order(phone: &mut Softphone, line: &str) {
    phone.process().write_line(line).unwrap();
}

#[test]
fn every_so_many_seconds_what_was_said_comes_to_the_server() {
    let scene = Scene::new();
    let (mut anns, mut bobs) = scene.both("1");
    say(&mut anns, "bob", "soon at the server");
    hear(&mut bobs, "soon at the server");
    while anns
        .wait_for("stored", SOON)
        .unwrap()
        .number("sequence")
        .unwrap()
        < 2.0
    {}
    assert_eq!(scene.written().1, 1.0);
}

#[test]
fn a_softphone_that_dies_before_the_flush_takes_nothing_with_it() {
    let scene = Scene::new();
    let (mut anns, mut bobs) = scene.both(NEVER);
    say(&mut anns, "bob", "from ann");
    hear(&mut bobs, "from ann");
    anns.wait_for("delivered", SOON).unwrap();
    say(&mut bobs, "ann", "from bob");
    hear(&mut anns, "from bob");
    bobs.wait_for("delivered", SOON).unwrap();
    anns.process().kill();
    drop(anns);
    // Whatever Ann's computer had is gone.
    std::fs::remove_dir_all(scene.keep(&scene.ann)).unwrap();
    bobs.interrupt(SOON).unwrap();
    let all = ["first", "from ann", "from bob"];
    assert_eq!(scene.history(&scene.bob), all);
    assert_eq!(scene.history(&scene.ann), all);
}

#[test]
fn both_die_and_what_they_said_is_there_when_one_of_them_starts_again() {
    let scene = Scene::new();
    let (mut anns, mut bobs) = scene.both(NEVER);
    for text in ["one", "two", "three"] {
        say(&mut anns, "bob", text);
        hear(&mut bobs, text);
    }
    anns.process().kill();
    bobs.process().kill();
    drop((anns, bobs));
    assert_eq!(scene.written().1, 0.0);
    let all = ["first", "one", "two", "three"];
    // What was not written down as acknowledged at Ann's is sent again, as the same message.
    assert_eq!(scene.history(&scene.bob), all);
    assert_eq!(scene.history(&scene.ann), all);
}

#[test]
fn the_server_dies_and_the_two_go_on_and_bring_it_all_when_it_is_back() {
    let mut scene = Scene::new();
    let (mut anns, mut bobs) = scene.both("2");
    scene.server.kill();
    for text in ["still", "here"] {
        say(&mut anns, "bob", text);
        assert_eq!(hear(&mut bobs, text).text("path"), "direct");
        say(&mut bobs, "ann", text);
        assert_eq!(hear(&mut anns, text).text("path"), "direct");
    }
    scene.server = scene.server.crash_and_restart().unwrap();
    for phone in [&mut anns, &mut bobs] {
        for _ in 0..2 {
            phone.wait_for("stored", SOON).unwrap();
        }
    }
    drop((anns, bobs));
    assert_eq!(scene.written().1, 4.0);
    assert_eq!(scene.history(&scene.ann), scene.history(&scene.bob));
    assert_eq!(scene.history(&scene.ann).len(), 5);
}

#[test]
fn who_switched_it_off_writes_through_the_server_alone() {
    let scene = Scene::new();
    let mut anns = scene.start(&scene.ann, NEVER, &["--peer-to-peer", "off"]);
    let mut bobs = scene.start(&scene.bob, NEVER, &[]);
    for text in ["one", "two"] {
        say(&mut bobs, "ann", text);
        assert_eq!(hear(&mut anns, text).text("path"), "server");
    }
    let is_path = |event: &&Event| event.name() == "path";
    assert!(anns.events().iter().find(is_path).is_none());
}

#[test]
fn who_cannot_be_reached_from_here_is_written_to_through_the_server() {
    let internet = Internet::new().unwrap();
    let center = internet.host().unwrap();
    let anns = internet.home(Translation::SamePort, 1).unwrap();
    let bobs = internet.home(Translation::SamePort, 1).unwrap();
    let server = Server::start_with(ServerOptions {
        address: Some(center.address().into()),
        under: center.under(),
        ..ServerOptions::default()
    })
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let start = |host, name: &str, number| {
        let account = server.add_account(name, number).unwrap();
        let keep: &Path = &folder.path().join(name);
        let verb = ["--keep", keep.to_str().unwrap(), "--commands", "watch"];
        let sound = Sound::silent();
        let mut phone = Softphone::start_on(host, &server, &account, &sound, &verb).unwrap();
        phone.wait_for("conversations", SOON).unwrap();
        phone
    };
    let mut at_anns = start(&anns.hosts[0], "ann", "1001");
    let mut at_bobs = start(&bobs.hosts[0], "bob", "1002");
    for text in ["one", "two", "three"] {
        say(&mut at_anns, "bob", text);
        assert_eq!(hear(&mut at_bobs, text).text("path"), "server");
        say(&mut at_bobs, "ann", text);
        assert_eq!(hear(&mut at_anns, text).text("path"), "server");
    }
}
