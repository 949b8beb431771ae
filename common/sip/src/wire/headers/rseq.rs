//! RSeq: the number of a provisional response that must be acknowledged (RFC 3262 7.1).

use std::fmt::Write;

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

/// Grows by one with each reliable provisional response of a transaction. Senders begin between 1 and 2^31 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RSeq(pub u32);

impl TypedHeader for RSeq {
    const NAME: HeaderName = HeaderName::RSeq;

    fn parse(value: &Text) -> Result<RSeq, HeaderError> {
        syntax::parse_number(value)
            .map(RSeq)
            .ok_or_else(|| RSeq::malformed("is not a number from 0 to 4294967295"))
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
    fn numbers_are_read_and_printed() {
        let rseq = RSeq::parse(&Text::from("988789")).unwrap();
        assert_eq!(rseq, RSeq(988_789));
        assert_eq!(rseq.to_text(), "988789");
        for text in ["", "-1", "1 INVITE", "4294967296"] {
            assert!(RSeq::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
