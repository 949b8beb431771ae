//! ITU-T G.711: logarithmic 8 bit samples, two laws.

/// Which of the two laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Law {
    /// µ-law: North America, Japan.
    Mu,
    /// A-law: everywhere else.
    A,
}

impl Law {
    pub(crate) fn encode(self, sample: i16) -> u8 {
        match self {
            Law::Mu => encode_mu(sample),
            Law::A => encode_a(sample),
        }
    }

    pub(crate) fn decode(self, code: u8) -> i16 {
        match self {
            Law::Mu => MU[usize::from(code)],
            Law::A => A[usize::from(code)],
        }
    }
}

static MU: [i16; 256] = table(Law::Mu);
static A: [i16; 256] = table(Law::A);

const fn table(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = match law {
            Law::Mu => decode_mu(code as u8),
            Law::A => decode_a(code as u8),
        };
        code += 1;
    }
    table
}

/// The law works on 14 bit with this added, so that each segment starts at a power of two; here in 16 bit units.
const BIAS: i32 = 33 << 2;

const fn decode_mu(code: u8) -> i16 {
    // All bits travel inverted, so that silence has many ones.
    let code = !code;
    let segment = (code >> 4) & 7;
    let step = (code & 0x0f) as i32;
    let magnitude = ((2 * step + 33) << (segment + 2)) - BIAS;
    (if code & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }) as i16
}

fn encode_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    // Magnitudes beyond the last decision value (8159 in 14 bit) are clipped.
    let magnitude = i32::from(sample).abs().min(8158 << 2) + BIAS;
    // The highest bit is bit 7 in the lowest segment, bit 14 in the highest.
    let segment = (31 - magnitude.leading_zeros() as i32) - 7;
    let step = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | (segment as u8) << 4 | step as u8)
}

const fn decode_a(code: u8) -> i16 {
    // Even bits travel inverted.
    let code = code ^ 0x55;
    let segment = (code >> 4) & 7;
    let step = (code & 0x0f) as i32;
    let magnitude = match segment {
        0 => (2 * step + 1) << 3,
        _ => (2 * step + 33) << (segment + 2),
    };
    (if code & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }) as i16
}

fn encode_a(sample: i16) -> u8 {
    // The sign bit is 1 for positive values; -1 belongs to the smallest negative step.
    let (sign, magnitude) = match sample {
        0.. => (0x80, i32::from(sample)),
        _ => (0, -1 - i32::from(sample)),
    };
    let (segment, step) = match 31 - (magnitude | 1).leading_zeros() as i32 {
        0..=7 => (0, magnitude >> 4),
        highest => (highest - 7, (magnitude >> (highest - 4)) & 0x0f),
    };
    (sign | (segment as u8) << 4 | step as u8) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    /// G.711 tables 2a and 2b: number of the value, character signal, quantized value (14 bit).
    const MU_VALUES: [(u8, i16); 11] = [
        (0b1000_0000, 8031),
        (0b1000_1111, 4191),
        (0b1001_1111, 2079),
        (0b1010_1111, 1023),
        (0b1011_1111, 495),
        (0b1100_1111, 231),
        (0b1101_1111, 99),
        (0b1110_1111, 33),
        (0b1111_1110, 2),
        (0b1111_1111, 0),
        (0b0000_0000, -8031),
    ];

    /// G.711 tables 1a and 1b, even bits inverted as they travel: quantized values (13 bit, in units of 2^-12).
    const A_VALUES: [(u8, i16); 9] = [
        (0b1010_1010, 4032),
        (0b1010_0101, 2112),
        (0b1011_0101, 1056),
        (0b1000_0101, 528),
        (0b1001_0101, 264),
        (0b1110_0101, 132),
        (0b1111_0101, 66),
        (0b1101_0101, 1),
        (0b0101_0101, -1),
    ];

    #[test]
    fn the_tables_of_the_recommendation_hold() {
        for (code, value) in MU_VALUES {
            assert_eq!(Law::Mu.decode(code), value * 4, "{code:08b}");
            assert_eq!(Law::Mu.encode(value * 4), code, "{value}");
        }
        for (code, value) in A_VALUES {
            assert_eq!(Law::A.decode(code), value * 8, "{code:08b}");
            assert_eq!(Law::A.encode(value * 8), code, "{value}");
        }
    }

    /// G.711 tables 5 and 6: one millisecond of the 1 kHz tone at 0 dBm0.
    #[test]
    fn the_digital_milliwatt_is_a_pure_tone_at_its_level() {
        let mu = [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e];
        let a = [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4];
        // A sine of full scale is 3.17 dBm0 (µ) or 3.14 dBm0 (A).
        for (law, codes, full_scale) in [(Law::Mu, mu, 8159.0 * 4.0), (Law::A, a, 32_768.0)] {
            let samples = codes.map(|code| f64::from(law.decode(code)));
            let power = samples.iter().map(|s| s * s).sum::<f64>() / 8.0;
            let below_full_scale = 10.0 * (2.0 * power / (full_scale * full_scale)).log10();
            assert!((below_full_scale + 3.15).abs() < 0.1, "{below_full_scale}");
            let tone = |phase: f64| -> f64 {
                (0..8)
                    .map(|n| samples[n] * (n as f64 * std::f64::consts::TAU / 8.0 + phase).sin())
                    .sum()
            };
            let in_tone = (tone(0.0).powi(2) + tone(std::f64::consts::FRAC_PI_2).powi(2)) / 32.0;
            assert!((power - in_tone).abs() / power < 0.01);
        }
    }

    #[test]
    fn every_code_survives_and_every_sample_is_near_its_code() {
        for law in [Law::Mu, Law::A] {
            for code in 0..=255 {
                let sample = law.decode(code);
                // µ-law has two zeros.
                assert!(law.encode(sample) == code || sample == 0, "{law:?} {code}");
            }
            for sample in i16::MIN..=i16::MAX {
                let error = i32::from(law.decode(law.encode(sample))) - i32::from(sample);
                // Half a step is 1/32 of the magnitude, but never less than the smallest step; then clipping.
                let allowed = (i32::from(sample).abs() / 32 + 8).max(8);
                let clipped = i32::from(sample).abs() > 32_100;
                assert!(
                    error.abs() <= allowed || clipped,
                    "{law:?} {sample} {error}"
                );
            }
        }
    }
}
