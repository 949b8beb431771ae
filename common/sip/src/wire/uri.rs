//! SIP, SIPS and telephone URIs (RFC 3261 19.1, RFC 3966).

mod telephone;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::host::Host;
use super::params::Params;
use super::syntax;
use super::text::Text;

pub use telephone::Telephone;

/// The scheme of a URI.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip`.
    Sip,
    /// `sips`.
    Sips,
    /// `tel` (RFC 3966).
    Tel,
    /// Any other.
    Other(Text),
}

impl Scheme {
    /// The scheme without its colon.
    pub fn as_str(&self) -> &str {
        match self {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
            Scheme::Other(name) => name,
        }
    }
}

/// Why a text is no URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UriError {
    /// No scheme in front.
    #[error("the URI has no scheme; write sip: in front of it")]
    Scheme,
    /// The user part or the password.
    #[error("the user part of the URI is empty or has a character that must be escaped")]
    User,
    /// The host or the port.
    #[error("the host or port of the URI is malformed")]
    Host,
    /// A parameter.
    #[error("a parameter of the URI is malformed")]
    Params,
    /// What follows the question mark.
    #[error("the header part of the URI is malformed")]
    Headers,
}

/// A URI.
///
/// For `tel` the number is the `user`, and the host is empty. For schemes that this crate does not know
/// the `user` holds everything after the colon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    /// The scheme.
    pub scheme: Scheme,
    /// The user part, with its escapes.
    pub user: Option<Text>,
    /// The password, with its escapes. Nobody should use it (RFC 3261 19.1.1).
    pub password: Option<Text>,
    /// The host.
    pub host: Host,
    /// The port, if one is written.
    pub port: Option<u16>,
    /// The parameters.
    pub params: Params,
    /// What follows the `?`, with its escapes: `subject=x&priority=urgent`.
    pub headers: Option<Text>,
}

impl Uri {
    /// A `sip` URI without user: `sip:example.com`.
    pub fn sip(host: Host, port: Option<u16>) -> Uri {
        Uri {
            scheme: Scheme::Sip,
            user: None,
            password: None,
            host,
            port,
            params: Params::new(),
            headers: None,
        }
    }

    /// Reads a URI.
    ///
    /// # Errors
    /// [`UriError`] names the part that is malformed.
    pub fn parse(text: &str) -> Result<Uri, UriError> {
        let whole = Text::from(text);
        Uri::parse_in(&whole, &whole)
    }

    /// Reads a URI that was cut from `whole`, sharing its memory.
    pub(crate) fn parse_in(whole: &Text, text: &str) -> Result<Uri, UriError> {
        let colon = memchr::memchr(b':', text.as_bytes()).ok_or(UriError::Scheme)?;
        let rest = &text[colon + 1..];
        let scheme = match &text[..colon] {
            "sip" => Scheme::Sip,
            "sips" => Scheme::Sips,
            name if name.eq_ignore_ascii_case("sip") => Scheme::Sip,
            name if name.eq_ignore_ascii_case("sips") => Scheme::Sips,
            name if name.eq_ignore_ascii_case("tel") => {
                return telephone::parse(whole, rest);
            }
            name if is_scheme(name) => {
                return parse_other(whole, name, rest);
            }
            _ => return Err(UriError::Scheme),
        };
        parse_sip(whole, scheme, rest)
    }

    /// The user part with its escapes undone.
    pub fn user_text(&self) -> Option<String> {
        self.user
            .as_deref()
            .map(|user| syntax::unescape(user).into_owned())
    }

    /// The same URI with another user part, which is escaped as needed.
    #[must_use]
    pub fn with_user(mut self, user: &str) -> Uri {
        self.user = Some(Text::from(escape_user(user)));
        self
    }

    /// The port to use: the one written, or that of the scheme (RFC 3261 19.1.2).
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(match self.scheme {
            Scheme::Sips => 5061,
            _ => 5060,
        })
    }

    /// Whether the `lr` parameter marks a loose router (RFC 3261 19.1.1).
    pub fn is_loose_router(&self) -> bool {
        find_param(&self.params, "lr").is_some()
    }

    /// Whether two URIs mean the same by the rules of RFC 3261 19.1.4, or of RFC 3966 4 for telephone numbers.
    pub fn equivalent(&self, other: &Uri) -> bool {
        /// Parameters that never match when only one of the URIs has them.
        const SIGNIFICANT: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];
        // Even one with a parameter that stands twice, which RFC 3261 19.1.1 forbids, is itself.
        if self == other {
            return true;
        }
        let has_same_core = match &self.scheme {
            Scheme::Tel => {
                return other.scheme == Scheme::Tel && telephone::equivalent(self, other);
            }
            Scheme::Sip | Scheme::Sips => {
                self.scheme == other.scheme
                    && unescaped(&self.user) == unescaped(&other.user)
                    && unescaped(&self.password) == unescaped(&other.password)
            }
            Scheme::Other(_) => return false,
        };
        has_same_core
            && self.host == other.host
            && self.port == other.port
            && self.params.iter().all(|(name, value)| {
                // What only one of them has does not count, unless it is significant.
                find_param(&other.params, &syntax::unescape(name))
                    .is_none_or(|other| same_value(value, other))
            })
            && SIGNIFICANT.iter().all(|name| {
                find_param(&self.params, name).is_some()
                    == find_param(&other.params, name).is_some()
            })
            && same_headers(self.headers.as_deref(), other.headers.as_deref())
    }
}

fn parse_sip(whole: &Text, scheme: Scheme, text: &str) -> Result<Uri, UriError> {
    let (user, password, rest) = match memchr::memchr(b'@', text.as_bytes()) {
        None => (None, None, text),
        Some(at) => {
            let (user, password) = match text[..at].split_once(':') {
                None => (&text[..at], None),
                Some((user, password)) => (user, Some(password)),
            };
            if user.is_empty() || !syntax::is_user(user) || !password.is_none_or(syntax::is_user) {
                return Err(UriError::User);
            }
            (
                Some(whole.share(user)),
                password.map(|password| whole.share(password)),
                &text[at + 1..],
            )
        }
    };
    let (host_end, params_end) = match memchr::memchr2(b';', b'?', rest.as_bytes()) {
        None => (rest.len(), rest.len()),
        Some(at) if rest.as_bytes()[at] == b'?' => (at, at),
        Some(at) => {
            let question = memchr::memchr(b'?', &rest.as_bytes()[at..]);
            (at, question.map_or(rest.len(), |question| at + question))
        }
    };
    let authority = &rest[..host_end];
    if authority.bytes().any(syntax::is_blank) {
        return Err(UriError::Host);
    }
    let (host, port) = Host::parse_with_port(whole, authority).ok_or(UriError::Host)?;
    let params = Params::parse_uri(whole, &rest[host_end..params_end]).ok_or(UriError::Params)?;
    let headers = match rest[params_end..].strip_prefix('?') {
        None => None,
        Some(headers) if syntax::is_uri_headers(headers) => Some(whole.share(headers)),
        Some(_) => return Err(UriError::Headers),
    };
    Ok(Uri {
        scheme,
        user,
        password,
        host,
        port,
        params,
        headers,
    })
}

fn parse_other(whole: &Text, scheme: &str, text: &str) -> Result<Uri, UriError> {
    let is_opaque = !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte > b' ' && byte != 0x7f && !matches!(byte, b'<' | b'>' | b'"'));
    if !is_opaque {
        return Err(UriError::User);
    }
    Ok(Uri {
        scheme: Scheme::Other(whole.share(scheme)),
        user: Some(whole.share(text)),
        password: None,
        host: Host::default(),
        port: None,
        params: Params::new(),
        headers: None,
    })
}

/// RFC 3986 3.1.
fn is_scheme(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Escapes what the user part may not hold.
fn escape_user(user: &str) -> String {
    let mut out = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A parameter by its unescaped name: `%6cr` is `lr` (RFC 3261 19.1.4).
fn find_param<'a>(params: &'a Params, name: &str) -> Option<Option<&'a str>> {
    params
        .iter()
        .find(|(found, _)| syntax::unescape(found).eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn unescaped(part: &Option<Text>) -> Option<std::borrow::Cow<'_, str>> {
    part.as_deref().map(syntax::unescape)
}

fn same_value(one: Option<&str>, two: Option<&str>) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => {
            syntax::unescape(one).eq_ignore_ascii_case(&syntax::unescape(two))
        }
        (None, None) => true,
        _ => false,
    }
}

/// Whether two header parts hold the same headers in any order.
fn same_headers(one: Option<&str>, two: Option<&str>) -> bool {
    fn sorted(headers: &str) -> Vec<(String, String)> {
        let mut list: Vec<_> = headers
            .split('&')
            .map(|header| {
                let (name, value) = header.split_once('=').unwrap_or((header, ""));
                (
                    name.to_ascii_lowercase(),
                    syntax::unescape(value).into_owned(),
                )
            })
            .collect();
        list.sort();
        list
    }
    match (one, two) {
        (Some(one), Some(two)) => sorted(one) == sorted(two),
        (None, None) => true,
        _ => false,
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Uri, UriError> {
        Uri::parse(text)
    }
}

impl Uri {
    /// Appends the URI; faster than through the formatter.
    pub(crate) fn print(&self, out: &mut String) {
        out.push_str(self.scheme.as_str());
        out.push(':');
        if let Some(user) = &self.user {
            out.push_str(user);
            if let Some(password) = &self.password {
                out.push(':');
                out.push_str(password);
            }
            if !self.host.is_empty() {
                out.push('@');
            }
        }
        self.host.print(out);
        if let Some(port) = self.port {
            out.push(':');
            syntax::write_number(u32::from(port), out);
        }
        out.push_str(self.params.as_str());
        if let Some(headers) = &self.headers {
            out.push('?');
            out.push_str(headers);
        }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::with_capacity(64);
        self.print(&mut out);
        f.write_str(&out)
    }
}

#[cfg(test)]
mod tests;
