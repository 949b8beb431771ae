//! What people and phones dial, made into a number.

use crate::{Number, NumberRefused};

/// How dialled text is read: what a phone sends in a request for `tel:+49 30 1234`, `0049301234` or `1004`.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DialPlan {
    /// What is dialled for `+`, such as `00`; `None` where an extension may begin with these digits.
    pub international_prefix: Option<String>,
}

impl DialPlan {
    /// The number that this text means: a number with separators, or a `tel:` URI with or without its scheme.
    ///
    /// Of a URI's parameters only a `phone-context` that is a number counts: it goes before a local number
    /// (RFC 3966 section 5.1.5). An extension (`;ext=`) is dialled after the call is answered, so it reaches nobody else.
    ///
    /// # Errors
    /// What in the text is not a number.
    pub fn read(&self, text: &str) -> Result<Number, NumberRefused> {
        let text = text.trim();
        let has_scheme = text
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("tel:"));
        let text = if has_scheme { &text[4..] } else { text };
        let mut parts = text.split(';');
        let number = parts.next().unwrap_or_default();
        let context = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let is_context = name.trim().eq_ignore_ascii_case("phone-context");
            (is_context && value.starts_with('+')).then_some(value)
        });
        let number = match context {
            Some(context) if !number.starts_with('+') => {
                Number::parse(&format!("{context}{number}"))?
            }
            _ => Number::parse(number)?,
        };
        let prefix = self.international_prefix.as_deref().unwrap_or_default();
        match number.as_str().strip_prefix(prefix) {
            Some(rest) if !prefix.is_empty() => Number::parse(&format!("+{rest}")),
            _ => Ok(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_is_found_however_it_is_dialled() {
        let plan = DialPlan {
            international_prefix: Some("00".into()),
        };
        for (text, number) in [
            ("1004", "1004"),
            (" 10 04 ", "1004"),
            ("tel:1004", "1004"),
            ("TEL:+49-30-1234", "+49301234"),
            ("+49 (30) 1234", "+49301234"),
            ("0049 30 1234", "+49301234"),
            ("1234;phone-context=+4930", "+49301234"),
            ("tel:1234;phone-context=phones.example", "1234"),
            ("tel:+49301234;ext=12;phone-context=+1", "+49301234"),
            ("010", "010"),
        ] {
            assert_eq!(
                plan.read(text).map(String::from),
                Ok(number.to_owned()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn without_a_prefix_in_the_plan_zeros_are_digits_like_others() {
        let plan = DialPlan::default();
        assert_eq!(plan.read("0012").map(String::from), Ok("0012".to_owned()));
    }

    #[test]
    fn what_is_no_number_is_refused_with_its_reason() {
        let plan = DialPlan {
            international_prefix: Some("00".into()),
        };
        for (text, reason) in [
            ("", NumberRefused::TooShort),
            ("tel:", NumberRefused::TooShort),
            ("00", NumberRefused::TooShort),
            ("001", NumberRefused::TooShort),
            ("tel:alice", NumberRefused::Character('a')),
            ("tél:12", NumberRefused::Character('t')),
            ("1234567890123;phone-context=+4930", NumberRefused::TooLong),
        ] {
            assert_eq!(plan.read(text), Err(reason), "{text:?}");
        }
    }
}
