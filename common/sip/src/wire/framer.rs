//! Messages in a stream (RFC 3261 18.3, RFC 5626 3.5.1).

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;

use super::head::{self, BodyLength};
use super::header_list::HeaderError;
use super::header_name::HeaderName;
use super::parse_error::{ParseError, Problem};
use super::parser::{self, Limits};

/// A piece of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framed {
    /// One message, to be given to [`Message::parse`](crate::Message::parse).
    Message(Bytes),
    /// A double line break: the peer asks whether we are there, and a single one is the answer.
    Ping,
    /// A single line break: the peer answers that it is there.
    Pong,
}

/// Why a stream cannot be cut into messages any more. The connection must be closed: after this nobody knows where
/// the next message begins.
#[derive(Clone, Debug, Error)]
#[error("the stream holds something that is no SIP message: {error}")]
pub struct FramingError {
    /// What is wrong; its response, if it has one, can be sent before the connection is closed.
    #[source]
    pub error: ParseError,
}

/// Cuts a stream into messages.
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    /// Bytes at the start of the buffer in which no end of a head was found.
    scanned: usize,
    /// The length of the message at the start of the buffer, once its head is complete.
    message_len: Option<usize>,
    has_checked_start: bool,
    expects_pong: bool,
    limits: Limits,
    failure: Option<FramingError>,
}

impl Default for Framer {
    fn default() -> Framer {
        Framer::new(Limits::default())
    }
}

impl Framer {
    /// A framer at the start of a stream.
    pub fn new(limits: Limits) -> Framer {
        Framer {
            buffer: BytesMut::new(),
            scanned: 0,
            message_len: None,
            has_checked_start: false,
            expects_pong: false,
            limits,
            failure: None,
        }
    }

    /// Tells that we have sent a ping: the next single line break is its answer. Without this a single line break is
    /// held back until it is clear that it is not the first half of a ping.
    pub fn expect_pong(&mut self) {
        self.expects_pong = true;
    }

    /// Adds what was read. Call [`Framer::next`] until it gives `None` before adding more: then the buffer never
    /// holds more than one message and one read.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failure.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Whether a message has begun and not ended.
    pub fn is_within_message(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// The next piece, if it is complete.
    ///
    /// # Errors
    /// [`FramingError`], again and again: the stream cannot be used any more.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator that ends would stay ended; this one goes on after the next push"
    )]
    pub fn next(&mut self) -> Result<Option<Framed>, FramingError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.advance().map_err(|problem| {
            let failure = FramingError {
                error: parser::refuse(problem, &self.buffer, &self.limits),
            };
            self.buffer = BytesMut::new();
            self.failure = Some(failure.clone());
            failure
        })
    }

    fn advance(&mut self) -> Result<Option<Framed>, Problem> {
        let total = match self.message_len {
            Some(total) => total,
            None => {
                if let Some(keep_alive) = self.take_keep_alive() {
                    return Ok(Some(keep_alive));
                }
                match self.find_message()? {
                    Some(total) => total,
                    None => return Ok(None),
                }
            }
        };
        self.message_len = Some(total);
        if self.buffer.len() < total {
            return Ok(None);
        }
        self.message_len = None;
        self.scanned = 0;
        self.has_checked_start = false;
        Ok(Some(Framed::Message(self.buffer.split_to(total).freeze())))
    }

    /// Takes line breaks before a message.
    fn take_keep_alive(&mut self) -> Option<Framed> {
        if self.buffer.starts_with(b"\r\n\r\n") {
            self.buffer.advance(4);
            return Some(Framed::Ping);
        }
        let rest = self.buffer.strip_prefix(b"\r\n")?;
        // The rest may become the second half of a ping.
        let is_undecided = rest.is_empty() || rest == b"\r";
        if is_undecided && !(self.expects_pong && rest.is_empty()) {
            return None;
        }
        self.buffer.advance(2);
        self.expects_pong = false;
        Some(Framed::Pong)
    }

    /// The length of the message at the start of the buffer, when its head is complete.
    fn find_message(&mut self) -> Result<Option<usize>, Problem> {
        let limit = self.limits.message_bytes;
        let Some(first) = self.buffer.first() else {
            return Ok(None);
        };
        if *first == b'\r' {
            // At most the three bytes of an undecided ping.
            return match &self.buffer[..] {
                b"\r" | b"\r\n" | b"\r\n\r" => Ok(None),
                _ => Err(Problem::StartLine),
            };
        }
        self.check_start()?;
        // A blank line may have begun at the end of the last read.
        let from = self.scanned.saturating_sub(3);
        let Some(head_len) = head::head_len(&self.buffer, from) else {
            self.scanned = self.buffer.len();
            return if self.buffer.len() > limit {
                Err(Problem::TooLarge { limit })
            } else {
                Ok(None)
            };
        };
        let problem =
            |problem| Problem::Header(HeaderError::new(HeaderName::ContentLength, problem));
        let body_len = match head::body_length(&self.buffer[..head_len]) {
            BodyLength::Known(length) => length,
            // RFC 3261 18.3: Content-Length MUST be used in a stream. To guess 0 would let a body pass as a message.
            BodyLength::Missing => return Err(problem("is missing, and a stream needs it")),
            BodyLength::Malformed => return Err(problem("is not one number")),
        };
        match (head_len + 2).checked_add(body_len) {
            Some(total) if total <= limit => Ok(Some(total)),
            _ => Err(Problem::TooLarge { limit }),
        }
    }

    /// Whether what begins here can be SIP at all, so that other protocols are turned away at once.
    fn check_start(&mut self) -> Result<(), Problem> {
        /// RFC 3261 sets no limit; no URI that anybody uses comes near.
        const LONGEST_START_LINE: usize = 8 * 1024;
        if self.has_checked_start {
            return Ok(());
        }
        let line = match memchr::memchr(b'\n', &self.buffer) {
            // The verdict must not depend on how the network has cut the line.
            Some(end) if end > LONGEST_START_LINE => return Err(Problem::StartLine),
            Some(end) => &self.buffer[..end],
            None if self.buffer.len() > LONGEST_START_LINE => return Err(Problem::StartLine),
            None if head::may_start_message(&self.buffer) => return Ok(()),
            None => return Err(Problem::StartLine),
        };
        let line = line.strip_suffix(b"\r").ok_or(Problem::StartLine)?;
        if !head::is_start_line(line) {
            return Err(Problem::StartLine);
        }
        self.has_checked_start = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
