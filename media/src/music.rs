//! Hold music, made note by note while it plays.
//!
//! There is no recording behind it, and nobody's rights: four chords broken into soft plucked notes, eight to a chord,
//! without an end. It stays around -22 dB below full scale, quieter than speech, and between 260 Hz and 2.1 kHz, which every
//! codec carries.

use std::collections::VecDeque;
use std::f32::consts::TAU;

use crate::{Frame, SAMPLE_RATE, SILENCE};

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
const MIDDLE_C_HERTZ: f32 = 261.63;
/// Of full scale.
const LOUDNESS: f32 = 0.09;
/// A voice below this is not heard any more.
const INAUDIBLE: f32 = 0.000_3;

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

/// What somebody hears who waits. It has no end.
#[derive(Debug, Default)]
pub struct HoldMusic {
    frames: u64,
    voices: VecDeque<Voice>,
}

impl HoldMusic {
    /// From its first note.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next 20 ms.
    pub fn frame(&mut self) -> Frame {
        if self.frames.is_multiple_of(STEP) {
            let note = self.frames / STEP;
            let chord = CHORDS[(note / (8 * TIMES)) as usize % CHORDS.len()];
            let semitones = chord[note as usize % chord.len()];
            self.voices.push_back(Voice::plucked(semitones, 0.45));
        }
        self.frames += 1;
        let mut frame = SILENCE;
        for slot in &mut frame {
            let sum: f32 = self.voices.iter_mut().map(Voice::next).sum();
            *slot = (sum.clamp(-1.0, 1.0) * 32_767.0) as i16;
        }
        self.voices.retain(|voice| voice.loudness > INAUDIBLE);
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_softly_without_an_end_and_without_clicks() {
        let mut music = HoldMusic::new();
        let frames: Vec<Frame> = (0..3_000).map(|_| music.frame()).collect();
        for second in frames.chunks(50) {
            let level = crate::dbfs(second.as_flattened());
            assert!((-30.0..-14.0).contains(&level), "{level}");
        }
        let all = frames.as_flattened();
        let steepest = all
            .windows(2)
            .map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs())
            .max();
        assert!(steepest < Some(3_000), "{steepest:?}");
    }
}
