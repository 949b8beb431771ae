//! Messages of other people's phones: into conversations, out of them, kept for who is away, reported, and refused.

use std::time::Duration;

use end_to_end::sipp::{Heard, Sipp};
use end_to_end::{Account, Baresip, Device, HttpClient, Server, Transport};
use serde_json::json;

use crate::softphone_messages::{SOON, run, texts};

/// A message to a phone that died without a farewell is given up after 32 s (RFC 3428 section 8, RFC 3261 section
/// 17.1.2.2), and the next one behind it perhaps, too.
const GIVEN_UP: Duration = Duration::from_secs(120);

struct Scene {
    server: Server,
    ann: Account,
    bob: Account,
    /// Ann's.
    anns: Device,
    /// Bob's.
    bobs: Device,
}

impl Scene {
    fn new() -> Self {
        let server = Server::start().unwrap();
        let ann = server.add_account("ann", "1001").unwrap();
        let bob = server.add_account("bob", "1002").unwrap();
        let anns = server.add_device(&ann).unwrap();
        let bobs = server.make_device(&bob).unwrap();
        Self {
            server,
            ann,
            bob,
            anns,
            bobs,
        }
    }

    fn phone<'a>(&self, scenario: &'a str, device: &'a Device) -> Sipp<'a> {
        Sipp::new(scenario, self.server.ready().sip, device)
    }

    /// A phone writes something; gives back the answer.
    fn write(&self, from: &Device, to: &str, kind: &str, text: &str) -> u16 {
        let phone = self.phone("uac-message.xml", from).calling(to);
        let phone = phone.with("type", kind).with("text", text);
        // A datagram may be too small for it.
        told(phone.over(Transport::Tcp))
    }

    fn text(&self, from: &Device, to: &str, text: &str) -> u16 {
        self.write(from, to, "text/plain", text)
    }

    fn history(&self, of: &Account, with: &str) -> Vec<String> {
        let finished = run(&self.server, of, &["history", with]);
        let texts = texts(&finished).into_iter();
        texts.map(|text| text.trim_end().to_owned()).collect()
    }
}

/// What a phone that writes is answered.
fn told(phone: Sipp<'_>) -> u16 {
    let heard = phone.start().unwrap().finish_and_tell().unwrap();
    *heard.statuses.last().unwrap()
}

/// What stands behind the headers of a message.
fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").unwrap().1.trim_end()
}

fn bodies(heard: &Heard) -> Vec<&str> {
    heard.requests.iter().map(|message| body(message)).collect()
}

#[test]
fn what_phones_and_softphones_write_is_one_conversation_and_waits_for_who_is_away() {
    let scene = Scene::new();
    // Bob's phone was never here.
    assert_eq!(scene.text(&scene.anns, "1002", "one"), 202);
    run(&scene.server, &scene.ann, &["message", "1002", "två 👍"]);
    let udp = scene.phone("uac-message.xml", &scene.anns).calling("1002");
    let udp = udp.with("type", "text/plain;charset=UTF-8");
    assert_eq!(told(udp.with("text", "three")), 202);
    for (account, with) in [(&scene.ann, "1002"), (&scene.bob, "1001")] {
        assert_eq!(scene.history(account, with), ["one", "två 👍", "three"]);
    }
    let takes = scene.phone("uas-messages.xml", &scene.bobs).times(3);
    let heard = takes.answer().unwrap().finish_and_tell().unwrap();
    assert_eq!(bodies(&heard), ["one", "två 👍", "three"]);
    for message in &heard.requests {
        assert!(message.contains("sip:1001@"), "{message}");
        assert!(message.contains("Content-Type: text/plain"), "{message}");
        assert!(message.contains("\r\nDate: "), "{message}");
    }
    // It is gone without a farewell, and comes back over something else: nothing is lost, nothing comes again.
    assert_eq!(scene.text(&scene.anns, "1002", "four"), 202);
    let takes = scene.phone("uas-messages.xml", &scene.bobs);
    let back = takes.over(Transport::Tcp).answer().unwrap();
    let heard = back.finish_and_tell().unwrap();
    assert_eq!(bodies(&heard), ["four"]);
    // The other way.
    assert_eq!(scene.text(&scene.bobs, "1001", "and back"), 202);
    let history = scene.history(&scene.ann, "bob");
    assert_eq!(history.last().map(String::as_str), Some("and back"));
}

#[test]
fn baresip_reads_and_writes_and_gets_what_it_has_missed() {
    let scene = Scene::new();
    let sip = scene.server.ready().sip;
    let mut baresip = Baresip::start_watching(sip, &scene.bobs, "1001").unwrap();
    baresip.wait_for_words("Voice-Message: 0/0", SOON).unwrap();
    run(&scene.server, &scene.ann, &["message", "1002", "lunch?"]);
    baresip.wait_for_words("\"lunch?\"", SOON).unwrap();
    assert!(baresip.screen().contains("sip:1001@"));
    baresip.write("at noon").unwrap();
    // Baresip says nothing of what was taken.
    let mut watching = crate::softphone_messages::start(&scene.server, &scene.ann, &["watch"]);
    let end = std::time::Instant::now() + SOON;
    while scene.history(&scene.ann, "bob") != ["lunch?", "at noon"] {
        assert!(std::time::Instant::now() < end);
    }
    baresip.write("or one?").unwrap();
    while watching.wait_for("message", SOON).unwrap().text("text") != "or one?" {}
    drop(baresip);
    for text in ["one", "it is"] {
        run(&scene.server, &scene.ann, &["message", "1002", text]);
    }
    let mut baresip = Baresip::start_watching(sip, &scene.bobs, "1001").unwrap();
    // It may have shown those before anybody could look at its screen; what comes behind them comes last.
    run(&scene.server, &scene.ann, &["message", "1002", "so be it"]);
    baresip.wait_for_words("\"so be it\"", GIVEN_UP).unwrap();
    let screen = baresip.screen();
    assert!(!screen.contains("lunch?"), "that it had: {screen}");
}

#[test]
fn phones_hear_what_becomes_of_their_messages() {
    let scene = Scene::new();
    // Bob's phone wraps what it writes, so it is spoken to in kind.
    for (device, to, id, text) in [
        (&scene.bobs, "1001", "b-1", "lunch?"),
        (&scene.anns, "1002", "a-1", "at noon"),
    ] {
        let phone = scene.phone("uac-cpim.xml", device).calling(to);
        assert_eq!(told(phone.with("id", id).with("text", text)), 202);
    }
    let reads = scene.phone("uas-reads.xml", &scene.bobs);
    let reads = reads.with("to", "1001").answer().unwrap();
    let heard = reads.finish_and_tell().unwrap();
    let message = &heard.requests[0];
    assert!(message.contains("imdn.Message-ID: a-1\r\n"), "{message}");
    assert!(message.trim_end().ends_with("at noon"), "{message}");
    // Ann's phone gets Bob's message, and then what became of her own.
    let takes = scene.phone("uas-messages.xml", &scene.anns).times(3);
    let heard = takes.answer().unwrap().finish_and_tell().unwrap();
    let [message, delivered, displayed] = &heard.requests[..] else {
        panic!("{heard:?}");
    };
    assert!(message.contains("imdn.Message-ID: b-1\r\n"), "{message}");
    for (report, outcome) in [(delivered, "<delivered/>"), (displayed, "<displayed/>")] {
        assert!(report.contains("message/imdn+xml"), "{report}");
        assert!(report.contains("<message-id>a-1</message-id>"), "{report}");
        assert!(report.contains(outcome), "{report}");
    }
    // That her phone has it is told to Bob's, which has asked, too.
    let takes = scene.phone("uas-messages.xml", &scene.bobs);
    let heard = takes.answer().unwrap().finish_and_tell().unwrap();
    let report = &heard.requests[0];
    assert!(report.contains("<message-id>b-1</message-id>"), "{report}");
    assert!(report.contains("<delivered/>"), "{report}");
    assert_eq!(scene.history(&scene.ann, "bob"), ["lunch?", "at noon"]);
}

#[test]
fn what_cannot_be_delivered_is_refused_with_the_reason() {
    let scene = Scene::new();
    let long = "x".repeat(16_001);
    for (to, kind, text, status) in [
        ("1999", "text/plain", "anybody there?", 404),
        ("nobody", "text/plain", "anybody there?", 404),
        // As long as may be, with the end of its line, and longer.
        ("1002", "text/plain", &long[3..], 202),
        ("1002", "text/plain", &long, 413),
        ("1002", "text/plain", "\u{1b}[2J", 400),
        ("1002", "message/cpim", "what is this", 400),
        // Phones may have such things from each other, and none is here.
        ("1002", "text/html", "<b>lunch?</b>", 480),
        ("1002", "text/plain;charset=iso-8859-1", "lunch?", 480),
        ("1002", "image/png", "PNG", 480),
        // Nobody speaks to oneself.
        ("1001", "text/plain", "buy bread", 480),
    ] {
        let answer = scene.write(&scene.anns, to, kind, text);
        let text = text.get(..20).unwrap_or(text);
        assert_eq!(answer, status, "{kind} to {to}: {text}");
    }
    assert_eq!(scene.history(&scene.bob, "1001").len(), 1);
    // A phone decides about what is no text, and its answer is the sender's.
    let takes = scene.phone("uas-messages.xml", &scene.bobs).times(2);
    let takes = takes.answer().unwrap();
    assert_eq!(scene.write(&scene.anns, "1002", "image/png", "PNG"), 200);
    let heard = takes.finish_and_tell().unwrap();
    assert!(bodies(&heard).contains(&"PNG"), "{heard:?}");
    let cara = scene.server.add_account("cara", "1003").unwrap();
    let caras = scene.server.add_device(&cara).unwrap();
    let refuses = scene.phone("uas-refuses-type.xml", &caras);
    let refuses = refuses.answer().unwrap();
    assert_eq!(scene.write(&scene.anns, "1003", "image/png", "PNG"), 415);
    refuses.finish().unwrap();
}

#[test]
fn who_is_blocked_learns_nothing_and_is_not_heard() {
    let scene = Scene::new();
    let token = scene.server.access_token(&scene.bob).unwrap();
    let mut http = HttpClient::new(scene.server.ready().http).with_token(token);
    let entry = json!({"number": "1001", "is_blocked": true});
    let (status, answer) = http
        .send("POST", "/api/v1/me/contacts", Some(&entry))
        .unwrap();
    assert_eq!(status, 201, "{answer}");
    let cara = scene.server.add_account("cara", "1003").unwrap();
    let caras = scene.server.add_device(&cara).unwrap();
    for (device, text) in [
        (&scene.anns, "it is me"),
        (&caras, "hello"),
        (&scene.anns, "are you there?"),
        (&caras, "good bye"),
    ] {
        assert_eq!(scene.text(device, "1002", text), 202);
    }
    let takes = scene.phone("uas-messages.xml", &scene.bobs).times(2);
    let heard = takes.answer().unwrap().finish_and_tell().unwrap();
    assert_eq!(bodies(&heard), ["hello", "good bye"]);
    let none = crate::softphone_messages::start(&scene.server, &scene.bob, &["history", "1001"]);
    assert_eq!(
        none.finish(SOON).unwrap().code,
        Some(1),
        "there is no conversation"
    );
    let own = scene.history(&scene.ann, "1002");
    assert_eq!(own, ["it is me", "are you there?"]);
    // What is no text comes to nobody's phone either, and sounds as if none were there.
    let takes = scene.phone("uas-messages.xml", &scene.bobs);
    let takes = takes.answer().unwrap();
    assert_eq!(scene.write(&scene.anns, "1002", "image/png", "ann's"), 480);
    assert_eq!(scene.write(&caras, "1002", "image/png", "cara's"), 200);
    let heard = takes.finish_and_tell().unwrap();
    assert_eq!(bodies(&heard), ["cara's"]);
}
