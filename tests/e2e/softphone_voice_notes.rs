//! Voice notes from one softphone to another through a real server: what is heard is what was spoken.

use std::time::Duration;

use end_to_end::{Finished, Server, Softphone, Sound, Turn, check_speech};
use hearing::Recording;

const SOON: Duration = Duration::from_secs(90);

/// The message that is a voice note, in a history.
fn note(finished: &Finished) -> &end_to_end::Event {
    let mut lines = finished.events.iter();
    let note =
        lines.find(|event| event.name() == "past_message" && event.text("kind") == "voice_note");
    note.unwrap_or_else(|| panic!("{:?}", finished.events))
}

#[test]
fn what_is_spoken_is_heard_at_the_other_side() {
    let turn = Turn::wait();
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let folder = tempfile::tempdir().unwrap();
    turn.measure(|| {
        let heard = folder.path().join("heard.wav");
        let spoken = Recording::speech_path("leisure.wav");
        let verb = [
            "voice-note",
            "send",
            "1002",
            "--audio",
            spoken.to_str().unwrap(),
        ];
        let sent = Softphone::start(&server, &ann, &Sound::silent(), &verb).unwrap();
        let sent = sent.finish(SOON).unwrap();
        assert_eq!(sent.code, Some(0), "{}", sent.errors);
        let seconds = sent.event("spoken").unwrap().number("seconds").unwrap();

        let verb = ["history", "ann", "--limit", "1"];
        let history = Softphone::start(&server, &bob, &Sound::silent(), &verb).unwrap();
        let history = history.finish(SOON).unwrap();
        let note = note(&history);
        assert_eq!(note.number("millis").unwrap(), (seconds * 1000.0).round());
        let waveform = note.value("waveform").as_array().unwrap();
        let steps: Vec<u64> = waveform.iter().map(|step| step.as_u64().unwrap()).collect();
        assert!(
            steps.len() == 200 && steps.iter().any(|step| *step > 150),
            "{steps:?}"
        );
        assert!(
            steps.iter().any(|step| *step < 100),
            "speech has pauses: {steps:?}"
        );

        let sound = Sound::files("silence".as_ref(), &heard);
        let verb = ["voice-note", "play", "ann", note.text("id")];
        let played = Softphone::start(&server, &bob, &sound, &verb).unwrap();
        let played = played.finish(SOON).unwrap();
        assert_eq!(played.code, Some(0), "{}", played.errors);
        check_speech("leisure.wav", &Recording::read(&heard).unwrap(), 0.9)
    });
}
