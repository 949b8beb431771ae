//! Conversations between softphones through a real server: written, read, kept, found, and nothing lost when it dies.

use std::time::Duration;

use end_to_end::{Account, Event, Finished, Server, Softphone, Sound};

pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) fn start(server: &Server, account: &Account, verb: &[&str]) -> Softphone {
    Softphone::start(server, account, &Sound::silent(), verb).unwrap()
}

/// Runs a verb to its end, which must be a good one.
pub(crate) fn run(server: &Server, account: &Account, verb: &[&str]) -> Finished {
    let finished = start(server, account, verb).finish(SOON).unwrap();
    assert_eq!(finished.code, Some(0), "{verb:?}: {}", finished.errors);
    finished
}

/// What was said, line by line.
pub(crate) fn texts(finished: &Finished) -> Vec<&str> {
    let lines = finished.events.iter();
    let said = lines.filter(|event| event.name() == "past_message" && event.text("kind") == "text");
    said.map(|event| event.text("text")).collect()
}

fn wait_for_text(phone: &mut Softphone, text: &str) -> Event {
    loop {
        let event = phone.wait_for("message", SOON).unwrap();
        if event.text("text") == text {
            return event;
        }
    }
}

fn online(server: &Server, account: &Account) -> Softphone {
    let mut phone = start(server, account, &["watch"]);
    let link = phone.wait_for("conversations", SOON).unwrap();
    assert!(link.flag("is_connected"));
    // Either may come first.
    let is_registered = phone
        .events()
        .iter()
        .any(|event| event.name() == "registered");
    if !is_registered {
        phone.wait_for("registered", SOON).unwrap();
    }
    phone
}

#[test]
fn what_is_written_arrives_once_and_stands_in_the_history_of_both() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let mut at_bobs = online(&server, &bob);
    let sent = run(&server, &ann, &["message", "1002", "Good morning"]);
    let stored = sent.event("stored").unwrap();
    let message = wait_for_text(&mut at_bobs, "Good morning");
    assert_eq!(message.text("room"), stored.text("room"));
    assert_eq!(message.text("name"), "ann");
    run(&server, &bob, &["message", "ann", "Good evening"]);
    for (account, with) in [(&ann, "bob"), (&bob, "1001")] {
        let history = run(&server, account, &["history", with]);
        assert_eq!(texts(&history), ["Good morning", "Good evening"]);
    }
    let nobody = start(&server, &ann, &["message", "1999", "Hello?"]);
    let nobody = nobody.finish(SOON).unwrap();
    assert_eq!(nobody.code, Some(1), "{:?}", nobody.events);
    assert!(nobody.sentence().ends_with('.'), "{}", nobody.sentence());
}

#[test]
fn a_room_of_three_is_made_grows_and_is_left() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let cem = server.add_account("cem", "1003").unwrap();
    let create = ["rooms", "create", "--name", "Lunch", "bob"];
    let created = run(&server, &ann, &create);
    let room = created.event("room").unwrap().text("room").to_owned();
    run(&server, &ann, &["rooms", "add", &room, "1003"]);
    run(&server, &cem, &["message", &room, "Here I am"]);
    let history = run(&server, &bob, &["history", &room]);
    assert_eq!(texts(&history), ["Here I am"]);
    let list = run(&server, &bob, &["rooms", "list"]);
    let line = list.event("room").unwrap();
    assert_eq!(line.text("name"), "Lunch");
    assert_eq!(line.value("participants").as_array().unwrap().len(), 3);
    run(&server, &cem, &["rooms", "leave", &room]);
    assert!(
        run(&server, &cem, &["rooms", "list"])
            .event("room")
            .is_err()
    );
}

#[test]
fn what_was_written_while_the_server_was_away_is_sent_when_it_is_back() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    run(&server, &ann, &["message", "bob", "one"]);
    let mut at_bobs = online(&server, &bob);
    let mut server = server;
    for text in ["two", "three"] {
        server = server.crash_and_restart().unwrap();
        run(&server, &ann, &["message", "bob", text]);
        // The one who listens comes back by itself, and has missed nothing.
        wait_for_text(&mut at_bobs, text);
    }
    let history = run(&server, &bob, &["history", "ann"]);
    assert_eq!(texts(&history), ["one", "two", "three"]);
}

#[test]
fn a_folder_keeps_conversations_and_only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("kept");
    let keep = ["--keep", folder.to_str().unwrap(), "history", "bob"];
    run(&server, &ann, &["message", "bob", "one"]);
    assert_eq!(texts(&run(&server, &ann, &keep)), ["one"]);
    run(&server, &bob, &["message", "ann", "two"]);
    assert_eq!(texts(&run(&server, &ann, &keep)), ["one", "two"]);
    let mut files = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap());
    let letters = files.find(|file| file.file_name().to_string_lossy().ends_with(".sqlite"));
    let mode = letters.unwrap().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
}
