//! Slots in which calls wait until somebody takes them: what is dialled for them, and who they are for those who watch.

use std::time::Duration;

use sip::Text;

use crate::{AccountId, Party};

/// Where calls can wait.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Park {
    /// A call that is handed over to this waits in the lowest free slot. Empty: in none.
    pub code: Text,
    /// The first slot. It ends in digits, and the next slots count on from there.
    pub first: Text,
    /// How many slots there are. 0: no call can wait.
    pub slots: u32,
    /// After so long the phones of whoever parked a call ring, again and again.
    pub patience: Duration,
    /// For so long.
    pub ring: Duration,
}

impl Default for Park {
    fn default() -> Self {
        // Numbers never begin with an asterisk, so no slot is anybody's number.
        Park {
            code: Text::from_static("*68"),
            first: Text::from_static("*701"),
            slots: 9,
            patience: Duration::from_secs(120),
            ring: Duration::from_secs(30),
        }
    }
}

impl Park {
    /// Where a call shall wait that is handed over to this: `None` if it is no such place, `Some(None)` if the slot does not
    /// matter. The first slot is 0.
    #[must_use]
    pub fn read(&self, dialled: &str) -> Option<Option<u32>> {
        if self.slots == 0 {
            return None;
        }
        if !self.code.is_empty() && self.code == dialled {
            return Some(None);
        }
        let (prefix, first, width) = self.numbering()?;
        let digits = dialled.strip_prefix(prefix)?;
        let is_number = digits.len() == width && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: u32 = digits.parse().ok().filter(|_| is_number)?;
        let slot = number.checked_sub(first)?;
        (slot < self.slots).then_some(Some(slot))
    }

    /// What is dialled to take the call in a slot.
    pub(crate) fn dialled(&self, slot: u32) -> Text {
        match self.numbering() {
            Some((prefix, first, width)) => {
                Text::from(format!("{prefix}{:0width$}", first.saturating_add(slot)))
            }
            None => self.first.clone(),
        }
    }

    /// What stands before the digits, the number of the first slot, and how many digits it has.
    fn numbering(&self) -> Option<(&str, u32, usize)> {
        let prefix = self
            .first
            .trim_end_matches(|one: char| one.is_ascii_digit());
        let digits = self.first.strip_prefix(prefix)?;
        Some((prefix, digits.parse().ok()?, digits.len()))
    }

    /// A slot as the other side of a call.
    pub(crate) fn party(&self, slot: u32) -> Party {
        Party {
            account: account_of(slot),
            number: Some(self.dialled(slot)),
            display_name: Text::from_static("Parked"),
            is_guest: false,
        }
    }
}

/// For those who watch it, and for its calls, a slot is an account. Those of the database are positive.
pub(crate) fn account_of(slot: u32) -> AccountId {
    AccountId(-1 - i64::from(slot))
}

/// Whether an account is a slot.
pub(crate) fn is_slot(account: AccountId) -> bool {
    account.0 < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_count_on_from_the_first_one() {
        let park = Park::default();
        assert_eq!(park.read("*68"), Some(None));
        assert_eq!(park.read("*701"), Some(Some(0)));
        assert_eq!(park.read("*709"), Some(Some(8)));
        for other in ["*700", "*710", "*7001", "701", "*70", "*7x1", "", "*8"] {
            assert_eq!(park.read(other), None, "{other}");
        }
        assert_eq!(park.dialled(8), "*709");
        let wide = Park {
            first: "#098".into(),
            ..Park::default()
        };
        assert_eq!(wide.dialled(2), "#100");
        assert_eq!(wide.read("#100"), Some(Some(2)));
        let off = Park {
            slots: 0,
            ..Park::default()
        };
        assert_eq!(off.read("*701"), None);
    }
}
