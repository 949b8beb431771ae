//! Unsupported: what the sender of a 420 does not understand (RFC 3261 20.40).

use super::token_list::token_list_header;

token_list_header! {
    /// An extension that the sender of a 420 does not understand.
    Unsupported
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn one_token_is_one_item() {
        assert_eq!(comes_back::<Unsupported>("foo").0, "foo");
        are_refused::<Unsupported>(&["", "a b", "a;b"]);
    }
}
