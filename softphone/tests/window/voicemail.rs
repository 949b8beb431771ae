//! Messages that callers left.

use api::Voicemail;
use bytes::Bytes;
use egui::Role;
use egui_kittest::kittest::Queryable as _;
use softphone::engine::{Command, Notice};
use softphone::web::{Errand, Reply, VoicemailErrand};

use crate::stage::{NARROW, Stage};

fn left(id: i64, who: &str, is_heard: bool) -> Voicemail {
    serde_json::from_value(serde_json::json!({
        "id": id, "caller": {"number": "200", "display_name": who},
        "at": "2026-11-21T14:05:09Z", "seconds": 9, "is_heard": is_heard,
    }))
    .expect("a voicemail")
}

/// Answers what was asked last that has this shape.
fn reply(stage: &mut Stage, wanted: &VoicemailErrand, reply: Reply) {
    let id = stage.asked(|command| match command {
        Command::Ask {
            id,
            errand: Errand::Voicemail(errand),
        } if errand == wanted => Some(*id),
        _ => None,
    });
    stage.tell(Notice::Reply {
        id,
        outcome: Ok(reply),
    });
}

#[test]
fn a_message_lights_the_lamp_and_is_played_marked_and_deleted() {
    let mut stage = Stage::signed_in(NARROW);
    assert!(
        !stage.has_button("Voicemail"),
        "the server has not said that it takes messages"
    );
    let both = vec![
        left(2, "Bruno Keller", false),
        left(1, "Chiara Rossi", true),
    ];
    reply(
        &mut stage,
        &VoicemailErrand::List,
        Reply::Voicemails(both.clone()),
    );
    stage.click("Voicemail, 1 new");
    reply(&mut stage, &VoicemailErrand::List, Reply::Voicemails(both));
    assert!(stage.says("Chiara Rossi"));
    stage.click("Play the message of Bruno Keller");
    reply(
        &mut stage,
        &VoicemailErrand::Recording { id: 2 },
        Reply::Recording(Bytes::from_static(b"OggS")),
    );
    assert!(stage.has_button("Voicemail"), "nothing is new any more");
    assert!(
        stage
            .commands()
            .iter()
            .any(|command| matches!(command, Command::Play { item: 2, .. }))
    );
    stage.tell(Notice::Playing {
        item: 2,
        seconds: 3.0,
    });
    assert!(stage.says("0:03 of 0:09"));
    stage.assert_controls_in_reach();
    stage.click("Stop the message of Bruno Keller");
    stage.tell(Notice::Played { item: 2 });
    stage.click("Delete the message of Bruno Keller");
    assert!(!stage.says("Bruno Keller"));
    assert!(matches!(
        stage.commands().as_slice(),
        [
            Command::StopSound,
            Command::Ask {
                errand: Errand::Voicemail(VoicemailErrand::Remove { id: 2 }),
                ..
            }
        ]
    ));
}

#[test]
fn a_greeting_is_spoken_listened_to_and_used() {
    let mut stage = Stage::signed_in(NARROW);
    reply(
        &mut stage,
        &VoicemailErrand::List,
        Reply::Voicemails(Vec::new()),
    );
    stage.click("Voicemail");
    assert!(stage.says("Nobody has left a message."));
    stage.click("Record a greeting");
    stage.tell(Notice::Recording {
        seconds: 4.0,
        level_dbfs: -20.0,
    });
    assert!(stage.says("Speak now. 0:04"));
    stage
        .harness
        .get_by_role_and_label(Role::Meter, "Your voice");
    stage.click("That is all");
    let recording = Bytes::from_static(b"OggS");
    stage.tell(Notice::Recorded {
        recording: recording.clone(),
        seconds: 4.2,
        waveform: Vec::new(),
    });
    stage.commands();
    stage.click("Listen to it");
    stage.find_and_click("Let callers hear it");
    assert!(matches!(
        stage.commands().as_slice(),
        [Command::Play { .. }, Command::Ask { .. }]
    ));
    assert!(stage.says("Sending it to the server"));
}
