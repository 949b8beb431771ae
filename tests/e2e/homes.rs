//! Phones at home, behind routers that translate addresses, and a server on the internet.

use std::net::UdpSocket;
use std::thread;
use std::time::Duration;

use end_to_end::{
    Answering, Baresip, BaresipCodec, Host, Internet, Server, ServerOptions, Softphone, Sound,
    Translation, Turn, check_speech, inside,
};
use hearing::Recording;

const SOON: Duration = Duration::from_secs(20);
const CALL: Duration = Duration::from_secs(40);

/// Speech that went through a codec and a jitter buffer is this like the original, or better.
const LIKE: f64 = 0.85;

fn server_on(host: &Host) -> Server {
    Server::start_with(ServerOptions {
        address: Some(host.address().into()),
        under: host.under(),
        ..ServerOptions::default()
    })
    .unwrap()
}

/// Two phones, each behind a router of its own, talk; somebody else on the internet knows all ports and joins in.
fn two_homes(translation: Translation) -> Result<(), String> {
    let internet = Internet::new().unwrap();
    let center = internet.host().unwrap();
    let stranger = internet.host().unwrap();
    let anns = internet.home(translation, 1).unwrap();
    let bobs = internet.home(translation, 1).unwrap();
    let mut server = server_on(&center);
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (at_ann, at_bob) = (folder.path().join("ann.wav"), folder.path().join("bob.wav"));

    let sound = Sound::files(&Recording::speech_path("amiable.wav"), &at_bob);
    let mut callee =
        Softphone::start_on(&bobs.hosts[0], &server, &bob, &sound, &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    let sound = Sound::files(&Recording::speech_path("leisure.wav"), &at_ann);
    let verb = ["call", "1002", "--for", "10"];
    let mut caller = Softphone::start_on(&anns.hosts[0], &server, &ann, &sound, &verb).unwrap();
    caller.wait_for("answered", SOON).unwrap();

    let process = server.process().id();
    let socket = stranger
        .inside(|| UdpSocket::bind((stranger.address(), 0)).unwrap())
        .unwrap();
    let got = disturb(&socket, process);
    let (caller, callee) = (caller.finish(CALL).unwrap(), callee.finish(CALL).unwrap());
    for side in [&caller, &callee] {
        assert_eq!(side.code, Some(0), "{}", side.errors);
    }
    assert_eq!(got, 0, "a stranger was sent audio");
    check_speech("leisure.wav", &Recording::read(&at_bob).unwrap(), LIKE)?;
    check_speech("amiable.wav", &Recording::read(&at_ann).unwrap(), LIKE)
}

/// Sends noise that looks like audio to every UDP port of the server for some seconds; gives back how many packets came
/// back that are audio.
fn disturb(socket: &UdpSocket, server: u32) -> usize {
    socket.set_nonblocking(true).unwrap();
    let mut got = 0;
    let mut buffer = [0; 2_048];
    for sequence in 0..400_u16 {
        let mut packet = vec![0x80, 111];
        packet.extend(sequence.to_be_bytes());
        packet.extend((u32::from(sequence) * 960).to_be_bytes());
        packet.extend([0xde, 0xad, 0xbe, 0xef]);
        packet.extend([0xfc; 60]);
        for port in inside::udp_sockets(server).unwrap() {
            // A full queue is the stranger's loss.
            let _ = socket.send_to(&packet, port);
        }
        while let Ok((length, _)) = socket.recv_from(&mut buffer) {
            // Version 2 of RTP; SIP would be text.
            got += usize::from(length > 0 && buffer[0] >> 6 == 2);
        }
        thread::sleep(Duration::from_millis(20));
    }
    got
}

#[test]
fn phones_behind_two_routers_hear_each_other_and_nobody_else() {
    Turn::wait().measure(|| two_homes(Translation::SamePort));
}

#[test]
fn phones_behind_two_symmetric_routers_hear_each_other_and_nobody_else() {
    Turn::wait().measure(|| two_homes(Translation::PortForEachPeer));
}

#[test]
fn two_phones_in_one_home_are_told_apart() {
    let internet = Internet::new().unwrap();
    let center = internet.host().unwrap();
    let home = internet.home(Translation::PortForEachPeer, 2).unwrap();
    let server = server_on(&center);
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let sound = Sound::silent();
    let mut callee =
        Softphone::start_on(&home.hosts[1], &server, &bob, &sound, &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    let verb = ["call", "1002", "--for", "3"];
    let caller = Softphone::start_on(&home.hosts[0], &server, &ann, &sound, &verb).unwrap();
    for phone in [caller, callee] {
        let finished = phone.finish(CALL).unwrap();
        assert_eq!(finished.code, Some(0), "{}", finished.errors);
        let ended = finished.event("ended").unwrap();
        assert!(ended.number("received").unwrap() > 100.0, "{ended:?}");
    }
}

#[test]
fn baresip_behind_a_router_is_called_and_both_hear_each_other() {
    Turn::wait().measure(baresip_at_home);
}

fn baresip_at_home() -> Result<(), String> {
    let internet = Internet::new().unwrap();
    let center = internet.host().unwrap();
    let office = internet.host().unwrap();
    let home = internet.home(Translation::PortForEachPeer, 1).unwrap();
    let server = server_on(&center);
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let device = server.make_device(&bob).unwrap();
    let mut baresip = Baresip::start_on(
        &home.hosts[0],
        server.ready().sip,
        &device,
        BaresipCodec::Opus,
        Answering::AtOnce,
        &Recording::speech("amiable.wav"),
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at_ann = folder.path().join("ann.wav");
    let sound = Sound::files(&Recording::speech_path("leisure.wav"), &at_ann);
    let verb = ["call", "1002", "--for", "11"];
    let caller = Softphone::start_on(&office, &server, &ann, &sound, &verb).unwrap();
    baresip.wait_for("CALL_ESTABLISHED", SOON).unwrap();
    let finished = caller.finish(CALL).unwrap();
    assert_eq!(finished.code, Some(0), "{}", finished.errors);
    baresip.wait_for("CALL_CLOSED", SOON).unwrap();
    check_speech("amiable.wav", &Recording::read(&at_ann).unwrap(), LIKE)?;
    check_speech("leisure.wav", &baresip.heard().unwrap(), LIKE)
}

#[test]
fn a_phone_behind_a_forgetful_router_is_reached_after_a_silence() {
    let internet = Internet::new().unwrap();
    let center = internet.host().unwrap();
    let office = internet.host().unwrap();
    let home = internet.home(Translation::PortForEachPeer, 1).unwrap();
    // Half a minute is what many routers have, and what the kernel has without a word.
    home.forget_silence_after(30).unwrap();
    let server = server_on(&center);
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let sound = Sound::silent();
    let mut callee =
        Softphone::start_on(&home.hosts[0], &server, &bob, &sound, &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    thread::sleep(Duration::from_secs(45));
    let verb = ["call", "1002", "--for", "2"];
    let caller = Softphone::start_on(&office, &server, &ann, &sound, &verb).unwrap();
    for phone in [caller, callee] {
        let finished = phone.finish(CALL).unwrap();
        assert_eq!(finished.code, Some(0), "{}", finished.errors);
    }
}
