//! P-Asserted-Identity: who the caller is, by a server that has made sure (RFC 3325 9.1).

use super::name_addr::address_header;

address_header! {
    /// Who the caller is. Worth as much as whoever sent it: a server believes only those that it trusts, and sends it to no others.
    PAssertedIdentity, PAssertedIdentity, List
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn an_address_is_read_and_printed() {
        comes_back::<PAssertedIdentity>("\"Bob\" <sip:bob@example.com>");
        are_refused::<PAssertedIdentity>(&["", "<sip:a@b", "\"Bob\" sip:a@b"]);
    }
}
