//! Subject: what a call is about (RFC 3261 20.36).

use super::line::line_header;

line_header! {
    /// What the caller wants to talk about, for people to read.
    Subject
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::comes_back;

    #[test]
    fn the_line_is_kept_as_it_is() {
        assert_eq!(
            comes_back::<Subject>("Need more boxes").0,
            "Need more boxes"
        );
        assert_eq!(comes_back::<Subject>("").0, "");
    }
}
