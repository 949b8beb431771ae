//! Accept-Encoding: which codings the sender reads (RFC 3261 20.2).

use super::parameterized::parameterized_header;
use super::q_value;

parameterized_header! {
    /// A coding that the sender reads. An empty list allows `identity` alone.
    AcceptEncoding, List,
    /// `gzip`, or `*` for all that are not named.
    coding, "has an item that is no coding"
}

impl AcceptEncoding {
    /// How much it is wanted, in thousandths, 0 to 1000: what has 0 is refused (RFC 3261 20.1).
    pub fn q(&self) -> u16 {
        q_value::of(&self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn what_is_wanted_most_has_no_q() {
        let some = comes_back::<AcceptEncoding>("gzip;q=0.5");
        assert!(some.q() < 1000 && !some.coding.contains(';'));
        assert_eq!(comes_back::<AcceptEncoding>("*").q(), 1000);
        are_refused::<AcceptEncoding>(&["", "a b", ";q=1", "a;q="]);
    }
}
