//! Devices without hardware, each with a thread that keeps the pace of a real one.

mod pace;
mod recording;

use std::f64::consts::TAU;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use media::{FRAME_DURATION, FRAME_SAMPLES, Frame, SAMPLE_RATE, SILENCE};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::Wake;
use crate::event::{Event, OpenError, Started, Teller};
use crate::microphone::Microphone;
use crate::speaker::Speaker;
use pace::Pace;
use recording::{Player, Recorder};

/// Frames that wait for an owner who does not come: 200 ms, after that they are dropped.
const RING: usize = 10 * FRAME_SAMPLES;
/// Loudness of the tone: -20 dBFS as a root mean square.
const TONE_PEAK: f64 = 4_634.0;
const TONE_HERTZ: f64 = 440.0;

/// A microphone whose frames `make` makes; they have been captured 20 ms after they began.
fn microphone(
    name: &str,
    wake: Wake,
    mut make: impl FnMut(&Teller) -> Frame + Send + 'static,
) -> Microphone {
    let (mut producer, consumer) = RingBuffer::new(RING);
    let (teller, told) = Teller::new();
    let start = Started::now();
    let first = start.instant + FRAME_DURATION;
    let pace = Pace::start(name, first, move || {
        teller.start(start);
        let frame = make(&teller);
        let _ = producer.push_entire_slice(&frame);
        wake();
    });
    let name = name.to_owned();
    Microphone::new(name, consumer, SAMPLE_RATE, told, Box::new(pace))
}

/// A speaker whose frames `take` takes, when they begin to be played.
fn speaker(
    name: &str,
    wake: Wake,
    mut take: impl FnMut(&Teller, &Frame) + Send + 'static,
) -> Speaker {
    let (producer, mut consumer) = RingBuffer::new(RING);
    let (teller, told) = Teller::new();
    // A frame's time for its owner to bring the first one.
    let start = Started::now().later(FRAME_DURATION);
    let pace = Pace::start(name, start.instant, move || {
        teller.start(start);
        take(&teller, &next(&mut consumer));
        wake();
    });
    let enough = Arc::new(AtomicUsize::new(FRAME_SAMPLES));
    let name = name.to_owned();
    Speaker::new(name, producer, SAMPLE_RATE, enough, told, Box::new(pace))
}

/// A frame from the ring, or silence.
fn next(ring: &mut Consumer<i16>) -> Frame {
    let mut frame = SILENCE;
    let _ = ring.pop_entire_slice(&mut frame);
    frame
}

pub(crate) fn silence(wake: Wake) -> Microphone {
    microphone("silence", wake, |_| SILENCE)
}

pub(crate) fn tone(wake: Wake) -> Microphone {
    let mut position = 0u64;
    microphone("tone", wake, move |_| {
        std::array::from_fn(|_| {
            let turns = TONE_HERTZ * position as f64 / f64::from(SAMPLE_RATE);
            position += 1;
            (TONE_PEAK * (TAU * turns).sin()) as i16
        })
    })
}

pub(crate) fn null(wake: Wake) -> Speaker {
    speaker("null", wake, |_, _| {})
}

pub(crate) fn play_recording(path: &Path, wake: Wake) -> Result<Microphone, OpenError> {
    let mut player = Player::open(path)?;
    let name = path.display().to_string();
    let mut is_over = false;
    Ok(microphone(&name, wake, move |teller| {
        let frame = player.next_frame();
        if frame.is_none() && !is_over {
            is_over = true;
            teller.tell(Event::Ended);
        }
        frame.unwrap_or(SILENCE)
    }))
}

pub(crate) fn record(path: &Path, wake: Wake) -> Result<Speaker, OpenError> {
    let mut recorder = Some(Recorder::create(path)?);
    let name = path.display().to_string();
    Ok(speaker(&name, wake, move |teller, frame| {
        let Some(open) = &mut recorder else {
            return;
        };
        if let Err(sentence) = open.write(frame) {
            teller.tell(Event::Lost { sentence });
            recorder = None;
        }
    }))
}

/// A speaker and a microphone that hears what it plays, one frame later.
pub fn loopback(wake: impl Fn() + Send + Sync + 'static) -> (Speaker, Microphone) {
    let wake: Wake = Arc::new(wake);
    let (mut producer, consumer): (Producer<i16>, Consumer<i16>) = RingBuffer::new(RING);
    let (teller, told) = Teller::new();
    let speaker = speaker("loopback", wake, move |_, frame| {
        teller.start(Started::now());
        let _ = producer.push_entire_slice(frame);
    });
    let name = "loopback".to_owned();
    let microphone = Microphone::new(name, consumer, SAMPLE_RATE, told, Box::new(()));
    (speaker, microphone)
}
