//! The lines of a message's head: where it ends, and how lines fold (RFC 3261 7.3.1, 7.5).

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::header_name::HeaderName;
use super::syntax;

static BLANK_LINE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\r\n\r\n"));

/// How many bytes of line breaks stand before the start line; they mean nothing (RFC 3261 7.5).
pub(crate) fn leading_breaks(bytes: &[u8]) -> usize {
    let mut at = 0;
    while bytes[at..].starts_with(b"\r\n") {
        at += 2;
    }
    at
}

/// The length of the head, the line break of its last line included and the blank line excluded. Looks from `from`.
#[inline]
pub(crate) fn head_len(bytes: &[u8], from: usize) -> Option<usize> {
    BLANK_LINE
        .find(bytes.get(from..)?)
        .map(|found| from + found + 2)
}

/// One logical line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// Where it begins.
    pub(crate) start: usize,
    /// Where it ends, without the line break.
    pub(crate) end: usize,
    /// Whether it goes over several physical lines.
    pub(crate) is_folded: bool,
}

/// A line that is not ended by CR and LF together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BareBreak;

/// Walks over the logical lines of a head.
pub(crate) struct Lines<'a> {
    head: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The lines of `head`, which ends with a line break.
    pub(crate) fn new(head: &'a [u8]) -> Lines<'a> {
        Lines { head, at: 0 }
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<Line, BareBreak>;

    #[inline]
    fn next(&mut self) -> Option<Result<Line, BareBreak>> {
        let start = self.at;
        if start >= self.head.len() {
            return None;
        }
        let mut is_folded = false;
        loop {
            let rest = &self.head[self.at..];
            let found = match memchr::memchr2(b'\r', b'\n', rest) {
                Some(found) if rest[found] == b'\r' && rest.get(found + 1) == Some(&b'\n') => found,
                // A lone CR or LF is read as a line break by some and as text by others: refused, so that nobody can
                // show two readers two messages.
                other => {
                    self.at += other.map_or(rest.len(), |found| found + 1);
                    return Some(Err(BareBreak));
                }
            };
            let end = self.at + found;
            self.at = end + 2;
            match self.head.get(self.at) {
                Some(byte) if syntax::is_blank(*byte) => is_folded = true,
                _ => {
                    return Some(Ok(Line {
                        start,
                        end,
                        is_folded,
                    }));
                }
            }
        }
    }
}

/// Where name and value of a header line are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderLine {
    /// Where the name ends; it begins with the line.
    pub(crate) name_end: usize,
    /// Where the value begins.
    pub(crate) value_start: usize,
    /// Where the value ends.
    pub(crate) value_end: usize,
}

/// Takes a header line apart; `None` when there is no name and colon.
#[inline]
pub(crate) fn header_line(head: &[u8], line: Line) -> Option<HeaderLine> {
    let bytes = &head[..line.end];
    let mut at = line.start;
    while at < line.end && syntax::is_token_byte(bytes[at]) {
        at += 1;
    }
    let name_end = at;
    while at < line.end && is_fold_or_blank(bytes[at]) {
        at += 1;
    }
    if name_end == line.start || bytes.get(at) != Some(&b':') {
        return None;
    }
    let mut value_start = at + 1;
    while value_start < line.end && is_fold_or_blank(bytes[value_start]) {
        value_start += 1;
    }
    let mut value_end = line.end;
    while value_end > value_start && is_fold_or_blank(bytes[value_end - 1]) {
        value_end -= 1;
    }
    Some(HeaderLine {
        name_end,
        value_start,
        value_end,
    })
}

#[inline]
fn is_fold_or_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A folded value on one line: each line break with the white space around it becomes one space (RFC 3261 7.3.1).
pub(crate) fn unfold(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for line in value.split("\r\n") {
        let line = syntax::trim(line);
        if !out.is_empty() && !line.is_empty() {
            out.push(' ');
        }
        out.push_str(line);
    }
    out
}

/// What a head says about the length of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyLength {
    /// Nothing.
    Missing,
    /// This many bytes.
    Known(usize),
    /// Something that is no number, or two different numbers.
    Malformed,
}

impl BodyLength {
    /// Takes one more Content-Length into account.
    #[inline]
    pub(crate) fn and(self, value: &[u8]) -> BodyLength {
        let length = parse_length(value);
        match (self, length) {
            (BodyLength::Missing, Some(length)) => BodyLength::Known(length),
            (BodyLength::Known(old), Some(length)) if old == length => self,
            _ => BodyLength::Malformed,
        }
    }
}

/// Digits only, at most nine: more than any limit.
#[inline]
fn parse_length(value: &[u8]) -> Option<usize> {
    if value.is_empty() {
        return None;
    }
    let mut length = 0usize;
    for byte in value {
        if !byte.is_ascii_digit() {
            return None;
        }
        length = length
            .checked_mul(10)?
            .checked_add(usize::from(byte - b'0'))?;
    }
    Some(length)
}

/// The Content-Length of a head. Malformed lines are passed over: the parser will refuse the message.
pub(crate) fn body_length(head: &[u8]) -> BodyLength {
    let mut length = BodyLength::Missing;
    for line in Lines::new(head).skip(1).flatten() {
        let Some(parts) = header_line(head, line) else {
            continue;
        };
        let name = &head[line.start..parts.name_end];
        if HeaderName::known(name) == Some(HeaderName::ContentLength) {
            length = length.and(&head[parts.value_start..parts.value_end]);
        }
    }
    length
}

/// Whether `line` looks like a request line or a status line.
pub(crate) fn is_start_line(line: &[u8]) -> bool {
    if !line.contains(&b' ') {
        return false;
    }
    let starts_as_response = line.len() >= 8 && line[..4].eq_ignore_ascii_case(b"SIP/");
    let ends_as_request = line
        .trim_ascii_end()
        .rsplit(|byte| *byte == b' ')
        .next()
        .is_some_and(|word| word.len() >= 7 && word[..4].eq_ignore_ascii_case(b"SIP/"));
    may_start_message(line) && (starts_as_response || ends_as_request)
}

/// Whether a start line may begin with these bytes: a token or `SIP/`.
pub(crate) fn may_start_message(bytes: &[u8]) -> bool {
    let word = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
    // No method that anybody uses is nearly as long.
    word.len() <= 64
        && !word.is_empty()
        && word
            .iter()
            .all(|byte| syntax::is_token_byte(*byte) || *byte == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(head: &str) -> Vec<String> {
        Lines::new(head.as_bytes())
            .map(|line| {
                let line = line.unwrap();
                let parts = header_line(head.as_bytes(), line).unwrap();
                unfold(&head[parts.value_start..parts.value_end])
            })
            .collect()
    }

    #[test]
    fn lines_fold_when_the_next_begins_with_white_space() {
        assert_eq!(
            values("A:b\r\nSubject : I know\r\n\t you're \r\n  there\r\nC:\r\n d\r\n"),
            ["b", "I know you're there", "d"]
        );
    }

    #[test]
    fn a_lone_cr_or_lf_is_refused() {
        for head in ["A: b\nC: d\r\n", "A: b\rC: d\r\n", "A: b\r\r\n"] {
            assert!(
                Lines::new(head.as_bytes()).any(|line| line.is_err()),
                "{head:?}"
            );
        }
    }

    #[test]
    fn the_length_is_found_in_every_spelling() {
        for (line, length) in [
            ("Content-Length: 5", BodyLength::Known(5)),
            ("CONTENT-LENGTH \t:5", BodyLength::Known(5)),
            ("l:5 ", BodyLength::Known(5)),
            ("L :\r\n 5", BodyLength::Known(5)),
            ("Content-Length: 05", BodyLength::Known(5)),
            ("l: 5\r\nContent-Length: 5", BodyLength::Known(5)),
            ("l: 5\r\nContent-Length: 6", BodyLength::Malformed),
            ("l: 5, 5", BodyLength::Malformed),
            ("l: -5", BodyLength::Malformed),
            ("l: +5", BodyLength::Malformed),
            ("l:", BodyLength::Malformed),
            ("l: 99999999999999999999999", BodyLength::Malformed),
            ("Subject: x\r\n Content-Length: 5", BodyLength::Missing),
            ("X-Content-Length: 5", BodyLength::Missing),
        ] {
            let head = format!("BYE sip:a SIP/2.0\r\n{line}\r\nX: y\r\n");
            assert_eq!(body_length(head.as_bytes()), length, "{line}");
        }
    }
}
