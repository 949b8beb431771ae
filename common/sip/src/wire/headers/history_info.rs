//! History-Info: where a request has been before (RFC 7044).

use super::name_addr::address_header;

address_header! {
    /// One address that a request was sent to.
    HistoryInfo, HistoryInfo, List
}

impl HistoryInfo {
    /// Its place in the tree of forwardings: `1.2.1`.
    pub fn index(&self) -> Option<&str> {
        self.params.value("index")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn an_address_is_read_and_printed() {
        comes_back::<HistoryInfo>("\"Bob\" <sip:bob@example.com>");
        assert_eq!(
            comes_back::<HistoryInfo>("<sip:a@b?Reason=SIP%3Bcause%3D302>;index=1.1").index(),
            Some("1.1")
        );
        are_refused::<HistoryInfo>(&["", "<sip:a@b", "\"Bob\" sip:a@b"]);
    }
}
