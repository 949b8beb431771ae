//! Fakes keep real time: what their clocks say and what their recordings say is the same.

use std::thread::park_timeout;
use std::time::{Duration, Instant};

use devices::{Event, loopback, open_input, open_output};
use hearing::{Recording, compare};
use media::{FRAME_SAMPLES, Frame};

/// Does a step every few milliseconds, or when a device wakes us, until one says that it was the last.
fn carry(limit: Duration, mut step: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline && !step() {
        park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn the_delay_between_two_recordings_is_known_to_a_frame() {
    let folder = tempfile::tempdir().unwrap();
    // Three seconds of speech at 16 kHz.
    let speech = Recording::speech("amiable.wav");
    let spoken = Recording {
        samples: speech.samples[..48_000].to_vec(),
        rate: 16_000,
    };
    let spoken_path = folder.path().join("spoken.wav");
    let heard_path = folder.path().join("heard.wav");
    spoken.write(&spoken_path).unwrap();

    let thread = std::thread::current();
    let waker = thread.clone();
    let name = heard_path.to_str().unwrap();
    let mut speaker = open_output(name, move || thread.unpark()).unwrap();
    // The two do not begin together.
    carry(Duration::from_millis(123), || false);
    let name = spoken_path.to_str().unwrap();
    let mut microphone = open_input(name, move || waker.unpark()).unwrap();

    // When a frame was captured, and when it was given on.
    let mut waiting: Vec<Frame> = Vec::new();
    let mut given = Vec::new();
    let mut events = Vec::new();
    carry(Duration::from_secs(10), || {
        waiting.extend(std::iter::from_fn(|| microphone.read()));
        while speaker.wants_frame() && !waiting.is_empty() {
            speaker.write(&waiting.remove(0));
            given.push(Instant::now());
        }
        events.extend(microphone.poll_event());
        events.contains(&Event::Ended)
    });
    assert_eq!(events.len(), 2, "{events:?}");
    let spoken_at = microphone.started().unwrap();
    let heard_at = speaker.started().unwrap();
    assert_eq!(events[0], Event::Started(spoken_at));
    drop(speaker);

    let heard = Recording::read(&heard_path).unwrap();
    assert_eq!(heard.rate, 48_000);
    let spoken = spoken.at_rate(48_000);
    let likeness = compare(&spoken.samples, &heard.samples, 48_000);
    assert!(likeness.similarity > 0.9, "{likeness}");
    // In the recordings the speech is so much later; the recordings themselves began so far apart.
    let in_recordings = Duration::from_secs_f64(likeness.delay_samples as f64 / 48_000.0);
    let began_apart = spoken_at.instant - heard_at.instant;
    let mouth_to_ear = in_recordings.saturating_sub(began_apart);
    println!("{likeness}; mouth to ear {mouth_to_ear:?}");
    // 20 ms to capture a frame, up to 20 ms until the speaker begins its next one, and what the computer was late.
    assert!(
        mouth_to_ear >= Duration::from_millis(15),
        "{mouth_to_ear:?}"
    );
    let started_giving = given[0] - spoken_at.instant;
    let at_most = started_giving + Duration::from_millis(45);
    assert!(mouth_to_ear <= at_most, "{mouth_to_ear:?} of {at_most:?}");
}

#[test]
fn a_loopback_microphone_hears_its_speaker() {
    let thread = std::thread::current();
    let (mut speaker, mut microphone) = loopback(move || thread.unpark());
    let mut number = 0;
    let mut heard = Vec::new();
    carry(Duration::from_secs(10), || {
        while speaker.wants_frame() {
            number += 1;
            speaker.write(&[number; FRAME_SAMPLES]);
        }
        heard.extend(std::iter::from_fn(|| microphone.read()).map(|frame| frame[0]));
        heard.len() >= 10
    });
    let first = heard.iter().position(|&number| number == 1).unwrap();
    assert!(heard[first..].starts_with(&[1, 2, 3]), "{heard:?}");
    assert!(speaker.started().is_some() && microphone.started().is_some());
}

#[test]
fn a_tone_comes_at_its_pace() {
    let thread = std::thread::current();
    let mut microphone = open_input("tone", move || thread.unpark()).unwrap();
    let begin = Instant::now();
    let mut frames = Vec::new();
    carry(Duration::from_secs(10), || {
        frames.extend(std::iter::from_fn(|| microphone.read()));
        frames.len() >= 25
    });
    assert!(begin.elapsed() >= Duration::from_millis(20 * 25 - 1));
    assert!((media::dbfs(&frames[3]) + 20.0).abs() < 0.1);
    // The tone goes on from frame to frame.
    let sound = frames[..2].concat();
    let steepest = sound.windows(2).map(|w| (w[1] - w[0]).abs()).max();
    assert!(steepest.is_some_and(|step| step < 280), "{steepest:?}");
    let mut silent = open_input("silence", || {}).unwrap();
    carry(Duration::from_secs(10), || {
        silent.read().is_some_and(|frame| frame == media::SILENCE)
    });
    assert!(silent.started().is_some());
}
