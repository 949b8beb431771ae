//! A real microphone.

use std::sync::Arc;
use std::time::Duration;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{Device, FromSample, InputCallbackInfo, SampleFormat, SizedSample, Stream};
use rtrb::{Producer, RingBuffer};

use super::format::{self, Format};
use super::watch::{self, Watch};
use super::{Kind, find, name};
use crate::Wake;
use crate::event::{OpenError, Started, Teller};
use crate::microphone::Microphone;

const KIND: Kind = Kind::Microphone;
/// The sound system must answer by then.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Samples that wait for an owner who does not come, in parts of a second: 200 ms.
const RING_PARTS: usize = 5;

pub(crate) fn open_microphone(wanted: Option<&str>, wake: Wake) -> Result<Microphone, OpenError> {
    let device = find(KIND, wanted)?;
    let name = name(&device).unwrap_or_else(|| device.to_string());
    let refused = |error: cpal::Error| KIND.refused(&name, &error);
    let offered = device.supported_input_configs().map_err(refused)?;
    let format = format::best(offered).ok_or_else(|| OpenError::Refused {
        kind: KIND.word(),
        name: name.clone(),
        cause: "it offers no format that we know".into(),
    })?;
    let rate = format.config.sample_rate;
    let (producer, consumer) = RingBuffer::new(rate as usize / RING_PARTS);
    let (teller, told) = Teller::new();
    let filler = Filler {
        ring: producer,
        channels: usize::from(format.config.channels),
        teller: teller.clone(),
        wake: wake.clone(),
    };
    let watch = Watch::start(KIND, &name, wanted.is_some(), teller, wake);
    let stream = build(&device, format, filler, &watch).map_err(refused)?;
    stream.play().map_err(refused)?;
    tracing::debug!(microphone = name, rate, "microphone opened");
    let keep = Box::new((stream, watch));
    Ok(Microphone::new(name, consumer, rate, told, keep))
}

fn build(
    device: &Device,
    format: Format,
    filler: Filler,
    watch: &Watch,
) -> Result<Stream, cpal::Error> {
    match format.sample {
        SampleFormat::F32 => build_for::<f32>(device, format, filler, watch),
        SampleFormat::I32 => build_for::<i32>(device, format, filler, watch),
        SampleFormat::U8 => build_for::<u8>(device, format, filler, watch),
        _ => build_for::<i16>(device, format, filler, watch),
    }
}

fn build_for<T: SizedSample>(
    device: &Device,
    format: Format,
    mut filler: Filler,
    watch: &Watch,
) -> Result<Stream, cpal::Error>
where
    i16: FromSample<T>,
{
    device.build_input_stream(
        format.config,
        move |samples: &[T], info: &InputCallbackInfo| filler.fill(samples, info),
        watch::on_error(watch),
        Some(PATIENCE),
    )
}

/// The audio thread's part: neither waits nor takes memory.
struct Filler {
    ring: Producer<i16>,
    channels: usize,
    teller: Arc<Teller>,
    wake: Wake,
}

impl Filler {
    fn fill<T: SizedSample>(&mut self, samples: &[T], info: &InputCallbackInfo)
    where
        i16: FromSample<T>,
    {
        if !self.teller.is_started() && !samples.is_empty() {
            let times = info.timestamp();
            let age = times.callback.duration_since(times.capture);
            self.teller.start(Started::now().earlier(age));
        }
        for frame in samples.chunks_exact(self.channels) {
            let sum: i32 = frame
                .iter()
                .map(|&sample| i32::from(i16::from_sample_(sample)))
                .sum();
            // A full ring means that nobody reads; the oldest is then as good as the newest.
            if self.ring.push((sum / self.channels as i32) as i16).is_err() {
                break;
            }
        }
        (self.wake)();
    }
}
