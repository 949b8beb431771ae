//! Other people's phones: baresip and sipp.

use std::time::Duration;

use end_to_end::{
    Answering, Baresip, BaresipCodec, Server, Softphone, Sound, Turn, check_speech, sipp::Sipp,
};
use hearing::Recording;

const SOON: Duration = Duration::from_secs(20);
const CALL: Duration = Duration::from_secs(30);

/// Speech that went through a codec and a jitter buffer is this like the original, or better.
const LIKE: f64 = 0.85;

fn baresip_is_called_with(codec: BaresipCodec) -> Result<(), String> {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let device = server.add_device(&bob).unwrap();
    let speech = Recording::speech("amiable.wav");
    let mut baresip = Baresip::start(
        server.ready().sip,
        &device,
        codec,
        Answering::AtOnce,
        &speech,
    )
    .unwrap();

    let folder = tempfile::tempdir().unwrap();
    let at_ann = folder.path().join("ann.wav");
    let sound = Sound::files(&Recording::speech_path("leisure.wav"), &at_ann);
    let caller = Softphone::start(&server, &ann, &sound, &["call", "1002", "--for", "11"]).unwrap();
    baresip.wait_for("CALL_ESTABLISHED", SOON).unwrap();
    let finished = caller.finish(CALL).unwrap();
    assert_eq!(finished.code, Some(0), "{}", finished.errors);
    baresip.wait_for("CALL_CLOSED", SOON).unwrap();

    check_speech("amiable.wav", &Recording::read(&at_ann).unwrap(), LIKE)?;
    check_speech("leisure.wav", &baresip.heard().unwrap(), LIKE)
}

#[test]
fn baresip_is_called_and_speaks_opus() {
    Turn::wait().measure(|| baresip_is_called_with(BaresipCodec::Opus));
}

#[test]
fn baresip_is_called_and_speaks_g711() {
    Turn::wait().measure(|| baresip_is_called_with(BaresipCodec::Pcmu));
}

#[test]
fn baresip_calls_and_both_hear_each_other() {
    Turn::wait().measure(baresip_calls);
}

fn baresip_calls() -> Result<(), String> {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at_ann = folder.path().join("ann.wav");
    let sound = Sound::files(&Recording::speech_path("leisure.wav"), &at_ann);
    let mut callee = Softphone::start(&server, &ann, &sound, &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();

    let device = server.add_device(&bob).unwrap();
    let speech = Recording::speech("amiable.wav");
    let mut baresip = Baresip::start(
        server.ready().sip,
        &device,
        BaresipCodec::Opus,
        Answering::WhenTold,
        &speech,
    )
    .unwrap();
    baresip
        .command("dial", &format!("sip:1001@{}", device.domain))
        .unwrap();
    let incoming = callee.wait_for("incoming", SOON).unwrap();
    assert_eq!(incoming.text("from"), "1002");
    baresip.wait_for("CALL_ESTABLISHED", SOON).unwrap();
    std::thread::sleep(Duration::from_secs(11));
    baresip.command("hangup", "").unwrap();
    let finished = callee.finish(CALL).unwrap();
    assert_eq!(finished.code, Some(0), "{}", finished.errors);

    check_speech("amiable.wav", &Recording::read(&at_ann).unwrap(), LIKE)?;
    check_speech("leisure.wav", &baresip.heard().unwrap(), LIKE)
}

#[test]
fn sipp_calls_with_a_login() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let mut callee = Softphone::start(&server, &ann, &Sound::silent(), &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    let device = server.add_device(&bob).unwrap();
    Sipp::new("uac-with-login.xml", server.ready().sip, &device)
        .calling("1001")
        .play()
        .unwrap();
    let finished = callee.finish(SOON).unwrap();
    assert_eq!(finished.code, Some(0), "{}", finished.errors);
}
