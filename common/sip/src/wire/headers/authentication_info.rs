//! Authentication-Info: what a server tells whom it has let in (RFC 3261 20.6, RFC 7615, RFC 7616 3.5).

use super::auth_params;
use super::credentials::parse_count;
use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::text::Text;

/// The server's proof and the nonce for the next request.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AuthenticationInfo {
    /// The nonce to be used from now on.
    pub nextnonce: Option<Text>,
    /// The quality of protection of the proof.
    pub qop: Option<Text>,
    /// The proof that the server knows the secret.
    pub rspauth: Option<Text>,
    /// The client's word, repeated.
    pub cnonce: Option<Text>,
    /// The client's count, repeated.
    pub nc: Option<u32>,
}

impl TypedHeader for AuthenticationInfo {
    const NAME: HeaderName = HeaderName::AuthenticationInfo;

    fn parse(value: &Text) -> Result<AuthenticationInfo, HeaderError> {
        let mut info = AuthenticationInfo::default();
        let mut has_bad_count = false;
        auth_params::read_list(value, value, |name, value| {
            match name.to_ascii_lowercase().as_str() {
                "nextnonce" => info.nextnonce = Some(value),
                "qop" => info.qop = Some(value),
                "rspauth" => info.rspauth = Some(value),
                "cnonce" => info.cnonce = Some(value),
                "nc" => {
                    info.nc = parse_count(&value);
                    has_bad_count = info.nc.is_none();
                }
                _ => {}
            }
        })
        .map_err(Self::malformed)?;
        if has_bad_count {
            return Err(Self::malformed(
                "has an nc that is not eight hexadecimal digits",
            ));
        }
        Ok(info)
    }

    fn print(&self, out: &mut String) {
        let mut quoted = |name, value: &Option<Text>| {
            if let Some(value) = value {
                auth_params::push_quoted(out, name, value);
            }
        };
        quoted("nextnonce", &self.nextnonce);
        quoted("rspauth", &self.rspauth);
        quoted("cnonce", &self.cnonce);
        if let Some(qop) = &self.qop {
            auth_params::push_plain(out, "qop", qop);
        }
        if let Some(nc) = self.nc {
            auth_params::push_plain(out, "nc", &format!("{nc:08x}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_prints_the_same() {
        for text in [
            "nextnonce=\"47364c23432d2e131a5fb210812c\"",
            "nextnonce=\"a\", rspauth=\"6629fae4\", cnonce=\"0a4f113b\", qop=auth, nc=00000001",
        ] {
            let info = AuthenticationInfo::parse(&Text::from(text)).unwrap();
            assert_eq!(info.to_text(), text);
        }
    }

    #[test]
    fn malformed_values_are_refused() {
        for text in ["nextnonce", "nc=x", "qop=auth, qop=auth", "a b=c", "a=\"b"] {
            assert!(
                AuthenticationInfo::parse(&Text::from(text)).is_err(),
                "{text}"
            );
        }
    }
}
