//! Privacy: what of the caller shall be hidden (RFC 3323 4.2, RFC 3325 9.3).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

/// `id;critical`: words that say what shall be hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privacy(pub Vec<Text>);

/// Seven are registered.
const MOST_WORDS: usize = 16;

impl Privacy {
    /// Whether that is asked: `id`, `user`, `header`, `session`, `critical`, `history`; compared without case.
    pub fn asks(&self, what: &str) -> bool {
        self.0.iter().any(|one| one.eq_ignore_ascii_case(what))
    }
}

impl TypedHeader for Privacy {
    const NAME: HeaderName = HeaderName::Privacy;

    fn parse(value: &Text) -> Result<Privacy, HeaderError> {
        // RFC 3323 separates them by semicolons; commas are seen.
        let words = || value.split([';', ',']).map(syntax::trim);
        if words().nth(MOST_WORDS).is_some() {
            return Err(Privacy::malformed("has too many words"));
        }
        // All are looked at before any is kept: a line of separators is no reason to fill the memory.
        if words().all(syntax::is_token) {
            Ok(Privacy(words().map(|word| value.share(word)).collect()))
        } else {
            Err(Privacy::malformed("has a word that is no token"))
        }
    }

    fn print(&self, out: &mut String) {
        for (index, word) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(';');
            }
            out.push_str(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn what_is_asked_is_found_in_any_case() {
        let privacy = comes_back::<Privacy>("id;Critical");
        assert!(privacy.asks("critical") && privacy.asks("id") && !privacy.asks("user"));
        assert!(!comes_back::<Privacy>("none").asks("id"));
        assert_eq!(
            Privacy::parse(&"header, id".into()).unwrap().to_text(),
            "header;id"
        );
        are_refused::<Privacy>(&["", "id;", "a b", &"id;".repeat(16)]);
        comes_back::<Privacy>(&"id;".repeat(16)[..47]);
    }
}
