//! Bytes of a connection as SIP messages.

use bytes::Bytes;
use sip::{Framed, Framer, Message};

use crate::Outcome;

/// The same bytes give the same messages however the network cuts them: in one piece, and in pieces whose length the
/// first byte says.
pub(crate) fn take(input: &[u8]) -> Outcome {
    let whole = cut(input, input.len());
    let step = usize::from(input.first().copied().unwrap_or(1) % 50) + 1;
    let in_pieces = cut(input, step);
    assert!(
        in_pieces == whole,
        "in pieces of {step} there are {} messages and not {}, broken {} and not {}: {}",
        in_pieces.0.len(),
        whole.0.len(),
        in_pieces.1,
        whole.1,
        input.escape_ascii()
    );
    let (messages, is_broken) = whole;
    for message in &messages {
        // Whoever reads a message that was cut out sees its whole length and nothing else.
        if let Ok(message) = Message::parse(message.clone()) {
            let _ = message.to_bytes();
        }
    }
    if is_broken {
        Outcome::Refused
    } else {
        Outcome::Accepted
    }
}

/// The messages of a stream, and whether it broke.
fn cut(stream: &[u8], step: usize) -> (Vec<Bytes>, bool) {
    let mut framer = Framer::default();
    let mut messages = Vec::new();
    for piece in stream.chunks(step.max(1)) {
        framer.push(piece);
        loop {
            match framer.next() {
                Ok(Some(Framed::Message(message))) => messages.push(message),
                Ok(Some(Framed::Ping | Framed::Pong)) => {}
                Ok(None) => break,
                Err(_) => return (messages, true),
            }
        }
    }
    (messages, false)
}
