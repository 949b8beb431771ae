//! A source of sound, as its owner sees it.

use std::any::Any;
use std::fmt;

use media::Frame;
use rtrb::Consumer;

use crate::event::{Event, Started, Told};
use crate::rate::Framer;

/// A source of sound. Dropping it closes the device.
pub struct Microphone {
    name: String,
    /// One channel at the device's rate.
    ring: Consumer<i16>,
    framer: Framer,
    told: Told,
    /// The stream or thread that fills the ring.
    _keep: Box<dyn Any + Send>,
}

impl Microphone {
    pub(crate) fn new(
        name: String,
        ring: Consumer<i16>,
        rate: u32,
        told: Told,
        keep: Box<dyn Any + Send>,
    ) -> Self {
        Microphone {
            name,
            ring,
            framer: Framer::new(rate),
            told,
            _keep: keep,
        }
    }

    /// The next 20 ms, if they have been captured by now. Read all there are: what waits is delay.
    pub fn read(&mut self) -> Option<Frame> {
        let chunk = self.ring.read_chunk(self.framer.needed()).ok()?;
        Some(self.framer.frame(chunk.into_iter()))
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.told.next()
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When its first sample was captured; none before that.
    pub fn started(&self) -> Option<Started> {
        self.told.started()
    }
}

impl fmt::Debug for Microphone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Microphone")
            .field("name", &self.name)
            .field("waiting_samples", &self.ring.slots())
            .field("started", &self.started())
            .finish_non_exhaustive()
    }
}
