//! Shows the window in one of its states without a server or an audio device, for looking at it:
//! `cargo run -p softphone --example rehearsal -- SCENE [light|dark] [WIDTHxHEIGHT]`.

use std::collections::VecDeque;
use std::sync::mpsc;
use std::time::Duration;

use api::room::{MessageId, RoomId};
use api::{AccountId, Contact, Number};
use phone::chat::{ChatEvent, LinkState, Outgoing, OutgoingState, Whom};
use serde_json::{Value, json};
use softphone::engine::{
    AccountSummary, CallNumber, CallStatistics, Command, Encryption, EndReason, EngineGone,
    Fingerprint, Hold, Notice, Problem, Registration,
};
use softphone::window::{self, Link, Settings, SettingsFile, ThemeChoice};

const SCENES: &str = "sign-in, stranger, refused, ready, guest, moved, missed, retrying, error, incoming, calling, talking, held, second, two, reconnecting, ended, calls, chats";

/// Says what the scene needs, and takes every command.
struct Rehearsal {
    script: VecDeque<Notice>,
    levels: mpsc::Receiver<Notice>,
}

impl Link for Rehearsal {
    fn send(&mut self, command: Command) -> Result<(), EngineGone> {
        eprintln!("{command:?}");
        Ok(())
    }

    fn try_notice(&mut self) -> Option<Notice> {
        self.script
            .pop_front()
            .or_else(|| self.levels.try_recv().ok())
    }
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize| arguments.get(at).map(String::as_str);
    let Some(scene) = argument(0) else {
        anyhow::bail!("say which scene: {SCENES}")
    };
    let script = script(scene)?;
    let theme = match argument(1) {
        Some("light") => ThemeChoice::Light,
        Some("dark") => ThemeChoice::Dark,
        _ => ThemeChoice::System,
    };
    let size = argument(2).and_then(|size| size.split_once('x'));
    let size = size.and_then(|(width, height)| Some([width.parse().ok()?, height.parse().ok()?]));
    let settings = Settings {
        server: "https://phone.example.org".into(),
        name: "amina".into(),
        theme,
        ..Settings::default()
    };
    let speaks = matches!(scene, "talking" | "second" | "moved");
    window::open(settings, SettingsFile::default(), size, move |ctx| {
        let (sender, levels) = mpsc::channel();
        std::thread::spawn(move || {
            for step in (0_u16..).take_while(|_| speaks) {
                std::thread::sleep(Duration::from_millis(100));
                let swing = f32::from(step % 20) - 10.0;
                let level = Notice::Level {
                    call: CALL,
                    spoken_dbfs: -38.0 - swing,
                    heard_dbfs: -18.0 + swing.abs(),
                };
                if sender.send(level).is_err() {
                    return;
                }
                ctx.request_repaint();
            }
        });
        Ok(Box::new(Rehearsal { script, levels }))
    })
}

const CALL: CallNumber = CallNumber(1);

fn script(scene: &str) -> anyhow::Result<VecDeque<Notice>> {
    let account = AccountSummary {
        id: api::AccountId(1),
        name: "amina".into(),
        display_name: "Amina Yusuf".into(),
        number: Some("100".into()),
        is_guest: false,
        transport: softphone::engine::SipTransport::Tls,
    };
    let ready = Notice::Registration(Registration::Registered(account.clone()));
    let calling = Notice::Calling {
        call: CALL,
        target: "200".into(),
    };
    let ringing = Notice::Ringing { call: CALL };
    let answered = Notice::Answered {
        call: CALL,
        codec: "opus".into(),
        encryption: Encryption::BetweenPhones,
    };
    let hold = |call: u64, by_us, by_them| Notice::Held {
        call: CallNumber(call),
        hold: Hold { by_us, by_them },
    };
    let incoming = |call: u64, from: &str, name: Option<&str>| Notice::Incoming {
        call: CallNumber(call),
        from: from.into(),
        display_name: name.map(str::to_owned),
    };
    let bruno = incoming(1, "200", Some("Bruno Keller"));
    let ended = |call: u64, reason: EndReason, seconds: f64| Notice::Ended {
        call: CallNumber(call),
        sentence: reason.sentence("Bruno Keller"),
        reason,
        statistics: CallStatistics {
            seconds,
            sent: 3160,
            received: 3150,
            lost: 10,
            jitter_millis: 2.0,
            mos: seconds.min(4.3),
        },
    };
    let problem = |code, sentence: &str| Problem {
        code,
        sentence: sentence.into(),
    };
    let notices = match scene {
        "sign-in" => vec![],
        "stranger" => vec![
            Notice::UnknownCertificate {
                server: "https://phone.example.org:8443".into(),
                fingerprint: Fingerprint::of(b"a certificate"),
            },
            Notice::Registration(Registration::Failed(problem(
                "unknown-certificate",
                "Nobody vouches for it.",
            ))),
        ],
        "guest" => vec![Notice::Registration(Registration::Registered(
            AccountSummary {
                id: api::AccountId(1),
                name: "guest-7".into(),
                display_name: "Guest".into(),
                number: Some("90417".into()),
                is_guest: true,
                ..account
            },
        ))],
        "moved" => vec![
            ready,
            contacts(),
            bruno,
            answered,
            Notice::NumberChanged {
                old: Some("100".into()),
                new: Some("1005".into()),
            },
        ],
        "refused" => vec![Notice::Registration(Registration::Failed(problem(
            "wrong-password",
            "The name or the password is wrong; check both and try again.",
        )))],
        "ready" => vec![ready, contacts()],
        "retrying" => vec![Notice::Registration(Registration::Retrying {
            account,
            after: Duration::from_secs(4),
            problem: problem(
                "server-unreachable",
                "The call server does not answer; check the network.",
            ),
        })],
        "missed" => vec![ready, bruno, ended(1, EndReason::Cancelled, 0.0)],
        "incoming" => vec![ready, bruno],
        "calling" => vec![ready, calling, ringing],
        "talking" => vec![ready, bruno, answered],
        "second" => vec![
            ready,
            bruno,
            answered,
            incoming(2, "sip:chiara@example.org", Some("Chiara Rossi")),
        ],
        "held" => vec![ready, bruno, answered, hold(1, false, true)],
        "two" => vec![
            ready,
            bruno,
            answered.clone(),
            incoming(2, "300", Some("Chiara Rossi")),
            hold(1, true, false),
            Notice::Answered {
                call: CallNumber(2),
                codec: "pcmu".into(),
                encryption: Encryption::ToServer,
            },
        ],
        "reconnecting" => vec![
            ready,
            bruno,
            answered,
            Notice::Reconnecting {
                call: CALL,
                on: true,
            },
        ],
        "ended" => vec![
            ready,
            bruno,
            answered,
            ended(1, EndReason::RemoteHangup, 63.0),
        ],
        "error" => vec![
            ready,
            Notice::Error(problem(
                "no-microphone",
                "The microphone does not open; check that it is plugged in, then call again.",
            )),
        ],
        "chats" => {
            let mut notices = vec![ready, contacts()];
            notices.extend(conversation());
            notices
        }
        "calls" => vec![
            ready,
            bruno.clone(),
            answered,
            ended(1, EndReason::RemoteHangup, 63.0),
            Notice::Calling {
                call: CallNumber(3),
                target: "+4930123456".into(),
            },
            ended(3, EndReason::UnknownNumber, 0.0),
            incoming(4, "300", Some("Chiara Rossi")),
            ended(4, EndReason::Cancelled, 0.0),
        ],
        _ => anyhow::bail!("there is no scene {scene}; say one of {SCENES}"),
    };
    Ok(notices.into())
}

/// A conversation of two, and one of three.
fn conversation() -> Vec<Notice> {
    let person = |account: i64, name: &str, read: i64| {
        json!({ "account": account, "number": format!("{account}00"), "name": name.to_lowercase(), "display_name": name,
            "role": "member", "since": "2026-11-01T08:00:00Z", "delivered": read, "read": read })
    };
    let room = |id: &str, kind: &str, name: &str, unread: i64, people: Vec<Value>| {
        json!({ "id": id, "kind": kind, "name": name, "is_named": false, "description": "", "picture": null,
            "opened": "2026-11-01T08:00:00Z", "settings": {}, "role": "member", "participant_count": people.len(),
            "participants": people, "first_sequence": 1, "last_sequence": 0, "unread": unread })
    };
    let said = |room: &str, sequence: i64, sender: i64, sent: &str, text: &str| {
        json!({ "room": room, "sequence": sequence, "id": format!("{room}-{sequence}"), "kind": "user",
            "sender": sender, "sent": sent, "body": { "type": "text", "text": text } })
    };
    let file = |id: &str, name: &str, bytes: u64| json!({ "file": id, "sha256": "", "name": name, "media_type": "application/octet-stream", "bytes": bytes });
    let with_body = |sequence: i64, sender: i64, body: Value| {
        json!({ "room": "direct", "sequence": sequence, "id": format!("direct-{sequence}"), "kind": "user",
            "sender": sender, "sent": "2026-11-21T08:06:00Z", "body": body })
    };
    let loudness: Vec<u8> = (0..200_u32)
        .map(|step| (40 + step * step * 31 % 97 + (step % 23) * 5) as u8)
        .collect();
    let three = vec![
        person(1, "Amina Yusuf", 0),
        person(2, "Bruno Keller", 3),
        person(3, "Chiara Rossi", 2),
    ];
    let rooms = [
        room("direct", "direct", "Bruno Keller", 0, three[..2].to_vec()),
        room("group", "group", "Lunch on Fridays", 2, three),
    ];
    let messages = [
        said(
            "direct",
            1,
            2,
            "2026-11-20T09:12:00Z",
            "Good morning! Are you in the office today?",
        ),
        said(
            "direct",
            2,
            1,
            "2026-11-20T09:14:00Z",
            "Yes, until five. Shall we look at the plan together after lunch? I have marked what I would leave out, and two things that I do not understand at all.",
        ),
        said(
            "direct",
            3,
            2,
            "2026-11-21T08:02:00Z",
            "Done. Thank you for yesterday.",
        ),
        said(
            "direct",
            4,
            1,
            "2026-11-21T08:05:00Z",
            "With pleasure. Call me when you are there.",
        ),
        said(
            "group",
            1,
            3,
            "2026-11-21T10:00:00Z",
            "Who is coming on Friday?",
        ),
        said("group", 2, 2, "2026-11-21T10:03:00Z", "I am."),
        with_body(
            5,
            2,
            json!({ "type": "file", "file": file("f1", "Floor plan, second draft.pdf", 2_480_000),
                "caption": "With your notes in it" }),
        ),
        with_body(
            6,
            2,
            json!({ "type": "voice_note", "file": file("v1", "voice-note.opus", 36_000), "millis": 7_400,
                "waveform": loudness }),
        ),
        with_body(
            7,
            1,
            json!({ "type": "voice_note", "file": file("v2", "voice-note.opus", 21_000), "millis": 4_100,
                "waveform": &loudness[60..140] }),
        ),
    ];
    let mut notices = vec![Notice::Chat(Box::new(ChatEvent::Link(LinkState::Online)))];
    let read = |value: Value| serde_json::from_value(value).expect("a room");
    notices.extend(rooms.map(|room| Notice::Chat(Box::new(ChatEvent::Room(Box::new(read(room)))))));
    notices.extend(messages.map(|message| {
        let message = serde_json::from_value(message).expect("a message");
        let is_news = false;
        Notice::Chat(Box::new(ChatEvent::Message { message, is_news }))
    }));
    let typing = ChatEvent::Typing {
        room: RoomId::parse("direct").expect("an id"),
        account: AccountId(2),
        is_typing: true,
    };
    notices.push(Notice::Chat(Box::new(typing)));
    let id = MessageId::parse("on-its-way").expect("an id");
    let outgoing = Outgoing {
        id: id.clone(),
        whom: Whom::Room(RoomId::parse("direct").expect("an id")),
        body: serde_json::from_value(
            json!({ "type": "file", "file": file("", "Holiday.mp4", 84_000_000) }),
        )
        .expect("a file"),
        written: "2026-11-21T08:07:00Z".into(),
        state: OutgoingState::Uploading,
        attachment: None,
    };
    notices.push(Notice::Chat(Box::new(ChatEvent::Outgoing(Box::new(
        outgoing,
    )))));
    notices.push(Notice::Sending {
        id,
        sent: 31_000_000,
        bytes: 84_000_000,
        way: phone::chat::Way::Server,
    });
    notices
}

fn contacts() -> Notice {
    let contact = |id: i64, name: &str, number: &str, is_favourite| Contact {
        id,
        account: Some(AccountId(id)),
        number: Number::parse(number).ok(),
        name: name.into(),
        display_name: Some(name.into()),
        note: String::new(),
        is_favourite,
        groups: Vec::new(),
        is_blocked: false,
    };
    Notice::Contacts(vec![
        contact(1, "Bruno Keller", "200", true),
        contact(2, "Chiara Rossi", "300", false),
        contact(3, "Reception", "+4930123456", false),
    ])
}
