//! Character classes, quoting and white space (RFC 3261 25.1).

use std::borrow::Cow;

const TOKEN: u8 = 1;
const USER: u8 = 2;
const HOST: u8 = 4;
const PARAM: u8 = 8;
const URI_HEADER: u8 = 16;

/// Which classes each byte belongs to.
static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0u8; 256];
    let mut byte = 0;
    while byte < 128 {
        let c = byte as u8;
        if c.is_ascii_alphanumeric() {
            table[byte] = TOKEN | USER | HOST | PARAM | URI_HEADER;
        }
        byte += 1;
    }
    table = add(table, b"-.!%*_+`'~", TOKEN);
    // unreserved, escapes and user-unreserved; `#` is not allowed there, but desk phones dial with it unescaped.
    table = add(table, b"-_.!~*'()%&=+$,;?/#", USER);
    // `_` is not allowed in a host name, yet found in private networks.
    table = add(table, b"-._", HOST);
    // paramchar, and what a token may hold besides.
    table = add(table, b"-_.!~*'()%[]/:&+$`", PARAM);
    table = add(table, b"-_.!~*'()%[]/?:+$&=", URI_HEADER);
    table
}

const fn add(mut table: [u8; 256], bytes: &[u8], class: u8) -> [u8; 256] {
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] |= class;
        at += 1;
    }
    table
}

#[inline]
fn all(text: &str, class: u8) -> bool {
    text.bytes().all(|byte| CLASSES[byte as usize] & class != 0)
}

/// Whether `text` is a token.
#[inline]
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && all(text, TOKEN)
}

/// Whether `byte` may stand in a token.
#[inline]
pub(crate) fn is_token_byte(byte: u8) -> bool {
    CLASSES[byte as usize] & TOKEN != 0
}

/// `text` with everything that a token may not hold replaced by `-`; a lone `-` when it is empty.
pub(crate) fn to_token(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    text.chars()
        .map(|c| {
            if c.is_ascii() && is_token_byte(c as u8) {
                c
            } else {
                '-'
            }
        })
        .collect()
}

/// Whether `text` may be the user part or the password of a SIP URI.
pub(crate) fn is_user(text: &str) -> bool {
    all(text, USER) && has_valid_escapes(text)
}

/// Whether `text` may be a host name.
pub(crate) fn is_host_name(text: &str) -> bool {
    !text.is_empty() && all(text, HOST)
}

/// Whether `text` may be the name or value of a URI parameter.
pub(crate) fn is_uri_param(text: &str) -> bool {
    !text.is_empty() && all(text, PARAM) && has_valid_escapes(text)
}

/// Whether `text` may follow the `?` of a URI.
pub(crate) fn is_uri_headers(text: &str) -> bool {
    !text.is_empty() && all(text, URI_HEADER) && has_valid_escapes(text)
}

/// Whether each `%` is followed by two hexadecimal digits.
fn has_valid_escapes(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'%', rest) {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => rest = &rest[at + 3..],
            _ => return false,
        }
    }
    true
}

/// Whether `byte` is a space or a tab.
#[inline]
pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// `text` without spaces and tabs at both ends.
#[inline]
pub(crate) fn trim(text: &str) -> &str {
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) if is_blank(*first) || is_blank(*last) => {
            text.trim_matches([' ', '\t'])
        }
        _ => text,
    }
}

/// The byte length of the quoted string at the start of `text`, both quotes included; `None` when it does not end.
pub(crate) fn quoted_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..)?) {
        let position = at + found;
        if bytes[position] == b'"' {
            return Some(position + 1);
        }
        at = position + 2;
    }
    None
}

/// The meaning of a quoted string: quotes and backslashes removed. Text that is not quoted is returned as it is.
pub(crate) fn unquote(text: &str) -> Cow<'_, str> {
    let Some(inner) = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    else {
        return Cow::Borrowed(text);
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Writes `text` as a quoted string. Line breaks, which cannot be quoted, become spaces.
pub(crate) fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    let is_plain = |byte| !matches!(byte, b'"' | b'\\' | b'\r' | b'\n');
    if text.bytes().all(is_plain) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\r' | '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Splits `text` at the first `separator` outside quoted strings and angle brackets.
///
/// `None` when a quoted string or an angle bracket is left open; the second part is `None` when there is no separator.
pub(crate) fn split_outside(text: &str, separator: u8) -> Option<(&str, Option<&str>)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at += quoted_len(&text[at..])?,
            b'<' => at += memchr::memchr(b'>', &bytes[at..])? + 1,
            byte if byte == separator => return Some((&text[..at], Some(&text[at + 1..]))),
            _ => at += 1,
        }
    }
    Some((text, None))
}

/// A number of decimal digits only, without sign and white space.
pub(crate) fn parse_number<N: std::str::FromStr>(text: &str) -> Option<N> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// `text` without line breaks, which would start a new header: each becomes a space.
pub(crate) fn on_one_line(text: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'\r', b'\n', text.as_bytes()).is_none() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.replace(['\r', '\n'], " "))
    }
}

/// `text` without white space and control characters, which would end a word of the start line: each becomes `-`.
pub(crate) fn on_one_word(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte > b' ' && byte != 0x7f) {
        Cow::Borrowed(text)
    } else {
        let is_bad = |c: char| c <= ' ' || c == '\x7f';
        Cow::Owned(text.replace(is_bad, "-"))
    }
}

/// Appends a number in decimal digits.
pub(crate) fn write_number(number: u32, out: &mut String) {
    let mut digits = [0u8; 10];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    // Digits are ASCII.
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// Undoes `%HH` escapes. Bytes that are no UTF-8 afterwards become U+FFFD.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| Some(hex_digit(digits[0])? << 4 | hex_digit(digits[1])?));
        match escaped {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_strings_end_at_the_first_bare_quote() {
        assert_eq!(quoted_len(r#""a\"b" <sip:x>"#), Some(6));
        assert_eq!(quoted_len(r#""a\\" x"#), Some(5));
        assert_eq!(quoted_len(r#""open"#), None);
        assert_eq!(quoted_len(r#""open\"#), None);
        assert_eq!(quoted_len("plain"), None);
    }

    #[test]
    fn quoting_and_unquoting_are_inverse() {
        for text in ["", "plain", r#"a"b\c"#, "ü \t x"] {
            let mut quoted = String::new();
            write_quoted(text, &mut quoted);
            assert_eq!(unquote(&quoted), text);
            assert_eq!(quoted_len(&quoted), Some(quoted.len()));
        }
    }

    #[test]
    fn separators_in_quotes_and_brackets_do_not_split() {
        let (first, rest) = split_outside(r#""a,b" <sip:c,d@e>;x=",",next"#, b',').unwrap();
        assert_eq!(first, r#""a,b" <sip:c,d@e>;x=",""#);
        assert_eq!(rest, Some("next"));
        assert_eq!(split_outside("<open", b','), None);
        assert_eq!(split_outside("\"open", b','), None);
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape("%61lice%20%C3%BC%"), "alice ü%");
        assert_eq!(unescape("%ff"), "\u{fffd}");
    }

    #[test]
    fn numbers_are_digits_only() {
        assert_eq!(parse_number::<u32>("4294967295"), Some(u32::MAX));
        assert_eq!(parse_number::<u32>("4294967296"), None);
        assert_eq!(parse_number::<u32>("+1"), None);
        assert_eq!(parse_number::<u8>(""), None);
    }
}
