//! The façade: a SIP user agent that calls, is called, registers and answers, without a socket or a
//! clock of its own.

mod config;
mod event;
mod identity;
mod input;

use std::collections::VecDeque;
use std::time::Instant;

pub use config::{Capacity, ClientCredential, Config, HostPort, RetryDelay, Timers};
pub use event::{BadMessage, EndCause, Event, Failure, RegistrationFailure, Transmit};
pub use identity::{LegId, RegistrationId, RequestId};
pub use input::Input;

/// A SIP user agent, client and server in one.
#[derive(Debug)]
pub struct Endpoint {
    config: Config,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
    last_identity: u64,
}

impl Endpoint {
    /// A fresh endpoint. Everything random in it follows from the seed.
    pub fn new(config: Config, _seed: [u8; 32]) -> Self {
        Self {
            config,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            last_identity: 0,
        }
    }

    /// Takes one input, and runs the timers that are due by `now`.
    pub fn handle(&mut self, now: Instant, input: Input) {
        let _ = (now, input, &self.config);
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing that the application has to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Input::Timeout`] is due, unless another input comes before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// A new name for an outgoing call.
    pub fn next_leg(&mut self) -> LegId {
        LegId::from_number(self.next_number())
    }

    /// A new name for an outgoing request.
    pub fn next_request(&mut self) -> RequestId {
        RequestId::from_number(self.next_number())
    }

    /// A new name for a registration.
    pub fn next_registration(&mut self) -> RegistrationId {
        RegistrationId::from_number(self.next_number())
    }

    fn next_number(&mut self) -> u64 {
        self.last_identity += 1;
        self.last_identity
    }
}
