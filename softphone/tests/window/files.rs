//! Files and voice notes in conversations.

use std::path::{Path, PathBuf};

use api::room::{Body, FileRef, Message, MessageId, RoomId};
use bytes::Bytes;
use egui::{Key, Modifiers, Role};
use phone::chat::{ArrivingFile, Attachment, ChatEvent, Outgoing, OutgoingState, Way, Whom, Wish};
use softphone::engine::{Command, Notice, Problem};

use crate::chats::{chat, stage};
use crate::stage::{NARROW, Stage, WIDE};

fn file(name: &str) -> FileRef {
    FileRef {
        file: "f1".into(),
        sha256: "ab".repeat(32),
        name: name.into(),
        media_type: "application/pdf".into(),
        bytes: 2_500_000,
    }
}

fn room() -> RoomId {
    RoomId::parse("room").expect("an id")
}

/// Bruno's conversation, with something that he has sent.
fn with(size: [f32; 2], body: Body) -> Stage {
    let mut stage = stage(size, 0);
    let message: Message = serde_json::from_value(serde_json::json!({
        "room": "room", "sequence": 2, "id": "m2", "kind": "user", "sender": 2,
        "sent": "2026-11-20T09:13:00Z", "body": body,
    }))
    .expect("a message");
    stage.tell(chat(ChatEvent::Message {
        message: Box::new(message),
        is_news: false,
    }));
    stage.click("Conversations");
    stage.click("Open Bruno Keller");
    stage.commands();
    stage
}

fn file_body() -> Body {
    Body::File {
        file: file("plan.pdf"),
        caption: String::new(),
        reply_to: None,
    }
}

fn note_body() -> Body {
    Body::VoiceNote {
        file: file("voice-note.opus"),
        millis: 4_200,
        waveform: (0..200).map(|step| (step * 7 % 256) as u8).collect(),
    }
}

#[test]
fn a_file_is_named_sent_followed_and_given_up() {
    for size in [NARROW, WIDE] {
        let mut stage = with(size, file_body());
        stage.click("Send a file");
        stage.type_into(Role::TextInput, "File to send", "/files/plan.pdf");
        stage.click("Send the file");
        let commands = stage.commands();
        let Some(Command::SendFile(sent)) = commands.last() else {
            panic!("{commands:?}")
        };
        assert_eq!(sent.whom, Whom::Room(room()));
        assert_eq!(sent.path, Path::new("/files/plan.pdf"));
        let id = MessageId::parse("mine").expect("an id");
        let mut body = file_body();
        if let Body::File { file, .. } = &mut body {
            file.file.clear();
        }
        stage.tell(chat(ChatEvent::Outgoing(Box::new(Outgoing {
            id: id.clone(),
            whom: Whom::Room(room()),
            body,
            written: "2026-11-20T09:14:00Z".into(),
            state: OutgoingState::Uploading,
            attachment: Some(Attachment {
                path: "/files/plan.pdf".into(),
                modified_millis: 0,
                is_ours: false,
                upload: None,
            }),
        }))));
        let (sent, bytes) = (1_000_000, 2_500_000);
        stage.tell(Notice::Sending {
            id: id.clone(),
            sent,
            bytes,
            way: Way::Server,
        });
        assert!(stage.says("1.0 MB of 2.5 MB"));
        stage.assert_controls_in_reach();
        stage.click("Do not send plan.pdf");
        let commands = stage.commands();
        assert!(matches!(
            commands.last(),
            Some(Command::Chat(wish)) if **wish == Wish::Discard(id)
        ));
    }
}

#[test]
fn a_file_that_comes_from_device_to_device_says_so_while_it_comes() {
    for size in [NARROW, WIDE] {
        let mut stage = with(size, file_body());
        let arriving = |received| {
            let file = ArrivingFile {
                sender: api::AccountId(2),
                file: file("tune.flac"),
                received,
            };
            chat(ChatEvent::Arriving {
                room: room(),
                id: MessageId::parse("m3").expect("an id"),
                file: Some(Box::new(file)),
            })
        };
        stage.tell(arriving(500_000));
        assert!(stage.says("tune.flac comes directly: 500.0 kB of 2.5 MB"));
        stage.tell(arriving(1_000_000));
        assert!(stage.says("tune.flac comes directly: 1.0 MB of 2.5 MB"));
        stage.assert_controls_in_reach();
    }
}

#[test]
fn somebodys_file_is_saved_and_its_folder_opened() {
    for size in [NARROW, WIDE] {
        let mut stage = with(size, file_body());
        assert!(stage.says("2.5 MB"));
        stage.click("Save plan.pdf");
        let commands = stage.commands();
        let Some(Command::Fetch { file, .. }) = commands.last() else {
            panic!("{commands:?}")
        };
        assert_eq!(file.name, "plan.pdf");
        let id = "f1".to_owned();
        stage.tell(Notice::Fetching {
            file: id.clone(),
            fetched: 500_000,
            bytes: 2_500_000,
        });
        assert!(stage.says("500.0 kB of 2.5 MB"));
        let problem = Problem {
            code: "file-not-written",
            sentence: "The disk is full.".into(),
        };
        let file = id.clone();
        stage.tell(Notice::NotFetched { file, problem });
        assert!(stage.says("The disk is full."));
        stage.click("Save plan.pdf");
        let path = PathBuf::from("/files/plan (2).pdf");
        stage.tell(Notice::Fetched { file: id, path });
        assert!(stage.says("Saved as plan (2).pdf"));
        assert!(stage.has_button("Open the folder"));
        stage.assert_controls_in_reach();
    }
}

#[test]
fn a_picture_is_asked_for_once() {
    let mut stage = with(WIDE, note_body());
    let message: Message = serde_json::from_value(serde_json::json!({
        "room": "room", "sequence": 3, "id": "m3", "kind": "user", "sender": 2,
        "sent": "2026-11-20T09:14:00Z", "body": { "type": "file", "file": { "file": "p1", "sha256": "",
            "name": "cat.png", "media_type": "image/png", "bytes": 7 } },
    }))
    .expect("a message");
    stage.tell(chat(ChatEvent::Message {
        message: Box::new(message),
        is_news: false,
    }));
    let mut asked = Vec::new();
    for jpeg in [&b"no picture"[..], b"none either"] {
        asked.extend(stage.commands());
        stage.tell(Notice::Picture {
            file: "p1".into(),
            jpeg: Bytes::from_static(jpeg),
        });
    }
    asked.extend(stage.commands());
    let asks = |command: &&Command| matches!(command, Command::Picture { .. });
    assert_eq!(asked.iter().filter(asks).count(), 1);
    assert!(stage.has_button("Save cat.png"));
}

#[test]
fn a_voice_note_is_spoken_and_sent_or_thrown_away() {
    for size in [NARROW, WIDE] {
        let mut stage = with(size, note_body());
        let recorded = || Notice::Recorded {
            recording: Bytes::from_static(b"OggS"),
            seconds: 3.0,
            waveform: vec![1, 2, 3],
        };
        stage.click("Speak a voice note");
        assert!(matches!(stage.commands().last(), Some(Command::Record)));
        stage.tell(Notice::Recording {
            seconds: 3.0,
            level_dbfs: -20.0,
        });
        assert!(stage.says("Speak now. 0:03"));
        stage.assert_controls_in_reach();
        stage.click("Throw the voice note away");
        assert!(matches!(stage.commands().last(), Some(Command::StopSound)));
        stage.tell(recorded());
        assert!(stage.commands().is_empty());
        stage.click("Speak a voice note");
        stage.click("Send the voice note");
        stage.commands();
        stage.tell(recorded());
        let commands = stage.commands();
        let Some(Command::SendNote(note)) = commands.last() else {
            panic!("{commands:?}")
        };
        assert_eq!(
            (&note.whom, &*note.waveform),
            (&Whom::Room(room()), &[1, 2, 3][..])
        );
    }
}

#[test]
fn a_voice_note_is_played_and_stopped_and_the_keyboard_still_sends_words() {
    for size in [NARROW, WIDE] {
        let mut stage = with(size, note_body());
        stage.click("Play the voice note");
        let commands = stage.commands();
        let Some(Command::PlayFile { item, file }) = commands.last() else {
            panic!("{commands:?}")
        };
        assert_eq!(file.file, "f1");
        let item = *item;
        let seconds = 2.0;
        stage.tell(Notice::Playing { item, seconds });
        assert!(stage.says("0:02 of 0:04"));
        stage.assert_controls_in_reach();
        stage.click("Stop the voice note");
        assert!(matches!(stage.commands().last(), Some(Command::StopSound)));
        stage.tell(Notice::Played { item });
        assert!(stage.has_button("Play the voice note"));
        stage.type_into(
            Role::MultilineTextInput,
            "Message to Bruno Keller",
            "Heard it",
        );
        stage.press(Modifiers::NONE, Key::Enter);
        assert!(matches!(stage.commands().last(), Some(Command::Chat(_))));
    }
}
