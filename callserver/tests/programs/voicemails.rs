//! Voicemail over the running server: somebody who does not answer, a message in PCMU over plain RTP, and its way to whoever
//! it is for.

use std::io::Cursor;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hearing::{Recording, compare};
use media::{Codec, Config, Digit, Input, Player, Session, Transmit};
use serde_json::{Value, json};

use crate::client::{add, ask, log_in};
use crate::phone::Phone;
use crate::process::{PATIENCE, Server, callctl};

const FRAME: Duration = Duration::from_millis(20);
const RATE: u32 = 48_000;
/// The same words. Phones keep their pace badly on a busy machine; how good the sound is, is measured in virtual time.
const ALIKE: f64 = 0.6;

/// What a phone says and hears, at its own pace.
struct Voice<'a> {
    phone: &'a Phone,
    server: SocketAddr,
    session: Session,
    heard: Vec<i16>,
    next: Instant,
}

impl<'a> Voice<'a> {
    fn new(phone: &'a Phone, server: SocketAddr) -> Self {
        let config = Config {
            telephone_event: Some(101),
            ..Config::new(Codec::Pcmu)
        };
        phone.rtp.set_nonblocking(true).unwrap();
        Voice {
            phone,
            server,
            session: Session::new(config, [9; 32]).unwrap(),
            heard: Vec::new(),
            next: Instant::now(),
        }
    }

    fn press(&mut self, digit: char) {
        let digit = Digit::new(digit).unwrap();
        self.session.handle(Instant::now(), Input::Digit(digit));
    }

    /// Says this, and hears what comes meanwhile.
    fn say(&mut self, samples: &[i16]) {
        let (frames, _) = samples.as_chunks::<960>();
        for frame in frames {
            self.next += FRAME;
            std::thread::sleep(self.next.saturating_duration_since(Instant::now()));
            let now = Instant::now();
            let mut buffer = [0; 2048];
            while let Ok(length) = self.phone.rtp.recv(&mut buffer) {
                let packet = Bytes::copy_from_slice(&buffer[..length]);
                self.session.handle(now, Input::Packet(packet));
            }
            self.session.handle(now, Input::Capture(frame));
            while let Some(transmit) = self.session.poll_transmit() {
                if let Transmit::Packet(packet) = transmit {
                    self.phone.rtp.send_to(&packet, self.server).unwrap();
                }
            }
            while self.session.poll_event().is_some() {}
            self.heard.extend(self.session.playout(now));
        }
    }

    /// Is silent until something that was wanted is heard, or for as long as one waits for it.
    fn listen_until(&mut self, mut is_heard: impl FnMut(&[i16]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_heard(&self.heard) {
            assert!(Instant::now() < deadline, "nothing of the kind was heard");
            self.say(&media::SILENCE);
        }
    }
}

/// Whether the beep was heard to its end behind this place.
fn has_beeped(heard: &[i16]) -> bool {
    let is_loud = |frame: &[i16]| media::dbfs(frame) > -22.0;
    let frames: Vec<bool> = heard.chunks(960).map(is_loud).collect();
    let longest = frames.split(|loud| !loud).map(<[bool]>::len).max();
    longest >= Some(15) && frames.last() == Some(&false)
}

fn speech() -> Vec<i16> {
    let mut speech = Recording::speech("leisure.wav").at_rate(RATE).samples;
    speech.truncate(4 * RATE as usize);
    speech
}

fn decoded(file: Vec<u8>) -> Vec<i16> {
    let mut player = Player::new(Cursor::new(file)).unwrap();
    std::iter::from_fn(|| player.frame()).flatten().collect()
}

/// A server with Alice (1000), who has a phone, and Bob (1001), who has none and takes messages.
fn server() -> (Server, Phone) {
    with_people(Server::start())
}

fn with_people(server: Server) -> (Server, Phone) {
    for name in ["alice", "bob"] {
        add(&server, name);
    }
    server.callctl_json(&["accounts", "settings", "bob", "--voicemail", "on"]);
    let mut alice = Phone::new(&server, "alice");
    alice.takes_digits = true;
    assert!(alice.register());
    (server, alice)
}

/// Alice leaves a message for whoever has this number. The beep is asked for with `#`.
fn leave_message(alice: &mut Phone, number: &str, speech: &[i16]) {
    let leg = alice.call(number);
    let relay = alice.is_answered();
    let mut voice = Voice::new(alice, relay);
    voice.say(&[0; 960 * 10]);
    voice.press('#');
    voice.listen_until(has_beeped);
    voice.say(speech);
    voice.say(&[0; 960 * 10]);
    alice.hang_up(leg);
    assert_eq!(alice.has_ended(), None);
}

fn messages(server: &Server, token: &str) -> Vec<Value> {
    let page = ask(server, "GET", "/api/v1/me/voicemails")
        .token(token)
        .get(200);
    page["items"].as_array().unwrap().clone()
}

fn wait_for_messages(server: &Server, token: &str, many: usize) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let messages = messages(server, token);
        if messages.len() == many {
            return messages;
        }
        assert!(Instant::now() < deadline, "{messages:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether somebody's first conversation tells of this voicemail.
fn is_told(server: &Server, token: &str, voicemail: &Value) -> bool {
    let list = ask(server, "GET", "/api/v1/rooms").token(token).get(200);
    let Some(room) = list["rooms"][0]["id"].as_str() else {
        return false;
    };
    let page = ask(server, "GET", &format!("/api/v1/rooms/{room}/messages")).token(token);
    let page = page.get(200);
    let mut told = page["messages"].as_array().unwrap().iter();
    told.any(|one| one["body"]["type"] == "voicemail" && one["body"]["voicemail"] == *voicemail)
}

#[test]
fn a_message_is_left_for_who_does_not_answer_and_heard_word_for_word() {
    let (server, mut alice) = server();
    let bob = log_in(&server, "bob").tokens.unwrap().access_token;
    let speech = speech();
    leave_message(&mut alice, "1001", &speech);
    let message = wait_for_messages(&server, &bob, 1)[0].clone();
    assert_eq!(message["is_heard"], false, "{message}");
    assert_eq!(message["caller"]["number"], "1000", "{message}");
    let seconds = message["seconds"].as_u64().unwrap();
    assert!((4..8).contains(&seconds), "{message}");
    let path = format!("/api/v1/me/voicemails/{}", message["id"]);
    let audio = format!("{path}/audio");
    let (status, head, file) = ask(&server, "GET", &audio).token(&bob).send_for_bytes();
    assert_eq!(status, 200);
    assert!(head.to_lowercase().contains("audio/ogg"), "{head}");
    let likeness = compare(&speech, &decoded(file.clone()), RATE);
    assert!(likeness.similarity > ALIKE, "{likeness}");
    let part = ask(&server, "GET", &audio).token(&bob);
    let (status, _, part) = part.header("Range", "bytes=0-3").send_for_bytes();
    assert_eq!((status, &part[..]), (206, &b"OggS"[..]));
    // Nobody else hears it.
    let alices = log_in(&server, "alice").tokens.unwrap().access_token;
    ask(&server, "GET", &audio).token(&alices).get(404);

    // It stands in the conversation of the two, a moment later.
    let deadline = Instant::now() + PATIENCE;
    while !is_told(&server, &bob, &message["id"]) {
        assert!(Instant::now() < deadline, "nothing is told of the message");
        std::thread::sleep(Duration::from_millis(50));
    }

    let heard = ask(&server, "PATCH", &path).token(&bob);
    let heard = heard.json(&json!({"is_heard": true})).get(200);
    assert_eq!(heard["is_heard"], true);
    let listed = server.callctl_json(&["voicemails", "list", "bob"]);
    assert_eq!(listed[0]["is_heard"], true, "{listed}");
    let id = message["id"].to_string();
    let to = server.data().join("message.opus");
    let to = to.to_str().unwrap();
    server.callctl_json(&["voicemails", "export", "bob", &id, to]);
    assert_eq!(std::fs::read(to).unwrap(), file);
    ask(&server, "DELETE", &path).token(&bob).send();
    assert!(messages(&server, &bob).is_empty());
    // Nothing is left of how it was made.
    let drafts = std::fs::read_dir(server.data().join("recordings")).unwrap();
    assert_eq!(drafts.count(), 0);

    // The history is written a moment after the call.
    let begin = std::time::Instant::now();
    let calls = loop {
        let calls = server.callctl_json(&["calls", "history"]);
        if calls[0].is_object() || begin.elapsed() > PATIENCE {
            break calls;
        }
    };
    assert_eq!(calls[0]["cause"], "voicemail", "{calls}");
    assert_eq!(calls[0]["answered_at"], Value::Null, "{calls}");
}

#[test]
fn who_says_nothing_leaves_nothing() {
    let (server, mut alice) = server();
    let bob = log_in(&server, "bob").tokens.unwrap().access_token;
    leave_message(&mut alice, "1001", &[0; 960 * 20]);
    leave_message(&mut alice, "1001", &speech());
    assert_eq!(wait_for_messages(&server, &bob, 1).len(), 1);
}

#[test]
fn an_account_takes_no_more_messages_than_the_configuration_says() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "[voicemail]\nmost_messages = 1\n").unwrap();
    let config = config.to_str().unwrap().to_owned();
    let off = ["--config", &config, "--sips", "off", "--https", "off"];
    let (server, mut alice) = with_people(Server::start_with(folder, &off));
    let bob = log_in(&server, "bob").tokens.unwrap().access_token;
    leave_message(&mut alice, "1001", &speech());
    wait_for_messages(&server, &bob, 1);
    alice.call("1001");
    let relay = alice.is_answered();
    let mut voice = Voice::new(&alice, relay);
    voice.say(&[0; 960 * 10]);
    voice.press('#');
    voice.say(&speech());
    // It has said that nobody can leave a message, and hangs up.
    assert_eq!(alice.has_ended(), None);
    assert_eq!(messages(&server, &bob).len(), 1);
}

#[test]
fn a_message_that_a_crash_interrupts_is_kept_as_far_as_it_goes() {
    let (server, mut alice) = server();
    alice.call("1001");
    let relay = alice.is_answered();
    let mut voice = Voice::new(&alice, relay);
    voice.say(&[0; 960 * 10]);
    voice.press('#');
    voice.listen_until(has_beeped);
    let speech = speech();
    voice.say(&speech);
    server.signal("KILL");
    let (_, _, folder) = server.wait();
    let server = Server::start_in(folder);
    let bob = log_in(&server, "bob").tokens.unwrap().access_token;
    let message = wait_for_messages(&server, &bob, 1)[0].clone();
    let audio = format!("/api/v1/me/voicemails/{}/audio", message["id"]);
    let (_, _, file) = ask(&server, "GET", &audio).token(&bob).send_for_bytes();
    let heard = decoded(file);
    assert!(heard.len() > 2 * RATE as usize, "{}", heard.len());
    let likeness = compare(&speech[..2 * RATE as usize], &heard, RATE);
    assert!(likeness.similarity > ALIKE, "{likeness}");
}

#[test]
fn a_desk_phone_hears_its_messages_with_a_code_and_sorts_them_with_keys() {
    let (server, mut alice) = server();
    let token = log_in(&server, "bob").tokens.unwrap().access_token;
    let speech = speech();
    leave_message(&mut alice, "1001", &speech);
    wait_for_messages(&server, &token, 1);
    let mut bob = Phone::new(&server, "bob");
    bob.takes_digits = true;
    assert!(bob.register());
    let leg = bob.call("*97");
    let relay = bob.is_answered();
    let mut voice = Voice::new(&bob, relay);
    voice.listen_until(has_beeped);
    let from = voice.heard.len();
    voice.say(&vec![0; speech.len() + 2 * RATE as usize]);
    let likeness = compare(&speech, &voice.heard[from..], RATE);
    assert!(likeness.similarity > ALIKE, "{likeness}");
    assert_eq!(messages(&server, &token)[0]["is_heard"], true);
    voice.press('7');
    voice.say(&[0; 960 * 20]);
    bob.hang_up(leg);
    wait_for_messages(&server, &token, 0);
}

#[test]
fn a_greeting_of_ones_own_is_set_heard_and_removed() {
    let (server, mut alice) = server();
    let token = log_in(&server, "bob").tokens.unwrap().access_token;
    let path = "/api/v1/me/voicemail-greeting";
    ask(&server, "GET", path).token(&token).get(404);
    let nonsense = ask(&server, "PUT", path).token(&token);
    let nonsense = nonsense.body("audio/ogg", b"RIFF and so on").send();
    assert_eq!(nonsense.status, 400, "{}", nonsense.json);

    let speech = speech();
    let mut recorder = media::Recorder::new(Vec::new(), 1).unwrap();
    for frame in speech.as_chunks::<960>().0 {
        recorder.write(frame).unwrap();
    }
    let file = recorder.finish().unwrap();
    let set = ask(&server, "PUT", path).token(&token);
    let (status, ..) = set.body("audio/ogg", &file).send_for_bytes();
    assert_eq!(status, 204);
    let leg = alice.call("1001");
    let relay = alice.is_answered();
    let mut voice = Voice::new(&alice, relay);
    voice.say(&vec![0; speech.len() + RATE as usize]);
    let likeness = compare(&speech, &voice.heard, RATE);
    assert!(likeness.similarity > ALIKE, "{likeness}");
    alice.hang_up(leg);
    let (status, ..) = ask(&server, "DELETE", path).token(&token).send_for_bytes();
    assert_eq!(status, 204);
    ask(&server, "GET", path).token(&token).get(404);
}

#[test]
fn messages_are_in_the_export_and_gone_with_the_account() {
    let (server, mut alice) = server();
    let token = log_in(&server, "bob").tokens.unwrap().access_token;
    leave_message(&mut alice, "1001", &speech());
    let id = wait_for_messages(&server, &token, 1)[0]["id"].clone();
    let file = server.data().join("bob.zip");
    let file = file.to_str().unwrap();
    server.callctl_json(&["accounts", "export", "bob", file]);
    let packed = std::fs::read(file).unwrap();
    let mut packed = zip::ZipArchive::new(Cursor::new(packed)).unwrap();
    assert!(packed.by_name(&format!("voicemails/{id}.opus")).is_ok());
    server.callctl_json(&["accounts", "remove", "bob"]);
    let asked = callctl(server.data(), &["voicemails", "list", "bob"], "");
    assert_ne!(asked.code, Some(0), "{}", asked.stderr);
}

#[test]
fn a_message_lights_the_lamp_of_a_phone_that_rang_in_vain() {
    let (server, mut alice) = server();
    let token = log_in(&server, "bob").tokens.unwrap().access_token;
    server.callctl_json(&["accounts", "settings", "bob", "--voicemail-seconds", "1"]);
    let mut bob = Phone::new(&server, "bob");
    assert!(bob.register());
    bob.watch_lamp();
    bob.lamp_says("Voice-Message: 0/0");
    leave_message(&mut alice, "1001", &speech());
    bob.lamp_says("Voice-Message: 1/0");
    let id = wait_for_messages(&server, &token, 1)[0]["id"].clone();
    let path = format!("/api/v1/me/voicemails/{id}");
    let heard = ask(&server, "PATCH", &path).token(&token);
    heard.json(&json!({"is_heard": true})).get(200);
    bob.lamp_says("Voice-Message: 0/1");
}
