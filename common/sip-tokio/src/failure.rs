//! Why a flow cannot be used any more.

use std::io;

use thiserror::Error;

/// Why a connection ended or could not be opened, or a datagram was not sent; a sentence each.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FlowFailure {
    /// The peer closed the connection.
    #[error("the peer closed the connection")]
    Closed,
    /// There is no such connection any more, or no socket of that transport.
    #[error("there is no such connection")]
    NoSuchFlow,
    /// The connection could not be opened.
    #[error("the connection could not be opened: {0}")]
    NoConnection(String),
    /// The TLS handshake found the peer's certificate wrong. The connection carried nothing.
    #[error("{0}")]
    Certificate(String),
    /// TLS or WebSocket could not be agreed upon. The connection carried nothing.
    #[error("the handshake failed: {0}")]
    Handshake(String),
    /// The handshake, or a first message, took too long.
    #[error("the peer did not get to the point in time")]
    Silent,
    /// Nothing came for too long.
    #[error("nothing came for too long")]
    Idle,
    /// The peer did not answer a keep-alive.
    #[error("the peer did not answer a keep-alive")]
    NoPong,
    /// The peer does not take what is sent to it.
    #[error("the peer does not read what is sent to it")]
    NotReading,
    /// What came is not SIP, or larger than allowed.
    #[error("{0}")]
    NotSip(String),
    /// The system reports an error.
    #[error("the system says: {0}")]
    Broken(String),
    /// Too many connections are open.
    #[error("too many connections are open")]
    TooMany,
    /// We let go of it.
    #[error("it was closed here")]
    LetGo,
}

impl From<io::Error> for FlowFailure {
    fn from(error: io::Error) -> FlowFailure {
        match error.kind() {
            // A peer that leaves without a farewell of TLS.
            io::ErrorKind::UnexpectedEof => FlowFailure::Closed,
            _ => FlowFailure::Broken(error.to_string()),
        }
    }
}
