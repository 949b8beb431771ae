//! User-Agent: the software that asks (RFC 3261 20.41).

use super::line::line_header;

line_header! {
    /// The software that asks: products with versions, and comments.
    UserAgent, "names no product"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn the_line_is_kept_as_it_is() {
        assert_eq!(
            comes_back::<UserAgent>("Softphone Beta1.5").0,
            "Softphone Beta1.5"
        );
        are_refused::<UserAgent>(&[""]);
    }
}
