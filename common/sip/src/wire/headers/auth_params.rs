//! The comma-separated parameters of an authentication scheme (RFC 3261 25.1, RFC 7616 3.3).

use std::borrow::Cow;

use crate::wire::syntax;
use crate::wire::text::Text;

/// What is wrong with an authentication header, as the end of a sentence.
pub(super) const NOT_DIGEST: &str = "is not of the Digest scheme";
const MALFORMED: &str = "has a malformed parameter";

/// Calls `take` with the name and the unquoted value of each parameter of a Digest header.
///
/// A parameter that stands twice is refused: two readers could disagree about which one counts.
pub(super) fn read_digest(value: &Text, take: impl FnMut(&str, Text)) -> Result<(), &'static str> {
    let text = value.as_str();
    let (scheme, params) = text.split_once([' ', '\t']).ok_or(NOT_DIGEST)?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return Err(NOT_DIGEST);
    }
    read_list(value, params, take)
}

/// As [`read_digest`], for a list without a scheme before it; `params` was cut from `value`.
pub(super) fn read_list(
    value: &Text,
    params: &str,
    mut take: impl FnMut(&str, Text),
) -> Result<(), &'static str> {
    let mut seen: Vec<&str> = Vec::new();
    let mut rest = Some(params);
    while let Some(text) = rest {
        // Angle brackets mean nothing here, so only quotes are skipped.
        let (param, next) = split_at_comma(text).ok_or(MALFORMED)?;
        rest = next;
        let param = syntax::trim(param);
        if param.is_empty() {
            // `a=b,,c=d`: RFC 9110 5.6.1 has readers skip empty elements.
            continue;
        }
        let (name, raw) = param.split_once('=').ok_or(MALFORMED)?;
        let (name, raw) = (syntax::trim(name), syntax::trim(raw));
        let is_quoted = syntax::quoted_len(raw) == Some(raw.len());
        let is_plain = !raw.is_empty()
            && !raw
                .bytes()
                .any(|byte| byte == b'"' || syntax::is_blank(byte));
        if !syntax::is_token(name) || !(is_quoted || is_plain) {
            return Err(MALFORMED);
        }
        if seen.iter().any(|old| old.eq_ignore_ascii_case(name)) {
            return Err("has a parameter that stands twice");
        }
        if seen.len() >= 32 {
            return Err("has too many parameters");
        }
        seen.push(name);
        let meaning = match syntax::unquote(raw) {
            Cow::Borrowed(part) => value.share(part),
            Cow::Owned(text) => Text::from(text),
        };
        take(name, meaning);
    }
    Ok(())
}

fn split_at_comma(text: &str) -> Option<(&str, Option<&str>)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b',', b'"', &bytes[at..]) {
        at += found;
        if bytes[at] == b',' {
            return Some((&text[..at], Some(&text[at + 1..])));
        }
        at += syntax::quoted_len(&text[at..])?;
    }
    Some((text, None))
}

/// Appends `, name="value"`, without the comma directly after the scheme.
pub(super) fn push_quoted(out: &mut String, name: &str, value: &str) {
    separate(out);
    out.push_str(name);
    out.push('=');
    syntax::write_quoted(value, out);
}

/// Appends `, name=value`; what is no token is quoted.
pub(super) fn push_plain(out: &mut String, name: &str, value: &str) {
    if !syntax::is_token(value) {
        push_quoted(out, name, value);
        return;
    }
    separate(out);
    out.push_str(name);
    out.push('=');
    out.push_str(value);
}

fn separate(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push_str(", ");
    }
}
