//! How like the spoken recording the heard one is, and how late it came.
//!
//! [`compare`] answers for tests and for the demo: did what one side spoke arrive at the other side's ear?
//!
//! **Delay.** The loudness curves (10 ms steps) of both recordings are slid over each other, ten seconds either way. Around
//! each of the best places the waveforms give the exact delay, first at 8 kHz, then at the full rate; the place where the
//! recordings are most alike is taken.
//!
//! **Similarity**, 0 to 1, is the mean, over twenty mel bands between 200 and 3400 Hz (the telephone's band, so that narrow
//! and wide codecs are judged alike), of the correlation of the logarithmic energies of both recordings in time. Only the
//! active speech of the spoken recording counts (frames within 35 dB of its loudest ones); each stretch of half a
//! second may sit up to 40 ms off the delay found, because a jitter buffer moves. What is missing in `heard` counts as
//! silence. The same sound gives 1, a good coded copy more than 0.9, other speech or noise less than 0.4.
//!
//! ```
//! let rate = 16_000;
//! let spoken = hearing::Recording::speech("leisure.wav");
//! let mut heard = vec![0; 1_600]; // 100 ms late
//! heard.extend_from_slice(&spoken.samples);
//! let likeness = hearing::compare(&spoken.samples, &heard, rate);
//! assert_eq!(likeness.delay_samples, 1_600);
//! assert!(likeness.similarity > 0.99);
//! ```

mod align;
mod bands;
mod likeness;
mod recording;

pub use likeness::{Likeness, compare};
pub use recording::{Recording, RecordingError};

pub mod sound_card;
