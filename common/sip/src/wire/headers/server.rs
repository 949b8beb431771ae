//! Server: the software that answers (RFC 3261 20.35).

use super::line::line_header;

line_header! {
    /// The software that answers: products with versions, and comments.
    Server, "names no product"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn the_line_is_kept_as_it_is() {
        assert_eq!(
            comes_back::<Server>("HomeServer v2 (beta)").0,
            "HomeServer v2 (beta)"
        );
        are_refused::<Server>(&[""]);
    }
}
