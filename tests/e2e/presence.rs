//! Who sees whom: other people's phones that watch, and servers that share a database.

use std::time::Duration;

use end_to_end::{Baresip, Linphone, Server, Softphone, Sound};
use hearing::sound_card::SoundCard;

const SOON: Duration = Duration::from_secs(20);
/// When its first SUBSCRIBE meets a busy machine, baresip waits half a minute before it tries again.
const WATCHING: Duration = Duration::from_secs(60);

#[test]
fn baresip_sees_who_comes_speaks_and_goes_and_has_a_message_lamp() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let cem = server.add_account("cem", "1003").unwrap();
    let sip = server.ready().sip;
    let device = server.add_device(&ann).unwrap();
    let mut watcher = Baresip::start_watching(sip, &device, "1002").unwrap();
    watcher.wait_for_words("Voice-Message: 0/0", SOON).unwrap();
    watcher.wait_for_contact("Offline", WATCHING).unwrap();

    let mut bob = Softphone::start(&server, &bob, &Sound::silent(), &["answer"]).unwrap();
    bob.wait_for("registered", SOON).unwrap();
    watcher.wait_for_contact("Online", SOON).unwrap();

    let verb = ["call", "1002"];
    let mut cem = Softphone::start(&server, &cem, &Sound::silent(), &verb).unwrap();
    cem.wait_for("answered", SOON).unwrap();
    watcher.wait_for_contact("Busy", SOON).unwrap();
    // It hangs up; who has answered ends with the call, and says goodbye to the server.
    cem.interrupt(SOON).unwrap();
    bob.finish(SOON).unwrap();
    watcher.wait_for_contact("Offline", SOON).unwrap();
}

#[test]
fn linphone_sees_who_comes_speaks_and_goes() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let cem = server.add_account("cem", "1003").unwrap();
    let card = SoundCard::start().unwrap();
    let device = server.add_device(&ann).unwrap();
    let sip = server.ready().sip;
    let watcher = Linphone::start_watching(sip, &device, &card, "1002").unwrap();
    watcher
        .wait_for_words("has presence [closed]", 1, SOON)
        .unwrap();

    let mut bob = Softphone::start(&server, &bob, &Sound::silent(), &["answer"]).unwrap();
    bob.wait_for("registered", SOON).unwrap();
    watcher
        .wait_for_words("has presence [open]", 1, SOON)
        .unwrap();

    let verb = ["call", "1002"];
    let mut cem = Softphone::start(&server, &cem, &Sound::silent(), &verb).unwrap();
    cem.wait_for("answered", SOON).unwrap();
    watcher
        .wait_for_words("<rpid:on-the-phone/>", 1, SOON)
        .unwrap();
    cem.interrupt(SOON).unwrap();
    bob.finish(SOON).unwrap();
    watcher
        .wait_for_words("has presence [closed]", 2, SOON)
        .unwrap();
}
