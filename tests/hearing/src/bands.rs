//! Logarithmic energies in mel bands, every 10 ms.

use std::f32::consts::PI;

/// Everything is analysed at this rate.
pub(crate) const RATE: u32 = 8_000;
/// Samples from one frame to the next: 10 ms.
pub(crate) const HOP: usize = 80;
/// Samples in one frame: 32 ms.
const WINDOW: usize = 256;
/// Number of mel bands.
pub(crate) const BANDS: usize = 20;
/// The telephone's band, in hertz.
const LOWEST: f32 = 200.0;
const HIGHEST: f32 = 3_400.0;

/// Energy of each band of each frame, not yet logarithmic.
pub(crate) fn energies(samples: &[f32]) -> Vec<[f32; BANDS]> {
    let window: Vec<f32> = (0..WINDOW)
        .map(|n| 0.5 - 0.5 * (2.0 * PI * n as f32 / WINDOW as f32).cos())
        .collect();
    let transform = Transform::new();
    let filters = filters();
    let mut frames = Vec::with_capacity(samples.len() / HOP + 1);
    let mut real = [0.0; WINDOW];
    let mut imaginary = [0.0; WINDOW];
    for start in (0..samples.len()).step_by(HOP) {
        let piece = &samples[start..samples.len().min(start + WINDOW)];
        real.fill(0.0);
        imaginary.fill(0.0);
        for (slot, (sample, weight)) in real.iter_mut().zip(piece.iter().zip(&window)) {
            *slot = sample * weight;
        }
        transform.run(&mut real, &mut imaginary);
        let mut bands = [0.0; BANDS];
        for (band, (first, weights)) in bands.iter_mut().zip(&filters) {
            for (offset, weight) in weights.iter().enumerate() {
                let bin = first + offset;
                *band += weight * (real[bin] * real[bin] + imaginary[bin] * imaginary[bin]);
            }
        }
        frames.push(bands);
    }
    frames
}

/// Triangles, equally wide on the mel scale: first bin and weights of each.
fn filters() -> Vec<(usize, Vec<f32>)> {
    let mel = |hertz: f32| 2595.0 * (1.0 + hertz / 700.0).log10();
    let hertz = |mel: f32| 700.0 * (10f32.powf(mel / 2595.0) - 1.0);
    let (low, high) = (mel(LOWEST), mel(HIGHEST));
    let edge = |n: usize| hertz(low + (high - low) * n as f32 / (BANDS + 1) as f32);
    let bin_hertz = RATE as f32 / WINDOW as f32;
    (0..BANDS)
        .map(|band| {
            let (left, centre, right) = (edge(band), edge(band + 1), edge(band + 2));
            let first = (left / bin_hertz).ceil() as usize;
            let last = (right / bin_hertz).floor() as usize;
            let weights = (first..=last)
                .map(|bin| {
                    let at = bin as f32 * bin_hertz;
                    let rising = (at - left) / (centre - left);
                    let falling = (right - at) / (right - centre);
                    rising.min(falling).max(0.0)
                })
                .collect();
            (first, weights)
        })
        .collect()
}

/// A radix-2 Fourier transform of `WINDOW` points.
struct Transform {
    cosines: Vec<f32>,
    sines: Vec<f32>,
    reversed: Vec<usize>,
}

impl Transform {
    fn new() -> Self {
        let angle = |n: usize| -2.0 * PI * n as f32 / WINDOW as f32;
        let bits = WINDOW.trailing_zeros();
        Transform {
            cosines: (0..WINDOW / 2).map(|n| angle(n).cos()).collect(),
            sines: (0..WINDOW / 2).map(|n| angle(n).sin()).collect(),
            reversed: (0..WINDOW)
                .map(|n| n.reverse_bits() >> (usize::BITS - bits))
                .collect(),
        }
    }

    fn run(&self, real: &mut [f32; WINDOW], imaginary: &mut [f32; WINDOW]) {
        for (n, &other) in self.reversed.iter().enumerate() {
            if n < other {
                real.swap(n, other);
                imaginary.swap(n, other);
            }
        }
        let mut half = 1;
        while half < WINDOW {
            let stride = WINDOW / (2 * half);
            for start in (0..WINDOW).step_by(2 * half) {
                for k in 0..half {
                    let (cosine, sine) = (self.cosines[k * stride], self.sines[k * stride]);
                    let (a, b) = (start + k, start + k + half);
                    let re = real[b] * cosine - imaginary[b] * sine;
                    let im = real[b] * sine + imaginary[b] * cosine;
                    (real[b], imaginary[b]) = (real[a] - re, imaginary[a] - im);
                    (real[a], imaginary[a]) = (real[a] + re, imaginary[a] + im);
                }
            }
            half *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_lies_in_its_band() {
        let tone: Vec<f32> = (0..800)
            .map(|n| 1000.0 * (2.0 * PI * 1000.0 * n as f32 / RATE as f32).sin())
            .collect();
        let bands = energies(&tone)[2];
        let loudest = (0..BANDS)
            .max_by(|&a, &b| bands[a].total_cmp(&bands[b]))
            .unwrap();
        // 1000 Hz is 1000 mel; the bands are spaced 80 mel from 283 mel on.
        assert!((8..=9).contains(&loudest), "band {loudest}");
        assert!(bands[loudest] > 1000.0 * bands[2]);
    }
}
