//! Flow-Timer: how often the server wants to hear from a phone (RFC 5626 4.4, 10).

use super::seconds::seconds_header;

seconds_header! {
    /// The server takes a flow for dead after so many seconds without a keep-alive.
    FlowTimer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn seconds_are_read_and_printed() {
        assert_eq!(comes_back::<FlowTimer>("3600"), FlowTimer(3600));
        assert_eq!(comes_back::<FlowTimer>("0"), FlowTimer(0));
        are_refused::<FlowTimer>(&["", "-1", "1 h", "Thu, 01 Dec 1994 16:00:00 GMT"]);
    }
}
