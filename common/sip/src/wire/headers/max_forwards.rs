//! Max-Forwards: how many more hops a request may take (RFC 3261 20.22).

use std::fmt::Write;

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

/// Hops left, 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaxForwards(pub u8);

impl MaxForwards {
    /// What a new request begins with (RFC 3261 8.1.1.6).
    pub const INITIAL: MaxForwards = MaxForwards(70);
}

impl TypedHeader for MaxForwards {
    const NAME: HeaderName = HeaderName::MaxForwards;

    fn parse(value: &Text) -> Result<MaxForwards, HeaderError> {
        syntax::parse_number(value)
            .map(MaxForwards)
            .ok_or_else(|| MaxForwards::malformed("is not a number from 0 to 255"))
    }

    fn print(&self, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{}", self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_one_byte_are_accepted() {
        assert_eq!(MaxForwards::parse(&Text::from("0070")), Ok(MaxForwards(70)));
        assert_eq!(MaxForwards::INITIAL.to_text(), "70");
        for text in ["", "256", "-1", "7 0", "many"] {
            assert!(MaxForwards::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
