//! Accept-Language: which languages the sender reads (RFC 3261 20.3).

use super::parameterized::parameterized_header;
use super::q_value;

parameterized_header! {
    /// A language that the sender reads.
    AcceptLanguage, List,
    /// `en-GB`, or `*` for all that are not named.
    range, "has an item that is no language"
}

impl AcceptLanguage {
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
        let some = comes_back::<AcceptLanguage>("en-gb;q=0.8");
        assert!(some.q() < 1000 && !some.range.contains(';'));
        assert_eq!(comes_back::<AcceptLanguage>("*").q(), 1000);
        are_refused::<AcceptLanguage>(&["", "a b", ";q=1", "a;q="]);
    }
}
