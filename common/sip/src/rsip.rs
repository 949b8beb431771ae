//! To and from the messages of the crate `rsip`, for those who come from there (feature `rsip`).
//!
//! A message of ours goes over with `TryFrom`, and so does one of theirs:
//!
//! ```
//! use rsip::prelude::HeadersExt;
//!
//! let theirs = rsip::SipMessage::try_from(
//!     "OPTIONS sip:bob@example.com SIP/2.0\r\n\
//!      Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776asdhds\r\n\
//!      From: <sip:alice@example.com>;tag=1928301774\r\n\
//!      To: <sip:bob@example.com>\r\n\
//!      Call-ID: a84b4c76e66710\r\n\
//!      CSeq: 63104 OPTIONS\r\n\
//!      \r\n",
//! )?;
//! let ours = sip::Message::try_from(theirs)?;
//! let sip::Message::Request(request) = &ours else { panic!("a request was expected") };
//! let answer = sip::Response::to(request, sip::StatusCode::OK);
//! let theirs = rsip::Response::try_from(&answer)?;
//! assert_eq!(theirs.call_id_header()?.to_string(), "Call-ID: a84b4c76e66710");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What that crate cannot hold is refused, not bent: a `tel:` Request-URI, for one. The other way everything goes that
//! [`Message::parse`] takes. A Content-Length of theirs is not believed: the body is what they hold as body.

use bytes::Bytes;
use thiserror::Error;

use crate::wire::{Message, ParseError, Problem, Request, Response};

/// Why a message of ours cannot be one of theirs.
#[derive(Debug, Error)]
#[error("rsip cannot hold this message, so keep it as it is: {0}")]
pub struct NotForRsip(#[from] pub ::rsip::Error);

impl TryFrom<&Request> for ::rsip::Request {
    type Error = NotForRsip;

    fn try_from(request: &Request) -> Result<Self, NotForRsip> {
        Ok(::rsip::Request::try_from(&request.to_bytes()[..])?)
    }
}

impl TryFrom<&Response> for ::rsip::Response {
    type Error = NotForRsip;

    fn try_from(response: &Response) -> Result<Self, NotForRsip> {
        Ok(::rsip::Response::try_from(&response.to_bytes()[..])?)
    }
}

impl TryFrom<&Message> for ::rsip::SipMessage {
    type Error = NotForRsip;

    fn try_from(message: &Message) -> Result<Self, NotForRsip> {
        match message {
            Message::Request(request) => Ok(::rsip::Request::try_from(request)?.into()),
            Message::Response(response) => Ok(::rsip::Response::try_from(response)?.into()),
        }
    }
}

impl TryFrom<::rsip::Request> for Request {
    type Error = ParseError;

    fn try_from(mut request: ::rsip::Request) -> Result<Request, ParseError> {
        let body = std::mem::take(&mut request.body);
        forget_length(&mut request.headers);
        match read(request.to_string(), body)? {
            Message::Request(request) => Ok(request),
            Message::Response(_) => Err(ParseError::new(Problem::StartLine, None)),
        }
    }
}

impl TryFrom<::rsip::Response> for Response {
    type Error = ParseError;

    fn try_from(mut response: ::rsip::Response) -> Result<Response, ParseError> {
        let body = std::mem::take(&mut response.body);
        forget_length(&mut response.headers);
        match read(response.to_string(), body)? {
            Message::Response(response) => Ok(response),
            Message::Request(_) => Err(ParseError::new(Problem::StartLine, None)),
        }
    }
}

impl TryFrom<::rsip::SipMessage> for Message {
    type Error = ParseError;

    fn try_from(message: ::rsip::SipMessage) -> Result<Message, ParseError> {
        Ok(match message {
            ::rsip::SipMessage::Request(request) => Message::Request(request.try_into()?),
            ::rsip::SipMessage::Response(response) => Message::Response(response.try_into()?),
        })
    }
}

fn forget_length(headers: &mut ::rsip::Headers) {
    headers.retain(|header| !matches!(header, ::rsip::Header::ContentLength(_)));
}

/// Reads a head that was printed without its body. They print bodies as text, which would spoil others.
fn read(head: String, body: Vec<u8>) -> Result<Message, ParseError> {
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&body);
    Message::parse(Bytes::from(bytes))
}
