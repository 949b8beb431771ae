//! The façade: five methods in front of registrar, routing and bridge.

use std::time::Instant;

use sip::Transmit;

use crate::{Config, Event, Input};

/// The exchange: SIP comes in, SIP goes out, questions are asked in between.
#[derive(Debug)]
pub struct Switch {
    config: Config,
}

impl Switch {
    /// A switch without registrations and calls. All randomness (tags, nonces) comes from `seed`.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let _ = seed;
        Switch { config }
    }

    /// Takes one input at the instant `now`. Drain the outputs afterwards.
    pub fn handle(&mut self, now: Instant, input: Input) {
        let _ = (now, input, &self.config);
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        None
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// When [`Input::Timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}
