//! Service-Route: the way of later requests (RFC 3608).

use super::name_addr::address_header;

address_header! {
    /// One hop of the way that requests shall take from now on, in the answer to a REGISTER.
    ServiceRoute, ServiceRoute, List
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn an_address_is_read_and_printed() {
        comes_back::<ServiceRoute>("<sip:p2.example.com;lr>");
        are_refused::<ServiceRoute>(&["", "<sip:a@b", "\"Bob\" sip:a@b"]);
    }
}
