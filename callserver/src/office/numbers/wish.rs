//! Which number somebody wants: a certain one, the lowest free one, any, or one that fits a pattern.

use std::str::FromStr;

use api::{Number, NumberPattern, PoolPurpose};

use super::super::{Office, OfficeError};
use super::{PlanError, parse_number};
use crate::store::{Choice, Transaction};

/// Which number somebody wants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wish {
    /// This one.
    Number(Number),
    /// The one that the pool gives to whoever has no wish.
    Any,
    /// The lowest free one.
    Lowest,
    /// One that nobody can foretell.
    Random,
    /// The lowest free one that fits.
    Pattern(NumberPattern),
}

impl From<Number> for Wish {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl FromStr for Wish {
    type Err = OfficeError;

    fn from_str(text: &str) -> Result<Self, OfficeError> {
        let text = text.trim();
        match text {
            "any" => Ok(Self::Any),
            "lowest" => Ok(Self::Lowest),
            "random" => Ok(Self::Random),
            text if text.contains(['?', 'x', 'X']) => {
                let pattern = NumberPattern::parse(text);
                pattern
                    .map(Self::Pattern)
                    .map_err(|reason| OfficeError::Number {
                        text: text.to_owned(),
                        reason,
                    })
            }
            text => Ok(Self::Number(parse_number(text)?)),
        }
    }
}

impl Office {
    /// The number that a wish means at this moment, of the pools for accounts.
    pub(super) async fn wished(tx: &mut Transaction, wish: &Wish) -> Result<Number, OfficeError> {
        // `rand` is seeded by the system: nobody foretells a random number.
        let choice = match wish {
            Wish::Number(number) => return Ok(number.clone()),
            Wish::Pattern(pattern) => {
                let found = tx.free_number_like(PoolPurpose::Accounts, pattern).await?;
                return found.ok_or_else(|| {
                    PlanError::NothingFits {
                        pattern: pattern.clone(),
                    }
                    .into()
                });
            }
            Wish::Any => Choice::Policy(rand::random()),
            Wish::Lowest => Choice::Lowest,
            Wish::Random => Choice::Random(rand::random()),
        };
        let found = tx.free_number_of(PoolPurpose::Accounts, choice).await?;
        found.ok_or(OfficeError::NoFreeNumber)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_read_as_it_is_typed() {
        let number = |text| Number::parse(text).expect("a number");
        let pattern = |text| NumberPattern::parse(text).expect("a pattern");
        for (text, wish) in [
            ("1004", Wish::Number(number("1004"))),
            (" +49 30 1234 ", Wish::Number(number("+49301234"))),
            ("any", Wish::Any),
            ("lowest", Wish::Lowest),
            ("random", Wish::Random),
            ("??42", Wish::Pattern(pattern("??42"))),
            ("12xX", Wish::Pattern(pattern("12xx"))),
        ] {
            assert_eq!(text.parse::<Wish>().expect("a wish"), wish, "{text:?}");
        }
        for text in ["", "highest", "1", "x", "12*x"] {
            assert!(text.parse::<Wish>().is_err(), "{text:?}");
        }
    }
}
