//! Alert-Info: another ringing tone (RFC 3261 20.4, RFC 7462).

use super::info_uri::info_uri_header;

info_uri_header! {
    /// A tone to ring with, or a `urn:alert:` that describes one.
    AlertInfo
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn the_address_stands_in_brackets() {
        let sound = comes_back::<AlertInfo>("<http://www.example.com/sounds/moo.wav>;x=\"a, b\"");
        assert_eq!(sound.uri.scheme.as_str(), "http");
        comes_back::<AlertInfo>("<sip:not-in-service@example.com>");
        are_refused::<AlertInfo>(&[
            "",
            "http://a",
            "<http://a",
            "<>",
            "<sip:a@b> x",
            "<sip:a@b>;=",
        ]);
    }
}
