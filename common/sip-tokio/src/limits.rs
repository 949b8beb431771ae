//! How much a peer may ask of us.

use std::time::Duration;

/// Limits that keep one peer from using up what belongs to all.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections open at once; more are closed as soon as they are accepted.
    pub connections: usize,
    /// Messages waiting to be written to one connection; one more closes it.
    pub queued_messages: usize,
    /// How long a connection may carry nothing at all. Phones that keep a flow open send a keep-alive every two minutes
    /// at most (RFC 5626 4.4.1), others register anew within the hour.
    pub idle: Duration,
    /// How long the first message, or the rest of a message that has begun, may take.
    pub message: Duration,
    /// How long opening a connection may take. Half of timer B (RFC 3261 17.1.1.2), so that a transaction learns of the
    /// failure before it gives up by itself.
    pub connect: Duration,
    /// How messages themselves are limited.
    pub messages: sip::Limits,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 10_000,
            queued_messages: 256,
            idle: Duration::from_secs(75 * 60),
            message: Duration::from_secs(30),
            connect: Duration::from_secs(16),
            messages: sip::Limits::default(),
        }
    }
}
