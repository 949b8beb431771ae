//! P-Preferred-Identity: who the caller wants to be (RFC 3325 9.2).

use super::name_addr::address_header;

address_header! {
    /// Which of his addresses the caller wants to be known by.
    PPreferredIdentity, PPreferredIdentity, List
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn an_address_is_read_and_printed() {
        comes_back::<PPreferredIdentity>("\"Bob\" <sip:bob@example.com>");
        are_refused::<PPreferredIdentity>(&["", "<sip:a@b", "\"Bob\" sip:a@b"]);
    }
}
