//! From payloads, or the lack of them, to sound.

use super::concealment::Concealment;
use super::g711::Law;
use super::g722::Uncoder;
use super::polyphase::Interpolator;
use super::{Codec, CodecError};
use crate::SAMPLE_RATE;

/// Longest Opus packet: 120 ms (RFC 6716 §2.1.4), and we take no longer one of the others either.
const LONGEST: usize = 5_760;
/// Samples at 48 kHz for each byte of G.711 (one at 8 kHz) and of G.722 (two at 16 kHz).
const SAMPLES_PER_BYTE: usize = 6;

pub(crate) enum Decoder {
    Opus(opus::Decoder),
    Telephone {
        code: Code,
        /// Samples at 48 kHz for each one of the codec.
        factor: usize,
        interpolator: Box<Interpolator>,
        concealment: Concealment,
        narrow: Vec<i16>,
    },
}

/// How a byte is sound.
pub(crate) enum Code {
    G711(Law),
    G722(Box<Uncoder>),
}

impl Decoder {
    pub(crate) fn new(codec: Codec) -> Result<Self, CodecError> {
        let (code, factor) = match codec {
            Codec::Opus => {
                return opus::Decoder::new(SAMPLE_RATE, opus::Channels::Mono)
                    .map(Decoder::Opus)
                    .map_err(|error| CodecError::new(codec, &error));
            }
            Codec::Pcmu => (Code::G711(Law::Mu), 6),
            Codec::Pcma => (Code::G711(Law::A), 6),
            Codec::G722 => (Code::G722(Box::new(Uncoder::new())), 3),
        };
        Ok(Decoder::Telephone {
            code,
            factor,
            interpolator: Box::new(Interpolator::new(factor)),
            concealment: Concealment::new(SAMPLES_PER_BYTE / factor),
            narrow: Vec::new(),
        })
    }

    /// Samples at 48 kHz that a payload holds; none when it is broken.
    pub(crate) fn samples(&self, payload: &[u8]) -> Option<usize> {
        let samples = match self {
            Decoder::Opus(_) if payload.is_empty() => return None,
            Decoder::Opus(_) => opus::packet::get_nb_samples(payload, SAMPLE_RATE).ok()?,
            Decoder::Telephone { .. } => payload.len() * SAMPLES_PER_BYTE,
        };
        (1..=LONGEST).contains(&samples).then_some(samples)
    }

    /// Appends the sound of a payload; false when it is broken.
    pub(crate) fn decode(&mut self, payload: &[u8], output: &mut Vec<i16>) -> bool {
        let Some(samples) = self.samples(payload) else {
            return false;
        };
        match self {
            Decoder::Opus(decoder) => {
                append(output, samples, |room| decoder.decode(payload, room, false))
            }
            Decoder::Telephone {
                code,
                interpolator,
                concealment,
                narrow,
                ..
            } => {
                narrow.clear();
                match code {
                    Code::G711(law) => narrow.extend(payload.iter().map(|&code| law.decode(code))),
                    Code::G722(uncoder) => {
                        narrow.extend(payload.iter().flat_map(|&code| uncoder.decode(code)));
                    }
                }
                concealment.heard(narrow);
                interpolator.run(narrow, output);
                true
            }
        }
    }

    /// Whether a payload carries the frame before it once more.
    pub(crate) fn holds_previous(&self, payload: &[u8]) -> bool {
        let Decoder::Opus(_) = self else {
            return false;
        };
        let Some(&toc) = payload.first() else {
            return false;
        };
        // CELT alone (configurations 16 to 31) has no redundancy (RFC 6716 §2.1.7).
        if toc >= 0x80 {
            return false;
        }
        let Ok(packet) = opus::packet::parse(payload) else {
            return false;
        };
        // One flag of activity for each 20 ms in front, then the flag of redundancy (§4.2.3).
        let frames_in_silk = match (toc >> 3) & 3 {
            _ if toc >= 0x60 => 1,
            2 => 2,
            3 => 3,
            _ => 1,
        };
        packet
            .frames
            .first()
            .and_then(|frame| frame.first())
            .is_some_and(|first| first >> (7 - frames_in_silk) & 1 == 1)
    }

    /// Appends the last `samples` before `next`, from the redundancy in it.
    pub(crate) fn recover(&mut self, next: &[u8], samples: usize, output: &mut Vec<i16>) -> bool {
        match self {
            Decoder::Opus(decoder) => {
                append(output, samples, |room| decoder.decode(next, room, true))
            }
            Decoder::Telephone { .. } => false,
        }
    }

    /// Appends invented sound that goes on from what was heard and fades.
    pub(crate) fn conceal(&mut self, samples: usize, output: &mut Vec<i16>) {
        match self {
            Decoder::Opus(decoder) => {
                // Opus invents in steps of 2.5 ms.
                let whole = samples.next_multiple_of(120).min(LONGEST);
                let start = output.len();
                if append(output, whole, |room| decoder.decode(&[], room, false)) {
                    output.truncate(start + samples);
                }
                output.resize(start + samples, 0);
            }
            Decoder::Telephone {
                factor,
                interpolator,
                concealment,
                narrow,
                ..
            } => {
                let start = output.len();
                narrow.clear();
                concealment.invent(samples.div_ceil(*factor), narrow);
                interpolator.run(narrow, output);
                output.truncate(start + samples);
            }
        }
    }
}

/// Lets `decode` fill room at the end of `output`; what it does not fill is taken back.
fn append(
    output: &mut Vec<i16>,
    samples: usize,
    decode: impl FnOnce(&mut [i16]) -> Result<usize, opus::Error>,
) -> bool {
    let start = output.len();
    output.resize(start + samples, 0);
    match decode(&mut output[start..]) {
        Ok(decoded) => {
            output.truncate(start + decoded);
            true
        }
        Err(_) => {
            output.truncate(start);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_payload_panics(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..6)
        ) {
            for codec in [Codec::Opus, Codec::Pcmu, Codec::Pcma, Codec::G722] {
                let mut decoder = Decoder::new(codec).unwrap();
                let mut output = Vec::new();
                for payload in &payloads {
                    let before = output.len();
                    let samples = decoder.samples(payload);
                    if decoder.decode(payload, &mut output) {
                        prop_assert_eq!(Some(output.len() - before), samples);
                    }
                    if decoder.holds_previous(payload) {
                        decoder.recover(payload, 960, &mut output);
                    }
                    decoder.conceal(960, &mut output);
                }
            }
        }
    }

    #[test]
    fn redundancy_is_seen_and_used() {
        let mut encoder = super::super::Encoder::new(Codec::Opus).unwrap();
        let speech = hearing::Recording::speech("leisure.wav").at_rate(48_000);
        let frames: Vec<_> = speech.samples[48_000..]
            .as_chunks::<960>()
            .0
            .iter()
            .take(50)
            .collect();
        let mut decoder = Decoder::new(Codec::Opus).unwrap();
        let count = |encoder: &mut super::super::Encoder, decoder: &Decoder| {
            frames
                .iter()
                .filter(|frame| decoder.holds_previous(&encoder.encode(frame).unwrap()))
                .count()
        };
        assert_eq!(count(&mut encoder, &decoder), 0);
        encoder.expect_loss(0.2);
        assert!(count(&mut encoder, &decoder) > 30);
        let payload = encoder.encode(frames[9]).unwrap();
        let mut output = Vec::new();
        assert!(decoder.recover(&payload, 960, &mut output));
        assert_eq!(output.len(), 960);
    }
}
