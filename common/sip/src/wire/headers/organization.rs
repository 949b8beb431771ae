//! Organization: whom the sender works for (RFC 3261 20.25).

use super::line::line_header;

line_header! {
    /// The organization of the sender, for people to read.
    Organization
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::comes_back;

    #[test]
    fn the_line_is_kept_as_it_is() {
        assert_eq!(comes_back::<Organization>("Boxes by Bob").0, "Boxes by Bob");
        assert_eq!(comes_back::<Organization>("").0, "");
    }
}
