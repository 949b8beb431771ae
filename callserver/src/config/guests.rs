//! Guests: whether there are any, for how long, and whom they may call.

use api::{Number, NumberPattern, PoolPurpose};
use serde::Deserialize;

use super::ConfigError;

/// `[guests]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuestsSection {
    /// Whether somebody without an account is given a number.
    pub enabled: bool,
    /// How long a guest keeps its number after its phone was registered last, in hours.
    pub lease_hours: u32,
    /// So many numbers may one address ask for within an hour.
    pub per_address_per_hour: u32,
    /// Whom guests may call: `accounts`, `guests`, `conferences`, `services`, and numbers such as `10xx`.
    pub may_call: Vec<String>,
    /// Whether guests may look people up.
    pub may_see_directory: bool,
    /// Whether guests may become people with an account, whoever may sign up otherwise.
    pub may_upgrade: bool,
}

impl Default for GuestsSection {
    fn default() -> Self {
        Self {
            // Whoever reaches the server could ring every phone in the house: the operator says so first.
            enabled: false,
            // A visitor who comes back the next morning has the same number.
            lease_hours: 24,
            per_address_per_hour: 10,
            may_call: vec!["accounts".into(), "guests".into()],
            // They dial the number that they were told; who works here is nobody else's business.
            may_see_directory: false,
            may_upgrade: true,
        }
    }
}

/// Whom guests may call, read from [`GuestsSection::may_call`].
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct GuestCalls {
    /// People with an account.
    pub accounts: bool,
    /// Other guests.
    pub guests: bool,
    /// Numbers of pools for conferences.
    pub conferences: bool,
    /// Numbers of pools for services.
    pub services: bool,
    patterns: Vec<NumberPattern>,
}

impl GuestCalls {
    /// Reads the list.
    ///
    /// # Errors
    /// If an entry is neither one of the words nor a number with open places.
    pub fn parse(entries: &[String]) -> Result<Self, ConfigError> {
        let mut calls = Self::default();
        for entry in entries {
            match entry.as_str() {
                "accounts" => calls.accounts = true,
                "guests" => calls.guests = true,
                "conferences" => calls.conferences = true,
                "services" => calls.services = true,
                pattern => {
                    let pattern =
                        NumberPattern::parse(pattern).map_err(|_| ConfigError::GuestCalls {
                            text: entry.clone(),
                        })?;
                    calls.patterns.push(pattern);
                }
            }
        }
        Ok(calls)
    }

    /// Whether a guest may call this number, of a guest or of somebody else. `None`: that depends on the pool of the number,
    /// see [`GuestCalls::allow_pool`].
    pub fn allow(&self, number: Option<&Number>, is_guest: bool) -> Option<bool> {
        let is_named = number.is_some_and(|number| self.names(number));
        let is_allowed = if is_guest { self.guests } else { self.accounts };
        match is_named || is_allowed {
            true => Some(true),
            false if self.conferences || self.services => None,
            false => Some(false),
        }
    }

    /// Whether a guest may call the numbers of this pool, or those of none.
    pub fn allow_pool(&self, purpose: Option<PoolPurpose>) -> bool {
        match purpose {
            Some(PoolPurpose::Conferences) => self.conferences,
            Some(PoolPurpose::Services) => self.services,
            Some(PoolPurpose::Accounts | PoolPurpose::Guests) | None => false,
        }
    }

    /// Whether the operator has named this very number, or all like it.
    fn names(&self, number: &Number) -> bool {
        self.patterns.iter().any(|pattern| pattern.fits(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_patterns_stand_side_by_side_and_nothing_else() {
        let entries = ["guests", "10xx", "+49 30 x"].map(String::from);
        let calls = GuestCalls::parse(&entries).unwrap();
        assert!(calls.guests && !calls.accounts && !calls.services && !calls.conferences);
        for (number, is_named) in [
            ("1000", true),
            ("1099", true),
            ("1100", false),
            ("10000", false),
            ("+49307", true),
            ("49307", false),
        ] {
            let number = Number::parse(number).unwrap();
            assert_eq!(calls.names(&number), is_named, "{number}");
        }
        for wrong in ["everybody", "", "1", "Accounts"] {
            let refused = GuestCalls::parse(&[wrong.to_owned()]).unwrap_err();
            assert!(refused.to_string().contains("may_call"), "{refused}");
        }
    }

    #[test]
    fn what_the_words_leave_open_is_for_the_pool_to_say() {
        let number = Number::parse("8000").unwrap();
        let calls = GuestCalls::parse(&["guests", "services"].map(String::from)).unwrap();
        assert_eq!(calls.allow(Some(&number), true), Some(true));
        assert_eq!(calls.allow(Some(&number), false), None);
        assert!(calls.allow_pool(Some(PoolPurpose::Services)));
        for other in [
            Some(PoolPurpose::Conferences),
            Some(PoolPurpose::Accounts),
            None,
        ] {
            assert!(!calls.allow_pool(other), "{other:?}");
        }
        let calls = GuestCalls::parse(&["80xx".to_owned()]).unwrap();
        assert_eq!(calls.allow(Some(&number), false), Some(true));
        assert_eq!(calls.allow(None, false), Some(false));
    }

    #[test]
    fn the_default_can_be_read() {
        let calls = GuestCalls::parse(&GuestsSection::default().may_call).unwrap();
        assert!(calls.accounts && calls.guests);
    }
}
