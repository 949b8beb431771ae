//! RAck: which provisional response a PRACK acknowledges (RFC 3262 7.2).

use std::fmt::Write;

use super::cseq::CSeq;
use super::rseq::RSeq;
use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

/// The RSeq and the CSeq of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RAck {
    /// The RSeq of the response.
    pub response: RSeq,
    /// The CSeq of the response, which is that of the request it belongs to.
    pub request: CSeq,
}

impl TypedHeader for RAck {
    const NAME: HeaderName = HeaderName::RAck;

    fn parse(value: &Text) -> Result<RAck, HeaderError> {
        let malformed = || RAck::malformed("is not two numbers and a method");
        let (response, request) = value.split_once([' ', '\t']).ok_or_else(malformed)?;
        let response = syntax::parse_number(response).ok_or_else(malformed)?;
        let request = value.share(syntax::trim(request));
        Ok(RAck {
            response: RSeq(response),
            request: CSeq::parse(&request).map_err(|_| malformed())?,
        })
    }

    fn print(&self, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{} ", self.response.0);
        self.request.print(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;

    #[test]
    fn both_numbers_are_read_and_printed() {
        let rack = RAck::parse(&Text::from("776656 \t1 INVITE")).unwrap();
        assert_eq!(rack.response, RSeq(776_656));
        assert_eq!(
            (rack.request.number, &rack.request.method),
            (1, &Method::Invite)
        );
        assert_eq!(rack.to_text(), "776656 1 INVITE");
    }

    #[test]
    fn malformed_values_are_refused() {
        for text in [
            "",
            "1",
            "1 INVITE",
            "1 2",
            "a 1 INVITE",
            "1 2 IN VITE",
            "-1 1 INVITE",
        ] {
            assert!(RAck::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
