//! Phones that have no codec in common, or of which one encrypts and the other cannot, and what the server does for them.

use std::thread;
use std::time::Duration;

use end_to_end::{Answering, Baresip, BaresipCodec, Server, Softphone, Sound, Turn, check_speech};
use hearing::Recording;

const SOON: Duration = Duration::from_secs(20);
/// Two codecs and two jitter buffers more than between phones that speak alike.
const LIKE: f64 = 0.8;

fn translated(
    caller: BaresipCodec,
    callee: BaresipCodec,
    is_caller_encrypted: bool,
) -> Result<(), String> {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let [ann, bob] = [ann, bob].map(|account| server.add_device(&account).unwrap());
    let sip = server.ready().sip;
    let says = Recording::speech("amiable.wav");
    let mut bob = Baresip::start(sip, &bob, callee, Answering::AtOnce, &says).unwrap();
    let says = Recording::speech("leisure.wav");
    let answering = Answering::WhenTold;
    let mut ann_phone = if is_caller_encrypted {
        Baresip::start_encrypted(sip, &ann, caller, answering, &says).unwrap()
    } else {
        Baresip::start(sip, &ann, caller, answering, &says).unwrap()
    };
    ann_phone
        .command("dial", &format!("sip:1002@{}", ann.domain))
        .unwrap();
    ann_phone.wait_for("CALL_ESTABLISHED", SOON).unwrap();
    bob.wait_for("CALL_ESTABLISHED", SOON).unwrap();
    thread::sleep(Duration::from_secs(11));
    ann_phone.command("hangup", "").unwrap();
    bob.wait_for("CALL_CLOSED", SOON).unwrap();
    check_speech("amiable.wav", &ann_phone.heard().unwrap(), LIKE)?;
    check_speech("leisure.wav", &bob.heard().unwrap(), LIKE)
}

#[test]
fn a_phone_with_g711_alone_and_one_with_opus_alone_hear_each_other() {
    Turn::wait().measure(|| translated(BaresipCodec::Pcma, BaresipCodec::Opus, false));
}

#[test]
fn a_phone_with_opus_alone_reaches_one_with_g722_alone() {
    Turn::wait().measure(|| translated(BaresipCodec::Opus, BaresipCodec::G722, false));
}

#[test]
fn a_phone_that_encrypts_calls_one_that_cannot() {
    Turn::wait().measure(|| translated(BaresipCodec::Opus, BaresipCodec::Opus, true));
}

/// baresip calls a softphone over TLS, with encrypted audio on both legs; `in_studio` says in how many calls the server
/// has to open what they seal.
fn called_over_tls(codec: BaresipCodec, in_studio: f64, like: f64) -> Result<(), String> {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at_bob = folder.path().join("bob.wav");
    let sound = Sound::files(&Recording::speech_path("leisure.wav"), &at_bob);
    let verb = ["--codecs", "opus", "answer"];
    let mut callee = Softphone::start(&server, &bob, &sound, &verb).unwrap();
    callee.wait_for("registered", SOON).unwrap();

    let device = server.add_device(&ann).unwrap();
    let says = Recording::speech("amiable.wav");
    let answering = Answering::WhenTold;
    let mut baresip = Baresip::start_over_tls(&server, &device, codec, answering, &says).unwrap();
    baresip
        .command("dial", &format!("sip:1002@{}", device.domain))
        .unwrap();
    baresip.wait_for("CALL_ESTABLISHED", SOON).unwrap();
    let answered = callee.wait_for("answered", SOON).unwrap();
    assert_eq!(answered.text("codec"), "opus");
    // baresip does not repeat digests of its keys, so the softphone cannot know that they have met.
    assert_eq!(answered.text("encryption"), "to-server");
    assert_eq!(server.figure("carillon_studio_calls").unwrap(), in_studio);
    thread::sleep(Duration::from_secs(11));
    baresip.command("hangup", "").unwrap();
    let finished = callee.finish(SOON).unwrap();
    assert_eq!(finished.code, Some(0), "{}", finished.errors);
    check_speech("leisure.wav", &baresip.heard().unwrap(), like)?;
    check_speech("amiable.wav", &Recording::read(&at_bob).unwrap(), like)
}

#[test]
fn a_phone_over_tls_calls_a_softphone_and_the_server_does_not_open_their_audio() {
    // One codec and two jitter buffers.
    Turn::wait().measure(|| called_over_tls(BaresipCodec::Opus, 0.0, 0.85));
}

#[test]
fn a_phone_over_tls_that_has_g711_alone_calls_a_softphone_that_has_opus_alone() {
    Turn::wait().measure(|| called_over_tls(BaresipCodec::Pcma, 1.0, LIKE));
}
