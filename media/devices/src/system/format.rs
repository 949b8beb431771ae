//! Which of a device's formats to use.

use cpal::{
    BufferSize, FrameCount, SampleFormat, StreamConfig, SupportedBufferSize,
    SupportedStreamConfigRange,
};
use media::SAMPLE_RATE;

use crate::rate::RATES;

/// Wished length of one call of ours by the device: 10 ms. PulseAudio keeps two of them for a speaker.
const PERIOD: FrameCount = 480;

/// A format, and how to ask for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    pub(super) config: StreamConfig,
    pub(super) sample: SampleFormat,
}

/// The best of the offered formats: 48 kHz, 16 bit, one channel, or what comes nearest.
pub(super) fn best(offered: impl Iterator<Item = SupportedStreamConfigRange>) -> Option<Format> {
    offered
        .filter(|range| range.channels() > 0 && width(range.sample_format()).is_some())
        .filter(|range| {
            range.max_sample_rate() >= *RATES.start() && range.min_sample_rate() <= *RATES.end()
        })
        .min_by_key(|range| {
            let rate = rate(range);
            (
                rate.abs_diff(SAMPLE_RATE),
                width(range.sample_format()),
                range.channels(),
            )
        })
        .map(|range| {
            let frames_per_second = rate(&range);
            let period = PERIOD * frames_per_second / SAMPLE_RATE;
            let buffer_size = match *range.buffer_size() {
                SupportedBufferSize::Range { min, max } if min <= max => {
                    BufferSize::Fixed(period.clamp(min.max(1), max.max(1)))
                }
                _ => BufferSize::Default,
            };
            Format {
                config: StreamConfig {
                    channels: range.channels(),
                    sample_rate: frames_per_second,
                    buffer_size,
                },
                sample: range.sample_format(),
            }
        })
}

fn rate(range: &SupportedStreamConfigRange) -> u32 {
    SAMPLE_RATE.clamp(range.min_sample_rate(), range.max_sample_rate())
}

/// Preference among the sample formats that we read and write.
fn width(format: SampleFormat) -> Option<u8> {
    match format {
        SampleFormat::I16 => Some(0),
        SampleFormat::F32 => Some(1),
        SampleFormat::I32 => Some(2),
        SampleFormat::U8 => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(
        channels: u16,
        least: u32,
        most: u32,
        format: SampleFormat,
    ) -> SupportedStreamConfigRange {
        let buffer = SupportedBufferSize::Range {
            min: 64,
            max: 4_096,
        };
        SupportedStreamConfigRange::new(channels, least, most, buffer, format)
    }

    fn chosen(offered: &[SupportedStreamConfigRange]) -> (u16, u32, SampleFormat, BufferSize) {
        let format = best(offered.iter().copied()).unwrap();
        let config = format.config;
        (
            config.channels,
            config.sample_rate,
            format.sample,
            config.buffer_size,
        )
    }

    #[test]
    fn what_needs_least_conversion_is_chosen() {
        let everything = [
            range(2, 8_000, 192_000, SampleFormat::I16),
            range(1, 8_000, 192_000, SampleFormat::F32),
            range(1, 8_000, 192_000, SampleFormat::I16),
        ];
        assert_eq!(
            chosen(&everything),
            (1, 48_000, SampleFormat::I16, BufferSize::Fixed(480))
        );
        let old_card = [
            range(2, 44_100, 44_100, SampleFormat::I16),
            range(2, 22_050, 22_050, SampleFormat::I16),
            range(2, 44_100, 44_100, SampleFormat::I64),
        ];
        assert_eq!(
            chosen(&old_card),
            (2, 44_100, SampleFormat::I16, BufferSize::Fixed(441))
        );
        assert!(best([range(2, 48_000, 48_000, SampleFormat::F64)].into_iter()).is_none());
    }
}
