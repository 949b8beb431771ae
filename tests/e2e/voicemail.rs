//! Messages that phones of somebody else and softphones leave, and what is to be heard of them.

use std::io::Cursor;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use end_to_end::{Account, Answering, Baresip, BaresipCodec, Server, Softphone, Sound, Turn};
use hearing::{Recording, compare};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(30);
const RATE: u32 = 48_000;

/// Ann (1001) and Bob (1002), for whom one can leave a message a second after his phones have begun to ring.
fn people() -> (Server, [Account; 2]) {
    let server = Server::start().unwrap();
    let people =
        [("ann", "1001"), ("bob", "1002")].map(|(name, number)| server.add_account(name, number));
    let set = ["--voicemail", "on", "--voicemail-seconds", "1"];
    let people = people.map(Result::unwrap);
    server
        .callctl(&[&["accounts", "settings", "bob"][..], &set].concat())
        .unwrap();
    (server, people)
}

/// The only message for Bob, once it is there.
fn message(server: &Server) -> Value {
    let deadline = Instant::now() + SOON;
    loop {
        let text = server.callctl(&["--json", "voicemails", "list", "bob"]);
        let messages: Vec<Value> = serde_json::from_str(&text.unwrap()).unwrap();
        if let [message] = &messages[..] {
            return message.clone();
        }
        assert!(Instant::now() < deadline, "{messages:?}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Whether the message says what was spoken from its third to its eighth second, whenever it began.
fn check_message(server: &Server, spoken: &str) -> Result<(), String> {
    let id = message(server)["id"].to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message.opus");
    export(server, &id, &file);
    let mut player = media::Player::new(Cursor::new(std::fs::read(&file).unwrap())).unwrap();
    let heard: Vec<i16> = std::iter::from_fn(|| player.frame()).flatten().collect();
    let spoken = Recording::speech(spoken).at_rate(RATE).samples;
    let likeness = compare(&spoken[3 * RATE as usize..8 * RATE as usize], &heard, RATE);
    match likeness.similarity > 0.7 {
        true => Ok(()),
        false => Err(format!("the message is another one: {likeness}")),
    }
}

fn export(server: &Server, id: &str, file: &Path) {
    let file = file.to_str().unwrap();
    server
        .callctl(&["voicemails", "export", "bob", id, file])
        .unwrap();
}

#[test]
fn baresip_leaves_a_message_in_pcmu_over_plain_rtp_and_the_lamp_of_another_one_is_lit() {
    Turn::wait().measure(leave_with_baresip);
}

fn leave_with_baresip() -> Result<(), String> {
    let (server, [ann, bob]) = people();
    let sip = server.ready().sip;
    let (ann, bob) = (
        server.add_device(&ann).unwrap(),
        server.add_device(&bob).unwrap(),
    );
    let mut lamp = Baresip::start_watching(sip, &bob, "1001").unwrap();
    let says = Recording::speech("leisure.wav");
    let (codec, answering) = (BaresipCodec::Pcmu, Answering::WhenTold);
    let mut phone = Baresip::start(sip, &ann, codec, answering, &says).unwrap();
    phone
        .command("dial", &format!("sip:1002@{}", ann.domain))
        .unwrap();
    phone.wait_for("CALL_ESTABLISHED", SOON).unwrap();
    phone.command("sndcode", "#").unwrap();
    thread::sleep(Duration::from_secs(11));
    phone.command("hangup", "").unwrap();
    assert_eq!(message(&server)["caller"]["number"], "1001");
    lamp.wait_for_words("Voice-Message: 1/0", SOON).unwrap();
    check_message(&server, "leisure.wav")
}

#[test]
fn a_softphone_leaves_a_message_that_is_encrypted_on_its_way() {
    Turn::wait().measure(leave_with_softphone);
}

fn leave_with_softphone() -> Result<(), String> {
    let (server, [ann, _]) = people();
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard.wav");
    let sound = Sound::files(&Recording::speech_path("leisure.wav"), &heard);
    let verb = ["--commands", "watch"];
    let mut phone = Softphone::start(&server, &ann, &sound, &verb).unwrap();
    phone.wait_for("registered", SOON).unwrap();
    phone.process().write_line("call 1002").unwrap();
    phone.wait_for("answered", SOON).unwrap();
    phone.process().write_line("digits #").unwrap();
    thread::sleep(Duration::from_secs(11));
    phone.process().write_line("hangup").unwrap();
    phone.wait_for("ended", SOON).unwrap();
    check_message(&server, "leisure.wav")
}
