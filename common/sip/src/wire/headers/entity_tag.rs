//! SIP-ETag and SIP-If-Match: which published state a PUBLISH is about (RFC 3903 11.3).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

macro_rules! entity_tag_header {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $type(pub Text);

        impl TypedHeader for $type {
            const NAME: HeaderName = HeaderName::$type;

            fn parse(value: &Text) -> Result<$type, HeaderError> {
                if syntax::is_token(value) {
                    Ok($type(value.clone()))
                } else {
                    Err($type::malformed("is no token"))
                }
            }

            fn print(&self, out: &mut String) {
                out.push_str(&self.0);
            }
        }
    };
}

entity_tag_header! {
    /// The name that a server gives to a published state.
    SipEtag
}

entity_tag_header! {
    /// The name of the state to refresh, change or remove. Compared with its case.
    SipIfMatch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_and_printed() {
        let tag = SipEtag::parse(&Text::from("dx200xyz")).unwrap();
        assert_eq!(tag.to_text(), "dx200xyz");
        assert_eq!(SipIfMatch(tag.0).to_text(), "dx200xyz");
        for text in ["", "a b", "\"a\"", "a;b"] {
            assert!(SipIfMatch::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
