//! Headers that are a number of seconds: what Expires and its kin share.

use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;

/// Too large a number is the largest: both mean "as long as possible" (RFC 3261 20.19 allows 2^32-1).
pub(super) fn parse_seconds(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u32::MAX))
}

/// Seconds with parameters behind them. An error is the end of the sentence "the … header".
pub(super) fn parse_with_params(value: &Text) -> Result<(u32, Params), &'static str> {
    let end = memchr::memchr(b';', value.as_bytes()).unwrap_or(value.len());
    let seconds = parse_seconds(syntax::trim(&value[..end]))
        .ok_or("does not begin with a number of seconds")?;
    let params = Params::parse_header(value, &value[end..]).ok_or("has a malformed parameter")?;
    Ok((seconds, params))
}

/// Implements a header that is a number of seconds and nothing else.
macro_rules! seconds_header {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $type(pub u32);

        impl $crate::wire::header_list::TypedHeader for $type {
            const NAME: $crate::wire::header_name::HeaderName =
                $crate::wire::header_name::HeaderName::$type;

            fn parse(
                value: &$crate::wire::text::Text,
            ) -> Result<Self, $crate::wire::header_list::HeaderError> {
                $crate::wire::headers::seconds::parse_seconds(value)
                    .map($type)
                    .ok_or_else(|| $type::malformed("is not a number of seconds"))
            }

            fn print(&self, out: &mut String) {
                $crate::wire::syntax::write_number(self.0, out);
            }
        }
    };
}
pub(crate) use seconds_header;
