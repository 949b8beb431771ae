//! The comparison of two recordings.

use std::fmt;

use crate::bands::{BANDS, HOP, RATE, energies};
use crate::{align, recording};

/// How like two recordings are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Samples that `heard` comes later than `spoken`; negative when it comes earlier.
    pub delay_samples: i64,
    /// 1 for the same sound, less than 0.4 for unrelated sound; the crate's manual says how.
    pub similarity: f64,
    /// Level of `heard` above that of `spoken` where there is speech, in decibels.
    pub level_difference_db: f64,
}

impl Likeness {
    const UNLIKE: Likeness = Likeness {
        delay_samples: 0,
        similarity: 0.0,
        level_difference_db: f64::NEG_INFINITY,
    };
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "similarity {:.2}, {} samples later, {:+.1} dB",
            self.similarity, self.delay_samples, self.level_difference_db
        )
    }
}

/// Frames within this of the loudest ones are speech, in decibels.
const ACTIVE_DB: f32 = 35.0;
/// Band energies are cut off this far under the band's loudest ones, in decibels.
const FLOOR_DB: f32 = 45.0;
/// Frames in one stretch that may move on its own: half a second.
const STRETCH: usize = 50;
/// How far it may move, in frames of 10 ms.
const MOVE: i64 = 4;

/// Compares what was spoken with what was heard, both mono at `rate` samples per second.
pub fn compare(spoken: &[i16], heard: &[i16], rate: u32) -> Likeness {
    let spoken_8k = recording::resample(spoken, rate, RATE);
    let heard_8k = recording::resample(heard, rate, RATE);
    let spoken_energies = energies(&spoken_8k);
    let heard_energies = energies(&heard_8k);

    let candidates = align::coarse(
        &align::loudness(&spoken_energies),
        &align::loudness(&heard_energies),
    );
    let active = active(&spoken_energies);
    candidates
        .into_iter()
        .map(|frames| {
            let delay = align::by_waveform(&spoken_8k, &heard_8k, frames);
            // Frames of both must start at the same sound, so analyse the heard one again from there.
            let heard = energies(&moved(&heard_8k, delay, spoken_8k.len()));
            let similarity = similarity(&spoken_energies, &heard, &active);
            (delay, heard, similarity)
        })
        // The first one, the best by loudness, wins a tie.
        .rev()
        .max_by(|a, b| a.2.total_cmp(&b.2))
        .map_or(Likeness::UNLIKE, |(delay, heard_energies, similarity)| {
            Likeness {
                delay_samples: align::at_full_rate(spoken, heard, rate, delay),
                similarity,
                level_difference_db: level_difference(&spoken_energies, &heard_energies, &active),
            }
        })
}

/// The `length` samples from `delay` on, with silence where there are none; and a margin to move in.
fn moved(samples: &[f32], delay: i64, length: usize) -> Vec<f32> {
    let margin = MOVE * HOP as i64;
    (delay - margin..delay + length as i64 + margin)
        .map(|n| {
            usize::try_from(n)
                .ok()
                .and_then(|n| samples.get(n).copied())
                .unwrap_or(0.0)
        })
        .collect()
}

fn active(energies: &[[f32; BANDS]]) -> Vec<bool> {
    let level = |bands: &[f32; BANDS]| 10.0 * (bands.iter().sum::<f32>() + 1.0).log10();
    let loudest = energies.iter().map(level).fold(0.0, f32::max);
    energies
        .iter()
        .map(|bands| level(bands) > (loudest - ACTIVE_DB).max(10.0))
        .collect()
}

/// Decibels, cut off `FLOOR_DB` under each band's loudest frame.
fn decibels(energies: &[[f32; BANDS]]) -> Vec<[f32; BANDS]> {
    let mut loudest = [1.0f32; BANDS];
    for bands in energies {
        for (peak, &energy) in loudest.iter_mut().zip(bands) {
            *peak = peak.max(energy);
        }
    }
    let floor = loudest.map(|peak| peak * 10f32.powf(-FLOOR_DB / 10.0));
    energies
        .iter()
        .map(|bands| std::array::from_fn(|b| 10.0 * (bands[b] + floor[b]).log10()))
        .collect()
}

fn similarity(spoken: &[[f32; BANDS]], heard: &[[f32; BANDS]], active: &[bool]) -> f64 {
    let spoken = decibels(spoken);
    let heard = decibels(heard);
    // Pairs of frames, after each stretch has moved to where it fits best.
    let mut pairs: Vec<(&[f32; BANDS], &[f32; BANDS])> = Vec::with_capacity(spoken.len());
    for first in (0..spoken.len()).step_by(STRETCH) {
        let frames: Vec<usize> = (first..(first + STRETCH).min(spoken.len()))
            .filter(|&n| active[n])
            .collect();
        let at = |shift: i64| {
            frames.iter().filter_map({
                let (spoken, heard) = (&spoken, &heard);
                move |&n| {
                    let index = usize::try_from(n as i64 + MOVE + shift).ok()?;
                    Some((&spoken[n], heard.get(index)?))
                }
            })
        };
        let distance = |shift: i64| -> f32 {
            at(shift)
                .map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>())
                .sum()
        };
        // Staying in place wins a tie.
        let best = (-MOVE..=MOVE)
            .min_by(|&a, &b| {
                distance(a)
                    .total_cmp(&distance(b))
                    .then(a.abs().cmp(&b.abs()))
            })
            .unwrap_or(0);
        pairs.extend(at(best));
    }
    if pairs.len() < 10 {
        return 0.0;
    }
    let sum: f64 = (0..BANDS)
        .map(|band| correlation(pairs.iter().map(|(a, b)| (a[band], b[band]))))
        .sum();
    (sum / BANDS as f64).clamp(0.0, 1.0)
}

/// Pearson's coefficient; 0 when either side does not vary.
fn correlation(pairs: impl Iterator<Item = (f32, f32)> + Clone) -> f64 {
    let (mut count, mut sum_a, mut sum_b) = (0.0, 0.0, 0.0);
    for (a, b) in pairs.clone() {
        count += 1.0;
        sum_a += f64::from(a);
        sum_b += f64::from(b);
    }
    let (mean_a, mean_b) = (sum_a / count, sum_b / count);
    let (mut both, mut only_a, mut only_b) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        let (a, b) = (f64::from(a) - mean_a, f64::from(b) - mean_b);
        both += a * b;
        only_a += a * a;
        only_b += b * b;
    }
    if only_a < 1e-6 || only_b < 1e-6 {
        return 0.0;
    }
    both / (only_a * only_b).sqrt()
}

fn level_difference(spoken: &[[f32; BANDS]], heard: &[[f32; BANDS]], active: &[bool]) -> f64 {
    let mut totals = (0.0f64, 0.0f64);
    for (n, bands) in spoken.iter().enumerate().filter(|(n, _)| active[*n]) {
        totals.0 += f64::from(bands.iter().sum::<f32>());
        if let Some(bands) = heard.get(n + MOVE as usize) {
            totals.1 += f64::from(bands.iter().sum::<f32>());
        }
    }
    10.0 * (totals.1 / totals.0).log10()
}
