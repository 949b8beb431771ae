//! Ranges of numbers that are given away, and for what.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Number, NumberRefused};

/// Whom the numbers of a pool are for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PoolPurpose {
    /// People.
    Accounts,
    /// Guests, who have a number without an account.
    Guests,
    /// Conference rooms.
    Conferences,
    /// What the server itself offers: echo test, voicemail.
    Services,
}

/// Which number of a pool is given to whoever asks for none in particular.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PoolPolicy {
    /// The lowest free one.
    #[default]
    Lowest,
    /// Any free one, so that nobody can tell who came after whom.
    Random,
}

macro_rules! words {
    ($kind:ident: $($variant:ident = $word:literal),+) => {
        impl $kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire, in tables and on the screen.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// The one of this word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(PoolPurpose: Accounts = "accounts", Guests = "guests", Conferences = "conferences", Services = "services");
words!(PoolPolicy: Lowest = "lowest", Random = "random");

/// Numbers of one length, from the lowest to the highest.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NumberRange {
    low: Number,
    high: Number,
}

/// Why a text is not a range of numbers.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RangeRefused {
    /// There is no `-` between two numbers.
    #[error("A range is written LOW-HIGH, such as 1000-1999.")]
    NoRange,
    /// An end is not a number.
    #[error("{text:?} is not a number: {reason}")]
    Number {
        /// The end.
        text: String,
        /// The rule that it breaks.
        reason: NumberRefused,
    },
    /// The ends have different numbers of digits, or only one is international.
    #[error(
        "Both ends of a range have the same number of digits, and a '+' before both or neither."
    )]
    DifferentLengths,
    /// The lowest number is above the highest.
    #[error("The first number of a range is not above the last.")]
    Backwards,
}

impl NumberRange {
    /// A range of numbers.
    ///
    /// # Errors
    /// If the ends do not belong to one range.
    pub fn new(low: Number, high: Number) -> Result<Self, RangeRefused> {
        let is_alike = low.is_international() == high.is_international()
            && low.digits().len() == high.digits().len();
        match is_alike {
            false => Err(RangeRefused::DifferentLengths),
            true if low > high => Err(RangeRefused::Backwards),
            true => Ok(Self { low, high }),
        }
    }

    /// Reads `LOW-HIGH`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, RangeRefused> {
        // Numbers may be written with `-` too; then the one in the middle parts the ends.
        let dashes: Vec<_> = text.match_indices('-').map(|(at, _)| at).collect();
        if dashes.len() % 2 == 0 {
            return Err(RangeRefused::NoRange);
        }
        let (low, high) = text.split_at(dashes[dashes.len() / 2]);
        let number = |text: &str| {
            Number::parse(text).map_err(|reason| RangeRefused::Number {
                text: text.trim().to_owned(),
                reason,
            })
        };
        Self::new(number(low)?, number(&high[1..])?)
    }

    /// The lowest number.
    pub fn low(&self) -> &Number {
        &self.low
    }

    /// The highest number.
    pub fn high(&self) -> &Number {
        &self.high
    }

    /// Whether the number lies between the ends and has their form.
    pub fn contains(&self, number: &Number) -> bool {
        number.is_international() == self.low.is_international()
            && number.digits().len() == self.low.digits().len()
            && (&self.low..=&self.high).contains(&number)
    }
}

impl fmt::Display for NumberRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.low, self.high)
    }
}

impl TryFrom<String> for NumberRange {
    type Error = RangeRefused;

    fn try_from(text: String) -> Result<Self, RangeRefused> {
        Self::parse(&text)
    }
}

impl From<NumberRange> for String {
    fn from(range: NumberRange) -> String {
        range.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_people_write_them() {
        for (text, printed) in [
            ("1000-1999", "1000-1999"),
            (" 10 00 - 10 00 ", "1000-1000"),
            ("+49-30-100 - +49-30-199", "+4930100-+4930199"),
            ("000-099", "000-099"),
        ] {
            let range = NumberRange::parse(text).expect("a range");
            assert_eq!(range.to_string(), printed);
            assert_eq!(NumberRange::parse(printed), Ok(range));
        }
    }

    #[test]
    fn each_refusal_has_its_reason() {
        for (text, reason) in [
            ("", RangeRefused::NoRange),
            ("1000", RangeRefused::NoRange),
            ("1000-20000", RangeRefused::DifferentLengths),
            ("1000-+2000", RangeRefused::DifferentLengths),
            ("2000-1000", RangeRefused::Backwards),
            (
                "1000-",
                RangeRefused::Number {
                    text: String::new(),
                    reason: NumberRefused::TooShort,
                },
            ),
        ] {
            assert_eq!(NumberRange::parse(text), Err(reason), "{text:?}");
        }
    }

    #[test]
    fn a_number_of_another_length_is_in_no_range() {
        let range = NumberRange::parse("1000-1999").expect("a range");
        for (text, is_in) in [
            ("1000", true),
            ("1999", true),
            ("2000", false),
            ("10000", false),
            ("+1500", false),
            ("15", false),
        ] {
            assert_eq!(
                range.contains(&Number::parse(text).expect("a number")),
                is_in,
                "{text}"
            );
        }
    }

    #[test]
    fn each_word_is_read_as_it_is_written() {
        for purpose in PoolPurpose::ALL {
            assert_eq!(PoolPurpose::from_word(purpose.as_str()), Some(*purpose));
            assert_eq!(serde_json::json!(purpose), purpose.as_str());
        }
        for policy in PoolPolicy::ALL {
            assert_eq!(PoolPolicy::from_word(policy.as_str()), Some(*policy));
        }
    }
}
