//! Telephone numbers: the one place where what people write becomes what is stored and dialled.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number in its one normal form: 2 to 15 digits, with a leading `+` when it is international (E.164).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Number(String);

/// Why a text is not a number.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NumberRefused {
    /// Fewer digits than [`Number::MIN_DIGITS`].
    #[error("A number has at least {} digits.", Number::MIN_DIGITS)]
    TooShort,
    /// More digits than [`Number::MAX_DIGITS`].
    #[error("A number has at most {} digits.", Number::MAX_DIGITS)]
    TooLong,
    /// Something that is neither a digit nor a customary separator.
    #[error("A number holds only digits, after an optional '+'; {0:?} is neither.")]
    Character(char),
}

impl Number {
    /// The fewest digits: one digit is kept for codes on the dial pad.
    pub const MIN_DIGITS: usize = 2;
    /// The most digits (E.164 section 6).
    pub const MAX_DIGITS: usize = 15;

    /// Reads a number as people write it: spaces, `-`, `.`, `/`, `(` and `)` between the digits are dropped.
    ///
    /// # Errors
    /// What in the text is not a number.
    pub fn parse(text: &str) -> Result<Self, NumberRefused> {
        let text = text.trim();
        let (plus, rest) = match text.strip_prefix('+') {
            Some(rest) => ("+", rest),
            None => ("", text),
        };
        let mut number = String::from(plus);
        for character in rest.chars() {
            match character {
                '0'..='9' => number.push(character),
                ' ' | '\u{a0}' | '-' | '.' | '/' | '(' | ')' => {}
                other => return Err(NumberRefused::Character(other)),
            }
        }
        match number.len() - plus.len() {
            digits if digits < Self::MIN_DIGITS => Err(NumberRefused::TooShort),
            digits if digits > Self::MAX_DIGITS => Err(NumberRefused::TooLong),
            _ => Ok(Self(number)),
        }
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits alone, without the `+` of an international number.
    pub fn digits(&self) -> &str {
        self.0.strip_prefix('+').unwrap_or(&self.0)
    }

    /// Whether it is an international number (E.164).
    pub fn is_international(&self) -> bool {
        self.0.starts_with('+')
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Number {
    type Error = NumberRefused;

    fn try_from(text: String) -> Result<Self, NumberRefused> {
        Self::parse(&text)
    }
}

impl From<Number> for String {
    fn from(number: Number) -> String {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_becomes_the_normal_form() {
        for (text, number) in [
            ("1000", "1000"),
            (" 10-00 ", "1000"),
            ("+49 (30) 12/34.5", "+493012345"),
            ("007", "007"),
        ] {
            assert_eq!(Number::parse(text).unwrap().as_str(), number);
        }
    }

    #[test]
    fn each_refusal_has_its_reason() {
        for (text, reason) in [
            ("", NumberRefused::TooShort),
            ("+", NumberRefused::TooShort),
            ("7", NumberRefused::TooShort),
            ("1234567890123456", NumberRefused::TooLong),
            ("12a4", NumberRefused::Character('a')),
            ("12+4", NumberRefused::Character('+')),
            ("١٢٣", NumberRefused::Character('١')),
        ] {
            assert_eq!(Number::parse(text), Err(reason), "{text:?}");
        }
    }
}
