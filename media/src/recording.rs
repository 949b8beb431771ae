//! Recordings: sound as Opus in an Ogg file (RFC 7845), which browsers and players open as it is.

use std::io::{self, Write};
use std::time::Duration;

use bytes::{BufMut, Bytes};
use ogg::{PacketWriteEndInfo, PacketWriter};

use crate::codec::Encoder;
use crate::{Codec, CodecError, FRAME_DURATION, FRAME_SAMPLES, Frame, SAMPLE_RATE, SILENCE};

/// Samples that a player throws away at the beginning: what the encoder looks ahead (RFC 7845 §4.2).
const PRE_SKIP: u16 = 312;
/// Packets in a page: one second, so that a file that breaks off lacks little.
pub(crate) const PACKETS_PER_PAGE: u64 = 50;
/// Who made it (§5.2).
const VENDOR: &[u8] = b"Carillon";

/// Writes one recording. Without [`Recorder::finish`] the file has no end, which players forgive.
pub struct Recorder<W: Write> {
    writer: PacketWriter<'static, W>,
    encoder: Encoder,
    serial: u32,
    frames: u64,
    /// The last packet must say that it is the last; so one is always held back.
    held: Option<Bytes>,
}

impl<W: Write> Recorder<W> {
    /// Begins a recording. `serial` tells streams in one file apart (RFC 3533 §6); any number will do.
    ///
    /// # Errors
    /// The encoder does not start, or `sink` takes nothing; the former as [`io::ErrorKind::Other`].
    pub fn new(sink: W, serial: u32) -> io::Result<Self> {
        let encoder =
            Encoder::new(Codec::Opus).map_err(|error: CodecError| io::Error::other(error))?;
        let mut writer = PacketWriter::new(sink);
        let mut head = Vec::with_capacity(19);
        head.put_slice(b"OpusHead");
        // Version, channels.
        head.put_slice(&[1, 1]);
        head.put_u16_le(PRE_SKIP);
        head.put_u32_le(SAMPLE_RATE);
        // Gain, mapping family.
        head.put_slice(&[0, 0, 0]);
        writer.write_packet(head, serial, PacketWriteEndInfo::EndPage, 0)?;
        writer.write_packet(tags(), serial, PacketWriteEndInfo::EndPage, 0)?;
        Ok(Recorder {
            writer,
            encoder,
            serial,
            frames: 0,
            held: None,
        })
    }

    /// How much has been recorded.
    pub fn length(&self) -> Duration {
        FRAME_DURATION * u32::try_from(self.frames).unwrap_or(u32::MAX)
    }

    /// Records the next 20 ms.
    ///
    /// # Errors
    /// The sink's.
    pub fn write(&mut self, frame: &Frame) -> io::Result<()> {
        let packet = self.encode(frame)?;
        if let Some(before) = self.held.replace(packet) {
            let ends_page = self.frames.is_multiple_of(PACKETS_PER_PAGE);
            let end = if ends_page {
                PacketWriteEndInfo::EndPage
            } else {
                PacketWriteEndInfo::NormalPacket
            };
            self.put(before, end, self.frames * FRAME_SAMPLES as u64)?;
        }
        self.frames += 1;
        Ok(())
    }

    /// Ends the recording and gives the sink back.
    ///
    /// # Errors
    /// The sink's.
    pub fn finish(mut self) -> io::Result<W> {
        // What the encoder still has in its hands comes out with one more frame.
        let rest = self.encode(&SILENCE)?;
        let samples = self.frames * FRAME_SAMPLES as u64;
        if let Some(before) = self.held.take() {
            self.put(before, PacketWriteEndInfo::NormalPacket, samples)?;
        }
        let end = PacketWriteEndInfo::EndStream;
        self.put(rest, end, samples + u64::from(PRE_SKIP))?;
        let mut sink = self.writer.into_inner();
        sink.flush()?;
        Ok(sink)
    }

    fn encode(&mut self, frame: &Frame) -> io::Result<Bytes> {
        let packet = self.encoder.encode(frame);
        packet.ok_or_else(|| io::Error::other("the encoder refused a frame"))
    }

    /// `samples` are those until the end of the packet.
    fn put(&mut self, packet: Bytes, end: PacketWriteEndInfo, samples: u64) -> io::Result<()> {
        let packet = Vec::from(packet);
        self.writer.write_packet(packet, self.serial, end, samples)
    }
}

impl<W: Write> std::fmt::Debug for Recorder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("length", &self.length())
            .finish_non_exhaustive()
    }
}

/// The comment header (§5.2): who made it, and nothing else.
pub(crate) fn tags() -> Vec<u8> {
    let mut tags = Vec::with_capacity(24);
    tags.put_slice(b"OpusTags");
    tags.put_u32_le(VENDOR.len() as u32);
    tags.put_slice(VENDOR);
    tags.put_u32_le(0);
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Decoder;
    use hearing::{Recording, compare};

    /// The packets of a file, and the position of the last.
    fn read(file: Vec<u8>) -> (Vec<Vec<u8>>, u64) {
        let mut reader = ogg::PacketReader::new(io::Cursor::new(file));
        let mut packets = Vec::new();
        let mut position = 0;
        while let Some(packet) = reader.read_packet().unwrap() {
            position = packet.absgp_page();
            packets.push(packet.data);
        }
        (packets, position)
    }

    #[test]
    fn what_is_recorded_is_read_to_the_last_sample() {
        let speech = Recording::speech("leisure.wav")
            .at_rate(SAMPLE_RATE)
            .samples;
        let (frames, _) = speech.as_chunks::<FRAME_SAMPLES>();
        let mut recorder = Recorder::new(Vec::new(), 7).unwrap();
        for frame in frames {
            recorder.write(frame).unwrap();
        }
        assert_eq!(recorder.length(), FRAME_DURATION * frames.len() as u32);
        let (packets, position) = read(recorder.finish().unwrap());
        assert!(packets[0].starts_with(b"OpusHead") && packets[0].len() == 19);
        assert!(packets[1].starts_with(b"OpusTags"));
        assert_eq!(packets.len(), 2 + frames.len() + 1);
        let samples = frames.len() * FRAME_SAMPLES;
        assert_eq!(position, (samples + usize::from(PRE_SKIP)) as u64);
        let mut decoder = Decoder::new(Codec::Opus).unwrap();
        let mut heard = Vec::new();
        for packet in &packets[2..] {
            assert!(decoder.decode(packet, &mut heard));
        }
        heard.drain(..usize::from(PRE_SKIP));
        let likeness = compare(&speech, &heard[..samples], SAMPLE_RATE);
        assert!(likeness.similarity > 0.95, "{likeness}");
        assert!(likeness.delay_samples.abs() < 10, "{likeness}");
    }

    #[test]
    fn nothing_is_a_recording_too() {
        let file = Recorder::new(Vec::new(), 1).unwrap().finish().unwrap();
        let (packets, position) = read(file);
        assert_eq!((packets.len(), position), (3, u64::from(PRE_SKIP)));
    }

    #[test]
    fn a_sink_that_takes_nothing_is_named_as_the_fault() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = Recorder::new(Full, 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
