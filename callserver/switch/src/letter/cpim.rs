//! CPIM (RFC 3862): a message with headers of its own around its content.

use bytes::Bytes;
use sip::{ContentType, Text, TypedHeader};

/// The namespace of the headers of RFC 5438 (section 6).
pub(super) const IMDN: &str = "urn:ietf:params:imdn";

/// A client sends about eight headers.
const MOST_LINES: usize = 64;

/// An unwrapped message.
#[derive(Clone, Debug)]
pub(super) struct Cpim {
    pub(super) message_id: Option<Text>,
    /// What the sender wants to hear of what becomes of it.
    wishes: Vec<String>,
    pub(super) content_type: Option<ContentType>,
    pub(super) content: Bytes,
}

impl Cpim {
    /// Whether the sender wants this to be reported.
    pub(super) fn wants(&self, what: &str) -> bool {
        self.wishes
            .iter()
            .any(|wish| wish.eq_ignore_ascii_case(what))
    }

    /// Unwraps a message; `None` if it is none.
    pub(super) fn read(body: &Bytes) -> Option<Self> {
        let (headers, rest) = lines(body)?;
        let (inner, content) = lines(&rest)?;
        // Prefixes are for the sender to choose (RFC 3862 section 3.4); nearly all choose this one.
        let prefix = headers.iter().find_map(|(name, value)| {
            let value = value.strip_suffix('>').filter(|_| name == "NS")?;
            let (prefix, uri) = value.split_once('<')?;
            (uri == IMDN).then(|| prefix.trim().to_owned())
        });
        let prefix = prefix.unwrap_or_else(|| "imdn".to_owned());
        let imdn = |wanted: &str| {
            let named = headers.iter().find(|(name, _)| {
                let local = name
                    .strip_prefix(&prefix)
                    .and_then(|rest| rest.strip_prefix('.'));
                local.is_some_and(|local| local.eq_ignore_ascii_case(wanted))
            });
            named.map(|(_, value)| value.clone())
        };
        let wishes = imdn("Disposition-Notification").unwrap_or_default();
        let content_type = inner
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
        Some(Self {
            message_id: imdn("Message-ID")
                .filter(|id| !id.is_empty())
                .map(Text::from),
            wishes: wishes
                .split(',')
                .map(|wish| wish.trim().to_owned())
                .collect(),
            content_type: match content_type {
                Some((_, value)) => Some(ContentType::parse(&Text::from(value.as_str())).ok()?),
                None => None,
            },
            content,
        })
    }
}

/// Names and values up to an empty line, and what is behind it.
fn lines(body: &Bytes) -> Option<(Vec<(String, String)>, Bytes)> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let end = memchr::memchr(b'\n', body.get(at..)?)? + at;
        let line = body.get(at..end)?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at = end + 1;
        if line.is_empty() {
            return Some((found, body.slice(at..)));
        }
        let line = std::str::from_utf8(line).ok()?;
        let (name, value) = line.split_once(':')?;
        found.push((name.trim().to_owned(), value.trim().to_owned()));
        if found.len() > MOST_LINES {
            return None;
        }
    }
}

/// Wraps a content: who says it to whom and when, further headers of the message and of the content, each with its line
/// end.
pub(super) fn print(
    (from, to, date_time): (&str, &str, &str),
    more: &str,
    content_type: &str,
    more_of_content: &str,
    content: &str,
) -> Bytes {
    let text = format!(
        "From: {from}\r\nTo: {to}\r\nDateTime: {date_time}\r\n{more}\r\n\
         Content-Type: {content_type}\r\n{more_of_content}Content-Length: {}\r\n\r\n{content}",
        content.len()
    );
    text.into()
}
