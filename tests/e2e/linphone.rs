//! Linphone, an independent stack from top to bottom: its SIP, its RTP, its codecs.

use std::time::Duration;

use end_to_end::{
    Account, Answering, Linphone, LinphoneTransport, Server, Softphone, Sound, Turn, check_speech,
};
use hearing::Recording;
use hearing::sound_card::SoundCard;

const SOON: Duration = Duration::from_secs(20);
const CALL: Duration = Duration::from_secs(40);

/// Through two codecs, and sound servers with clocks of their own.
const LIKE: f64 = 0.8;

fn with_two_accounts() -> (Server, Account, Account) {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    (server, ann, bob)
}

#[test]
fn linphone_over_udp_calls_and_both_hear_each_other_after_a_hold() {
    Turn::wait().measure(linphone_calls);
}

fn linphone_calls() -> Result<(), String> {
    let (server, ann, bob) = with_two_accounts();
    let folder = tempfile::tempdir().unwrap();
    let at_bob = folder.path().join("bob.wav");
    let sound = Sound::files(&Recording::speech_path("leisure.wav"), &at_bob);
    let mut callee = Softphone::start(&server, &bob, &sound, &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();

    let device = server.add_device(&ann).unwrap();
    let card = SoundCard::start().unwrap();
    let mut linphone = Linphone::start(
        server.ready().sip,
        &device,
        &LinphoneTransport::Udp,
        Answering::WhenTold,
        &card,
    )
    .unwrap();
    let tape = card.record().unwrap();
    linphone
        .command(&format!("call sip:1002@{}", device.domain))
        .unwrap();
    linphone.wait_for("StreamsRunning", SOON).unwrap();
    callee.wait_for("answered", SOON).unwrap();
    // What the other one speaks comes first.
    std::thread::sleep(Duration::from_secs(9));
    let heard = tape.stop().unwrap();

    linphone.command("call-pause").unwrap();
    linphone.wait_for("Paused", SOON).unwrap();
    linphone.command("call-resume 1").unwrap();
    linphone.wait_for("StreamsRunning", SOON).unwrap();
    card.speak(&Recording::speech_path("amiable.wav"))
        .unwrap()
        .wait()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    linphone.command("terminate").unwrap();
    let finished = callee.finish(CALL).unwrap();
    assert_eq!(finished.code, Some(0), "{}", finished.errors);

    check_speech("leisure.wav", &heard, LIKE)?;
    check_speech("amiable.wav", &Recording::read(&at_bob).unwrap(), LIKE)
}

/// A softphone calls Linphone, and both hear each other.
fn linphone_is_called_over(transport: &LinphoneTransport, server: &Server) -> Result<(), String> {
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let card = SoundCard::start().unwrap();
    let device = server.add_device(&bob).unwrap();
    let address = match transport {
        LinphoneTransport::Tls { .. } => server.ready().sips.unwrap(),
        _ => server.ready().sip,
    };
    let mut linphone =
        Linphone::start(address, &device, transport, Answering::AtOnce, &card).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at_ann = folder.path().join("ann.wav");
    let sound = Sound::files(&Recording::speech_path("leisure.wav"), &at_ann);
    let tape = card.record().unwrap();
    let caller = Softphone::start(server, &ann, &sound, &["call", "1002", "--for", "12"]).unwrap();
    linphone.wait_for("StreamsRunning", SOON).unwrap();
    card.speak(&Recording::speech_path("amiable.wav"))
        .unwrap()
        .wait()
        .unwrap();
    let finished = caller.finish(CALL).unwrap();
    assert_eq!(finished.code, Some(0), "{}", finished.errors);
    linphone.wait_for("End", SOON).unwrap();

    check_speech("leisure.wav", &tape.stop().unwrap(), LIKE)?;
    check_speech("amiable.wav", &Recording::read(&at_ann).unwrap(), LIKE)
}

#[test]
fn linphone_over_tcp_is_called_and_both_hear_each_other() {
    Turn::wait()
        .measure(|| linphone_is_called_over(&LinphoneTransport::Tcp, &Server::start().unwrap()));
}

#[test]
fn linphone_over_tls_is_called_and_both_hear_each_other() {
    Turn::wait().measure(|| {
        let server = Server::start().unwrap();
        let trusted = server.certificate();
        linphone_is_called_over(&LinphoneTransport::Tls { trusted }, &server)
    });
}
