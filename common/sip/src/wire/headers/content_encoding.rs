//! Content-Encoding: how the body was compressed (RFC 3261 20.12).

use super::token_list::token_list_header;

token_list_header! {
    /// A coding of the body, in the order in which they were applied.
    ContentEncoding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn one_token_is_one_item() {
        assert_eq!(comes_back::<ContentEncoding>("gzip").0, "gzip");
        are_refused::<ContentEncoding>(&["", "a b", "a;b"]);
    }
}
