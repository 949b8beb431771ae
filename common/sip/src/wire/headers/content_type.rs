//! Content-Type: what the body is (RFC 3261 20.15).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;

/// `application/sdp`, `text/plain;charset=utf-8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// The part before the slash.
    pub kind: Text,
    /// The part after the slash.
    pub subtype: Text,
    /// `charset`, `boundary` and others.
    pub params: Params,
}

impl ContentType {
    /// `application/sdp`.
    pub const SDP: ContentType = ContentType {
        kind: Text::from_static("application"),
        subtype: Text::from_static("sdp"),
        params: Params::new(),
    };

    /// Whether this is `kind/subtype`, compared without case and parameters.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype)
    }
}

impl TypedHeader for ContentType {
    const NAME: HeaderName = HeaderName::ContentType;

    fn parse(value: &Text) -> Result<ContentType, HeaderError> {
        let end = memchr::memchr(b';', value.as_bytes()).unwrap_or(value.len());
        let (kind, subtype) = value[..end]
            .split_once('/')
            .ok_or_else(|| ContentType::malformed("is not a type and a subtype"))?;
        let (kind, subtype) = (syntax::trim(kind), syntax::trim(subtype));
        if !syntax::is_token(kind) || !syntax::is_token(subtype) {
            return Err(ContentType::malformed("is not a type and a subtype"));
        }
        Ok(ContentType {
            kind: value.share(kind),
            subtype: value.share(subtype),
            params: Params::parse_header(value, &value[end..])
                .ok_or_else(|| ContentType::malformed("has a malformed parameter"))?,
        })
    }

    fn print(&self, out: &mut String) {
        out.push_str(&self.kind);
        out.push('/');
        out.push_str(&self.subtype);
        out.push_str(self.params.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_and_printed() {
        for (text, printed) in [
            ("application/sdp", "application/sdp"),
            (
                "text / html ; charset=ISO-8859-4",
                "text/html;charset=ISO-8859-4",
            ),
            (
                "multipart/mixed;boundary=\"a;b\"",
                "multipart/mixed;boundary=\"a;b\"",
            ),
        ] {
            assert_eq!(
                ContentType::parse(&Text::from(text)).unwrap().to_text(),
                printed
            );
        }
        assert!(ContentType::SDP.is("Application", "SDP"));
    }

    #[test]
    fn malformed_types_are_refused() {
        for text in ["", "sdp", "application/", "/sdp", "a b/c", "a/b;c="] {
            assert!(ContentType::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
