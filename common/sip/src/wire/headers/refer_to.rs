//! Refer-To: where the receiver of a REFER shall go (RFC 3515 2.1).

use super::name_addr::address_header;

address_header! {
    /// The address to go to. Its URI may carry a method and headers, such as Replaces.
    ReferTo, ReferTo, Once
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::TypedHeader;
    use crate::wire::text::Text;

    #[test]
    fn addresses_keep_their_headers() {
        let text = "<sip:carol@example.com?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>";
        let target = ReferTo::parse(&Text::from(text)).unwrap();
        assert!(target.uri.headers.is_some());
        assert_eq!(target.to_text(), text);
        // What has headers must stand in angle brackets.
        assert!(ReferTo::parse(&Text::from("sip:carol@example.com?Subject=x")).is_err());
    }
}
