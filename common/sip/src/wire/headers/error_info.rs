//! Error-Info: more about a refusal (RFC 3261 20.18).

use super::info_uri::info_uri_header;

info_uri_header! {
    /// An announcement or a page that explains a refusal.
    ErrorInfo
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn the_address_stands_in_brackets() {
        let sound = comes_back::<ErrorInfo>("<http://www.example.com/sounds/moo.wav>;x=\"a, b\"");
        assert_eq!(sound.uri.scheme.as_str(), "http");
        comes_back::<ErrorInfo>("<sip:not-in-service@example.com>");
        are_refused::<ErrorInfo>(&[
            "",
            "http://a",
            "<http://a",
            "<>",
            "<sip:a@b> x",
            "<sip:a@b>;=",
        ]);
    }
}
