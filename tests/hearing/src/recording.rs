//! A recording: samples and their rate, read from and written to WAV files.

use std::path::{Path, PathBuf};

/// One channel of sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// 16 bit samples.
    pub samples: Vec<i16>,
    /// Samples per second.
    pub rate: u32,
}

/// Why a recording could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the recording {} cannot be read or written: {cause}", .path.display())]
pub struct RecordingError {
    /// The file.
    pub path: PathBuf,
    /// What went wrong.
    pub cause: hound::Error,
}

impl Recording {
    /// Reads a WAV file; several channels are averaged into one.
    ///
    /// # Errors
    /// The file cannot be read or is no WAV file of 16 bit integers.
    pub fn read(path: impl AsRef<Path>) -> Result<Recording, RecordingError> {
        let path = path.as_ref();
        let failed = |cause| RecordingError {
            path: path.to_owned(),
            cause,
        };
        let mut reader = hound::WavReader::open(path).map_err(failed)?;
        let channels = usize::from(reader.spec().channels.max(1));
        let rate = reader.spec().sample_rate;
        let interleaved = reader
            .samples::<i16>()
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?;
        let samples = interleaved
            .chunks_exact(channels)
            .map(|frame| {
                let sum: i32 = frame.iter().map(|&s| i32::from(s)).sum();
                (sum / channels as i32) as i16
            })
            .collect();
        Ok(Recording { samples, rate })
    }

    /// Writes a WAV file of one channel and 16 bits.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), RecordingError> {
        let path = path.as_ref();
        let failed = |cause| RecordingError {
            path: path.to_owned(),
            cause,
        };
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: self.rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(path, spec).map_err(failed)?;
        for &sample in &self.samples {
            writer.write_sample(sample).map_err(failed)?;
        }
        writer.finalize().map_err(failed)
    }

    /// Where a speech recording of `assets/speech` lies.
    pub fn speech_path(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../assets/speech")
            .join(name)
    }

    /// A speech recording of `assets/speech`.
    ///
    /// # Panics
    /// It is not there, which only a damaged checkout can cause.
    pub fn speech(name: &str) -> Recording {
        Recording::read(Recording::speech_path(name)).expect("assets/speech is part of the tree")
    }

    /// The same sound at another rate.
    pub fn at_rate(&self, rate: u32) -> Recording {
        Recording {
            samples: resample(&self.samples, self.rate, rate)
                .into_iter()
                .map(|sample| sample.round().clamp(-32768.0, 32767.0) as i16)
                .collect(),
            rate,
        }
    }
}

/// Zero crossings of the interpolating sinc on each side.
const CROSSINGS: f32 = 12.0;

/// Changes the rate with a windowed sinc; what the lower rate cannot hold is filtered out.
pub(crate) fn resample(samples: &[i16], from: u32, to: u32) -> Vec<f32> {
    if from == to {
        return samples.iter().map(|&s| f32::from(s)).collect();
    }
    // The sinc's kernel repeats every `phases` output samples; keep one table a phase.
    let divisor = greatest_common_divisor(from, to);
    let (phases, step) = ((to / divisor) as usize, (from / divisor) as usize);
    let cutoff = if to < from {
        to as f32 / from as f32 * 0.95
    } else {
        0.95
    };
    let half = (CROSSINGS / cutoff).ceil() as isize;
    let kernels: Vec<Vec<f32>> = (0..phases)
        .map(|phase| {
            let offset = ((phase * step) % phases) as f32 / phases as f32;
            (-half..=half)
                .map(|tap| windowed_sinc(tap as f32 - offset, cutoff, half as f32 + 1.0))
                .collect()
        })
        .collect();
    let length = (samples.len() as u64 * u64::from(to) / u64::from(from)) as usize;
    let mut output = Vec::with_capacity(length);
    for index in 0..length {
        let centre = (index * step / phases) as isize;
        let first = centre - half;
        let skipped = (-first).max(0) as usize;
        let start = first.max(0) as usize;
        let kernel = &kernels[index % phases][skipped..];
        let sum = samples[start.min(samples.len())..]
            .iter()
            .zip(kernel)
            .map(|(&sample, &weight)| f32::from(sample) * weight)
            .sum();
        output.push(sum);
    }
    output
}

fn windowed_sinc(at: f32, cutoff: f32, reach: f32) -> f32 {
    use std::f32::consts::PI;
    if at.abs() >= reach {
        return 0.0;
    }
    let phase = PI * at * cutoff;
    let sinc = if phase.abs() < 1e-6 {
        1.0
    } else {
        phase.sin() / phase
    };
    let window = 0.5 + 0.5 * (PI * at / reach).cos();
    cutoff * sinc * window
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a.max(1)
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changing_the_rate_there_and_back_keeps_speech() {
        let speech = Recording::speech("amiable.wav");
        let back = speech.at_rate(48_000).at_rate(16_000);
        let likeness = crate::compare(&speech.samples, &back.samples, 16_000);
        assert_eq!(likeness.delay_samples, 0);
        assert!(likeness.similarity > 0.99, "{likeness:?}");
        assert!(likeness.level_difference_db.abs() < 0.2, "{likeness:?}");
    }

    #[test]
    fn a_recording_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.wav");
        let recording = Recording {
            samples: vec![1, -2, 32_767, -32_768],
            rate: 8_000,
        };
        recording.write(&path).unwrap();
        assert_eq!(Recording::read(&path).unwrap(), recording);
    }
}
