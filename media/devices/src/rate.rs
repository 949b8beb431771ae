//! From a device's rate to 48 kHz and back.

use media::{FRAME_SAMPLES, Frame, SAMPLE_RATE, SILENCE};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

/// Filter length: passes 20 kHz of 44.1 kHz, delays by 1.5 ms.
const FILTER: usize = 128;

/// Rates that devices and files may have, in hertz.
pub(crate) const RATES: std::ops::RangeInclusive<u32> = 4_000..=384_000;

fn resampler(ratio: f64, chunk: usize, fixed: FixedAsync) -> Async<f32> {
    let parameters = SincInterpolationParameters::new(FILTER, WindowFunction::Blackman2)
        .interpolation(SincInterpolationType::Linear)
        .oversampling_factor(256);
    Async::new_sinc(ratio, 1.0, &parameters, chunk, 1, fixed)
        .expect("a positive ratio and chunk are all that it asks for")
}

fn to_float(sample: i16) -> f32 {
    f32::from(sample)
}

fn from_float(sample: f32) -> i16 {
    sample.round().clamp(-32_768.0, 32_767.0) as i16
}

/// Makes frames of a stream at another rate.
pub(crate) struct Framer {
    /// None at 48 kHz already.
    resampler: Option<Async<f32>>,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Framer {
    /// `rate` is one of `RATES`.
    pub(crate) fn new(rate: u32) -> Self {
        let ratio = f64::from(SAMPLE_RATE) / f64::from(rate);
        let resampler =
            (rate != SAMPLE_RATE).then(|| resampler(ratio, FRAME_SAMPLES, FixedAsync::Output));
        let longest = resampler
            .as_ref()
            .map_or(FRAME_SAMPLES, Resampler::input_frames_max);
        Framer {
            resampler,
            input: Vec::with_capacity(longest),
            output: vec![0.0; FRAME_SAMPLES],
        }
    }

    /// Samples that the next frame is made of.
    pub(crate) fn needed(&self) -> usize {
        self.resampler
            .as_ref()
            .map_or(FRAME_SAMPLES, Resampler::input_frames_next)
    }

    /// Samples at 48 kHz that come out before the first one that went in.
    pub(crate) fn delay(&self) -> usize {
        self.resampler.as_ref().map_or(0, Resampler::output_delay)
    }

    /// Makes a frame of exactly the needed samples.
    pub(crate) fn frame(&mut self, samples: impl Iterator<Item = i16>) -> Frame {
        let mut frame = SILENCE;
        let Some(resampler) = &mut self.resampler else {
            for (slot, sample) in frame.iter_mut().zip(samples) {
                *slot = sample;
            }
            return frame;
        };
        let needed = resampler.input_frames_next();
        self.input.clear();
        self.input.extend(samples.take(needed).map(to_float));
        self.input.resize(needed, 0.0);
        if run(resampler, &self.input, &mut self.output).is_some() {
            for (slot, &sample) in frame.iter_mut().zip(&self.output) {
                *slot = from_float(sample);
            }
        }
        frame
    }
}

/// Makes a stream at another rate of frames.
pub(crate) struct Unframer {
    resampler: Option<Async<f32>>,
    input: Vec<f32>,
    output: Vec<f32>,
    samples: Vec<i16>,
}

impl Unframer {
    /// `rate` is one of `RATES`.
    pub(crate) fn new(rate: u32) -> Self {
        let ratio = f64::from(rate) / f64::from(SAMPLE_RATE);
        let resampler =
            (rate != SAMPLE_RATE).then(|| resampler(ratio, FRAME_SAMPLES, FixedAsync::Input));
        let longest = resampler
            .as_ref()
            .map_or(FRAME_SAMPLES, Resampler::output_frames_max);
        Unframer {
            resampler,
            input: Vec::with_capacity(FRAME_SAMPLES),
            output: vec![0.0; longest],
            samples: Vec::with_capacity(longest),
        }
    }

    /// The frame's samples at the other rate.
    pub(crate) fn samples(&mut self, frame: &Frame) -> &[i16] {
        self.samples.clear();
        let Some(resampler) = &mut self.resampler else {
            self.samples.extend_from_slice(frame);
            return &self.samples;
        };
        self.input.clear();
        self.input.extend(frame.iter().copied().map(to_float));
        let made = run(resampler, &self.input, &mut self.output).unwrap_or(0);
        let made = self.output[..made].iter().copied().map(from_float);
        self.samples.extend(made);
        &self.samples
    }
}

/// Samples made; none if the buffers did not fit, which their sizes exclude.
fn run(resampler: &mut Async<f32>, input: &[f32], output: &mut [f32]) -> Option<usize> {
    let (frames_in, frames_out) = (input.len(), output.len());
    let input = InterleavedSlice::new(input, 1, frames_in).ok()?;
    let mut output = InterleavedSlice::new_mut(output, 1, frames_out).ok()?;
    let (_, made) = resampler
        .process_into_buffer(&input, &mut output, None)
        .ok()?;
    Some(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearing::{Recording, compare};

    #[test]
    fn speech_survives_any_rate() {
        let speech = Recording::speech("amiable.wav").at_rate(SAMPLE_RATE);
        let frames = speech.samples.as_chunks::<FRAME_SAMPLES>().0;
        for rate in [8_000, 44_100, 48_000, 96_000] {
            let mut unframer = Unframer::new(rate);
            let other: Vec<i16> = frames[..150]
                .iter()
                .flat_map(|frame| unframer.samples(frame).to_vec())
                .collect();
            let mut framer = Framer::new(rate);
            let mut back = Vec::new();
            let mut rest = other.into_iter();
            while rest.len() >= framer.needed() {
                let needed = framer.needed();
                back.extend(framer.frame(rest.by_ref().take(needed)));
            }
            assert!(back.len() > 146 * FRAME_SAMPLES, "{rate}");
            let likeness = compare(&speech.samples[..back.len()], &back, SAMPLE_RATE);
            assert!(likeness.similarity > 0.97, "{rate}: {likeness}");
            let millis = likeness.delay_samples as f64 / 48.0;
            assert!((0.0..20.0).contains(&millis), "{rate}: {likeness}");
        }
    }
}
