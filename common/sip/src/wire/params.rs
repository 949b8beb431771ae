//! Parameters: `;name=value;flag`.

use std::borrow::Cow;
use std::fmt::{self, Write};

use super::syntax;
use super::text::Text;

/// The parameters of a URI or of a header value, in their order, looked up without case.
///
/// Kept as text and searched when asked: most parameters of most messages are never looked at.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Params {
    /// Empty, or `;name`, `;name=value` repeated, without white space outside quotes.
    raw: Text,
}

/// Which values are allowed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grammar {
    /// Escapes, no quoted strings, no white space.
    Uri,
    /// Tokens, hosts and quoted strings, white space around the separators.
    Header,
}

impl Params {
    /// No parameters.
    pub const fn new() -> Params {
        Params { raw: Text::EMPTY }
    }

    /// Reads the parameters of a header value: empty, or beginning with `;`.
    pub fn parse(text: &str) -> Option<Params> {
        Params::parse_header(&Text::EMPTY, text)
    }

    pub(crate) fn parse_header(whole: &Text, text: &str) -> Option<Params> {
        Params::parse_as(Grammar::Header, whole, text)
    }

    pub(crate) fn parse_uri(whole: &Text, text: &str) -> Option<Params> {
        Params::parse_as(Grammar::Uri, whole, text)
    }

    fn parse_as(grammar: Grammar, whole: &Text, text: &str) -> Option<Params> {
        if text.is_empty() {
            return Some(Params::new());
        }
        let mut rest = Some(text.strip_prefix(';')?);
        let mut is_canonical = true;
        while let Some(text) = rest {
            let (param, next, (name, value)) = match grammar {
                Grammar::Header => {
                    let (param, next) = syntax::split_outside(text, b';')?;
                    (param, next, split_param(param))
                }
                Grammar::Uri => {
                    let (param, next) = split_at(text, b';');
                    (param, next, split_at(param, b'='))
                }
            };
            is_canonical &= param.len() == name.len() + value.map_or(0, |value| value.len() + 1);
            let is_valid = match grammar {
                Grammar::Header => {
                    syntax::is_token(name) && value.is_none_or(is_header_param_value)
                }
                Grammar::Uri => {
                    syntax::is_uri_param(name) && value.is_none_or(syntax::is_uri_param)
                }
            };
            if !is_valid {
                // `;;` and a `;` at the end mean nothing, and careless senders write them.
                if param.bytes().all(syntax::is_blank) && grammar == Grammar::Header {
                    is_canonical = false;
                } else {
                    return None;
                }
            }
            rest = next;
        }
        if is_canonical {
            return Some(Params {
                raw: whole.share(text),
            });
        }
        let mut tidy = String::with_capacity(text.len());
        for (name, value) in iterate(text) {
            push(&mut tidy, name, value);
        }
        Some(Params {
            raw: Text::from(tidy),
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// All parameters: names and raw values, quotes included; `None` where there is no `=`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        iterate(&self.raw)
    }

    fn find(&self, name: &str) -> Option<Option<&str>> {
        self.iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether the parameter is there, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The raw value, quotes included; `None` when the parameter is not there or has no value.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.find(name).flatten()
    }

    /// The value as a text that shares memory with the message.
    pub fn text(&self, name: &str) -> Option<Text> {
        self.value(name).map(|value| self.raw.share(value))
    }

    /// The value with quotes and backslashes removed.
    pub fn unquoted(&self, name: &str) -> Option<Cow<'_, str>> {
        self.value(name).map(syntax::unquote)
    }

    /// Sets a parameter, in its old place if it is there, else at the end.
    ///
    /// A value that could not be read back as it stands is put into quotes; a name that is no token is made one.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.set_all([(name, value)]);
    }

    /// As [`Params::set`] for several parameters of different names, at the cost of one.
    pub(crate) fn set_all<const N: usize>(&mut self, settings: [(&str, Option<&str>); N]) {
        let settings = settings.map(|(name, value)| (name, value.map(printable)));
        let room = |(name, value): &(&str, Option<Cow<'_, str>>)| {
            name.len() + value.as_ref().map_or(0, |value| value.len()) + 2
        };
        let room: usize = settings.iter().map(room).sum();
        let mut out = String::with_capacity(self.raw.len() + room);
        let mut is_set = [false; N];
        for (old_name, old_value) in self.iter() {
            let place = settings
                .iter()
                .position(|(name, _)| old_name.eq_ignore_ascii_case(name));
            match place {
                None => push(&mut out, old_name, old_value),
                Some(place) if is_set[place] => {}
                Some(place) => {
                    push(&mut out, old_name, settings[place].1.as_deref());
                    is_set[place] = true;
                }
            }
        }
        for ((name, value), is_set) in settings.iter().zip(is_set) {
            if is_set {
                continue;
            }
            if syntax::is_uri_param(name) {
                push(&mut out, name, value.as_deref());
            } else {
                push(&mut out, &syntax::to_token(name), value.as_deref());
            }
        }
        self.raw = Text::from(out);
    }

    /// As [`Params::set`], for building in one expression.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Params {
        self.set(name, value);
        self
    }

    /// Removes a parameter; tells whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        if !self.has(name) {
            return false;
        }
        let mut out = String::with_capacity(self.raw.len());
        for (old_name, old_value) in self.iter() {
            if !old_name.eq_ignore_ascii_case(name) {
                push(&mut out, old_name, old_value);
            }
        }
        self.raw = Text::from(out);
        true
    }

    /// The parameters as they are printed, with the `;` in front.
    pub fn as_str(&self) -> &str {
        &self.raw
    }
}

/// A value that the parser accepts: as it stands, or quoted.
fn printable(value: &str) -> Cow<'_, str> {
    if is_header_param_value(value) || syntax::is_uri_param(value) {
        return Cow::Borrowed(value);
    }
    let mut quoted = String::with_capacity(value.len() + 2);
    syntax::write_quoted(value, &mut quoted);
    Cow::Owned(quoted)
}

fn push(out: &mut String, name: &str, value: Option<&str>) {
    out.push(';');
    out.push_str(name);
    if let Some(value) = value {
        out.push('=');
        out.push_str(value);
    }
}

/// A token, a host (brackets and colons), or a quoted string.
///
/// More than RFC 3261 25.1 allows: some senders put a URI or Base64 here without quotes.
fn is_header_param_value(value: &str) -> bool {
    if value.starts_with('"') {
        return syntax::quoted_len(value) == Some(value.len());
    }
    !value.is_empty()
        && value.bytes().all(|byte| {
            byte > b' ' && byte != 0x7f && !matches!(byte, b';' | b',' | b'"' | b'<' | b'>' | b'\\')
        })
}

fn split_at(text: &str, separator: u8) -> (&str, Option<&str>) {
    match memchr::memchr(separator, text.as_bytes()) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

fn split_param(param: &str) -> (&str, Option<&str>) {
    let (name, value) = split_at(param, b'=');
    (syntax::trim(name), value.map(syntax::trim))
}

/// The parameters of valid text, empty ones left out.
fn iterate(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = text.strip_prefix(';');
    std::iter::from_fn(move || {
        loop {
            let (param, next) = match split_outside_quotes(rest?) {
                Some(split) => split,
                None => (rest?, None),
            };
            rest = next;
            let (name, value) = split_param(param);
            if !name.is_empty() {
                return Some((name, value));
            }
        }
    })
}

/// Splits at the first `;` that is not in a quoted string. URI parameters hold no quotes, so it serves both grammars.
fn split_outside_quotes(text: &str) -> Option<(&str, Option<&str>)> {
    match memchr::memchr2(b';', b'"', text.as_bytes()) {
        None => Some((text, None)),
        Some(at) if text.as_bytes()[at] == b';' => Some((&text[..at], Some(&text[at + 1..]))),
        Some(_) => syntax::split_outside(text, b';'),
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw)
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        f.write_str(&self.raw)?;
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_without_case() {
        let params = Params::parse(";Tag=abc;lr;q=0.7").unwrap();
        assert_eq!(params.value("tag"), Some("abc"));
        assert!(params.has("LR"));
        assert_eq!(params.value("lr"), None);
        assert_eq!(params.value("missing"), None);
        assert_eq!(params.iter().count(), 3);
    }

    #[test]
    fn white_space_and_empty_parameters_are_tidied() {
        let params = Params::parse("; tag = abc ;; lr;").unwrap();
        assert_eq!(params.as_str(), ";tag=abc;lr");
    }

    #[test]
    fn separators_in_quotes_belong_to_the_value() {
        let params = Params::parse(r#";text="a;b=\"c\"";next=1"#).unwrap();
        assert_eq!(params.unquoted("text").unwrap(), r#"a;b="c""#);
        assert_eq!(params.value("next"), Some("1"));
    }

    #[test]
    fn setting_replaces_in_place_and_removing_removes_all() {
        let mut params = Params::parse(";a=1;b=2;A=3").unwrap();
        params.set("a", Some("9"));
        assert_eq!(params.as_str(), ";a=9;b=2");
        params.set("c", None);
        assert_eq!(params.as_str(), ";a=9;b=2;c");
        assert!(params.remove("B"));
        assert!(!params.remove("b"));
        assert_eq!(params.as_str(), ";a=9;c");
    }

    #[test]
    fn values_that_need_quotes_get_them() {
        let mut params = Params::new();
        params.set("reason", Some("a b\r\nVia: c"));
        assert_eq!(params.as_str(), ";reason=\"a b  Via: c\"");
        assert_eq!(Params::parse(params.as_str()), Some(params));
    }

    #[test]
    fn malformed_parameters_are_refused() {
        for text in ["tag=a", ";=a", ";tag=", ";a b", ";tag=\"open", ";tag=a,b"] {
            assert_eq!(Params::parse(text), None, "{text}");
        }
        assert_eq!(Params::parse_uri(&Text::EMPTY, ";a=%zz"), None);
        assert_eq!(Params::parse_uri(&Text::EMPTY, ";a=b c"), None);
    }
}
