//! Recordings as files, without a look at what they sound like: how long they are, and making them whole (RFC 7845).

use std::io::Cursor;
use std::time::Duration;

use bytes::Bytes;
use ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};
use thiserror::Error;

use crate::codec::Decoder;
use crate::recording::{PACKETS_PER_PAGE, tags};
use crate::{Codec, SAMPLE_RATE};

/// The least that an identification header can be (RFC 7845 §5.1).
const HEAD_BYTES: usize = 19;
/// Packets that the comment header and pictures in it may take; what is beyond is no recording of ours to play.
const MOST_TAG_BYTES: usize = 1 << 20;

/// A file that cannot be played.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum NotPlayable {
    /// No Ogg, or no Opus in it.
    #[error("it is not Opus in an Ogg file")]
    NotOggOpus,
    /// More than two channels, or they are put together in a way of their own.
    #[error("it has more than two channels")]
    TooManyChannels,
    /// There is nothing to hear.
    #[error("it is empty")]
    Empty,
}

/// The same recording as a whole file that says where it ends, at most `longest`: what a crash has left of one becomes
/// whole, what is behind the wanted part is gone, and nothing is decoded. With how long it is.
///
/// # Errors
/// If there is nothing of it that could be played.
pub fn mend(file: Bytes, longest: Duration) -> Result<(Vec<u8>, Duration), NotPlayable> {
    let mut packets = Packets::open(file)?;
    let pre_skip = u64::from(packets.pre_skip);
    let most = pre_skip + samples(longest);
    let mut writer = PacketWriter::new(Vec::new());
    let mut put = |packet: Vec<u8>, end, position| {
        // A vector takes everything.
        writer
            .write_packet(packet, 1, end, position)
            .map_err(|_| NotPlayable::Empty)
    };
    put(packets.head.clone(), PacketWriteEndInfo::EndPage, 0)?;
    put(tags(), PacketWriteEndInfo::EndPage, 0)?;
    let (mut position, mut number, mut held) = (0u64, 0u64, None);
    while position < most
        && let Some(packet) = packets.next()
    {
        let Some(length) = packets.decoder.samples(&packet) else {
            continue;
        };
        if let Some(before) = held.replace(packet) {
            number += 1;
            let end = match number.is_multiple_of(PACKETS_PER_PAGE) {
                true => PacketWriteEndInfo::EndPage,
                false => PacketWriteEndInfo::NormalPacket,
            };
            put(before, end, position)?;
        }
        position += length as u64;
    }
    let end = match packets.end {
        Some(end) if end > pre_skip => position.min(most).min(end),
        _ => position.min(most),
    };
    let last = held.filter(|_| end > pre_skip).ok_or(NotPlayable::Empty)?;
    put(last, PacketWriteEndInfo::EndStream, end)?;
    Ok((writer.into_inner(), duration(end - pre_skip)))
}

/// How long a recording is.
///
/// # Errors
/// If it cannot be played.
pub fn length_of(file: Bytes) -> Result<Duration, NotPlayable> {
    survey(file).map(|survey| duration(survey.samples))
}

struct Survey {
    samples: u64,
}

fn survey(file: Bytes) -> Result<Survey, NotPlayable> {
    let mut packets = Packets::open(file)?;
    let mut samples = 0u64;
    while let Some(packet) = packets.next() {
        samples += packets.decoder.samples(&packet).unwrap_or_default() as u64;
    }
    if let Some(end) = packets.end {
        samples = samples.min(end);
    }
    let samples = samples.saturating_sub(packets.pre_skip.into());
    match samples {
        0 => Err(NotPlayable::Empty),
        samples => Ok(Survey { samples }),
    }
}

/// The packets of a file behind its two headers, as far as it can be read.
struct Packets {
    reader: PacketReader<Cursor<Bytes>>,
    decoder: Decoder,
    head: Vec<u8>,
    pre_skip: u16,
    serial: u32,
    /// The position at the end, once that was read in a file that has one.
    end: Option<u64>,
}

impl Packets {
    fn open(file: Bytes) -> Result<Self, NotPlayable> {
        let wrong = NotPlayable::NotOggOpus;
        let mut reader = PacketReader::new(Cursor::new(file));
        let mut next = || reader.read_packet().ok().flatten().ok_or(wrong);
        let head = next()?;
        let is_head = head.data.len() >= HEAD_BYTES && head.data.starts_with(b"OpusHead");
        // Later versions with the same upper half can be read as this one (RFC 7845 §5.1).
        if !is_head || head.data[8] >> 4 != 0 {
            return Err(wrong);
        }
        let (channels, family) = (head.data[9], head.data[18]);
        if !(1..=2).contains(&channels) || family != 0 {
            return Err(NotPlayable::TooManyChannels);
        }
        let tags = next()?;
        if !tags.data.starts_with(b"OpusTags") || tags.data.len() > MOST_TAG_BYTES {
            return Err(wrong);
        }
        let decoder = Decoder::new(Codec::Opus).map_err(|_| wrong)?;
        Ok(Packets {
            pre_skip: u16::from_le_bytes([head.data[10], head.data[11]]),
            serial: head.stream_serial(),
            head: head.data,
            reader,
            decoder,
            end: None,
        })
    }

    /// The next one; none where the file ends or is broken.
    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let packet = self.reader.read_packet().ok().flatten()?;
            if packet.stream_serial() != self.serial {
                continue;
            }
            if packet.last_in_stream() {
                self.end = Some(packet.absgp_page());
            }
            return Some(packet.data);
        }
    }
}

fn samples(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX / 48) / 1_000 * u64::from(SAMPLE_RATE)
        / 1_000
}

fn duration(samples: u64) -> Duration {
    Duration::from_micros(samples.saturating_mul(1_000_000) / u64::from(SAMPLE_RATE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FRAME_SAMPLES, Player, Recorder};
    use hearing::{Recording, compare};

    fn speech() -> Vec<i16> {
        let recording = Recording::speech("leisure.wav").at_rate(SAMPLE_RATE);
        recording.samples
    }

    fn recorded(speech: &[i16]) -> Vec<u8> {
        let (frames, _) = speech.as_chunks::<FRAME_SAMPLES>();
        let mut recorder = Recorder::new(Vec::new(), 7).unwrap();
        for frame in frames {
            recorder.write(frame).unwrap();
        }
        recorder.finish().unwrap()
    }

    fn heard(file: Vec<u8>) -> Vec<i16> {
        let mut player = Player::new(Cursor::new(file)).unwrap();
        let frames = std::iter::from_fn(|| player.frame());
        frames.flatten().collect()
    }

    #[test]
    fn what_is_mended_is_heard_to_the_last_sample() {
        let speech = speech();
        let file = recorded(&speech);
        let whole = speech.len() / FRAME_SAMPLES * FRAME_SAMPLES;
        let length = duration(whole as u64);
        assert_eq!(length_of(file.clone().into()), Ok(length));
        let (mended, mended_length) = mend(file.into(), Duration::MAX).unwrap();
        assert_eq!(mended_length, length);
        let heard = heard(mended);
        assert_eq!(heard.len(), whole);
        let likeness = compare(&speech, &heard, SAMPLE_RATE);
        assert!(likeness.similarity > 0.95, "{likeness}");
        assert!(likeness.delay_samples.abs() < 10, "{likeness}");
    }

    #[test]
    fn what_breaks_off_is_mended_as_far_as_it_goes() {
        let file = recorded(&speech());
        let broken = Bytes::from(file[..file.len() / 2].to_vec());
        let (mended, length) = mend(broken, Duration::from_secs(600)).unwrap();
        let whole = length_of(file.into()).unwrap();
        assert!(length > whole / 3 && length < whole * 2 / 3, "{length:?}");
        assert_eq!(length_of(mended.clone().into()), Ok(length));
        assert!(heard(mended).len() > SAMPLE_RATE as usize);
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let file = recorded(&speech());
        let limit = Duration::from_millis(1_500);
        let (cut, length) = mend(file.into(), limit).unwrap();
        assert_eq!(length, limit);
        assert_eq!(heard(cut).len().div_ceil(FRAME_SAMPLES), 75);
    }

    #[test]
    fn what_is_no_recording_is_refused() {
        let refused = |file: Vec<u8>| length_of(file.into()).unwrap_err();
        assert_eq!(refused(b"RIFF".to_vec()), NotPlayable::NotOggOpus);
        assert_eq!(refused(Vec::new()), NotPlayable::NotOggOpus);
        let empty = Recorder::new(Vec::new(), 1).unwrap().finish().unwrap();
        assert_eq!(refused(empty), NotPlayable::Empty);
        let mut surround = PacketWriter::new(Vec::new());
        let mut head = b"OpusHead".to_vec();
        head.extend([1, 6, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4, 2, 0, 1, 2, 3, 4, 5]);
        let end = PacketWriteEndInfo::EndPage;
        surround.write_packet(head, 1, end, 0).unwrap();
        assert_eq!(refused(surround.into_inner()), NotPlayable::TooManyChannels);
    }

    #[test]
    fn no_damage_makes_it_stop() {
        let file = recorded(&speech()[..SAMPLE_RATE as usize]);
        for step in 0..400 {
            let mut damaged = file.clone();
            let place = step * 7919 % damaged.len();
            damaged[place] ^= 1 << (step % 8);
            damaged.truncate(damaged.len() - step % 50);
            if let Ok((mended, _)) = mend(damaged.into(), Duration::from_secs(5)) {
                heard(mended);
            }
        }
    }
}
