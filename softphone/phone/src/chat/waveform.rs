//! How loud a voice note is, from beginning to end, for whoever looks at it.

/// Steps of a waveform at most.
const STEPS: usize = 200;
/// What is softer is drawn as silence, in dB relative to full scale.
const SOFTEST: f32 = -60.0;

/// The waveform of a recording: up to 200 steps of equal length, each the loudest of its part, from 0 (−60 dB relative to
/// full scale, or less) to 255 (full scale). `levels_dbfs` are the levels of parts of equal length.
#[must_use]
pub fn waveform(levels_dbfs: &[f32]) -> Vec<u8> {
    let steps = levels_dbfs.len().min(STEPS);
    let step = |number: usize| {
        let (from, to) = (
            number * levels_dbfs.len() / steps,
            (number + 1) * levels_dbfs.len() / steps,
        );
        let loudest = levels_dbfs[from..to]
            .iter()
            .fold(f32::NEG_INFINITY, |one, other| one.max(*other));
        // It lies between 0 and 255, and what is no number becomes 0.
        ((loudest / -SOFTEST + 1.0).clamp(0.0, 1.0) * 255.0) as u8
    };
    (0..steps).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waveform_shows_what_is_loud_and_has_at_most_two_hundred_steps() {
        assert_eq!(waveform(&[]), Vec::<u8>::new());
        assert_eq!(waveform(&[0.0, -127.0, -30.0]), [255, 0, 127]);
        let mut levels = vec![-127.0; 15_000];
        levels[7_500] = 0.0;
        let long = waveform(&levels);
        assert_eq!((long.len(), long[100]), (200, 255));
        assert!(waveform(&[f32::NAN])[0] == 0 && waveform(&[f32::NEG_INFINITY])[0] == 0);
    }
}
