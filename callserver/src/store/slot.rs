//! Where a number lies among the numbers of its length, which is what pools and ranges count in.

use api::Number;

use super::StoreError;

/// A number as a value: its form, its length and its digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Slot {
    /// Whether a `+` stands before it.
    pub(crate) is_international: bool,
    /// How many digits it has.
    pub(crate) digits: i64,
    /// Its digits as one value.
    pub(crate) value: i64,
}

impl Slot {
    /// The slot of a number.
    pub(crate) fn of(number: &Number) -> Self {
        let digits = number.digits();
        Self {
            is_international: number.is_international(),
            digits: digits.len() as i64,
            // At most 15 digits, by the rule for numbers.
            value: digits
                .bytes()
                .fold(0, |value, digit| value * 10 + i64::from(digit - b'0')),
        }
    }

    /// The slot of another value of the same form and length.
    pub(crate) fn at(self, value: i64) -> Self {
        Self { value, ..self }
    }

    /// The number at this slot.
    pub(crate) fn number(self) -> Result<Number, StoreError> {
        let plus = if self.is_international { "+" } else { "" };
        let width = usize::try_from(self.digits).unwrap_or(0);
        let text = format!("{plus}{:0width$}", self.value);
        Number::parse(&text).map_err(|_| StoreError::Corrupt {
            what: "number",
            value: text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_leads_back_to_its_number() {
        for text in ["00", "007", "1000", "+4930123456", "999999999999999"] {
            let number = Number::parse(text).expect("a number");
            assert_eq!(Slot::of(&number).number().expect("a number"), number);
        }
    }
}
