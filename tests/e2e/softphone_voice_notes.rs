//! Voice notes from one softphone to another through a real server: what is heard is what was spoken.

use std::time::Duration;

use end_to_end::{Account, Finished, Server, Softphone, Sound, Turn, check_speech};
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
    let mut id = String::new();
    turn.measure(|| {
        let spoken = Recording::speech_path("leisure.wav");
        let verb = [
            "voice-note",
            "send",
            "1002",
            "--audio",
            spoken.to_str().unwrap(),
        ];
        let sent = run(&server, &ann, &Sound::silent(), &verb);
        let seconds = sent.event("spoken").unwrap().number("seconds").unwrap();

        let history = run(
            &server,
            &bob,
            &Sound::silent(),
            &["history", "ann", "--limit", "1"],
        );
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
        id = note.text("id").to_owned();

        // As a file it is what any player plays.
        let to = folder.path().to_str().unwrap();
        let fetched = run(
            &server,
            &bob,
            &Sound::silent(),
            &["file", "fetch", "ann", &id, "--to", to],
        );
        let path = fetched.event("fetched").unwrap().text("path").to_owned();
        let mut player = media::Player::new(std::fs::File::open(path).unwrap()).unwrap();
        let samples = std::iter::from_fn(|| player.frame()).flatten().collect();
        let rate = media::SAMPLE_RATE;
        check_speech("leisure.wav", &Recording { samples, rate }, 0.9)
    });
    turn.measure(|| {
        let heard = folder.path().join("heard.wav");
        let sound = Sound::files("silence".as_ref(), &heard);
        run(&server, &bob, &sound, &["voice-note", "play", "ann", &id]);
        check_speech("leisure.wav", &Recording::read(&heard).unwrap(), 0.9)
    });
}

/// Runs a verb to its end, which must be a good one.
fn run(server: &Server, account: &Account, sound: &Sound, verb: &[&str]) -> Finished {
    let phone = Softphone::start(server, account, sound, verb).unwrap();
    let finished = phone.finish(SOON).unwrap();
    assert_eq!(finished.code, Some(0), "{verb:?}: {}", finished.errors);
    finished
}
