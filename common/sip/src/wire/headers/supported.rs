//! Supported: an extension that the sender understands (RFC 3261 20.37).

use super::token_list::token_list_header;

token_list_header! {
    /// An extension that the sender understands. An empty list says that there is none.
    Supported
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};
    use crate::wire::{HeaderName, Headers};

    #[test]
    fn one_token_is_one_item() {
        assert_eq!(comes_back::<Supported>("100rel").0, "100rel");
        are_refused::<Supported>(&["", "a b", "a;b"]);
    }

    #[test]
    fn lists_are_read_over_several_fields() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Supported, "100rel ,timer");
        headers.push(HeaderName::Supported, "path");
        let tags = headers.typed_list::<Supported>().unwrap();
        assert_eq!(
            tags,
            ["100rel", "timer", "path"].map(|tag| Supported(tag.into()))
        );
    }
}
