//! Sound in place of a lost packet of G.711 or G.722: the last pitch period again and again, fading.

use crate::pitch;

/// All of these are in samples at 8 kHz. Remembered are two of the longest periods and a little.
const HISTORY: usize = 300;
/// Periods looked for: 66 to 400 Hz.
const SHORTEST: usize = 20;
const LONGEST: usize = 120;
/// Full loudness lasts 10 ms; after that the sound fades to nothing until 60 ms (G.711 Appendix I fades alike).
const FULL: usize = 80;
const GONE: usize = 480;
/// The real sound fades in over 4 ms when it comes back.
const RETURN: usize = 32;

#[derive(Debug)]
pub(crate) struct Concealment {
    /// Samples for each one at 8 kHz.
    scale: usize,
    history: Vec<i16>,
    /// The period being repeated, and how many samples were made of it.
    repeating: Option<(Vec<i16>, usize)>,
}

impl Concealment {
    /// For sound with this multiple of 8,000 samples a second.
    pub(crate) fn new(scale: usize) -> Self {
        Concealment {
            scale,
            history: vec![0; HISTORY * scale],
            repeating: None,
        }
    }

    /// Real sound has come; its beginning is blended with what was invented.
    pub(crate) fn heard(&mut self, samples: &mut [i16]) {
        if let Some((period, invented)) = self.repeating.take() {
            let length = RETURN * self.scale;
            for (n, sample) in samples.iter_mut().take(length).enumerate() {
                let share = n as f32 / length as f32;
                let old = repeated(&period, invented + n, self.scale);
                *sample = (f32::from(*sample) * share + old * (1.0 - share)) as i16;
            }
        }
        self.remember(samples);
    }

    pub(crate) fn invent(&mut self, count: usize, output: &mut Vec<i16>) {
        let (period, invented) = self.repeating.get_or_insert_with(|| {
            let [shortest, longest] = [SHORTEST, LONGEST].map(|period| period * self.scale);
            let lag = pitch::lag_at_end(&self.history, shortest, longest);
            let end = self.history.len();
            let mut period = self.history[end - lag..].to_vec();
            // Blend its end into what came before its beginning, so that repeating makes no click.
            let blend = lag / 4;
            for n in 0..blend {
                let share = (n + 1) as f32 / (blend + 1) as f32;
                let before = f32::from(self.history[end - lag - blend + n]);
                let own = &mut period[lag - blend + n];
                *own = (f32::from(*own) * (1.0 - share) + before * share) as i16;
            }
            (period, 0)
        });
        let start = output.len();
        output.extend((0..count).map(|n| repeated(period, *invented + n, self.scale) as i16));
        *invented += count;
        let made = output[start..].to_vec();
        self.remember(&made);
    }

    fn remember(&mut self, samples: &[i16]) {
        let kept = &samples[samples.len().saturating_sub(self.history.len())..];
        self.history.drain(..kept.len());
        self.history.extend_from_slice(kept);
    }
}

fn repeated(period: &[i16], at: usize, scale: usize) -> f32 {
    let left = (GONE * scale).saturating_sub(at);
    let fade = left as f32 / ((GONE - FULL) * scale) as f32;
    f32::from(period[at % period.len()]) * fade.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(from: usize, count: usize) -> Vec<i16> {
        (from..from + count)
            .map(|n| (8_000.0 * (std::f32::consts::TAU * 200.0 * n as f32 / 8_000.0).sin()) as i16)
            .collect()
    }

    #[test]
    fn a_tone_goes_on_through_a_gap_without_a_click() {
        let mut concealment = Concealment::new(1);
        let mut sound = tone(0, 800);
        concealment.heard(&mut sound);
        concealment.invent(160, &mut sound);
        let mut rest = tone(960, 320);
        concealment.heard(&mut rest);
        sound.extend_from_slice(&rest);
        let steepest = sound.windows(2).map(|w| (w[1] - w[0]).abs()).max().unwrap();
        // The tone itself rises by at most 1257 a sample.
        assert!(steepest < 1_600, "{steepest}");
        let gap = crate::dbfs(&sound[800..880]) - crate::dbfs(&sound[..800]);
        assert!(gap.abs() < 0.5, "{gap}");
    }

    #[test]
    fn a_long_gap_falls_silent() {
        let mut concealment = Concealment::new(1);
        concealment.heard(&mut tone(0, 800));
        let mut sound = Vec::new();
        concealment.invent(800, &mut sound);
        assert!(sound[480..].iter().all(|&sample| sample == 0));
    }
}
