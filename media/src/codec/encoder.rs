//! From 20 ms of sound to a payload.

use bytes::Bytes;

use super::g711::Law;
use super::g722::Coder;
use super::polyphase::Decimator;
use super::{Codec, CodecError};
use crate::{Frame, SAMPLE_RATE};

/// Bits per second of Opus: wide-band speech without audible loss, 70 bytes a packet.
const OPUS_BITRATE: i32 = 28_000;
/// 0 to 10; beyond 8 the ear finds nothing, only the processor does.
const OPUS_COMPLEXITY: i32 = 8;
/// Longest Opus packet of one frame (RFC 6716 §3.4).
const OPUS_LONGEST: usize = 1_275;
/// Reported loss from which redundancy pays for the bits that it takes from the sound.
const WORTHWHILE_LOSS: f64 = 0.01;

pub(crate) enum Encoder {
    Opus {
        encoder: opus::Encoder,
        loss_percent: i32,
    },
    G711 {
        law: Law,
        decimator: Decimator,
    },
    G722 {
        coder: Box<Coder>,
        decimator: Decimator,
    },
}

impl Encoder {
    pub(crate) fn new(codec: Codec) -> Result<Self, CodecError> {
        let law = match codec {
            Codec::Opus => return Self::opus().map_err(|error| CodecError::new(codec, &error)),
            Codec::Pcmu => Law::Mu,
            Codec::Pcma => Law::A,
            Codec::G722 => {
                return Ok(Encoder::G722 {
                    coder: Box::new(Coder::new()),
                    decimator: Decimator::new(3),
                });
            }
        };
        Ok(Encoder::G711 {
            law,
            decimator: Decimator::new(6),
        })
    }

    fn opus() -> Result<Self, opus::Error> {
        let application = opus::Application::Voip;
        let mut encoder = opus::Encoder::new(SAMPLE_RATE, opus::Channels::Mono, application)?;
        encoder.set_bitrate(opus::Bitrate::Bits(OPUS_BITRATE))?;
        encoder.set_complexity(OPUS_COMPLEXITY)?;
        encoder.set_signal(opus::Signal::Voice)?;
        Ok(Encoder::Opus {
            encoder,
            loss_percent: 0,
        })
    }

    /// Prepares for this share of lost packets, 0 to 1: Opus repeats each frame, coarser, in the next packet.
    pub(crate) fn expect_loss(&mut self, loss: f64) {
        let Encoder::Opus {
            encoder,
            loss_percent,
        } = self
        else {
            return;
        };
        let percent = match loss {
            ..WORTHWHILE_LOSS => 0,
            _ => (loss * 100.0).round().clamp(1.0, 30.0) as i32,
        };
        if percent != *loss_percent {
            // Both settings only take known values; a refusal would leave the old one, which also works.
            let _ = encoder.set_inband_fec(percent > 0);
            let _ = encoder.set_packet_loss_perc(percent);
            *loss_percent = percent;
        }
    }

    /// None when the codec fails, which a whole frame gives it no reason for.
    pub(crate) fn encode(&mut self, frame: &Frame) -> Option<Bytes> {
        match self {
            Encoder::Opus { encoder, .. } => {
                let payload = encoder.encode_vec(frame, OPUS_LONGEST).ok()?;
                Some(payload.into())
            }
            Encoder::G711 { law, decimator } => {
                let mut payload = Vec::with_capacity(160);
                decimator.run(frame, |sample| payload.push(law.encode(sample)));
                Some(payload.into())
            }
            Encoder::G722 { coder, decimator } => {
                let mut wide = Vec::with_capacity(320);
                decimator.run(frame, |sample| wide.push(sample));
                let (pairs, _) = wide.as_chunks::<2>();
                let payload: Vec<u8> = pairs.iter().map(|pair| coder.encode(*pair)).collect();
                Some(payload.into())
            }
        }
    }
}
