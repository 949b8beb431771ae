//! Call-Info: more about the caller or the callee (RFC 3261 20.9).

use super::info_uri::info_uri_header;

info_uri_header! {
    /// A picture, a card or a page of the sender.
    CallInfo
}

impl CallInfo {
    /// What it is: `icon`, `info`, `card` and others.
    pub fn purpose(&self) -> Option<&str> {
        self.params.value("purpose")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::comes_back;

    #[test]
    fn the_purpose_says_what_it_is() {
        assert_eq!(
            comes_back::<CallInfo>("<http://a/b>;purpose=icon").purpose(),
            Some("icon")
        );
    }
}
