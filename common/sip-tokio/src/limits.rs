//! How much a peer may ask of us.

use std::time::Duration;

/// Limits that keep one peer from using up what belongs to all.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections open at once. When all are taken, the oldest that has not brought a message yet makes room for a new
    /// one; if all have, the new one is closed.
    pub connections: usize,
    /// Connections that were accepted from one address at once, or from one /64 network of IPv6, which is what one
    /// customer gets; more are closed as soon as they are accepted. A whole company may come through one address.
    pub connections_per_address: usize,
    /// Messages waiting to be written to one connection; one more closes it.
    pub queued_messages: usize,
    /// Bytes of those messages; more close the connection.
    pub queued_bytes: usize,
    /// How long a connection may carry nothing at all. Phones that keep a flow open send a keep-alive every two minutes
    /// at most (RFC 5626 4.4.1), others register anew within the hour.
    pub idle: Duration,
    /// How long the first message, or the rest of a message that has begun, may take.
    pub message: Duration,
    /// How long a peer may take to read one message. As long as a transaction lives (64 times T1, RFC 3261 17.1.1.2):
    /// after that nobody needs it any more.
    pub write: Duration,
    /// How long the handshakes of TLS and of WebSocket may take, each.
    pub handshake: Duration,
    /// How long opening a connection may take. Half of timer B (RFC 3261 17.1.1.2), so that a transaction learns of the
    /// failure before it gives up by itself.
    pub connect: Duration,
    /// How long the answer to a keep-alive may take; RFC 5626 4.4.1 has 10 s.
    pub pong: Duration,
    /// How messages themselves are limited.
    pub messages: sip::Limits,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 10_000,
            connections_per_address: 2_000,
            queued_messages: 256,
            queued_bytes: 1024 * 1024,
            idle: Duration::from_secs(75 * 60),
            message: Duration::from_secs(30),
            write: Duration::from_secs(32),
            handshake: Duration::from_secs(10),
            connect: Duration::from_secs(16),
            pong: Duration::from_secs(10),
            messages: sip::Limits::default(),
        }
    }
}
