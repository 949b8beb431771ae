//! Content-Language: the language of the body (RFC 3261 20.13).

use super::token_list::token_list_header;

token_list_header! {
    /// A language of the body.
    ContentLanguage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn one_token_is_one_item() {
        assert_eq!(comes_back::<ContentLanguage>("en-GB").0, "en-GB");
        are_refused::<ContentLanguage>(&["", "a b", "a;b"]);
    }
}
