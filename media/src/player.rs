//! Playing recordings: an Ogg file of Opus (RFC 7845), frame by frame.

use std::io::{Read, Seek};

use ogg::{OggReadError, PacketReader};

use crate::codec::Decoder;
use crate::{Codec, CodecError, FRAME_SAMPLES, Frame, SILENCE};

/// The beginning of the first packet (RFC 7845 §5.1).
const HEAD: &[u8] = b"OpusHead";
/// The shortest head that can be.
const HEAD_LENGTH: usize = 19;

/// Gives a recording's sound, 20 ms at a time.
pub struct Player<R: Read + Seek> {
    packets: PacketReader<R>,
    serial: u32,
    decoder: Decoder,
    /// Decoded and not given yet.
    samples: Vec<i16>,
    /// Samples to throw away before the first one that counts.
    skip: usize,
    /// Samples given or thrown away so far.
    position: u64,
    /// Where the recording ends, once its last page was seen.
    end: Option<u64>,
    is_over: bool,
}

/// A file that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// It is no Ogg file, or it is damaged.
    #[error("this is no recording that can be played; it has to be an Ogg file ({0})")]
    NoOgg(OggReadError),
    /// There is something else in it.
    #[error("there is no Opus in this recording; convert it to Ogg Opus")]
    NoOpus,
    /// The codec does not start.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl<R: Read + Seek> Player<R> {
    /// Begins to play.
    ///
    /// # Errors
    /// The file is none that holds Opus.
    pub fn new(file: R) -> Result<Self, PlayError> {
        let mut packets = PacketReader::new(file);
        let head = packets.read_packet().map_err(PlayError::NoOgg)?;
        let head = head.ok_or(PlayError::NoOpus)?;
        // The upper half of the version changes when old readers cannot read on (§5.1).
        let is_readable = head.data.starts_with(HEAD)
            && head.data.len() >= HEAD_LENGTH
            && head.data[8] & 0xF0 == 0;
        if !is_readable {
            return Err(PlayError::NoOpus);
        }
        let skip = u16::from_le_bytes([head.data[10], head.data[11]]);
        Ok(Self {
            serial: head.stream_serial(),
            packets,
            decoder: Decoder::new(Codec::Opus)?,
            samples: Vec::new(),
            skip: usize::from(skip),
            position: 0,
            end: None,
            is_over: false,
        })
    }

    /// The next 20 ms, the last of them filled up with silence; nothing at the end. What is damaged ends it too.
    pub fn frame(&mut self) -> Option<Frame> {
        while self.samples.len() < FRAME_SAMPLES && !self.is_over {
            self.read();
        }
        if self.samples.is_empty() {
            return None;
        }
        let mut frame = SILENCE;
        let length = self.samples.len().min(FRAME_SAMPLES);
        frame[..length].copy_from_slice(&self.samples[..length]);
        self.samples.drain(..length);
        Some(frame)
    }

    /// Decodes one more packet.
    fn read(&mut self) {
        let Ok(Some(packet)) = self.packets.read_packet() else {
            self.is_over = true;
            return;
        };
        if packet.stream_serial() != self.serial || packet.data.starts_with(b"OpusTags") {
            return;
        }
        if packet.last_in_stream() {
            self.end = Some(packet.absgp_page());
        }
        let mut decoded = Vec::new();
        // What cannot be decoded is left out: the rest may be whole.
        if self.decoder.decode(&packet.data, &mut decoded) {
            if let Some(end) = self.end {
                let left = end.saturating_sub(self.position);
                decoded.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            }
            self.position += decoded.len() as u64;
            let skipped = self.skip.min(decoded.len());
            self.skip -= skipped;
            self.samples.extend_from_slice(&decoded[skipped..]);
        }
        self.is_over |= packet.last_in_stream();
    }
}

impl<R: Read + Seek> std::fmt::Debug for Player<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Player")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use hearing::{Recording, compare};

    use super::*;
    use crate::{Recorder, SAMPLE_RATE};

    fn recorded(speech: &[i16]) -> Vec<u8> {
        let (frames, _) = speech.as_chunks::<FRAME_SAMPLES>();
        let mut recorder = Recorder::new(Vec::new(), 7).unwrap();
        for frame in frames {
            recorder.write(frame).unwrap();
        }
        recorder.finish().unwrap()
    }

    #[test]
    fn what_was_recorded_is_played_in_its_length() {
        let speech = Recording::speech("leisure.wav")
            .at_rate(SAMPLE_RATE)
            .samples;
        let mut player = Player::new(Cursor::new(recorded(&speech))).unwrap();
        let mut heard = Vec::new();
        while let Some(frame) = player.frame() {
            heard.extend_from_slice(&frame);
        }
        assert_eq!(heard.len(), speech.len() / FRAME_SAMPLES * FRAME_SAMPLES);
        let likeness = compare(&speech, &heard, SAMPLE_RATE);
        assert!(likeness.similarity > 0.95, "{likeness}");
        assert!(likeness.delay_samples.abs() < 10, "{likeness}");
    }

    #[test]
    fn what_is_no_recording_is_refused_and_one_that_breaks_off_ends() {
        assert!(matches!(
            Player::new(Cursor::new(b"RIFF....WAVE".to_vec())),
            Err(PlayError::NoOgg(_) | PlayError::NoOpus)
        ));
        let mut file = recorded(&vec![0; 100 * FRAME_SAMPLES]);
        file.truncate(file.len() * 2 / 3);
        let mut player = Player::new(Cursor::new(file)).unwrap();
        let mut frames = 0;
        while player.frame().is_some() {
            frames += 1;
        }
        assert!((1..100).contains(&frames), "{frames}");
    }
}
