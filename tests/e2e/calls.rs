//! Two softphones call each other.

use std::time::Duration;

use end_to_end::{Server, Softphone, Sound, Turn, check_speech};
use hearing::Recording;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn two_phones_speak_and_hear_each_other() {
    Turn::wait().measure(speak_and_hear);
}

fn speak_and_hear() -> Result<(), String> {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (at_ann, at_bob) = (folder.path().join("ann.wav"), folder.path().join("bob.wav"));

    let sound = Sound::files(&Recording::speech_path("amiable.wav"), &at_bob);
    let mut callee = Softphone::start(&server, &bob, &sound, &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    let sound = Sound::files(&Recording::speech_path("leisure.wav"), &at_ann);
    let caller = Softphone::start(&server, &ann, &sound, &["call", "1002", "--for", "10"]).unwrap();

    let caller = caller.finish(SOON).unwrap();
    let callee = callee.finish(SOON).unwrap();
    assert_eq!(caller.code, Some(0), "{}", caller.errors);
    assert_eq!(callee.code, Some(0), "{}", callee.errors);
    assert_eq!(callee.event("incoming").unwrap().text("from"), "1001");
    for side in [&caller, &callee] {
        let ended = side.event("ended").unwrap();
        assert!(ended.number("sent").unwrap() > 400.0, "{ended:?}");
        assert!(ended.number("received").unwrap() > 400.0, "{ended:?}");
        assert_eq!(side.event("answered").unwrap().text("codec"), "opus");
    }
    check_speech("leisure.wav", &Recording::read(&at_bob).unwrap(), 0.85)?;
    check_speech("amiable.wav", &Recording::read(&at_ann).unwrap(), 0.85)
}

#[test]
fn a_phone_on_tcp_and_a_phone_on_udp_talk() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let mut callee = Softphone::start(&server, &bob, &Sound::silent(), &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    let verb = ["--sip-transport", "tcp", "call", "1002", "--for", "2"];
    let caller = Softphone::start(&server, &ann, &Sound::silent(), &verb).unwrap();
    for phone in [caller, callee] {
        let finished = phone.finish(SOON).unwrap();
        assert_eq!(finished.code, Some(0), "{}", finished.errors);
        let ended = finished.event("ended").unwrap();
        assert!(ended.number("received").unwrap() > 50.0, "{ended:?}");
    }
}

#[test]
fn a_caller_who_gives_up_stops_the_ringing() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let mut callee = Softphone::start(&server, &bob, &Sound::silent(), &["watch"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    let mut caller = Softphone::start(&server, &ann, &Sound::silent(), &["call", "1002"]).unwrap();
    caller.wait_for("ringing", SOON).unwrap();
    callee.wait_for("incoming", SOON).unwrap();
    let caller = caller.interrupt(SOON).unwrap();
    assert_eq!(caller.code, Some(130), "{}", caller.errors);
    callee.wait_for("ended", SOON).unwrap();
}

#[test]
fn numbers_and_accounts_are_listed() {
    let server = Server::start().unwrap();
    server.add_account("ann", "1001").unwrap();
    let accounts = server.callctl(&["--json", "accounts", "list"]).unwrap();
    assert!(
        accounts.contains("ann") && accounts.contains("1001"),
        "{accounts}"
    );
    let numbers = server.callctl(&["numbers", "list"]).unwrap();
    assert!(numbers.contains("1001"), "{numbers}");
}
