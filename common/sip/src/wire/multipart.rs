//! Bodies of several parts (RFC 2046 5.1, RFC 5621).

use bytes::Bytes;
use memchr::memmem::Finder;
use thiserror::Error;

use super::head::{self, Lines};
use super::header_list::Headers;
use super::header_name::HeaderName;
use super::headers::ContentType;
use super::syntax;
use super::text::Text;

/// One part of a body.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Part {
    /// `Content-Type` and its kin. What has none is plain text.
    pub headers: Headers,
    /// The bytes, as they came.
    pub body: Bytes,
}

/// A body of several parts.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Multipart {
    /// The parts in order.
    pub parts: Vec<Part>,
}

/// Why a body cannot be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MultipartError {
    /// The Content-Type is not `multipart`, or has no usable boundary.
    #[error("the Content-Type names no boundary of 1 to 70 characters between parts")]
    Boundary,
    /// There is no part, or no end.
    #[error("the boundary that ends the last part is missing")]
    NoEnd,
    /// More parts than the limit.
    #[error("the body has more than {MOST_PARTS} parts")]
    TooManyParts,
    /// Headers of a part.
    #[error("part {part} has malformed header fields")]
    Headers {
        /// The number of the part, from 1.
        part: usize,
    },
}

/// A call with pictures, location and signature has five.
const MOST_PARTS: usize = 32;

/// How deep parts within parts are looked for: `mixed` in `signed` in `mixed` is the most that anybody sends.
const DEEPEST: usize = 4;

/// As for messages.
const MOST_HEADERS: usize = 32;

impl Part {
    /// A part of this type.
    pub fn new(content_type: &ContentType, body: impl Into<Bytes>) -> Part {
        let mut headers = Headers::new();
        headers.push_typed(content_type);
        Part {
            headers,
            body: body.into(),
        }
    }
}

impl Multipart {
    /// Takes a body apart. Parts share the memory of `body`; what stands before the first and behind the last one
    /// means nothing.
    ///
    /// # Errors
    /// [`MultipartError`]; a server answers 400, or 415 where the type is not `multipart`.
    pub fn parse(content_type: &ContentType, body: &Bytes) -> Result<Multipart, MultipartError> {
        let boundary = boundary_of(content_type).ok_or(MultipartError::Boundary)?;
        let line = Finder::new(&boundary);
        let first = next_delimiter(body, &line, 0).ok_or(MultipartError::NoEnd)?;
        if first.is_last {
            return Err(MultipartError::NoEnd);
        }
        let mut parts = Vec::new();
        let mut start = first.end;
        loop {
            if parts.len() == MOST_PARTS {
                return Err(MultipartError::TooManyParts);
            }
            let next = next_delimiter(body, &line, start).ok_or(MultipartError::NoEnd)?;
            // Between two boundaries on adjacent lines stands an empty part.
            let part = read_part(&body.slice(start..next.start.max(start)));
            let number = parts.len() + 1;
            parts.push(part.ok_or(MultipartError::Headers { part: number })?);
            if next.is_last {
                return Ok(Multipart { parts });
            }
            start = next.end;
        }
    }

    /// The first part of the type `kind/subtype`, such as `application/sdp`: the body itself, one of its parts, or a
    /// part of a part. `None` when there is none, and for malformed bodies.
    pub fn find(
        content_type: &ContentType,
        body: &Bytes,
        kind: &str,
        subtype: &str,
    ) -> Option<Bytes> {
        find_within(content_type, body, (kind, subtype), DEEPEST)
    }

    /// The body, and the boundary that its Content-Type must name.
    ///
    /// The same parts always give the same boundary: the first of a series that none of them contains.
    pub fn print(&self) -> (Text, Bytes) {
        let mut number = 0u32;
        let boundary = loop {
            let boundary = format!("part-{number}");
            let finder = Finder::new(boundary.as_bytes());
            let is_inside = |part: &Part| {
                let mut values = part.headers.iter().map(|header| &header.value);
                finder.find(&part.body).is_some()
                    || values.any(|value| finder.find(value.as_bytes()).is_some())
            };
            if !self.parts.iter().any(is_inside) {
                break boundary;
            }
            number += 1;
        };
        let mut out = Vec::new();
        for part in &self.parts {
            out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            for header in &part.headers {
                let line = format!("{}: {}\r\n", header.name.as_str(), header.value);
                out.extend_from_slice(line.as_bytes());
            }
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(&part.body);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (Text::from(boundary), out.into())
    }
}

fn find_within(
    content_type: &ContentType,
    body: &Bytes,
    wanted: (&str, &str),
    depth: usize,
) -> Option<Bytes> {
    if content_type.is(wanted.0, wanted.1) {
        return Some(body.clone());
    }
    let depth = depth.checked_sub(1)?;
    let multipart = Multipart::parse(content_type, body).ok()?;
    multipart.parts.iter().find_map(|part| {
        let content_type = part.headers.typed::<ContentType>().ok()??;
        find_within(&content_type, &part.body, wanted, depth)
    })
}

/// The boundary with the two hyphens before it. RFC 2046 5.1.1: 1 to 70 characters, no space at the end, and nothing
/// that could not stand in a line.
fn boundary_of(content_type: &ContentType) -> Option<String> {
    if !content_type.kind.eq_ignore_ascii_case("multipart") {
        return None;
    }
    let boundary = content_type.params.unquoted("boundary")?;
    let is_usable = (1..=70).contains(&boundary.len())
        && !boundary.ends_with(' ')
        && boundary.bytes().all(|byte| (b' '..0x7f).contains(&byte));
    is_usable.then(|| format!("--{boundary}"))
}

/// A line that separates parts.
struct Delimiter {
    /// Where it begins: the line break before it is its own.
    start: usize,
    /// Where the line behind it begins.
    end: usize,
    /// Whether it ends the last part.
    is_last: bool,
}

/// The next line from `from` on that separates parts; `line` finds two hyphens and the boundary.
fn next_delimiter(body: &[u8], line: &Finder<'_>, mut from: usize) -> Option<Delimiter> {
    loop {
        let at = from + line.find(body.get(from..)?)?;
        from = at + line.needle().len();
        let is_at_line_start = at == 0 || body[..at].ends_with(b"\r\n");
        let rest = &body[from..];
        let (is_last, rest) = match rest.strip_prefix(b"--") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        // RFC 2046 5.1.1: padding may follow, and nothing else.
        let blanks = rest
            .iter()
            .take_while(|byte| syntax::is_blank(**byte))
            .count();
        let is_at_line_end =
            rest[blanks..].starts_with(b"\r\n") || is_last && rest[blanks..].is_empty();
        if is_at_line_start && is_at_line_end {
            return Some(Delimiter {
                start: at.saturating_sub(2),
                end: body.len() - rest.len() + blanks + 2,
                is_last,
            });
        }
    }
}

/// Headers, a blank line and the body; a part may begin with the blank line, and may have no body.
fn read_part(part: &Bytes) -> Option<Part> {
    if part.is_empty() {
        return Some(Part::default());
    }
    if part.starts_with(b"\r\n") {
        return Some(Part {
            headers: Headers::new(),
            body: part.slice(2..),
        });
    }
    let (head, body) = match head::head_len(part, 0) {
        Some(length) => (part.slice(..length), part.slice(length + 2..)),
        None => {
            let mut head = part.to_vec();
            if !head.ends_with(b"\r\n") {
                head.extend_from_slice(b"\r\n");
            }
            (Bytes::from(head), Bytes::new())
        }
    };
    let text = std::str::from_utf8(&head).ok()?;
    let mut headers = Headers::new();
    for line in Lines::new(&head) {
        let line = line.ok()?;
        let parts = head::header_line(&head, line)?;
        if headers.len() == MOST_HEADERS {
            return None;
        }
        headers.push(
            HeaderName::from(&text[line.start..parts.name_end]),
            head::unfold(&text[parts.value_start..parts.value_end]),
        );
    }
    Some(Part { headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::header_list::TypedHeader;

    fn content_type(text: &str) -> ContentType {
        ContentType::parse(&Text::from(text)).unwrap()
    }

    fn parse(body: &'static str) -> Result<Multipart, MultipartError> {
        let content_type = content_type("multipart/mixed;boundary=\"b 1\"");
        Multipart::parse(&content_type, &Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn parts_are_cut_at_the_boundary() {
        let multipart = parse(
            "a preamble\r\n--b 1 \t\r\nContent-Type: application/sdp\r\nContent-Disposition:\r\n session\r\n\r\n\
             v=0\r\n--b 10\r\n--b 1\r\n\r\nno --b 1\r\n here\r\n--b 1\r\n--b 1\r\nContent-ID: x\r\n--b 1--\r\nan epilogue",
        )
        .unwrap();
        let bodies: Vec<&[u8]> = multipart.parts.iter().map(|part| &part.body[..]).collect();
        assert_eq!(
            bodies,
            [b"v=0\r\n--b 10".as_slice(), b"no --b 1\r\n here", b"", b""]
        );
        let disposition = multipart.parts[0]
            .headers
            .get(&HeaderName::ContentDisposition);
        assert_eq!(disposition.unwrap(), "session");
        assert!(multipart.parts[1].headers.is_empty());
        assert_eq!(multipart.parts[3].headers.len(), 1);
    }

    #[test]
    fn what_cannot_be_taken_apart_is_refused() {
        for (body, error) in [
            ("", MultipartError::NoEnd),
            ("--b 1--", MultipartError::NoEnd),
            ("--b 1\r\n\r\ntext", MultipartError::NoEnd),
            ("--b 1\r\n\r\ntext\r\n--b 1", MultipartError::NoEnd),
            ("--b 1\r\n\r\ntext\n--b 1--", MultipartError::NoEnd),
            (
                "--b 1\r\nno header\r\n\r\n\r\n--b 1--",
                MultipartError::Headers { part: 1 },
            ),
        ] {
            assert_eq!(parse(body), Err(error), "{body:?}");
        }
        for text in [
            "text/plain;boundary=a",
            "multipart/mixed",
            "multipart/mixed;boundary=\"\"",
            "multipart/mixed;boundary=\"a \"",
        ] {
            let refused = Multipart::parse(&content_type(text), &Bytes::from_static(b"--a\r\n"));
            assert_eq!(refused, Err(MultipartError::Boundary), "{text}");
        }
        let many = "--b\r\n".repeat(MOST_PARTS + 2) + "--b--";
        let content_type = content_type("multipart/mixed;boundary=b");
        assert_eq!(
            Multipart::parse(&content_type, &Bytes::from(many)),
            Err(MultipartError::TooManyParts)
        );
        let headers = |count| "--b\r\n".to_owned() + &"a: b\r\n".repeat(count) + "\r\n\r\n--b--";
        let read = |body: String| Multipart::parse(&content_type, &Bytes::from(body));
        assert!(read(headers(MOST_HEADERS)).is_ok());
        assert_eq!(
            read(headers(MOST_HEADERS + 1)),
            Err(MultipartError::Headers { part: 1 })
        );
    }

    fn enclose(part: Part) -> Part {
        let text = Part {
            headers: Headers::new(),
            body: Bytes::from_static(b"part-0 is no boundary here"),
        };
        let (boundary, body) = Multipart {
            parts: vec![text, part],
        }
        .print();
        let content_type = content_type(&format!("multipart/mixed;boundary={boundary}"));
        Part::new(&content_type, body)
    }

    #[test]
    fn what_is_printed_is_read_back_at_any_reasonable_depth() {
        let sdp = Part::new(&ContentType::SDP, Bytes::from_static(b"v=0\r\n"));
        let find = |part: &Part| {
            let content_type: ContentType = part.headers.required().unwrap();
            Multipart::find(&content_type, &part.body, "application", "sdp")
        };
        assert_eq!(find(&sdp), Some(sdp.body.clone()));
        let once = enclose(sdp.clone());
        let content_type: ContentType = once.headers.required().unwrap();
        let read = Multipart::parse(&content_type, &once.body).unwrap();
        assert_eq!(read.parts[1], sdp);
        let mut deep = once;
        for _ in 1..DEEPEST {
            deep = enclose(deep);
        }
        assert_eq!(find(&deep), Some(sdp.body));
        assert_eq!(find(&enclose(deep)), None);
    }
}
