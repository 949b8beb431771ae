//! Where calls wait until somebody takes them.

use std::time::Duration;

use serde::Deserialize;
use switch::{Park, ServiceCodes};

use super::ConfigError;

/// `[park]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ParkSection {
    /// A call that is handed over to this waits in the lowest free slot. Empty for none.
    pub code: String,
    /// What is dialled to take the call of the first slot; the next slots count on from there.
    pub first_slot: String,
    /// How many slots there are; 0: no call can be parked.
    pub slots: u32,
    /// After so many seconds a call that nobody has taken rings at the phones of whoever parked it.
    pub ring_back_seconds: u64,
}

/// More slots than anybody has keys for; each that is watched costs a look at this many.
const MOST_SLOTS: u32 = 1000;

impl Default for ParkSection {
    fn default() -> Self {
        let usual = Park::default();
        Self {
            code: usual.code.to_string(),
            first_slot: usual.first.to_string(),
            slots: usual.slots,
            ring_back_seconds: usual.patience.as_secs(),
        }
    }
}

impl ParkSection {
    /// The section as the switch takes it.
    ///
    /// # Errors
    /// If a slot could be a number, or is one of the codes that do something else.
    pub fn rule(&self, codes: &ServiceCodes) -> Result<Park, ConfigError> {
        let is_dialled = |text: &str| {
            text.starts_with(['*', '#'])
                && text
                    .chars()
                    .all(|one| one.is_ascii_digit() || "*#".contains(one))
        };
        let refused = |key, text: &str| ConfigError::Park {
            key,
            text: text.to_owned(),
        };
        if !self.code.is_empty() && !is_dialled(&self.code) {
            return Err(refused("code", &self.code));
        }
        let park = Park {
            code: self.code.clone().into(),
            first: self.first_slot.clone().into(),
            slots: self.slots,
            patience: Duration::from_secs(self.ring_back_seconds.max(1)),
            ..Park::default()
        };
        if self.slots == 0 {
            return Ok(park);
        }
        let is_slot = is_dialled(&self.first_slot) && park.read(&self.first_slot).is_some();
        let others = [
            &codes.pick_up_in_group,
            &codes.messages,
            &codes.greeting,
            &codes.call_back,
            &codes.cancel_call_back,
        ];
        let is_other = others.iter().any(|other| park.read(other).is_some());
        let is_picked_up =
            !codes.pick_up.is_empty() && self.first_slot.starts_with(&*codes.pick_up);
        if !is_slot || is_other || is_picked_up || self.slots > MOST_SLOTS {
            return Err(refused("first_slot", &self.first_slot));
        }
        Ok(park)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_no_numbers_and_no_other_codes() {
        let codes = ServiceCodes::default();
        let usual = ParkSection::default();
        assert_eq!(usual.rule(&codes).unwrap(), Park::default());
        for (first, slots) in [
            ("701", 9),
            ("*", 9),
            ("*60", 9),
            ("**1", 2),
            ("*701", 5000),
            ("park1", 3),
        ] {
            let section = ParkSection {
                first_slot: first.into(),
                slots,
                ..usual.clone()
            };
            let refused = section.rule(&codes).unwrap_err().to_string();
            assert!(refused.contains("first_slot"), "{first}: {refused}");
        }
        let off = ParkSection {
            slots: 0,
            first_slot: String::new(),
            ..usual
        };
        assert!(off.rule(&codes).is_ok());
    }
}
