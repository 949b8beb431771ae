//! How like the spoken recording the heard one is, and how late it came.

/// How like two recordings are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Samples that `heard` comes later than `spoken`; negative when it comes earlier.
    pub delay_samples: i64,
    /// 1 for the same sound, about 0 for unrelated sound.
    pub similarity: f64,
    /// Level of `heard` above that of `spoken` where there is speech, in decibels.
    pub level_difference_db: f64,
}

/// Compares what was spoken with what was heard, both mono at `rate` samples per second.
pub fn compare(_spoken: &[i16], _heard: &[i16], _rate: u32) -> Likeness {
    Likeness {
        delay_samples: 0,
        similarity: 0.0,
        level_difference_db: 0.0,
    }
}
