//! What reads the input of strangers.

use crate::{descriptions, digests, messages, multiparts, streams};

/// One of the readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A datagram as a SIP message.
    Message,
    /// Bytes of a connection as SIP messages.
    Stream,
    /// A session description.
    Description,
    /// The headers of digest authentication.
    Digest,
    /// A body of several parts.
    Multipart,
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was understood.
    Accepted,
    /// It was refused.
    Refused,
    /// It was refused, and there is something to answer.
    Answered,
}

impl Reader {
    /// All of them.
    pub const ALL: [Reader; 5] = [
        Reader::Message,
        Reader::Stream,
        Reader::Description,
        Reader::Digest,
        Reader::Multipart,
    ];

    /// Inputs in order, to be damaged.
    pub fn seeds(self) -> &'static [&'static str] {
        match self {
            Reader::Message | Reader::Stream => messages::SEEDS,
            Reader::Description => descriptions::SEEDS,
            Reader::Digest => digests::SEEDS,
            Reader::Multipart => multiparts::SEEDS,
        }
    }

    /// Reads an input, however damaged.
    ///
    /// # Panics
    /// When something that must hold does not; the message says what, and for which input.
    pub fn take(self, input: &[u8]) -> Outcome {
        match self {
            Reader::Message => messages::take(input),
            Reader::Stream => streams::take(input),
            Reader::Description => descriptions::take(input),
            Reader::Digest => digests::take(input),
            Reader::Multipart => multiparts::take(input),
        }
    }
}
