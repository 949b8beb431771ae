//! Content-Length: how long the body is (RFC 3261 20.14).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

/// Bytes of the body. The printer writes the true one, whatever is put into the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContentLength(pub u32);

impl TypedHeader for ContentLength {
    const NAME: HeaderName = HeaderName::ContentLength;

    fn parse(value: &Text) -> Result<ContentLength, HeaderError> {
        syntax::parse_number(value)
            .map(ContentLength)
            .ok_or_else(|| ContentLength::malformed("is not one number"))
    }

    fn print(&self, out: &mut String) {
        syntax::write_number(self.0, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn only_a_number_is_a_length() {
        assert_eq!(comes_back::<ContentLength>("349"), ContentLength(349));
        are_refused::<ContentLength>(&["", "-1", "1 2", "0x10", "99999999999"]);
    }
}
