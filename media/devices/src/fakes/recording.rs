//! WAV files: one to speak, one to hear.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use media::{FRAME_SAMPLES, Frame, SAMPLE_RATE};

use crate::event::OpenError;
use crate::rate::{Framer, RATES};

/// Frames between two writings of the file's header: 200 ms may be missing when the process is killed.
const FLUSH_EVERY: u32 = 10;

/// Reads a WAV file of any rate, width and number of channels, frame by frame.
pub(crate) struct Player {
    samples: Box<dyn Iterator<Item = i16> + Send>,
    framer: Framer,
    /// Made and not yet given; what is over the last whole frame.
    ready: Vec<i16>,
    /// Samples of the filter's delay, which are not part of the recording.
    skip: usize,
    is_over: bool,
}

impl Player {
    pub(crate) fn open(path: &Path) -> Result<Player, OpenError> {
        let unreadable = |cause: String| OpenError::Unreadable {
            path: path.to_owned(),
            cause,
        };
        let reader = WavReader::open(path).map_err(|error| unreadable(words(&error)))?;
        let spec = reader.spec();
        if !RATES.contains(&spec.sample_rate) || spec.channels == 0 {
            return Err(unreadable(format!(
                "it has {} channels and {} samples per second",
                spec.channels, spec.sample_rate
            )));
        }
        let framer = Framer::new(spec.sample_rate);
        Ok(Player {
            samples: one_channel(reader),
            skip: framer.delay(),
            framer,
            ready: Vec::new(),
            is_over: false,
        })
    }

    /// The next 20 ms; the last one is filled up with silence, then there are none.
    pub(crate) fn next_frame(&mut self) -> Option<Frame> {
        while !self.is_over && self.ready.len() < FRAME_SAMPLES + self.skip {
            let needed = self.framer.needed();
            let mut taken = 0;
            let samples = self.samples.by_ref().take(needed).inspect(|_| taken += 1);
            let frame = self.framer.frame(samples);
            if taken == 0 {
                // What the filter still holds has come out with this frame.
                self.is_over = true;
            }
            self.ready.extend_from_slice(&frame);
        }
        let skipped = self.skip.min(self.ready.len());
        self.ready.drain(..skipped);
        self.skip -= skipped;
        if self.ready.is_empty() || (self.is_over && self.ready.iter().all(|&s| s == 0)) {
            self.ready.clear();
            return None;
        }
        self.ready.resize(self.ready.len().max(FRAME_SAMPLES), 0);
        let frame = self.ready.first_chunk::<FRAME_SAMPLES>().copied();
        self.ready.drain(..FRAME_SAMPLES);
        frame
    }
}

/// The mean of all channels. A file that breaks off has ended.
fn one_channel(reader: WavReader<BufReader<File>>) -> Box<dyn Iterator<Item = i16> + Send> {
    let spec = reader.spec();
    let channels = usize::from(spec.channels);
    let full_scale = match spec.sample_format {
        SampleFormat::Int => (1i64 << (spec.bits_per_sample - 1)) as f32,
        SampleFormat::Float => 1.0,
    };
    let samples: Box<dyn Iterator<Item = f32> + Send> = match spec.sample_format {
        SampleFormat::Int => Box::new(
            reader
                .into_samples::<i32>()
                .map_while(Result::ok)
                .map(|sample| sample as f32),
        ),
        SampleFormat::Float => Box::new(reader.into_samples::<f32>().map_while(Result::ok)),
    };
    let mut samples = samples;
    Box::new(std::iter::from_fn(move || {
        let mut sum = 0.0;
        for _ in 0..channels {
            sum += samples.next()?;
        }
        let sample = sum / channels as f32 / full_scale * 32_768.0;
        Some(sample.round().clamp(-32_768.0, 32_767.0) as i16)
    }))
}

/// Writes what is heard. The file is valid at any time, even when the process is killed.
pub(crate) struct Recorder {
    path: PathBuf,
    writer: WavWriter<BufWriter<File>>,
    unflushed: u32,
}

impl Recorder {
    pub(crate) fn create(path: &Path) -> Result<Recorder, OpenError> {
        let spec = WavSpec {
            channels: 1,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        WavWriter::create(path, spec)
            .and_then(|mut writer| writer.flush().map(|()| writer))
            .map(|writer| Recorder {
                path: path.to_owned(),
                writer,
                unflushed: 0,
            })
            .map_err(|error| OpenError::Unwritable {
                path: path.to_owned(),
                cause: words(&error),
            })
    }

    /// On failure a sentence for the user.
    pub(crate) fn write(&mut self, frame: &Frame) -> Result<(), String> {
        self.try_write(frame).map_err(|error| {
            format!(
                "the recording {} cannot be written any more: {}; is the disk full?",
                self.path.display(),
                words(&error)
            )
        })
    }

    fn try_write(&mut self, frame: &Frame) -> Result<(), hound::Error> {
        for &sample in frame {
            self.writer.write_sample(sample)?;
        }
        self.unflushed += 1;
        if self.unflushed == FLUSH_EVERY {
            self.unflushed = 0;
            self.writer.flush()?;
        }
        Ok(())
    }
}

fn words(error: &hound::Error) -> String {
    match error {
        hound::Error::IoError(error) => error.to_string(),
        hound::Error::FormatError(what) => format!("it is no WAV file ({what})"),
        other => format!("it is of an unusual kind ({other})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearing::{Recording, compare};

    fn write(spec: WavSpec, path: &Path, sample: impl Fn(usize) -> i32, count: usize) {
        let mut writer = WavWriter::create(path, spec).unwrap();
        for n in 0..count {
            match spec.sample_format {
                SampleFormat::Int => writer.write_sample(sample(n)).unwrap(),
                SampleFormat::Float => writer.write_sample(sample(n) as f32 / 32_768.0).unwrap(),
            }
        }
        writer.finalize().unwrap();
    }

    #[test]
    fn speech_at_16_khz_is_played_whole_and_at_its_time() {
        let path = Recording::speech_path("leisure.wav");
        let mut player = Player::open(&path).unwrap();
        let mut played = Vec::new();
        while let Some(frame) = player.next_frame() {
            played.extend_from_slice(&frame);
        }
        let speech = Recording::speech("leisure.wav").at_rate(SAMPLE_RATE);
        assert!(played.len().abs_diff(speech.samples.len()) < 2 * FRAME_SAMPLES);
        let likeness = compare(&speech.samples, &played, SAMPLE_RATE);
        assert!(likeness.delay_samples.abs() <= 2, "{likeness}");
        assert!(likeness.similarity > 0.99, "{likeness}");
        assert!(likeness.level_difference_db.abs() < 0.1, "{likeness}");
    }

    #[test]
    fn widths_and_channels_become_one_of_16_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        for (bits, format, scale) in [
            (8, SampleFormat::Int, 1.0 / 256.0),
            (16, SampleFormat::Int, 1.0),
            (24, SampleFormat::Int, 256.0),
            (32, SampleFormat::Int, 65_536.0),
            (32, SampleFormat::Float, 1.0),
        ] {
            let spec = WavSpec {
                channels: 2,
                sample_rate: 48_000,
                bits_per_sample: bits,
                sample_format: format,
            };
            // Left is 8192, right 4096: the mean is 6144.
            let sample = |n: usize| (f64::from([8_192, 4_096][n % 2]) * scale) as i32;
            write(spec, &path, sample, 2 * 1_000);
            let mut player = Player::open(&path).unwrap();
            assert_eq!(player.next_frame(), Some([6_144; FRAME_SAMPLES]), "{bits}");
            let last = player.next_frame().unwrap();
            assert_eq!(last[..40], [6_144; 40]);
            assert_eq!(last[40..], [0; FRAME_SAMPLES - 40]);
            assert_eq!(player.next_frame(), None);
            assert_eq!(player.next_frame(), None);
        }
    }

    #[test]
    fn what_cannot_be_opened_is_said_in_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.wav");
        let error = Player::open(&missing).err().unwrap().to_string();
        assert!(
            error.contains("missing.wav cannot be read: No such file"),
            "{error}"
        );
        let text = folder.path().join("text.wav");
        std::fs::write(&text, "no music").unwrap();
        let error = Player::open(&text).err().unwrap().to_string();
        assert!(error.contains("no WAV file"), "{error}");
        let error = Recorder::create(folder.path()).err().unwrap().to_string();
        assert!(error.contains("cannot be written"), "{error}");
    }

    #[test]
    fn a_recording_is_valid_while_it_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.wav");
        let mut recorder = Recorder::create(&path).unwrap();
        assert_eq!(Recording::read(&path).unwrap().samples.len(), 0);
        for _ in 0..25 {
            recorder.write(&[7; FRAME_SAMPLES]).unwrap();
        }
        assert_eq!(
            Recording::read(&path).unwrap().samples,
            [7; 20 * FRAME_SAMPLES]
        );
        drop(recorder);
        assert_eq!(
            Recording::read(&path).unwrap().samples,
            [7; 25 * FRAME_SAMPLES]
        );
    }
}
