//! Finds the period of a voice.

/// How alike two pieces of equal length are, -1 to 1; 0 when either is silent.
pub(crate) fn likeness(a: &[i16], b: &[i16]) -> f32 {
    let (mut both, mut only_a, mut only_b) = (0.0f32, 0.0f32, 0.0f32);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f32::from(a), f32::from(b));
        both += a * b;
        only_a += a * a;
        only_b += b * b;
    }
    if only_a < 1.0 || only_b < 1.0 {
        return 0.0;
    }
    both / (only_a * only_b).sqrt()
}

/// The period after which the end of `samples` repeats itself best.
///
/// `samples` must hold twice the longest period.
pub(crate) fn lag_at_end(samples: &[i16], shortest: usize, longest: usize) -> usize {
    let window = longest;
    let end = &samples[samples.len() - window..];
    best((shortest..=longest).map(|lag| {
        let first = samples.len() - window - lag;
        (lag, likeness(end, &samples[first..first + window]))
    }))
    .map_or(longest, |(lag, _)| lag)
}

/// The period with which the beginning of `samples` repeats itself best, and how well.
pub(crate) fn lag_at_start(
    samples: &[i16],
    shortest: usize,
    longest: usize,
) -> Option<(usize, f32)> {
    /// First looked for in every fourth sample, then exactly.
    const COARSE: usize = 4;
    let window = samples.len().checked_sub(longest)?;
    let coarse: Vec<i16> = samples
        .chunks_exact(COARSE)
        .map(|chunk| (chunk.iter().map(|&s| i32::from(s)).sum::<i32>() / COARSE as i32) as i16)
        .collect();
    let coarse_window = window / COARSE;
    let (near, _) = best((shortest / COARSE..=longest / COARSE).map(|lag| {
        let moved = &coarse[lag..lag + coarse_window];
        (lag, likeness(&coarse[..coarse_window], moved))
    }))?;
    let first = (near * COARSE).saturating_sub(COARSE).max(shortest);
    let last = (near * COARSE + COARSE).min(longest);
    best((first..=last).map(|lag| {
        (
            lag,
            likeness(&samples[..window], &samples[lag..lag + window]),
        )
    }))
}

fn best(candidates: impl Iterator<Item = (usize, f32)>) -> Option<(usize, f32)> {
    candidates.max_by(|a, b| a.1.total_cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_of_a_voice_is_found() {
        // A train of decaying pulses, 125 Hz at 48 kHz.
        let voice: Vec<i16> = (0..960)
            .map(|n| {
                let at = (n % 384) as f32;
                (12_000.0 * (-at / 60.0).exp() * (at / 9.0).cos()) as i16
            })
            .collect();
        let (lag, likeness) = lag_at_start(&voice, 120, 480).unwrap();
        assert_eq!(lag, 384);
        assert!(likeness > 0.99);
        assert_eq!(lag_at_end(&voice, 120, 480), 384);
        assert!(lag_at_start(&[0; 100], 120, 480).is_none());
        assert!(lag_at_start(&[0; 960], 120, 480).is_some_and(|(_, alike)| alike == 0.0));
    }
}
