//! Expires: for how long something is good (RFC 3261 20.19).

use super::seconds::seconds_header;

seconds_header! {
    /// How long a registration, an invitation or a message is good for, in seconds.
    Expires
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};
    use crate::wire::{HeaderName, Headers};

    #[test]
    fn seconds_are_read_and_printed() {
        assert_eq!(comes_back::<Expires>("3600"), Expires(3600));
        assert_eq!(comes_back::<Expires>("0"), Expires(0));
        are_refused::<Expires>(&["", "-1", "1 h", "Thu, 01 Dec 1994 16:00:00 GMT"]);
    }

    #[test]
    fn too_large_a_number_is_the_largest() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Expires, "1000000000000");
        assert_eq!(headers.typed(), Ok(Some(Expires(u32::MAX))));
    }
}
