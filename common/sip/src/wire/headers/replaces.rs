//! Replaces: which call a new call takes the place of (RFC 3891).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;
use crate::wire::uri::Uri;

/// `a84b4c76e66710@pc33.example.com;to-tag=7743;from-tag=6472`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    /// The Call-ID of the call.
    pub call_id: Text,
    /// Both tags, `early-only` and others.
    pub params: Params,
}

impl Replaces {
    /// A call by its Call-ID and its tags, the local one of the receiver first.
    pub fn new(call_id: impl Into<Text>, to_tag: &str, from_tag: &str) -> Replaces {
        Replaces {
            call_id: call_id.into(),
            params: Params::new()
                .with("to-tag", Some(to_tag))
                .with("from-tag", Some(from_tag)),
        }
    }

    /// The tag of the receiver.
    pub fn to_tag(&self) -> &str {
        self.params.value("to-tag").unwrap_or_default()
    }

    /// The tag of its peer.
    pub fn from_tag(&self) -> &str {
        self.params.value("from-tag").unwrap_or_default()
    }

    /// Whether only a call that is not answered yet may be replaced.
    pub fn is_early_only(&self) -> bool {
        self.params.has("early-only")
    }

    /// The header that a URI carries, as in the Refer-To of an attended transfer; `None` when there is none.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn in_uri(uri: &Uri) -> Result<Option<Replaces>, HeaderError> {
        let headers = uri.headers.as_deref().unwrap_or_default();
        headers
            .split('&')
            .filter_map(|header| header.split_once('='))
            .find(|(name, _)| syntax::unescape(name).eq_ignore_ascii_case("Replaces"))
            .map(|(_, value)| Replaces::parse(&Text::from(syntax::unescape(value).into_owned())))
            .transpose()
    }

    /// The header as a URI carries it: `Replaces=…`, escaped.
    pub fn to_uri_header(&self) -> Text {
        let mut out = String::from("Replaces=");
        for byte in self.to_text().bytes() {
            // The "unreserved" of RFC 3261 25.1, without the marks that need care.
            if byte.is_ascii_alphanumeric() || b"-_.!~*".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        Text::from(out)
    }
}

impl TypedHeader for Replaces {
    const NAME: HeaderName = HeaderName::Replaces;

    fn parse(value: &Text) -> Result<Replaces, HeaderError> {
        let end = memchr::memchr(b';', value.as_bytes()).unwrap_or(value.len());
        let call_id = syntax::trim(&value[..end]);
        if call_id.is_empty() || call_id.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(Replaces::malformed("does not begin with a Call-ID"));
        }
        let params = Params::parse_header(value, &value[end..])
            .ok_or_else(|| Replaces::malformed("has a malformed parameter"))?;
        // RFC 3891 3: exactly one to-tag and exactly one from-tag.
        for tag in ["to-tag", "from-tag"] {
            let mut tags = params
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case(tag));
            if !matches!((tags.next(), tags.next()), (Some((_, Some(_))), None)) {
                return Err(Replaces::malformed("has not one to-tag and one from-tag"));
            }
        }
        Ok(Replaces {
            call_id: value.share(call_id),
            params,
        })
    }

    fn print(&self, out: &mut String) {
        out.push_str(&self.call_id);
        out.push_str(self.params.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff";

    #[test]
    fn call_and_tags_are_read_and_printed() {
        let replaces = Replaces::parse(&Text::from(TEXT)).unwrap();
        assert_eq!(replaces.call_id, "98732@sip.example.com");
        assert_eq!(
            (replaces.to_tag(), replaces.from_tag()),
            ("ff87ff", "r33th4x0r")
        );
        assert!(!replaces.is_early_only());
        assert_eq!(replaces.to_text(), TEXT);
        let early = Replaces::parse(&Text::from(format!("{TEXT};early-only"))).unwrap();
        assert!(early.is_early_only());
    }

    #[test]
    fn it_travels_in_a_uri() {
        let replaces = Replaces::new("12345@192.0.2.1", "12;45", "54321");
        let mut uri: Uri = "sip:carol@example.com".parse().unwrap();
        assert_eq!(Replaces::in_uri(&uri), Ok(None));
        uri.headers = Some(replaces.to_uri_header());
        let uri: Uri = uri.to_string().parse().unwrap();
        assert_eq!(Replaces::in_uri(&uri), Ok(Some(replaces)));
        let broken: Uri = "sip:carol@example.com?Subject=x&replaces=a"
            .parse()
            .unwrap();
        assert!(Replaces::in_uri(&broken).is_err());
    }

    #[test]
    fn malformed_values_are_refused() {
        for text in [
            "",
            "a@b",
            "a@b;to-tag=1",
            "a@b;to-tag=1;from-tag",
            "a@b;to-tag=1;from-tag=2;to-tag=3",
            ";to-tag=1;from-tag=2",
            "a b;to-tag=1;from-tag=2",
        ] {
            assert!(Replaces::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
