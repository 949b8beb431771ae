//! Reply-To: where to call back (RFC 3261 20.31).

use super::name_addr::address_header;

address_header! {
    /// Where to call back, if not at the address of From.
    ReplyTo, ReplyTo, Once
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn an_address_is_read_and_printed() {
        comes_back::<ReplyTo>("\"Bob\" <sip:bob@example.com>");
        are_refused::<ReplyTo>(&["", "<sip:a@b", "\"Bob\" sip:a@b"]);
    }
}
