//! ITU-T G.722 at 64 kbit/s: 16 kHz sound as two bands, each coded as adaptive differences.
//!
//! A pair of samples becomes one byte: six bits for the band below 4 kHz, two for the one above. The names of
//! the steps are those of the recommendation's block diagrams.

/// Coefficients of the quadrature mirror filters; the other twelve are the same backwards (table 11).
const MIRROR: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
/// Decision levels of the lower band's quantizer, for half the signs (table 14).
const LOW_LEVELS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023,
    1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
/// Differences of the lower band at the four bits that prediction uses (table 17).
const LOW_COARSE: [i32; 16] = [
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584,
    1200, 0,
];
/// Differences of the lower band at all six bits (table 19).
const LOW_FINE: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232,
    -9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776,
    -2400, -2032, -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280,
    11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776,
    2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];
/// How the lower band's scale changes with its four bits (tables 18 and 20).
const LOW_SCALE: [i32; 16] = [
    -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60,
];
/// Differences of the upper band (table 23).
const HIGH: [i32; 4] = [-7408, -1616, 7408, 1616];
/// How its scale changes (table 24).
const HIGH_SCALE: [i32; 4] = [798, -214, 798, -214];
/// Decision level of the upper band.
const HIGH_LEVEL: i32 = 564;
/// Powers of two in 32 steps (table 21).
const POWERS: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];

fn saturated(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

/// What both ends know of one band.
#[derive(Debug)]
struct Band {
    /// The prediction, and the part of it that the zeros make.
    predicted: i32,
    predicted_by_zeros: i32,
    /// Reconstructed signal, and signal without the poles' part, newest first.
    reconstructed: [i32; 2],
    partial: [i32; 2],
    /// Differences, newest first.
    differences: [i32; 6],
    poles: [i32; 2],
    zeros: [i32; 6],
    /// Scale of the quantizer, as a logarithm and as such.
    log_scale: i32,
    scale: i32,
    is_high: bool,
}

impl Band {
    fn new(is_high: bool) -> Self {
        Band {
            predicted: 0,
            predicted_by_zeros: 0,
            reconstructed: [0; 2],
            partial: [0; 2],
            differences: [0; 6],
            poles: [0; 2],
            zeros: [0; 6],
            log_scale: 0,
            scale: if is_high { 8 } else { 32 },
            is_high,
        }
    }

    /// A difference in units of the scale, as a difference of samples.
    fn scaled(&self, difference: i32) -> i32 {
        (self.scale * difference) >> 15
    }

    /// LOGSCL, SCALEL and their like.
    fn rescale(&mut self, change: i32) {
        let (highest, shift) = if self.is_high {
            (22_528, 10)
        } else {
            (18_432, 8)
        };
        self.log_scale = (((self.log_scale * 127) >> 7) + change).clamp(0, highest);
        let power = POWERS[(self.log_scale >> 6 & 31) as usize];
        let down = shift - (self.log_scale >> 11);
        let scale = if down < 0 {
            power << -down
        } else {
            power >> down
        };
        self.scale = scale << 2;
    }

    /// Adapts the predictor to a difference and predicts the next sample (block 4).
    fn adapt(&mut self, difference: i32) {
        let reconstructed = saturated(self.predicted + difference);
        let partial = saturated(self.predicted_by_zeros + difference);
        let same_sign = |a: i32, b: i32| (a < 0) == (b < 0);
        let agrees = [0, 1].map(|n| same_sign(partial, self.partial[n]));

        // UPPOL2, UPPOL1.
        let [first, second] = self.poles;
        let turned = saturated(first << 2);
        let turned = if agrees[0] {
            saturated(-turned)
        } else {
            turned
        };
        let pull = if agrees[1] { 128 } else { -128 };
        let second = (pull + (turned >> 7) + ((second * 32_512) >> 15)).clamp(-12_288, 12_288);
        let push = if agrees[0] { 192 } else { -192 };
        let limit = saturated(15_360 - second);
        let first = saturated(push + ((first * 32_640) >> 15)).clamp(-limit, limit);
        self.poles = [first, second];

        // UPZERO.
        let step = if difference == 0 { 0 } else { 128 };
        for (zero, earlier) in self.zeros.iter_mut().zip(self.differences) {
            let step = if same_sign(difference, earlier) {
                step
            } else {
                -step
            };
            *zero = saturated(step + ((*zero * 32_640) >> 15));
        }

        // DELAYA.
        self.differences.rotate_right(1);
        self.differences[0] = difference;
        self.reconstructed = [reconstructed, self.reconstructed[0]];
        self.partial = [partial, self.partial[0]];

        // FILTEP, FILTEZ, PREDIC.
        let by = |value: i32, weight: i32| (weight * saturated(value * 2)) >> 15;
        let poles = self.reconstructed.iter().zip(self.poles);
        let by_poles = saturated(poles.map(|(&value, weight)| by(value, weight)).sum());
        let zeros = self.differences.iter().zip(self.zeros);
        self.predicted_by_zeros = saturated(zeros.map(|(&value, weight)| by(value, weight)).sum());
        self.predicted = saturated(by_poles + self.predicted_by_zeros);
    }

    fn take_low(&mut self, code: u8) {
        let coarse = usize::from(code >> 2);
        let difference = self.scaled(LOW_COARSE[coarse]);
        self.rescale(LOW_SCALE[coarse]);
        self.adapt(difference);
    }

    fn take_high(&mut self, code: u8) {
        let code = usize::from(code);
        let difference = self.scaled(HIGH[code]);
        self.rescale(HIGH_SCALE[code]);
        self.adapt(difference);
    }

    /// QUANTL.
    fn low_code(&self, sample: i32) -> u8 {
        let error = saturated(sample - self.predicted);
        let size = if error < 0 { -(error + 1) } else { error };
        let above = LOW_LEVELS
            .iter()
            .take_while(|&&level| size >= (level * self.scale) >> 12)
            .count() as u8;
        match (error < 0, above) {
            // The first two codes below zero stand at the end of the table.
            (true, 0 | 1) => 63 - above,
            (true, _) => 33 - above,
            (false, _) => 61 - above,
        }
    }

    /// QUANTH.
    fn high_code(&self, sample: i32) -> u8 {
        let error = saturated(sample - self.predicted);
        let size = if error < 0 { -(error + 1) } else { error };
        let is_far = size >= (HIGH_LEVEL * self.scale) >> 12;
        match (error < 0, is_far) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        }
    }
}

/// The sums over every second sample, of a filter's 24.
fn mirror(history: &[i32; 24]) -> (i32, i32) {
    let (pairs, _) = history.as_chunks::<2>();
    let even = pairs.iter().zip(MIRROR).map(|(pair, tap)| pair[0] * tap);
    let odd = pairs
        .iter()
        .zip(MIRROR.iter().rev())
        .map(|(pair, tap)| pair[1] * tap);
    (even.sum(), odd.sum())
}

fn shift_in(history: &mut [i32; 24], pair: [i32; 2]) {
    history.copy_within(2.., 0);
    history[22..].copy_from_slice(&pair);
}

/// From 16 kHz to bytes.
#[derive(Debug)]
pub(crate) struct Coder {
    low: Band,
    high: Band,
    history: [i32; 24],
}

impl Coder {
    pub(crate) fn new() -> Self {
        Coder {
            low: Band::new(false),
            high: Band::new(true),
            history: [0; 24],
        }
    }

    pub(crate) fn encode(&mut self, pair: [i16; 2]) -> u8 {
        shift_in(&mut self.history, pair.map(i32::from));
        let (even, odd) = mirror(&self.history);
        let low = self.low.low_code((odd + even) >> 14);
        self.low.take_low(low);
        let high = self.high.high_code((odd - even) >> 14);
        self.high.take_high(high);
        high << 6 | low
    }
}

/// From bytes to 16 kHz.
#[derive(Debug)]
pub(crate) struct Uncoder {
    low: Band,
    high: Band,
    history: [i32; 24],
}

impl Uncoder {
    pub(crate) fn new() -> Self {
        Uncoder {
            low: Band::new(false),
            high: Band::new(true),
            history: [0; 24],
        }
    }

    pub(crate) fn decode(&mut self, code: u8) -> [i16; 2] {
        let (low_code, high_code) = (code & 0x3f, code >> 6);
        let limited = |value: i32| value.clamp(-16_384, 16_383);
        let fine = self.low.scaled(LOW_FINE[usize::from(low_code)]);
        let low = limited(self.low.predicted + fine);
        self.low.take_low(low_code);
        let difference = self.high.scaled(HIGH[usize::from(high_code)]);
        let high = limited(self.high.predicted + difference);
        self.high.take_high(high_code);
        shift_in(&mut self.history, [low + high, low - high]);
        let (even, odd) = mirror(&self.history);
        [odd, even].map(|sum| saturated(sum >> 11) as i16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(sound: &[i16]) -> Vec<i16> {
        let (mut coder, mut uncoder) = (Coder::new(), Uncoder::new());
        let (pairs, _) = sound.as_chunks::<2>();
        pairs
            .iter()
            .flat_map(|pair| uncoder.decode(coder.encode(*pair)))
            .collect()
    }

    /// Noise below the signal, in decibels; the filters are 22 samples late together.
    fn noise_db(hertz: f64, amplitude: f64) -> f64 {
        let sound: Vec<i16> = (0..16_000)
            .map(|n| {
                let phase = std::f64::consts::TAU * hertz * f64::from(n) / 16_000.0;
                (amplitude * phase.sin()) as i16
            })
            .collect();
        let heard = there_and_back(&sound);
        let power = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
        let range = 2_000..15_000;
        let signal = power(&mut sound[range.clone()].iter().map(|&s| f64::from(s)));
        let noise = power(&mut range.map(|n| f64::from(heard[n + 22]) - f64::from(sound[n])));
        10.0 * (signal / noise).log10()
    }

    #[test]
    fn tones_of_both_bands_come_through() {
        for (hertz, least) in [
            (300.0, 30.0),
            (1_000.0, 30.0),
            (3_000.0, 25.0),
            (5_500.0, 12.0),
        ] {
            for amplitude in [1_000.0, 16_000.0] {
                let noise = noise_db(hertz, amplitude);
                assert!(noise > least, "{hertz} Hz at {amplitude}: {noise:.1} dB");
            }
        }
    }

    #[test]
    fn silence_stays_silent() {
        let heard = there_and_back(&[0; 1_600]);
        assert!(heard.iter().all(|sample| sample.abs() < 16), "{heard:?}");
    }

    #[test]
    fn any_bytes_are_some_sound() {
        let mut uncoder = Uncoder::new();
        for n in 0..200_000u32 {
            uncoder.decode((n.wrapping_mul(2_654_435_761) >> 24) as u8);
        }
        for code in [0u8, 0xff, 0x3f, 0xc4, 0x04] {
            for _ in 0..10_000 {
                uncoder.decode(code);
            }
        }
    }
}
