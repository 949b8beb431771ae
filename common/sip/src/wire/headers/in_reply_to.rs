//! In-Reply-To: which calls this one returns (RFC 3261 20.21).

use super::call_id::is_call_id;
use crate::wire::header_list::{HeaderError, Occurs, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::text::Text;

/// The Call-ID of a call that this one returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InReplyTo(pub Text);

impl TypedHeader for InReplyTo {
    const NAME: HeaderName = HeaderName::InReplyTo;
    const OCCURS: Occurs = Occurs::List;

    fn parse(value: &Text) -> Result<InReplyTo, HeaderError> {
        if is_call_id(value) {
            Ok(InReplyTo(value.clone()))
        } else {
            Err(InReplyTo::malformed("has an item that is no Call-ID"))
        }
    }

    fn print(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::header_list::Headers;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn each_item_is_a_call_id() {
        comes_back::<InReplyTo>("70710@saturn.bell-tel.com");
        let mut headers = Headers::new();
        headers.push(
            InReplyTo::NAME,
            "70710@saturn.bell-tel.com, 17320@saturn.bell-tel.com",
        );
        assert_eq!(headers.typed_list::<InReplyTo>().unwrap().len(), 2);
        are_refused::<InReplyTo>(&["", "a b"]);
    }
}
