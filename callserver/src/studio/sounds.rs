//! What phones hear from the server itself, made note by note while it plays.
//!
//! There is no recording behind music and beep, and nobody's rights: hold music is four chords broken into soft plucked
//! notes, eight to a chord, without an end; the beep is one tone of 1 kHz. Both stay around -22 dB below full scale, quieter
//! than speech, and between 260 Hz and 2.1 kHz, which every codec carries. What is said is in files: those of people, and
//! those of `assets/prompts`.

use std::collections::VecDeque;
use std::f32::consts::TAU;
use std::io::Cursor;

use bytes::Bytes;
use media::{FRAME_SAMPLES, Frame, SAMPLE_RATE, SILENCE};
use switch::{Play, Prompt};

/// Frames from one note of the music to the next: 240 ms.
const STEP: u64 = 12;
/// Semitones above middle C of each chord's notes, in the order in which they are plucked: C, A minor, F, G.
const CHORDS: [[i32; 8]; 4] = [
    [0, 7, 12, 16, 19, 16, 12, 7],
    [-3, 4, 9, 12, 16, 12, 9, 4],
    [5, 9, 12, 17, 21, 17, 12, 9],
    [7, 11, 14, 19, 23, 19, 14, 11],
];
/// Each chord is played twice before the next.
const TIMES: u64 = 2;
/// Frames of the beep: 400 ms.
const BEEP: u64 = 20;
const BEEP_HERTZ: f32 = 1_000.0;
const MIDDLE_C_HERTZ: f32 = 261.63;
/// Of full scale.
const LOUDNESS: f32 = 0.09;
/// A voice below this is not heard any more.
const INAUDIBLE: f32 = 0.000_3;
/// The beep grows and fades in 10 ms, so that it does not click.
const RAMP: f32 = 480.0;

/// One plucked note: a tone and its octave, which fade.
#[derive(Clone, Copy, Debug)]
struct Voice {
    /// Radians, and radians for each sample.
    phase: f32,
    step: f32,
    loudness: f32,
    /// What is left of the loudness after each sample.
    fading: f32,
    /// Samples since it was plucked.
    age: u32,
}

impl Voice {
    /// `fade_seconds` until about a third of it is left.
    fn plucked(semitones: i32, fade_seconds: f32) -> Self {
        let hertz = MIDDLE_C_HERTZ * (semitones as f32 / 12.0).exp2();
        Voice {
            phase: 0.0,
            step: TAU * hertz / SAMPLE_RATE as f32,
            loudness: LOUDNESS,
            fading: (-1.0 / (fade_seconds * SAMPLE_RATE as f32)).exp(),
            age: 0,
        }
    }

    fn next(&mut self) -> f32 {
        // 5 ms to full loudness.
        let attack = (self.age as f32 / 240.0).min(1.0);
        let sample = (self.phase.sin() + 0.25 * (2.0 * self.phase).sin()) * self.loudness * attack;
        self.phase = (self.phase + self.step) % TAU;
        self.loudness *= self.fading;
        self.age = self.age.saturating_add(1);
        sample
    }
}

/// What is made here, note by note.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tune {
    HoldMusic,
    Beep,
}

impl From<Play> for Tune {
    fn from(play: Play) -> Self {
        match play {
            Play::HoldMusic => Tune::HoldMusic,
        }
    }
}

/// What one side is to hear once.
#[derive(Clone, Debug)]
pub enum Source {
    /// What the server has by itself.
    Prompt(Prompt),
    /// What somebody has recorded: Opus in an Ogg file.
    File(Bytes),
}

/// A [`Source`] that is being played.
#[derive(Debug)]
pub(super) enum Sounding {
    Tune(Box<Player>),
    File(Box<media::Player<Cursor<Bytes>>>),
    /// What cannot be played is over at once.
    Nothing,
}

impl Sounding {
    pub(super) fn begin(source: Source) -> Self {
        let file = match source {
            Source::File(file) => Some(file),
            Source::Prompt(prompt) => spoken(prompt).map(Bytes::from_static),
        };
        match file {
            None => Sounding::Tune(Box::new(Player::new(Tune::Beep))),
            Some(file) => match media::Player::new(Cursor::new(file)) {
                Ok(player) => Sounding::File(Box::new(player)),
                Err(error) => {
                    tracing::warn!(%error, "a recording cannot be played");
                    Sounding::Nothing
                }
            },
        }
    }

    /// The next 20 ms; `None` once it is over.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        match self {
            Sounding::Tune(player) => player.next_frame(),
            Sounding::File(player) => player.frame(),
            Sounding::Nothing => None,
        }
    }
}

/// What is said by a prompt; nothing for the beep.
fn spoken(prompt: Prompt) -> Option<&'static [u8]> {
    Some(match prompt {
        Prompt::Greeting => include_bytes!("../../../assets/prompts/greeting.opus"),
        Prompt::Full => include_bytes!("../../../assets/prompts/full.opus"),
        Prompt::NoMessages => include_bytes!("../../../assets/prompts/no-messages.opus"),
        Prompt::End => include_bytes!("../../../assets/prompts/end.opus"),
        Prompt::Beep => return None,
    })
}

/// Something that plays to one side.
#[derive(Debug)]
pub(super) struct Player {
    tune: Tune,
    frames: u64,
    voices: VecDeque<Voice>,
}

impl Player {
    pub(super) fn new(tune: Tune) -> Self {
        Player {
            tune,
            frames: 0,
            voices: VecDeque::new(),
        }
    }

    pub(super) fn tune(&self) -> Tune {
        self.tune
    }

    /// Whether the other phone is heard instead while it speaks. An announcement is heard to its end.
    pub(super) fn gives_way(&self) -> bool {
        matches!(self.tune, Tune::HoldMusic)
    }

    /// The next 20 ms; `None` once it is over.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        let number = self.frames;
        match self.tune {
            Tune::HoldMusic => {
                if number.is_multiple_of(STEP) {
                    let note = number / STEP;
                    let chord = CHORDS[(note / (8 * TIMES)) as usize % CHORDS.len()];
                    self.pluck(chord[note as usize % chord.len()], 0.45);
                }
            }
            Tune::Beep => {
                self.frames += 1;
                return (number < BEEP).then(|| beep(number));
            }
        }
        self.frames += 1;
        let mut frame = SILENCE;
        for slot in &mut frame {
            let sum: f32 = self.voices.iter_mut().map(Voice::next).sum();
            *slot = (sum.clamp(-1.0, 1.0) * 32_767.0) as i16;
        }
        self.voices.retain(|voice| voice.loudness > INAUDIBLE);
        Some(frame)
    }

    fn pluck(&mut self, semitones: i32, fade_seconds: f32) {
        self.voices
            .push_back(Voice::plucked(semitones, fade_seconds));
    }
}

fn beep(frame_number: u64) -> Frame {
    let length = (BEEP * FRAME_SAMPLES as u64) as f32;
    let mut frame = SILENCE;
    for (n, slot) in frame.iter_mut().enumerate() {
        let at = frame_number as f32 * FRAME_SAMPLES as f32 + n as f32;
        let ramp = (at.min(length - at) / RAMP).min(1.0);
        let phase = TAU * ((at * BEEP_HERTZ / SAMPLE_RATE as f32) % 1.0);
        *slot = (phase.sin() * ramp * 2.0 * LOUDNESS * 32_767.0) as i16;
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(tune: Tune, frames: usize) -> Vec<Frame> {
        let mut player = Player::new(tune);
        (0..frames).map_while(|_| player.next_frame()).collect()
    }

    #[test]
    fn hold_music_goes_on_softly_without_an_end_and_without_clicks() {
        let frames = sound(Tune::HoldMusic, 3_000);
        assert_eq!(frames.len(), 3_000);
        for second in frames.chunks(50) {
            let level = media::dbfs(second.as_flattened());
            assert!((-30.0..-14.0).contains(&level), "{level}");
        }
        let all = frames.as_flattened();
        let steepest = all
            .windows(2)
            .map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs())
            .max();
        assert!(steepest < Some(3_000), "{steepest:?}");
    }

    #[test]
    fn prompts_end() {
        for prompt in [
            Prompt::Greeting,
            Prompt::Full,
            Prompt::NoMessages,
            Prompt::End,
        ] {
            let mut sounding = Sounding::begin(Source::Prompt(prompt));
            let said: Vec<_> = std::iter::from_fn(|| sounding.next_frame()).collect();
            assert!((100..700).contains(&said.len()), "{prompt:?}");
            let level = media::dbfs(said.as_flattened());
            assert!((-40.0..-15.0).contains(&level), "{prompt:?} {level}");
        }
        let beep = sound(Tune::Beep, 1_000);
        assert_eq!(beep.len() as u64, BEEP);
        assert!(media::dbfs(&beep[10]) > -20.0);
        assert!(beep[0][0].abs() < 50 && beep[19][959].abs() < 50);
    }
}
