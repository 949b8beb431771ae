//! Referred-By: who asked for a request with a REFER (RFC 3892).

use super::name_addr::address_header;

address_header! {
    /// Who sent the REFER. Anybody can write it; only a signed token (its `cid` parameter) proves it.
    ReferredBy, ReferredBy, Once
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::TypedHeader;
    use crate::wire::text::Text;

    #[test]
    fn the_address_and_its_token_are_read_and_printed() {
        let text = "<sip:referrer@example.com>;cid=\"20398823.2UWQFN309shb3@referrer.example\"";
        let by = ReferredBy::parse(&Text::from(text)).unwrap();
        assert!(by.params.has("cid"));
        assert_eq!(by.to_text(), text);
    }
}
