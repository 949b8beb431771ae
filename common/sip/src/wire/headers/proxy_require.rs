//! Proxy-Require: an extension that proxies must understand (RFC 3261 20.29).

use super::token_list::token_list_header;

token_list_header! {
    /// An extension that proxies must understand.
    ProxyRequire
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn one_token_is_one_item() {
        assert_eq!(comes_back::<ProxyRequire>("sec-agree").0, "sec-agree");
        are_refused::<ProxyRequire>(&["", "a b", "a;b"]);
    }
}
