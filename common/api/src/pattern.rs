//! Wishes such as `??42` and `12xx`: digits that somebody wants, and places where any will do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Number, NumberRefused};

/// A number with open places: `?` or `x` stands for any digit.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NumberPattern {
    is_international: bool,
    // From the left; `None` is an open place.
    places: Vec<Option<u8>>,
}

impl NumberPattern {
    /// Reads a pattern: digits, `?`, `x` and `X`, after an optional `+`; separators are dropped as in numbers.
    ///
    /// # Errors
    /// What in the text is neither a digit nor an open place, or the length that no number has.
    pub fn parse(text: &str) -> Result<Self, NumberRefused> {
        let text = text.trim();
        let (is_international, rest) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut places = Vec::new();
        for character in rest.chars() {
            // Longer than any number is enough to know that it is too long.
            if places.len() > Number::MAX_DIGITS {
                break;
            }
            match character {
                '0'..='9' => places.push(Some(character as u8 - b'0')),
                '?' | 'x' | 'X' => places.push(None),
                ' ' | '\u{a0}' | '-' | '.' | '/' | '(' | ')' => {}
                other => return Err(NumberRefused::Character(other)),
            }
        }
        match places.len() {
            digits if digits < Number::MIN_DIGITS => Err(NumberRefused::TooShort),
            digits if digits > Number::MAX_DIGITS => Err(NumberRefused::TooLong),
            _ => Ok(Self {
                is_international,
                places,
            }),
        }
    }

    /// How many digits the numbers have that fit.
    pub fn digits(&self) -> usize {
        self.places.len()
    }

    /// Whether the numbers that fit are international.
    pub fn is_international(&self) -> bool {
        self.is_international
    }

    /// Whether this number fits.
    pub fn fits(&self, number: &Number) -> bool {
        let digits = number.digits().as_bytes();
        let mut pairs = self.places.iter().zip(digits);
        self.is_international == number.is_international()
            && self.places.len() == digits.len()
            && pairs.all(|(place, digit)| place.is_none_or(|fixed| fixed + b'0' == *digit))
    }

    /// The lowest value not below `least` whose digits, with zeros before them, fit; `None` if there is none.
    /// Its cost does not depend on how many numbers lie between.
    pub fn at_or_above(&self, least: u64) -> Option<u64> {
        let count = self.places.len();
        let mut wanted = vec![0_u8; count];
        let mut rest = least;
        for place in wanted.iter_mut().rev() {
            *place = u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        if rest > 0 {
            return None;
        }
        // The longest beginning that can stay as `least` has it; the digit after it grows, and the rest is lowest.
        let fits = |index: usize, digit: u8| self.places[index].is_none_or(|fixed| fixed == digit);
        let agreeing = (0..count)
            .take_while(|&index| fits(index, wanted[index]))
            .count();
        if agreeing == count {
            return Some(least);
        }
        let larger = |index: usize| match self.places[index] {
            Some(fixed) => (fixed > wanted[index]).then_some(fixed),
            None => (wanted[index] < 9).then_some(wanted[index] + 1),
        };
        let turning = (0..=agreeing)
            .rev()
            .find_map(|index| Some((index, larger(index)?)));
        let (turn, digit) = turning?;
        let lowest = |index: usize| self.places[index].unwrap_or(0);
        let value = (0..count).fold(0_u64, |value, index| {
            let digit = match index.cmp(&turn) {
                std::cmp::Ordering::Less => wanted[index],
                std::cmp::Ordering::Equal => digit,
                std::cmp::Ordering::Greater => lowest(index),
            };
            value * 10 + u64::from(digit)
        });
        Some(value)
    }
}

impl fmt::Display for NumberPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_international {
            f.write_str("+")?;
        }
        for place in &self.places {
            match place {
                Some(digit) => write!(f, "{digit}")?,
                None => f.write_str("?")?,
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for NumberPattern {
    type Error = NumberRefused;

    fn try_from(text: String) -> Result<Self, NumberRefused> {
        Self::parse(&text)
    }
}

impl From<NumberPattern> for String {
    fn from(pattern: NumberPattern) -> String {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> NumberPattern {
        NumberPattern::parse(text).expect("a pattern")
    }

    #[test]
    fn the_next_number_that_fits_is_found_from_anywhere() {
        for (text, least, found) in [
            ("??42", 0, Some(42)),
            ("??42", 1000, Some(1042)),
            ("??42", 1042, Some(1042)),
            ("??42", 1043, Some(1142)),
            ("??42", 9943, None),
            ("12xx", 1000, Some(1200)),
            ("12xx", 1299, Some(1299)),
            ("12xx", 1300, None),
            ("1?3?", 1199, Some(1230)),
            ("9??", 1000, None),
            ("0x", 3, Some(3)),
        ] {
            assert_eq!(
                pattern(text).at_or_above(least),
                found,
                "{text} from {least}"
            );
        }
    }

    #[test]
    fn it_finds_what_trying_every_number_finds() {
        for text in ["??", "1?", "?7", "x1x", "90?", "?00", "5x5", "123"] {
            let pattern = pattern(text);
            let printed = |value: u64| format!("{value:0width$}", width = pattern.digits());
            let fits = |value: &u64| {
                printed(*value)
                    .chars()
                    .zip(pattern.to_string().chars())
                    .all(|(digit, place)| place == '?' || place == digit)
            };
            let end = 10_u64.pow(text.len() as u32);
            for least in 0..end {
                assert_eq!(
                    pattern.at_or_above(least),
                    (least..end).find(fits),
                    "{text} from {least}"
                );
            }
        }
    }

    #[test]
    fn each_refusal_has_its_reason() {
        for (text, reason) in [
            ("", NumberRefused::TooShort),
            ("?", NumberRefused::TooShort),
            ("12*4", NumberRefused::Character('*')),
            (&"?".repeat(16), NumberRefused::TooLong),
            (&"?".repeat(100_000), NumberRefused::TooLong),
        ] {
            assert_eq!(NumberPattern::parse(text), Err(reason));
        }
        assert_eq!(pattern("+49 30 xxX").to_string(), "+4930???");
    }
}
