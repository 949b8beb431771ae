//! Min-Expires: the shortest registration that a registrar accepts (RFC 3261 20.23).

use super::seconds::seconds_header;

seconds_header! {
    /// The shortest registration that a registrar accepts, in seconds.
    MinExpires
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn seconds_are_read_and_printed() {
        assert_eq!(comes_back::<MinExpires>("3600"), MinExpires(3600));
        assert_eq!(comes_back::<MinExpires>("0"), MinExpires(0));
        are_refused::<MinExpires>(&["", "-1", "1 h", "Thu, 01 Dec 1994 16:00:00 GMT"]);
    }
}
