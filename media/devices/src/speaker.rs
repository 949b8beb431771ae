//! A sink of sound, as its owner sees it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use media::Frame;
use rtrb::Producer;

use crate::event::{Event, Started, Told};
use crate::rate::Unframer;

/// A sink of sound. Dropping it closes the device.
pub struct Speaker {
    name: String,
    /// One channel at the device's rate.
    ring: Producer<i16>,
    unframer: Unframer,
    /// With fewer samples than this in the ring, the device may run dry before it asks again.
    enough: Arc<AtomicUsize>,
    told: Told,
    /// The stream or thread that empties the ring.
    _keep: Box<dyn Any + Send>,
}

impl Speaker {
    pub(crate) fn new(
        name: String,
        ring: Producer<i16>,
        rate: u32,
        enough: Arc<AtomicUsize>,
        told: Told,
        keep: Box<dyn Any + Send>,
    ) -> Self {
        Speaker {
            name,
            ring,
            unframer: Unframer::new(rate),
            enough,
            told,
            _keep: keep,
        }
    }

    /// Whether it needs another frame now to play without a gap. What is given earlier is delay.
    pub fn wants_frame(&self) -> bool {
        let filled = self.ring.buffer().capacity() - self.ring.slots();
        filled < self.enough.load(Ordering::Relaxed)
    }

    /// Whether there is room for more than it needs now. What nobody answers, as a recording, may wait here: then the
    /// owner may be late by a tenth of a second.
    pub fn has_room(&self) -> bool {
        self.ring.slots() > self.ring.buffer().capacity() / 2
    }

    /// Gives it the next 20 ms. What it has no room for is dropped.
    pub fn write(&mut self, frame: &Frame) {
        let samples = self.unframer.samples(frame);
        let _ = self.ring.push_partial_slice(samples);
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.told.next()
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When its first sample was played; none before that.
    pub fn started(&self) -> Option<Started> {
        self.told.started()
    }
}

impl fmt::Debug for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Speaker")
            .field("name", &self.name)
            .field("started", &self.started())
            .finish_non_exhaustive()
    }
}
