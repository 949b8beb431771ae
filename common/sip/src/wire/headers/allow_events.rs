//! Allow-Events: event packages that the sender can notify of (RFC 6665 8.2.2).

use super::token_list::token_list_header;

token_list_header! {
    /// An event package that the sender can notify of.
    AllowEvents
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn one_token_is_one_item() {
        assert_eq!(
            comes_back::<AllowEvents>("presence.winfo").0,
            "presence.winfo"
        );
        are_refused::<AllowEvents>(&["", "a b", "a;b"]);
    }
}
