//! Authorization and Proxy-Authorization: the answer to a challenge (RFC 7616 3.4).

use std::fmt;

use super::auth_params;
use crate::digest::Algorithm;
use crate::wire::header_list::{HeaderError, Occurs, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

/// Digest credentials.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Credentials {
    /// The login, or its hash.
    pub username: Text,
    /// Whether `username` is a hash of the login (`userhash`).
    pub is_login_hashed: bool,
    /// The realm of the challenge.
    pub realm: Text,
    /// The nonce of the challenge.
    pub nonce: Text,
    /// The URI that was asked for.
    pub uri: Text,
    /// The digest in lower-case hexadecimal.
    pub response: Text,
    /// The algorithm as it was written; MD5 when there is none.
    pub algorithm: Option<Text>,
    /// The client's own word.
    pub cnonce: Option<Text>,
    /// The chosen quality of protection; none for clients older than RFC 2617.
    pub qop: Option<Text>,
    /// How many requests were sent with this nonce, this one included.
    pub nc: Option<u32>,
    /// The opaque word of the challenge.
    pub opaque: Option<Text>,
}

impl Credentials {
    /// The algorithm, if this crate knows it.
    pub fn algorithm(&self) -> Option<Algorithm> {
        match &self.algorithm {
            None => Some(Algorithm::Md5),
            Some(name) => Algorithm::parse(name),
        }
    }

    pub(crate) fn read(value: &Text) -> Result<Credentials, &'static str> {
        let mut credentials = Credentials::default();
        let mut found = 0u8;
        let (mut has_bad_count, mut has_bad_login) = (false, false);
        auth_params::read_digest(value, |name, value| {
            match name.to_ascii_lowercase().as_str() {
                "username" => {
                    has_bad_login |= found & 1 != 0;
                    credentials.username = value;
                    found |= 1;
                }
                // RFC 7616 3.4: a login that is not ASCII, if it is not hashed.
                "username*" => match decode_extended(&value) {
                    Some(login) if found & 1 == 0 => {
                        credentials.username = login;
                        found |= 1;
                    }
                    _ => has_bad_login = true,
                },
                "userhash" => credentials.is_login_hashed = value.eq_ignore_ascii_case("true"),
                "realm" => {
                    credentials.realm = value;
                    found |= 2;
                }
                "nonce" => {
                    credentials.nonce = value;
                    found |= 4;
                }
                "uri" => {
                    credentials.uri = value;
                    found |= 8;
                }
                "response" => {
                    credentials.response = value;
                    found |= 16;
                }
                "algorithm" => credentials.algorithm = Some(value),
                "cnonce" => credentials.cnonce = Some(value),
                "qop" => credentials.qop = Some(value),
                "nc" => {
                    credentials.nc = parse_count(&value);
                    has_bad_count = credentials.nc.is_none();
                }
                "opaque" => credentials.opaque = Some(value),
                _ => {}
            }
        })?;
        if has_bad_count {
            return Err("has an nc that is not eight hexadecimal digits");
        }
        if has_bad_login {
            return Err("has two user names, or one that is not of UTF-8");
        }
        if found != 31 {
            return Err("lacks username, realm, nonce, uri or response");
        }
        Ok(credentials)
    }

    fn write(&self, out: &mut String) {
        out.push_str("Digest ");
        auth_params::push_quoted(out, "username", &self.username);
        auth_params::push_quoted(out, "realm", &self.realm);
        auth_params::push_quoted(out, "nonce", &self.nonce);
        auth_params::push_quoted(out, "uri", &self.uri);
        auth_params::push_quoted(out, "response", &self.response);
        if let Some(algorithm) = &self.algorithm {
            auth_params::push_plain(out, "algorithm", algorithm);
        }
        if let Some(cnonce) = &self.cnonce {
            auth_params::push_quoted(out, "cnonce", cnonce);
        }
        if let Some(opaque) = &self.opaque {
            auth_params::push_quoted(out, "opaque", opaque);
        }
        if let Some(qop) = &self.qop {
            auth_params::push_plain(out, "qop", qop);
        }
        if let Some(nc) = self.nc {
            auth_params::push_plain(out, "nc", &format!("{nc:08x}"));
        }
        if self.is_login_hashed {
            auth_params::push_plain(out, "userhash", "true");
        }
    }
}

/// `UTF-8''J%C3%A4s%C3%B8n` (RFC 8187): the character set, a language, and the escaped text.
fn decode_extended(value: &str) -> Option<Text> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, text) = rest.split_once('\'')?;
    charset
        .eq_ignore_ascii_case("UTF-8")
        .then(|| Text::from(syntax::unescape(text)))
}

/// RFC 7616 3.4: `nc-value = 8LHEX`. Upper case and fewer digits are harmless and seen.
pub(super) fn parse_count(text: &str) -> Option<u32> {
    let is_hexadecimal =
        (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hexadecimal
        .then(|| u32::from_str_radix(text, 16).ok())
        .flatten()
}

impl fmt::Debug for Credentials {
    /// Leaves out the response and the client's word, which help to guess a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("realm", &self.realm)
            .field("uri", &self.uri)
            .field("algorithm", &self.algorithm)
            .field("qop", &self.qop)
            .field("nc", &self.nc)
            .finish_non_exhaustive()
    }
}

macro_rules! credentials_header {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type(pub Credentials);

        impl TypedHeader for $type {
            const NAME: HeaderName = HeaderName::$type;
            const OCCURS: Occurs = Occurs::Repeated;

            fn parse(value: &Text) -> Result<$type, HeaderError> {
                Credentials::read(value).map($type).map_err($type::malformed)
            }

            fn print(&self, out: &mut String) {
                self.0.write(out);
            }
        }
    };
}

credentials_header! {
    /// Credentials for a server.
    Authorization
}

credentials_header! {
    /// Credentials for a proxy.
    ProxyAuthorization
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Digest username=\"bob\", realm=\"biloxi.com\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"sip:bob@biloxi.com\", \
        response=\"6629fae49393a05397450978507c4ef1\", algorithm=MD5, cnonce=\"0a4f113b\", \
        opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", qop=auth, nc=0000000a";

    #[test]
    fn what_is_read_prints_the_same() {
        let credentials = Authorization::parse(&Text::from(TEXT)).unwrap();
        assert_eq!(credentials.0.nc, Some(10));
        assert_eq!(credentials.0.algorithm(), Some(Algorithm::Md5));
        assert_eq!(credentials.to_text(), TEXT);
    }

    #[test]
    fn a_quoted_qop_is_understood() {
        let text = TEXT.replace("qop=auth", "qop=\"auth\"");
        let credentials = ProxyAuthorization::parse(&Text::from(text)).unwrap();
        assert_eq!(credentials.0.qop.as_deref(), Some("auth"));
    }

    #[test]
    fn malformed_credentials_are_refused() {
        for text in [
            TEXT.replace("Digest", "Basic"),
            TEXT.replace("username=\"bob\", ", ""),
            TEXT.replace("nc=0000000a", "nc=0000000g"),
            TEXT.replace("nc=0000000a", "nc=000000001"),
            TEXT.replace("nc=0000000a", "nc=1, nc=2"),
        ] {
            assert!(Authorization::parse(&Text::from(&text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_login_may_be_hashed_or_written_in_another_alphabet() {
        let text = format!("{TEXT}, userhash=true");
        let credentials = Authorization::parse(&Text::from(&text)).unwrap();
        assert!(credentials.0.is_login_hashed);
        assert_eq!(credentials.to_text(), text);
        let text = TEXT.replace("username=\"bob\"", "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe");
        let credentials = Authorization::parse(&Text::from(&text)).unwrap();
        assert_eq!(credentials.0.username, "J\u{e4}s\u{f8}n Doe");
        for text in [
            format!("{TEXT}, username*=UTF-8''eve"),
            format!("Digest username*=UTF-8''eve, {}", &TEXT[7..]),
            text.replace("UTF-8", "latin1"),
        ] {
            assert!(Authorization::parse(&Text::from(&text)).is_err(), "{text}");
        }
    }

    #[test]
    fn the_response_is_not_shown() {
        let credentials = Authorization::parse(&Text::from(TEXT)).unwrap();
        let shown = format!("{credentials:?}");
        assert!(shown.contains("bob") && !shown.contains("6629fae4"));
    }
}
