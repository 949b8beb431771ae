//! Headers that are a number of seconds: Expires, Min-Expires (RFC 3261 20.19, 20.23).

use std::fmt::Write;

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;

/// Too large a number is the largest: both mean "as long as possible" (RFC 3261 20.19 allows 2^32-1).
fn parse_seconds(text: &str) -> Option<u32> {
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

macro_rules! seconds_header {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $type(pub u32);

        impl TypedHeader for $type {
            const NAME: HeaderName = HeaderName::$type;

            fn parse(value: &Text) -> Result<$type, HeaderError> {
                parse_seconds(value)
                    .map($type)
                    .ok_or_else(|| $type::malformed("is not a number of seconds"))
            }

            fn print(&self, out: &mut String) {
                // Writing to a string cannot fail.
                let _ = write!(out, "{}", self.0);
            }
        }
    };
}

seconds_header! {
    /// How long a registration, an invitation or a message is good for, in seconds.
    Expires
}

seconds_header! {
    /// The shortest registration that a registrar accepts, in seconds.
    MinExpires
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_and_printed() {
        assert_eq!(Expires::parse(&Text::from("3600")), Ok(Expires(3600)));
        assert_eq!(Expires(0).to_text(), "0");
        assert_eq!(MinExpires::parse(&Text::from("60")), Ok(MinExpires(60)));
    }

    #[test]
    fn too_large_a_number_is_the_largest() {
        assert_eq!(
            Expires::parse(&Text::from("1000000000000")),
            Ok(Expires(u32::MAX))
        );
    }

    #[test]
    fn other_values_are_refused() {
        for text in ["", "-1", "1 h", "Thu, 01 Dec 1994 16:00:00 GMT"] {
            assert!(Expires::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
