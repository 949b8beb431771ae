//! An address with an optional name, as in From, To, Contact and Route (RFC 3261 20.10, 25.1).

use std::fmt;

use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;
use crate::wire::uri::Uri;

/// `"Alice" <sip:alice@example.com>;tag=1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr {
    /// The name shown to people, without quotes and backslashes.
    pub display_name: Option<Text>,
    /// The address.
    pub uri: Uri,
    /// The parameters of the header, not those of the URI.
    pub params: Params,
}

impl NameAddr {
    /// An address without name and parameters.
    pub const fn new(uri: Uri) -> NameAddr {
        NameAddr {
            display_name: None,
            uri,
            params: Params::new(),
        }
    }

    /// The `tag` parameter: one end of a dialog.
    pub fn tag(&self) -> Option<&str> {
        self.params.value("tag")
    }

    /// The same address with another tag.
    #[must_use]
    pub fn with_tag(mut self, tag: &str) -> NameAddr {
        self.params.set("tag", Some(tag));
        self
    }

    /// The same address with a name.
    #[must_use]
    pub fn with_display_name(mut self, name: impl Into<Text>) -> NameAddr {
        self.display_name = Some(name.into());
        self
    }

    /// Reads an address with or without angle brackets.
    ///
    /// # Errors
    /// The rest of the sentence "the … header".
    pub(crate) fn parse_in(value: &Text) -> Result<NameAddr, &'static str> {
        let text = value.as_str();
        let (display_name, rest) = if text.starts_with('"') {
            let end = syntax::quoted_len(text).ok_or("has an open quote")?;
            let name = match syntax::unquote(&text[..end]) {
                std::borrow::Cow::Borrowed(name) => value.share(name),
                std::borrow::Cow::Owned(name) => Text::from(name),
            };
            let rest = text[end..].trim_start_matches([' ', '\t']);
            if !rest.starts_with('<') {
                return Err("has a name without an address in angle brackets");
            }
            (Some(name), rest)
        } else {
            match memchr::memchr(b'<', text.as_bytes()) {
                None => return parse_bare(value),
                // `sip:a@b;x=<y>`: the bracket belongs to a parameter, which may not hold one.
                Some(bracket) => {
                    let name = syntax::trim(&text[..bracket]);
                    if !is_unquoted_name(name) {
                        return Err("has a name that must be put into quotes");
                    }
                    let name = (!name.is_empty()).then(|| value.share(name));
                    (name, &text[bracket..])
                }
            }
        };
        let end = memchr::memchr(b'>', rest.as_bytes()).ok_or("has an open angle bracket")?;
        let uri = Uri::parse_in(value, syntax::trim(&rest[1..end]))
            .map_err(|_| "has a malformed address")?;
        let params = Params::parse_header(value, syntax::trim(&rest[end + 1..]))
            .ok_or("has a malformed parameter")?;
        Ok(NameAddr {
            display_name,
            uri,
            params,
        })
    }

    /// Appends the address. Angle brackets are always written: without them parameters of the URI would become
    /// parameters of the header.
    pub(crate) fn print(&self, out: &mut String) {
        if let Some(name) = &self.display_name {
            syntax::write_quoted(name, out);
            out.push(' ');
        }
        out.push('<');
        self.uri.print(out);
        out.push('>');
        out.push_str(self.params.as_str());
    }
}

/// `sip:alice@example.com;tag=1`: all parameters are the header's (RFC 3261 20.10).
fn parse_bare(value: &Text) -> Result<NameAddr, &'static str> {
    let text = value.as_str();
    let end = memchr::memchr(b';', text.as_bytes()).unwrap_or(text.len());
    let address = syntax::trim(&text[..end]);
    // RFC 3261 20: a URI with a comma, question mark or semicolon MUST be enclosed in angle brackets.
    if memchr::memchr2(b'?', b',', address.as_bytes()).is_some() {
        return Err("has an address that must be put into angle brackets");
    }
    let uri = Uri::parse_in(value, address).map_err(|_| "has a malformed address")?;
    let params = Params::parse_header(value, &text[end..]).ok_or("has a malformed parameter")?;
    Ok(NameAddr {
        display_name: None,
        uri,
        params,
    })
}

/// RFC 3261 allows tokens only. Accented letters and apostrophes are common and harmless; what separates values
/// is not.
fn is_unquoted_name(name: &str) -> bool {
    !name
        .bytes()
        .any(|byte| matches!(byte, b'"' | b',' | b';' | b':' | b'>' | b'\\' | 0x7f) || byte < b'\t')
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.print(&mut out);
        f.write_str(&out)
    }
}

impl std::str::FromStr for NameAddr {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<NameAddr, InvalidAddress> {
        NameAddr::parse_in(&Text::from(syntax::trim(text))).map_err(InvalidAddress)
    }
}

/// A text that is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address {0}")]
pub struct InvalidAddress(&'static str);

/// Implements a header whose value is one address.
macro_rules! address_header {
    ($(#[$doc:meta])* $type:ident, $name:ident, $occurs:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type(pub $crate::wire::headers::NameAddr);

        impl $crate::wire::header_list::TypedHeader for $type {
            const NAME: $crate::wire::header_name::HeaderName =
                $crate::wire::header_name::HeaderName::$name;
            const OCCURS: $crate::wire::header_list::Occurs =
                $crate::wire::header_list::Occurs::$occurs;

            fn parse(
                value: &$crate::wire::text::Text,
            ) -> Result<Self, $crate::wire::header_list::HeaderError> {
                $crate::wire::headers::NameAddr::parse_in(value)
                    .map($type)
                    .map_err(Self::malformed)
            }

            fn print(&self, out: &mut String) {
                self.0.print(out);
            }
        }

        impl std::ops::Deref for $type {
            type Target = $crate::wire::headers::NameAddr;
            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    };
}
pub(crate) use address_header;

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> NameAddr {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn what_is_read_prints_the_same() {
        for text in [
            "<sip:alice@atlanta.com>",
            "\"Alice\" <sip:alice@atlanta.com>;tag=1928301774",
            r#""A \"quoted\" \\ name" <sip:a@b;x=y?z=1>;q=0.5;+sip.instance="<urn:uuid:0>""#,
            "\"\" <sip:a@b>",
            "<tel:+12015550123>;tag=a",
        ] {
            assert_eq!(address(text).to_string(), text);
        }
    }

    #[test]
    fn without_brackets_the_parameters_are_the_headers() {
        let bare = address("sip:alice@atlanta.com;tag=1;x");
        assert_eq!(bare.tag(), Some("1"));
        assert!(bare.uri.params.is_empty());
        assert_eq!(bare.to_string(), "<sip:alice@atlanta.com>;tag=1;x");
    }

    #[test]
    fn names_may_stand_without_quotes() {
        assert_eq!(
            address("Mr. Watson  <sip:w@b>").display_name.as_deref(),
            Some("Mr. Watson")
        );
        assert_eq!(
            address("Zoë O'Neil<sip:w@b>").to_string(),
            "\"Zoë O'Neil\" <sip:w@b>"
        );
    }

    #[test]
    fn white_space_is_allowed_between_the_parts() {
        let address = address("\"A\"\t < sip:a@b > ; tag = 9 ");
        assert_eq!(address.to_string(), "\"A\" <sip:a@b>;tag=9");
    }

    #[test]
    fn malformed_addresses_are_refused() {
        for text in [
            "",
            "alice",
            "\"Alice <sip:a@b>",
            "\"Alice\" sip:a@b",
            "Bell, Alexander <sip:a@b>",
            "<sip:a@b",
            "<sip:a@b> x",
            "<>",
            "sip:a@b?Route=x",
            "<sip:a@b>;tag=",
            "\"a\" \"b\" <sip:a@b>",
        ] {
            assert!(text.parse::<NameAddr>().is_err(), "{text}");
        }
    }
}
