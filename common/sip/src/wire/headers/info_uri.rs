//! Headers that point at something to fetch: what Alert-Info, Call-Info and Error-Info share.

/// Implements a header of the form `<uri>;name=value`.
macro_rules! info_uri_header {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type {
            /// Where it is. Whoever fetches it tells its owner so; do not do it unasked.
            pub uri: $crate::wire::uri::Uri,
            /// What stands behind it.
            pub params: $crate::wire::params::Params,
        }

        impl $crate::wire::header_list::TypedHeader for $type {
            const NAME: $crate::wire::header_name::HeaderName =
                $crate::wire::header_name::HeaderName::$type;
            const OCCURS: $crate::wire::header_list::Occurs =
                $crate::wire::header_list::Occurs::List;

            fn parse(
                value: &$crate::wire::text::Text,
            ) -> Result<Self, $crate::wire::header_list::HeaderError> {
                let (uri, params) = $crate::wire::headers::info_uri::parse(value)
                    .map_err($type::malformed)?;
                Ok($type { uri, params })
            }

            fn print(&self, out: &mut String) {
                out.push('<');
                self.uri.print(out);
                out.push('>');
                out.push_str(self.params.as_str());
            }
        }
    };
}
pub(crate) use info_uri_header;

use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;
use crate::wire::uri::Uri;

/// A URI in angle brackets, and parameters. An error is the end of the sentence "the … header".
pub(super) fn parse(value: &Text) -> Result<(Uri, Params), &'static str> {
    let open = "has no address in angle brackets";
    let rest = value.strip_prefix('<').ok_or(open)?;
    let (uri, params) = rest.split_once('>').ok_or(open)?;
    let uri = Uri::parse_in(value, syntax::trim(uri)).map_err(|_| "has a malformed address")?;
    let params = Params::parse_header(value, syntax::trim(params));
    Ok((uri, params.ok_or("has a malformed parameter")?))
}

#[cfg(test)]
mod tests {
    use crate::wire::header_list::TypedHeader;
    use crate::wire::headers::round_trip::{are_refused, comes_back};
    use crate::{AlertInfo, CallInfo, ErrorInfo};

    fn reads_addresses_in_brackets<T: TypedHeader>() -> T {
        comes_back::<T>("<sip:not-in-service@example.com>");
        are_refused::<T>(&[
            "",
            "http://a",
            "<http://a",
            "<>",
            "<sip:a@b> x",
            "<sip:a@b>;=",
        ]);
        comes_back::<T>("<http://www.example.com/sounds/moo.wav>;x=\"a, b\"")
    }

    #[test]
    fn the_address_stands_in_brackets() {
        let alert = reads_addresses_in_brackets::<AlertInfo>();
        assert_eq!(alert.uri.scheme.as_str(), "http");
        let call = reads_addresses_in_brackets::<CallInfo>();
        assert_eq!(call.uri.scheme.as_str(), "http");
        let error = reads_addresses_in_brackets::<ErrorInfo>();
        assert_eq!(error.uri.scheme.as_str(), "http");
    }
}
