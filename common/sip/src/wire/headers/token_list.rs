//! Headers that are lists of tokens: Allow, Supported, Require and their kin (RFC 3261 20.5, 20.29, 20.32, 20.37, 20.40).

use crate::wire::header_list::{HeaderError, Occurs, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::method::Method;
use crate::wire::syntax;
use crate::wire::text::Text;

macro_rules! option_tag_header {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type(pub Text);

        impl TypedHeader for $type {
            const NAME: HeaderName = HeaderName::$type;
            const OCCURS: Occurs = Occurs::List;

            fn parse(value: &Text) -> Result<$type, HeaderError> {
                if syntax::is_token(value) {
                    Ok($type(value.clone()))
                } else {
                    Err($type::malformed("has an item that is no token"))
                }
            }

            fn print(&self, out: &mut String) {
                out.push_str(&self.0);
            }
        }
    };
}

option_tag_header! {
    /// An extension that the sender understands.
    Supported
}

option_tag_header! {
    /// An extension that the receiver must understand.
    Require
}

option_tag_header! {
    /// An extension that proxies must understand.
    ProxyRequire
}

option_tag_header! {
    /// An extension that the sender of a 420 does not understand.
    Unsupported
}

option_tag_header! {
    /// An event package that the sender can notify of (RFC 6665 8.2.2).
    AllowEvents
}

/// A method that the sender understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow(pub Method);

impl TypedHeader for Allow {
    const NAME: HeaderName = HeaderName::Allow;
    const OCCURS: Occurs = Occurs::List;

    fn parse(value: &Text) -> Result<Allow, HeaderError> {
        Method::parse_in(value, value)
            .map(Allow)
            .ok_or_else(|| Allow::malformed("has an item that is no method"))
    }

    fn print(&self, out: &mut String) {
        out.push_str(self.0.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::header_list::Headers;

    #[test]
    fn lists_are_read_over_several_fields() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Supported, "100rel ,timer");
        headers.push(HeaderName::Supported, "path");
        let tags = headers.typed_list::<Supported>().unwrap();
        assert_eq!(
            tags,
            ["100rel", "timer", "path"].map(|tag| Supported(tag.into()))
        );
    }

    #[test]
    fn an_empty_list_says_that_there_is_nothing() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Allow, "");
        assert_eq!(headers.typed_list::<Allow>().unwrap(), []);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        assert!(Require::parse(&Text::from("a b")).is_err());
        assert!(Allow::parse(&Text::from("")).is_err());
    }
}
