//! Finds how late one recording is against another.

use crate::bands::{BANDS, HOP, RATE};

/// Farthest delay looked for, either way, in frames of 10 ms.
const REACH: i64 = 1_000;
/// Best places by loudness; which of them it is, the sound itself decides.
const CANDIDATES: usize = 4;

/// Loudness of each frame above a floor 45 dB under the loudest one, in decibels.
pub(crate) fn loudness(energies: &[[f32; BANDS]]) -> Vec<f32> {
    let decibels: Vec<f32> = energies
        .iter()
        .map(|bands| 10.0 * (bands.iter().sum::<f32>() + 1.0).log10())
        .collect();
    let loudest = decibels.iter().copied().fold(0.0, f32::max);
    decibels
        .iter()
        .map(|level| (level - (loudest - 45.0)).max(0.0))
        .collect()
}

/// Frames that `heard` is later, best first; none when either is silent.
pub(crate) fn coarse(spoken: &[f32], heard: &[f32]) -> Vec<i64> {
    let first = -(spoken.len() as i64).min(REACH);
    let last = (heard.len() as i64).min(REACH);
    let spoken = without_mean(spoken);
    let heard = without_mean(heard);
    let scores: Vec<(i64, f32)> = (first..=last)
        .map(|lag| (lag, overlap(&spoken, &heard, lag)))
        .collect();
    let mut peaks: Vec<(i64, f32)> = (0..scores.len())
        .filter(|&n| {
            let score = scores[n].1;
            score > 0.0
                && scores[n.saturating_sub(1)].1 <= score
                && scores[(n + 1).min(scores.len() - 1)].1 <= score
        })
        .map(|n| scores[n])
        .collect();
    peaks.sort_by(|a, b| b.1.total_cmp(&a.1));
    peaks.truncate(CANDIDATES);
    peaks.into_iter().map(|(lag, _)| lag).collect()
}

/// Refines a delay in frames to one in samples at 8 kHz.
pub(crate) fn by_waveform(spoken: &[f32], heard: &[f32], frames: i64) -> i64 {
    // A loudness curve is right within two frames even when a jitter buffer moved in between.
    let centre = frames * HOP as i64;
    let reach = 3 * HOP as i64;
    (centre - reach..=centre + reach)
        .map(|lag| (lag, overlap(spoken, heard, lag)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(centre, |(lag, _)| lag)
}

/// Refines a delay at 8 kHz to the full rate.
pub(crate) fn at_full_rate(spoken: &[i16], heard: &[i16], rate: u32, at_8khz: i64) -> i64 {
    let factor = f64::from(rate) / f64::from(RATE);
    let centre = (at_8khz as f64 * factor).round() as i64;
    let reach = factor.ceil() as i64;
    // Two seconds around the loudest place decide; more would only cost time.
    let piece = loudest_piece(spoken, 2 * rate as usize);
    let samples: Vec<f32> = spoken[piece.clone()]
        .iter()
        .map(|&s| f32::from(s))
        .collect();
    let heard: Vec<f32> = {
        let first = piece.start as i64 + centre - reach;
        let last = piece.end as i64 + centre + reach;
        (first..last)
            .map(|n| {
                usize::try_from(n)
                    .ok()
                    .and_then(|n| heard.get(n))
                    .map_or(0.0, |&s| f32::from(s))
            })
            .collect()
    };
    (-reach..=reach)
        .map(|offset| (offset, overlap(&samples, &heard, reach + offset)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(centre, |(offset, _)| centre + offset)
}

fn loudest_piece(samples: &[i16], length: usize) -> std::ops::Range<usize> {
    if samples.len() <= length {
        return 0..samples.len();
    }
    let energy = |start: usize| -> f64 {
        samples[start..start + length]
            .iter()
            .step_by(16)
            .map(|&s| f64::from(s) * f64::from(s))
            .sum()
    };
    let start = (0..=samples.len() - length)
        .step_by(length / 2)
        .max_by(|&a, &b| energy(a).total_cmp(&energy(b)))
        .unwrap_or(0);
    start..start + length
}

fn without_mean(values: &[f32]) -> Vec<f32> {
    let mean = values.iter().sum::<f32>() / values.len().max(1) as f32;
    values.iter().map(|value| value - mean).collect()
}

/// Sum of the products where both overlap, `heard` being `lag` later.
fn overlap(spoken: &[f32], heard: &[f32], lag: i64) -> f32 {
    let (spoken, heard) = shifted(spoken, heard, lag);
    spoken.iter().zip(heard).map(|(a, b)| a * b).sum()
}

fn shifted<'a>(spoken: &'a [f32], heard: &'a [f32], lag: i64) -> (&'a [f32], &'a [f32]) {
    let skip_spoken = (-lag).max(0) as usize;
    let skip_heard = lag.max(0) as usize;
    let spoken = spoken.get(skip_spoken..).unwrap_or_default();
    let heard = heard.get(skip_heard..).unwrap_or_default();
    let length = spoken.len().min(heard.len());
    (&spoken[..length], &heard[..length])
}
