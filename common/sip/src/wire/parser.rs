//! Bytes as messages.

use std::sync::Arc;

use bytes::Bytes;

use super::head::{self, BodyLength, Line, Lines};
use super::header_list::{HeaderError, Headers};
use super::header_name::HeaderName;
use super::message::{Message, Request, Response};
use super::method::Method;
use super::parse_error::{ParseError, Problem};
use super::status::StatusCode;
use super::syntax;
use super::text::Text;
use super::uri::Uri;

/// What a parser accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a message, its body included. 64 KiB: what a UDP datagram can hold.
    pub message_bytes: usize,
    /// Header fields of a message. 256: an honest request with 70 hops has below 200.
    pub headers: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            message_bytes: 64 * 1024,
            headers: 256,
        }
    }
}

impl Message {
    /// Reads a message: a datagram, or what the [`Framer`](crate::Framer) gives.
    ///
    /// The start line is taken apart; header values stay text, sharing one allocation, until they are asked for.
    /// From, To, Call-ID and CSeq stand exactly once in what this returns, and Via at least once. Bytes after the
    /// announced body are ignored (RFC 3261 18.3); without Content-Length the body goes to the end.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong, and what to answer.
    pub fn parse(datagram: Bytes) -> Result<Message, ParseError> {
        Message::parse_within(datagram, &Limits::default())
    }

    /// As [`Message::parse`], with other limits.
    ///
    /// # Errors
    /// As there.
    pub fn parse_within(datagram: Bytes, limits: &Limits) -> Result<Message, ParseError> {
        parse(&datagram, limits).map_err(|problem| refuse(problem, &datagram, limits))
    }
}

/// The error of bytes that are no message, with what can be read of them.
#[cold]
pub(crate) fn refuse(problem: Problem, bytes: &[u8], limits: &Limits) -> ParseError {
    ParseError::new(problem, read_leniently(bytes, limits))
}

/// The first line.
enum StartLine {
    Request(Method, Uri),
    Response(StatusCode, Text),
}

fn parse(datagram: &Bytes, limits: &Limits) -> Result<Message, Problem> {
    if datagram.len() > limits.message_bytes {
        return Err(Problem::TooLarge {
            limit: limits.message_bytes,
        });
    }
    let start = head::leading_breaks(datagram);
    let head_end = head::head_len(datagram, start).ok_or(Problem::NoBlankLine)?;
    let text = std::str::from_utf8(&datagram[start..head_end]).map_err(|_| Problem::NotUtf8)?;
    let whole = Text::from(Arc::<str>::from(text));
    let bytes = text.as_bytes();

    let mut lines = Lines::new(bytes);
    let first = match lines.next() {
        Some(Ok(line)) if !line.is_folded => line,
        _ => return Err(Problem::StartLine),
    };
    let start_line = parse_start_line(&whole, &text[first.start..first.end])?;
    let (headers, length) = parse_headers(&whole, text, lines, limits)?;

    let present = datagram.len() - (head_end + 2);
    let announced = match length {
        BodyLength::Missing => present,
        BodyLength::Known(length) if length <= present => length,
        BodyLength::Known(announced) => return Err(Problem::BodyTooShort { announced, present }),
        BodyLength::Malformed => {
            return Err(Problem::Header(HeaderError::new(
                HeaderName::ContentLength,
                "is not one number",
            )));
        }
    };
    let body = if announced == 0 {
        Bytes::new()
    } else {
        datagram.slice(head_end + 2..head_end + 2 + announced)
    };
    Ok(match start_line {
        StartLine::Request(method, uri) => Message::Request(Request {
            method,
            uri,
            headers,
            body,
        }),
        StartLine::Response(status, reason) => Message::Response(Response {
            status,
            reason,
            headers,
            body,
        }),
    })
}

/// Headers that each message has, and how often they were seen: 0, 1, or 2 for "more than once".
#[derive(Default)]
struct Mandatory {
    via: u8,
    from: u8,
    to: u8,
    call_id: u8,
    cseq: u8,
}

impl Mandatory {
    fn check(&self) -> Result<(), Problem> {
        let problem = |name, problem| Err(Problem::Header(HeaderError::new(name, problem)));
        if self.via == 0 {
            return problem(HeaderName::Via, "is missing");
        }
        for (count, name) in [
            (self.from, HeaderName::From),
            (self.to, HeaderName::To),
            (self.call_id, HeaderName::CallId),
            (self.cseq, HeaderName::CSeq),
        ] {
            match count {
                1 => {}
                0 => return problem(name, "is missing"),
                _ => return problem(name, "stands more than once"),
            }
        }
        Ok(())
    }
}

fn parse_headers(
    whole: &Text,
    text: &str,
    lines: Lines<'_>,
    limits: &Limits,
) -> Result<(Headers, BodyLength), Problem> {
    let bytes = text.as_bytes();
    // An INVITE of a common phone has 12 to 16.
    let mut headers = Headers::with_capacity(16);
    let mut length = BodyLength::Missing;
    let mut seen = Mandatory::default();
    for (index, line) in lines.enumerate() {
        if index >= limits.headers {
            return Err(Problem::TooManyHeaders {
                limit: limits.headers,
            });
        }
        let problem = Problem::Line { line: index + 2 };
        let Ok(line) = line else { return Err(problem) };
        let Some(parts) = head::header_line(bytes, line) else {
            return Err(problem);
        };
        let name = match HeaderName::known(&bytes[line.start..parts.name_end]) {
            Some(name) => name,
            None => HeaderName::Other(whole.slice(line.start..parts.name_end)),
        };
        let value = value_text(whole, text, line, parts);
        match name {
            HeaderName::Via => seen.via = 1,
            HeaderName::From => seen.from = (seen.from + 1).min(2),
            HeaderName::To => seen.to = (seen.to + 1).min(2),
            HeaderName::CallId => seen.call_id = (seen.call_id + 1).min(2),
            HeaderName::CSeq => seen.cseq = (seen.cseq + 1).min(2),
            HeaderName::ContentLength => length = length.and(value.as_bytes()),
            _ => {}
        }
        headers.push_parsed(name, value);
    }
    seen.check()?;
    Ok((headers, length))
}

fn value_text(whole: &Text, text: &str, line: Line, parts: head::HeaderLine) -> Text {
    if line.is_folded {
        Text::from(head::unfold(&text[parts.value_start..parts.value_end]))
    } else {
        whole.slice(parts.value_start..parts.value_end)
    }
}

fn parse_start_line(whole: &Text, line: &str) -> Result<StartLine, Problem> {
    let (first, rest) = line.split_once(' ').ok_or(Problem::StartLine)?;
    if first.len() >= 4 && first.as_bytes()[..4].eq_ignore_ascii_case(b"SIP/") {
        if !first.eq_ignore_ascii_case("SIP/2.0") {
            return Err(Problem::Version);
        }
        let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let status = (code.len() == 3)
            .then(|| syntax::parse_number(code))
            .flatten()
            .and_then(StatusCode::new)
            .ok_or(Problem::StartLine)?;
        return Ok(StartLine::Response(status, whole.share(reason)));
    }
    // RFC 3261 7.1: exactly one space between the elements, none within and none at the end.
    let (uri, version) = rest.rsplit_once(' ').ok_or(Problem::StartLine)?;
    let method = Method::parse_in(whole, first).ok_or(Problem::StartLine)?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(if is_version(version) {
            Problem::Version
        } else {
            Problem::StartLine
        });
    }
    let uri = Uri::parse_in(whole, uri).map_err(Problem::RequestUri)?;
    Ok(StartLine::Request(method, uri))
}

/// `SIP/` and two numbers.
fn is_version(text: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.get(..4)
        .is_some_and(|name| name.eq_ignore_ascii_case("SIP/"))
        && text[4..]
            .split_once('.')
            .is_some_and(|(major, minor)| is_digits(major) && is_digits(minor))
}

/// What can be read of a malformed request, so that it can be answered. `None` for what looks like no request.
fn read_leniently(datagram: &[u8], limits: &Limits) -> Option<Request> {
    let datagram = &datagram[..datagram.len().min(limits.message_bytes)];
    let start = head::leading_breaks(datagram);
    let head_end = head::head_len(datagram, start).unwrap_or(datagram.len());
    let text = String::from_utf8_lossy(&datagram[start..head_end]);
    let mut lines = text.split("\r\n");
    let first = lines.next()?;
    let (method, rest) = first.split_once([' ', '\t'])?;
    let method = Method::parse(method)?;
    let version = rest.trim_ascii_end().rsplit([' ', '\t']).next()?;
    if !is_version(version) {
        return None;
    }
    let mut headers = Headers::with_capacity(16);
    for line in Lines::new(text.as_bytes()).skip(1).take(limits.headers) {
        let Some((line, parts)) = line
            .ok()
            .and_then(|line| Some((line, head::header_line(text.as_bytes(), line)?)))
        else {
            continue;
        };
        headers.push(
            HeaderName::from(&text[line.start..parts.name_end]),
            head::unfold(&text[parts.value_start..parts.value_end]),
        );
    }
    // The Request-URI is not copied into the response, so any will do.
    let uri = Uri::sip(super::host::Host::default(), None);
    Some(Request {
        method,
        uri,
        headers,
        body: Bytes::new(),
    })
}

#[cfg(test)]
mod tests;
