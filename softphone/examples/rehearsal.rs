//! Shows the window in one of its states without a server or an audio device, for looking at it:
//! `cargo run -p softphone --example rehearsal -- SCENE [light|dark] [WIDTHxHEIGHT]`.

use std::collections::VecDeque;
use std::sync::mpsc;
use std::time::Duration;

use api::{AccountId, Contact, Number};
use softphone::engine::{
    AccountSummary, CallNumber, CallStatistics, Command, Encryption, EndReason, EngineGone,
    Fingerprint, Hold, Notice, Problem, Registration,
};
use softphone::window::{self, Link, Settings, SettingsFile, ThemeChoice};

const SCENES: &str = "sign-in, stranger, refused, ready, guest, moved, missed, retrying, error, incoming, calling, talking, held, second, two, reconnecting, ended, calls";

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
