//! What the test of every header asks: what is read prints the same, and what is malformed is refused.

use crate::wire::header_list::TypedHeader;
use crate::wire::text::Text;

/// Reads `text`, which is in the spelling that the printer uses, prints it, and gives the value.
#[track_caller]
pub(super) fn comes_back<T: TypedHeader>(text: &str) -> T {
    let value = T::parse(&Text::from(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(value.to_text(), text);
    value
}

/// All of them are malformed.
#[track_caller]
pub(super) fn are_refused<T: TypedHeader>(texts: &[&str]) {
    for text in texts {
        assert!(T::parse(&Text::from(*text)).is_err(), "{text:?}");
    }
}
