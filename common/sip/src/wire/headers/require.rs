//! Require: an extension that the receiver must understand (RFC 3261 20.32).

use super::token_list::token_list_header;

token_list_header! {
    /// An extension that the receiver must understand, or answer 420.
    Require
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn one_token_is_one_item() {
        assert_eq!(comes_back::<Require>("100rel").0, "100rel");
        are_refused::<Require>(&["", "a b", "a;b"]);
    }
}
