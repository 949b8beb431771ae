//! Makes a piece of sound shorter or longer by one pitch period, without a click.

use crate::{level, pitch};

/// Periods that may go or come, in samples at 48 kHz: 2.5 to 10 ms.
const SHORTEST: usize = 120;
const LONGEST: usize = 480;
/// Sound quieter than this has no period that anyone would miss.
const QUIET_DBFS: f32 = -50.0;
/// Likeness of neighbouring periods from which the ear takes one for the other.
const ALIKE: f32 = 0.8;
/// The same when there is hurry: better a small blemish than a long delay.
const ALIKE_ENOUGH: f32 = 0.3;

/// One period less; `None` when the sound has no fitting one. Needs 20 ms.
pub(crate) fn shorter(samples: &[i16], in_a_hurry: bool) -> Option<Vec<i16>> {
    let lag = period(samples, in_a_hurry)?;
    let mut output = blended(&samples[..lag], &samples[lag..2 * lag]);
    output.extend_from_slice(&samples[2 * lag..]);
    Some(output)
}

/// One period more; `None` when the sound has no fitting one. Needs 20 ms.
pub(crate) fn longer(samples: &[i16], in_a_hurry: bool) -> Option<Vec<i16>> {
    let lag = period(samples, in_a_hurry)?;
    let mut output = samples[..lag].to_vec();
    output.append(&mut blended(&samples[lag..2 * lag], &samples[..lag]));
    output.extend_from_slice(&samples[lag..]);
    Some(output)
}

fn period(samples: &[i16], in_a_hurry: bool) -> Option<usize> {
    if samples.len() < 2 * LONGEST {
        return None;
    }
    if level::dbfs(samples) < QUIET_DBFS {
        return Some(LONGEST);
    }
    let enough = if in_a_hurry { ALIKE_ENOUGH } else { ALIKE };
    let (lag, likeness) = pitch::lag_at_start(&samples[..2 * LONGEST], SHORTEST, LONGEST)?;
    (likeness >= enough).then_some(lag)
}

/// Begins as `from` and ends as `to`, which is as long.
fn blended(from: &[i16], to: &[i16]) -> Vec<i16> {
    let length = from.len() as f32;
    from.iter()
        .zip(to)
        .enumerate()
        .map(|(n, (&from, &to))| {
            let share = n as f32 / length;
            (f32::from(from) * (1.0 - share) + f32::from(to) * share) as i16
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f32) -> Vec<i16> {
        (0..960)
            .map(|n| (8_000.0 * (std::f32::consts::TAU * hertz * n as f32 / 48_000.0).sin()) as i16)
            .collect()
    }

    fn steepest(samples: &[i16]) -> i16 {
        samples
            .windows(2)
            .map(|w| (w[1] - w[0]).abs())
            .max()
            .unwrap()
    }

    #[test]
    fn a_voiced_sound_loses_or_gains_a_period_without_a_click() {
        for hertz in [110.0, 150.0, 233.0, 380.0] {
            let sound = tone(hertz);
            let short = shorter(&sound, false).unwrap();
            let long = longer(&sound, false).unwrap();
            assert!((480..=840).contains(&short.len()), "{}", short.len());
            assert!((1_080..=1_440).contains(&long.len()), "{}", long.len());
            for changed in [&short, &long] {
                assert!(steepest(changed) <= steepest(&sound) + 60, "{hertz}");
                assert_eq!(changed[0], sound[0]);
                assert_eq!(changed.last(), sound.last());
            }
        }
    }

    #[test]
    fn silence_changes_freely_and_noise_only_in_a_hurry() {
        assert_eq!(shorter(&[0; 960], false).unwrap().len(), 480);
        assert_eq!(longer(&[0; 960], false).unwrap().len(), 1_440);
        assert!(shorter(&[0; 480], false).is_none());
        let mut state = 7u32;
        let noise: Vec<i16> = (0..960)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 18) as i16 - 8_192
            })
            .collect();
        assert!(shorter(&noise, false).is_none());
    }
}
