//! Allow: the methods that the sender understands (RFC 3261 20.5).

use crate::wire::header_list::{HeaderError, Occurs, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::method::Method;
use crate::wire::text::Text;

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
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn methods_are_read_known_or_not() {
        assert_eq!(comes_back::<Allow>("UPDATE").0, Method::Update);
        comes_back::<Allow>("NEWMETHOD");
        are_refused::<Allow>(&["", "a b"]);
    }

    #[test]
    fn an_empty_list_says_that_there_is_nothing() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Allow, "");
        assert_eq!(headers.typed_list::<Allow>().unwrap(), []);
    }
}
