//! 48 kHz to 8 or 16 kHz and back, for the codecs of the telephone network.

/// Filter taps for each sample of the lower rate: at 8 kHz a delay of 2.5 ms each way. That is what it takes to pass
/// 3.4 kHz whole and to keep what lies above 4.1 kHz 60 dB down.
const TAPS_PER_PHASE: usize = 40;
/// Middle of the slope from passing to stopping: this share of half the lower rate, 3,750 Hz at 8 kHz.
const CUTOFF: f64 = 0.9375;

/// The low-pass, a sinc in a Kaiser window; its sum is 1.
fn low_pass(factor: usize) -> Box<[f32]> {
    const BETA: f64 = 5.65;
    let taps = TAPS_PER_PHASE * factor;
    let middle = (taps - 1) as f64 / 2.0;
    let taps: Vec<f64> = (0..taps)
        .map(|n| {
            let at = n as f64 - middle;
            let phase = std::f64::consts::PI * CUTOFF / factor as f64 * at;
            let sinc = if phase == 0.0 {
                1.0
            } else {
                phase.sin() / phase
            };
            let edge = at / (middle + 1.0);
            sinc * bessel_i0(BETA * (1.0 - edge * edge).sqrt())
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.iter().map(|tap| (tap / sum) as f32).collect()
}

/// Modified Bessel function of the first kind, order 0.
fn bessel_i0(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..40 {
        term *= (x / 2.0 / f64::from(n)).powi(2);
        sum += term;
    }
    sum
}

fn rounded(sample: f32) -> i16 {
    sample.round().clamp(-32_768.0, 32_767.0) as i16
}

/// From 48 kHz to a whole part of it.
#[derive(Debug)]
pub(crate) struct Decimator {
    factor: usize,
    taps: Box<[f32]>,
    /// The last samples, as many as taps, before the next block, then that block.
    history: Vec<f32>,
}

impl Decimator {
    /// `factor` samples become one.
    pub(crate) fn new(factor: usize) -> Self {
        let taps = low_pass(factor);
        Decimator {
            factor,
            history: vec![0.0; taps.len()],
            taps,
        }
    }

    /// Takes a multiple of the factor.
    pub(crate) fn run(&mut self, input: &[i16], mut output: impl FnMut(i16)) {
        self.history.extend(input.iter().map(|&s| f32::from(s)));
        let blocks = input.len() / self.factor;
        for block in 1..=blocks {
            let window = &self.history[block * self.factor..][..self.taps.len()];
            output(rounded(dot(window, &self.taps)));
        }
        self.history.drain(..blocks * self.factor);
    }
}

/// From a whole part of 48 kHz to 48 kHz.
#[derive(Debug)]
pub(crate) struct Interpolator {
    /// The taps of each phase, oldest sample's first.
    phases: Box<[Box<[f32]>]>,
    history: Vec<f32>,
}

impl Interpolator {
    /// One sample becomes `factor`.
    pub(crate) fn new(factor: usize) -> Self {
        let taps = low_pass(factor);
        let phase = |phase: usize| {
            // All samples but one of `factor` are zeros, so that one must carry their weight.
            let own = taps[phase..].iter().step_by(factor);
            let mut own: Vec<f32> = own.map(|tap| tap * factor as f32).collect();
            own.reverse();
            own.into()
        };
        Interpolator {
            phases: (0..factor).map(phase).collect(),
            history: vec![0.0; TAPS_PER_PHASE - 1],
        }
    }

    pub(crate) fn run(&mut self, input: &[i16], output: &mut Vec<i16>) {
        self.history.extend(input.iter().map(|&s| f32::from(s)));
        for index in 0..input.len() {
            let window = &self.history[index..index + TAPS_PER_PHASE];
            for phase in &self.phases {
                output.push(rounded(dot(window, phase)));
            }
        }
        self.history.drain(..input.len());
    }
}

/// Eight sums side by side, so that the compiler can use wide registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for n in 0..8 {
            sums[n] += a[n] * b[n];
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f64, rate: f64, length: usize) -> Vec<i16> {
        (0..length)
            .map(|n| (10_000.0 * (std::f64::consts::TAU * hertz * n as f64 / rate).sin()) as i16)
            .collect()
    }

    fn there(input: &[i16]) -> Vec<i16> {
        let mut output = Vec::new();
        let mut decimator = Decimator::new(6);
        for frame in input.chunks_exact(960) {
            decimator.run(frame, |sample| output.push(sample));
        }
        output
    }

    fn back(input: &[i16]) -> Vec<i16> {
        let mut output = Vec::new();
        let mut interpolator = Interpolator::new(6);
        for frame in input.chunks_exact(160) {
            interpolator.run(frame, &mut output);
        }
        output
    }

    fn gain(samples: &[i16]) -> f32 {
        crate::dbfs(&samples[samples.len() / 2..]) - crate::dbfs(&tone(1000.0, 48_000.0, 48_000))
    }

    #[test]
    fn the_telephone_band_passes_and_nothing_else() {
        for hertz in [100.0, 1000.0, 3000.0, 3350.0] {
            let narrow = there(&tone(hertz, 48_000.0, 48_000));
            assert_eq!(narrow.len(), 8_000);
            assert!(gain(&narrow).abs() < 0.3, "{hertz}: {}", gain(&narrow));
            let wide = back(&narrow);
            assert_eq!(wide.len(), 48_000);
            assert!(gain(&wide).abs() < 0.6, "{hertz}: {}", gain(&wide));
        }
        for hertz in [4_200.0, 5_000.0, 7_000.0, 12_000.0] {
            let folded = gain(&there(&tone(hertz, 48_000.0, 48_000)));
            assert!(folded < -55.0, "{hertz}: {folded}");
        }
    }

    #[test]
    fn loud_sound_is_clipped_not_wrapped() {
        let half = [32_767; 240];
        let other = [-32_768; 240];
        let loud = [half, other].concat().repeat(20);
        let sound = back(&there(&loud));
        // Both filters together are 240 samples late, half of the wave.
        let flipped = sound[960..]
            .iter()
            .zip(&loud[720..])
            .filter(|(heard, spoken)| heard.signum() != spoken.signum())
            .count();
        assert!(flipped < sound.len() / 20, "{flipped} of {}", sound.len());
    }
}
