//! Real devices of a sound system, without hardware: a private PulseAudio server.
//!
//! The sound system is found through the environment, so each test runs its second half, an ignored
//! test, in a process of its own.

use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use devices::{Event, open_input, open_output};
use hearing::sound_card::{MICROPHONE, SPEAKER, SoundCard};
use hearing::{Likeness, Recording, compare};

const RATE: u32 = 48_000;

/// The second half of a test; ends with this value.
struct Inside(Child);

impl Inside {
    fn run(card: &SoundCard, test: &str) -> Inside {
        let program = std::env::current_exe().expect("a test is a program");
        let child = Command::new(program)
            .args(["--exact", "--ignored", "--nocapture", test])
            .envs(card.environment())
            .stdout(Stdio::null())
            .spawn()
            .expect("a program can be started twice");
        Inside(child)
    }

    fn has_succeeded(mut self) -> bool {
        self.0.wait().expect("it ends").success()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Calls `step` every few milliseconds until it says that it is done.
fn until(limit: Duration, mut step: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if step() {
            return true;
        }
        park_timeout(Duration::from_millis(2));
    }
    false
}

fn folder_of_this_run() -> std::path::PathBuf {
    // The card's own folder goes away with it.
    std::env::var_os("XDG_RUNTIME_DIR")
        .expect("set by the first half")
        .into()
}

/// Only one at a time: each wants the computer to keep the pace of a sound card.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn speech_goes_in_at_the_microphone_and_out_at_the_speaker() {
    let _turn = TURN.lock();
    // A busy computer lets the sound system run dry; a broken path fails every time.
    let mut attempts = Vec::new();
    while attempts.len() < 3 {
        let likenesses = speak_and_listen();
        attempts.push(likenesses);
        if likenesses[1].similarity > 0.9 {
            break;
        }
    }
    let [captured, played] = attempts.last().expect("there was one");
    println!("captured: {captured}; played: {played}");
    assert!(captured.similarity > 0.95, "captured: {attempts:?}");
    assert!(
        captured.level_difference_db.abs() < 1.0,
        "captured: {attempts:?}"
    );
    assert!(played.similarity > 0.9, "played: {attempts:?}");
    assert!(
        played.level_difference_db.abs() < 1.0,
        "played: {attempts:?}"
    );
}

/// How like the spoken what we captured was, and what came out at the speaker.
fn speak_and_listen() -> [Likeness; 2] {
    let card = SoundCard::start().expect("PulseAudio runs");
    let tape = card.record().expect("it records");
    let inside = Inside::run(&card, "inside_speech_is_captured_and_played");
    let folder = card.environment()[0].1.clone();
    let is_ready = || folder.join("ready").exists();
    assert!(
        until(Duration::from_secs(20), is_ready),
        "it does not start"
    );
    let speech = Recording::speech_path("leisure.wav");
    let speaking = card.speak(&speech).expect("it plays");
    speaking.wait().expect("it has played");
    std::fs::write(folder.join("over"), "").expect("the folder is ours");
    assert!(inside.has_succeeded());

    let spoken = Recording::speech("leisure.wav").at_rate(RATE);
    let captured = Recording::read(folder.join("captured.wav")).expect("it was written");
    let heard = tape.stop().expect("it was recorded");
    [
        compare(&spoken.samples, &captured.samples, RATE),
        compare(&spoken.samples, &heard.samples, RATE),
    ]
}

#[test]
#[ignore = "is the second half of another test"]
fn inside_speech_is_captured_and_played() {
    let folder = folder_of_this_run();
    let listed = devices::list().unwrap();
    let find = |name: &str| listed.iter().find(|device| device.name == name);
    assert!(
        find(MICROPHONE).is_some_and(|d| d.is_microphone && d.is_default),
        "{listed:?}"
    );
    assert!(
        find(SPEAKER).is_some_and(|d| d.is_speaker && d.is_default),
        "{listed:?}"
    );
    assert!(
        !listed
            .iter()
            .any(|device| device.name.ends_with(".monitor"))
    );

    let main = std::thread::current();
    let other = main.clone();
    let mut microphone = open_input("device", move || main.unpark()).unwrap();
    let name = format!("device:{SPEAKER}");
    let mut speaker = open_output(&name, move || other.unpark()).unwrap();
    assert_eq!(microphone.name(), MICROPHONE);

    // What is heard is played again, a little later, so that a late frame does not break it.
    let mut captured = Vec::new();
    let mut played = 0;
    let (mut is_ready, mut is_lost) = (false, false);
    let is_over = until(Duration::from_secs(60), || {
        while let Some(frame) = microphone.read() {
            captured.extend_from_slice(&frame);
        }
        while speaker.wants_frame() {
            let late = 4 * media::FRAME_SAMPLES;
            let there = captured.len() >= played + late;
            let frame = if there {
                captured[played..].first_chunk()
            } else {
                None
            };
            if frame.is_some() {
                played += media::FRAME_SAMPLES;
            }
            speaker.write(frame.unwrap_or(&media::SILENCE));
        }
        while let Some(event) = microphone.poll_event().or_else(|| speaker.poll_event()) {
            is_lost |= matches!(event, Event::Lost { .. });
        }
        if !is_ready && microphone.started().is_some() && speaker.started().is_some() {
            is_ready = true;
            std::fs::write(folder.join("ready"), "").unwrap();
        }
        // Two seconds more, for what is still on its way.
        std::fs::metadata(folder.join("over"))
            .and_then(|file| file.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > Duration::from_secs(2)))
    });
    assert!(is_over && !is_lost);
    let captured = Recording {
        samples: captured,
        rate: RATE,
    };
    captured.write(folder.join("captured.wav")).unwrap();
}

#[test]
fn a_device_that_goes_is_told_in_a_sentence() {
    let _turn = TURN.lock();
    let card = SoundCard::start().unwrap();
    let folder = card.environment()[0].1.clone();
    let inside = Inside::run(&card, "inside_the_microphone_goes");
    let is_ready = || folder.join("ready").exists();
    assert!(
        until(Duration::from_secs(20), is_ready),
        "it does not start"
    );
    card.unplug_microphone().unwrap();
    assert!(inside.has_succeeded());
}

#[test]
#[ignore = "is the second half of another test"]
fn inside_the_microphone_goes() {
    let folder = folder_of_this_run();
    let name = format!("device:{MICROPHONE}");
    let mut microphone = open_input(&name, || {}).unwrap();
    let mut told = Vec::new();
    let mut is_ready = false;
    let is_told = until(Duration::from_secs(20), || {
        while microphone.read().is_some() {}
        told.extend(microphone.poll_event());
        if !is_ready && microphone.started().is_some() {
            is_ready = true;
            std::fs::write(folder.join("ready"), "").unwrap();
        }
        told.iter().any(|event| matches!(event, Event::Lost { .. }))
    });
    assert!(is_told, "{told:?}");
    let Some(Event::Lost { sentence }) = told.last() else {
        panic!("{told:?}");
    };
    assert!(
        sentence.contains(MICROPHONE) && sentence.contains("choose another one"),
        "{sentence}"
    );

    let error = open_input(&name, || {}).unwrap_err().to_string();
    assert!(
        error.contains("there is no microphone") || error.contains("no microphone;"),
        "{error}"
    );
    let error = open_output("device:nothing", || {})
        .unwrap_err()
        .to_string();
    assert!(error.contains(SPEAKER), "{error}");
}
