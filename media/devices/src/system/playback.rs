//! A real speaker.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{Device, FromSample, OutputCallbackInfo, SampleFormat, SizedSample, Stream};
use rtrb::{Consumer, RingBuffer};

use super::capture::PATIENCE;
use super::format::{self, Format};
use super::watch::{self, Watch};
use super::{Kind, find, name};
use crate::Wake;
use crate::event::{OpenError, Started, Teller};
use crate::speaker::Speaker;

const KIND: Kind = Kind::Speaker;
/// Samples that fit into the ring, in parts of a second: 200 ms.
const RING_PARTS: usize = 5;
/// Least that is kept ready, in parts of a second: 10 ms.
const LEAST_PARTS: usize = 100;
/// Most that is kept ready, in parts of a second: 60 ms. A computer that needs more cannot telephone.
const MOST_PARTS: usize = 16;

pub(crate) fn open_speaker(wanted: Option<&str>, wake: Wake) -> Result<Speaker, OpenError> {
    let device = find(KIND, wanted)?;
    let name = name(&device).unwrap_or_else(|| device.to_string());
    let refused = |error: cpal::Error| KIND.refused(&name, &error);
    let offered = device.supported_output_configs().map_err(refused)?;
    let format = format::best(offered).ok_or_else(|| OpenError::Refused {
        kind: KIND.word(),
        name: name.clone(),
        cause: "it offers no format that we know".into(),
    })?;
    let rate = format.config.sample_rate;
    let (producer, consumer) = RingBuffer::new(rate as usize / RING_PARTS);
    let (teller, told) = Teller::new();
    let enough = Arc::new(AtomicUsize::new(rate as usize / LEAST_PARTS));
    let emptier = Emptier {
        ring: consumer,
        channels: usize::from(format.config.channels),
        enough: enough.clone(),
        most: rate as usize / MOST_PARTS,
        was_full: false,
        teller: teller.clone(),
        wake: wake.clone(),
    };
    let watch = Watch::start(KIND, &name, wanted.is_some(), teller, wake);
    let stream = build(&device, format, emptier, &watch).map_err(refused)?;
    stream.play().map_err(refused)?;
    tracing::debug!(speaker = name, rate, "speaker opened");
    let keep = Box::new((stream, watch));
    Ok(Speaker::new(name, producer, rate, enough, told, keep))
}

fn build(
    device: &Device,
    format: Format,
    emptier: Emptier,
    watch: &Watch,
) -> Result<Stream, cpal::Error> {
    match format.sample {
        SampleFormat::F32 => build_for::<f32>(device, format, emptier, watch),
        SampleFormat::I32 => build_for::<i32>(device, format, emptier, watch),
        SampleFormat::U8 => build_for::<u8>(device, format, emptier, watch),
        _ => build_for::<i16>(device, format, emptier, watch),
    }
}

fn build_for<T: SizedSample + FromSample<i16>>(
    device: &Device,
    format: Format,
    mut emptier: Emptier,
    watch: &Watch,
) -> Result<Stream, cpal::Error> {
    device.build_output_stream(
        format.config,
        move |samples: &mut [T], info: &OutputCallbackInfo| emptier.empty(samples, info),
        watch::on_error(watch),
        Some(PATIENCE),
    )
}

/// The audio thread's part: neither waits nor takes memory.
struct Emptier {
    ring: Consumer<i16>,
    channels: usize,
    /// What the owner keeps ready; grows when it was too little.
    enough: Arc<AtomicUsize>,
    most: usize,
    /// The last call found all that it asked for.
    was_full: bool,
    teller: Arc<Teller>,
    wake: Wake,
}

impl Emptier {
    /// `samples` is silence already.
    fn empty<T: SizedSample + FromSample<i16>>(
        &mut self,
        samples: &mut [T],
        info: &OutputCallbackInfo,
    ) {
        let asked = samples.len() / self.channels;
        let there = self.ring.slots().min(asked);
        if there > 0 && !self.teller.is_started() {
            let times = info.timestamp();
            let ahead = times.playback.duration_since(times.callback);
            self.teller.start(Started::now().later(ahead));
        }
        let enough = self.enough.load(Ordering::Relaxed);
        if there < asked && self.was_full {
            // It has just run dry in the middle of sound: keep half a call more ready.
            let more = enough.max(asked) + asked / 2;
            self.enough.store(more.min(self.most), Ordering::Relaxed);
        } else if enough < asked {
            self.enough.store(asked.min(self.most), Ordering::Relaxed);
        }
        self.was_full = there == asked;
        if let Ok(chunk) = self.ring.read_chunk(there) {
            for (frame, sample) in samples.chunks_exact_mut(self.channels).zip(chunk) {
                frame.fill(T::from_sample_(sample));
            }
        }
        (self.wake)();
    }
}
