//! CSeq: the order of requests in a dialog (RFC 3261 20.16).

use std::fmt::Write;

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::method::Method;
use crate::wire::syntax;
use crate::wire::text::Text;

/// Sequence number and method of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// The number. Senders keep it below 2^31 (RFC 3261 8.1.1.5).
    pub number: u32,
    /// The method of the request.
    pub method: Method,
}

impl TypedHeader for CSeq {
    const NAME: HeaderName = HeaderName::CSeq;

    fn parse(value: &Text) -> Result<CSeq, HeaderError> {
        let text = value.as_str();
        let (number, method) = text
            .split_once([' ', '\t'])
            .ok_or_else(|| CSeq::malformed("is not a number and a method"))?;
        Ok(CSeq {
            number: syntax::parse_number(number)
                .ok_or_else(|| CSeq::malformed("has no number from 0 to 4294967295"))?,
            method: Method::parse_in(value, syntax::trim(method))
                .ok_or_else(|| CSeq::malformed("has a malformed method"))?,
        })
    }

    fn print(&self, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{} {}", self.number, self.method);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_method_are_read_and_printed() {
        let cseq = CSeq::parse(&Text::from("0009 \t INVITE")).unwrap();
        assert_eq!(cseq.number, 9);
        assert_eq!(cseq.method, Method::Invite);
        assert_eq!(cseq.to_text(), "9 INVITE");
    }

    #[test]
    fn malformed_values_are_refused() {
        for text in [
            "",
            "1",
            "INVITE",
            "-1 INVITE",
            "4294967296 INVITE",
            "1 IN VITE",
            "1 ",
        ] {
            assert!(CSeq::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
