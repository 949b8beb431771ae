//! A seeded bad network in virtual time, for testing protocol state machines.
//!
//! Nothing here sleeps, opens a socket or reads the clock: a [`Network`] holds the packets that are
//! on their way and one instant that is *now*. Each packet may be lost, doubled, delayed or held
//! back, as the [`Conditions`] say and the seed decides, so that every run with one seed is the
//! same. [`run`] lets several nodes speak until all of them are quiet, jumping from event to event:
//! an hour of protocol time takes microseconds.
//!
//! A [`Ladder`] of what was said comes out as text that a person can read and a snapshot can hold.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use simnet::{Conditions, Network, Node, Packet, run};
//!
//! /// Sends one number every second, three times.
//! struct Ticker { next: Option<Instant>, left: u32, outbox: Vec<u32>, heard: Vec<u32> }
//!
//! impl Node<&'static str, u32> for Ticker {
//!     fn owns(&self, address: &&'static str) -> bool { *address == "ticker" }
//!     fn receive(&mut self, _now: Instant, packet: Packet<&'static str, u32>) {
//!         self.heard.push(packet.payload);
//!     }
//!     fn timeout(&mut self, now: Instant) {
//!         self.outbox.push(self.left);
//!         self.left -= 1;
//!         self.next = (self.left > 0).then(|| now + Duration::from_secs(1));
//!     }
//!     fn poll_transmit(&mut self) -> Option<Packet<&'static str, u32>> {
//!         self.outbox.pop().map(|payload| Packet { from: "ticker", to: "ticker", payload })
//!     }
//!     fn poll_timeout(&self) -> Option<Instant> { self.next }
//! }
//!
//! let mut network = Network::new([7; 32], Conditions::perfect());
//! let mut ticker = Ticker { next: Some(network.now()), left: 3, outbox: vec![], heard: vec![] };
//! run(&mut network, &mut [&mut ticker], Duration::from_secs(60)).expect("it stops by itself");
//! assert_eq!(ticker.heard, [3, 2, 1]);
//! ```

mod conditions;
mod ladder;
mod network;
mod node;

pub use conditions::Conditions;
pub use ladder::Ladder;
pub use network::{Fate, Network, Packet};
pub use node::{Node, NotQuiet, run};
