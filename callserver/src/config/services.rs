//! What can be dialled besides numbers, and what calls for help.

use api::Number;
use serde::Deserialize;
use switch::{Emergency, PickUp, ServiceCodes};

use super::ConfigError;

/// `[service_codes]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceCodesSection {
    /// Before a number: takes the call that rings there. Empty for none.
    pub pick_up: String,
    /// Takes the call that has rung longest in a group of the one who dials. Empty for none.
    pub pick_up_in_group: String,
    /// Plays the messages that callers have left for whoever dials it. Empty for none.
    pub messages: String,
    /// Records what callers hear before they leave one. Empty for none.
    pub greeting: String,
    /// After a call in vain: the callee is waited for. Empty for none.
    pub call_back: String,
    /// Nobody is waited for any more. Empty for none.
    pub cancel_call_back: String,
    /// Who may take calls that ring elsewhere.
    pub who_picks_up: WhoPicksUp,
}

/// Who may take calls that ring elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhoPicksUp {
    /// Who is in a ring group with the one whose phone rings.
    #[default]
    Groups,
    /// Everybody.
    Everybody,
}

impl Default for ServiceCodesSection {
    fn default() -> Self {
        let codes = ServiceCodes::default();
        Self {
            pick_up: codes.pick_up.to_string(),
            pick_up_in_group: codes.pick_up_in_group.to_string(),
            messages: codes.messages.to_string(),
            greeting: codes.greeting.to_string(),
            call_back: codes.call_back.to_string(),
            cancel_call_back: codes.cancel_call_back.to_string(),
            who_picks_up: WhoPicksUp::default(),
        }
    }
}

impl ServiceCodesSection {
    /// The codes as the switch takes them.
    ///
    /// # Errors
    /// If one could be a number, or both are one.
    pub fn codes(&self) -> Result<ServiceCodes, ConfigError> {
        let code = |key, text: &String| {
            let is_code = text.is_empty()
                || text.starts_with(['*', '#'])
                    && text
                        .chars()
                        .all(|one| one.is_ascii_digit() || "*#".contains(one));
            match is_code {
                true => Ok(text.clone().into()),
                false => Err(ConfigError::ServiceCode {
                    key,
                    text: text.clone(),
                }),
            }
        };
        Ok(ServiceCodes {
            pick_up: code("pick_up", &self.pick_up)?,
            pick_up_in_group: code("pick_up_in_group", &self.pick_up_in_group)?,
            messages: code("messages", &self.messages)?,
            greeting: code("greeting", &self.greeting)?,
            call_back: code("call_back", &self.call_back)?,
            cancel_call_back: code("cancel_call_back", &self.cancel_call_back)?,
        })
    }

    /// Who may, as the switch takes it.
    pub fn who(&self) -> PickUp {
        match self.who_picks_up {
            WhoPicksUp::Groups => PickUp::Groups,
            WhoPicksUp::Everybody => PickUp::Everybody,
        }
    }
}

/// `[emergency]`
#[derive(Clone, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmergencySection {
    /// What people dial to call for help.
    pub numbers: Vec<String>,
    /// The number that rings then.
    pub to: Option<String>,
}

impl EmergencySection {
    /// The rule as the switch takes it, if there is one.
    ///
    /// # Errors
    /// If there are numbers that lead nowhere, or something is no number.
    pub fn rule(&self) -> Result<Option<Emergency>, ConfigError> {
        if self.numbers.is_empty() && self.to.is_none() {
            return Ok(None);
        }
        let (Some(to), false) = (&self.to, self.numbers.is_empty()) else {
            return Err(ConfigError::EmergencyInPart);
        };
        let number = |text: &String| match Number::parse(text) {
            Ok(number) => Ok(String::from(number).into()),
            Err(_) => Err(ConfigError::EmergencyNumber { text: text.clone() }),
        };
        Ok(Some(Emergency {
            // They are compared with what was dialled, and so may be shorter than any number of the house.
            numbers: self
                .numbers
                .iter()
                .map(|text| text.clone().into())
                .collect(),
            to: number(to)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_begin_with_a_key_that_no_number_has() {
        let codes = ServiceCodesSection::default();
        assert_eq!(codes.codes().unwrap(), ServiceCodes::default());
        for wrong in ["8", "*a", "sales"] {
            let codes = ServiceCodesSection {
                pick_up: wrong.into(),
                ..ServiceCodesSection::default()
            };
            let refused = codes.codes().unwrap_err().to_string();
            assert!(refused.contains("pick_up"), "{refused}");
        }
    }

    #[test]
    fn calls_for_help_have_numbers_and_somebody_who_answers() {
        let rule = |numbers: &[&str], to: Option<&str>| {
            let section = EmergencySection {
                numbers: numbers.iter().map(ToString::to_string).collect(),
                to: to.map(Into::into),
            };
            section.rule()
        };
        assert_eq!(rule(&[], None).unwrap(), None);
        assert!(rule(&["112"], Some("1000")).unwrap().is_some());
        assert!(matches!(
            rule(&["112"], None),
            Err(ConfigError::EmergencyInPart)
        ));
        assert!(matches!(
            rule(&[], Some("1000")),
            Err(ConfigError::EmergencyInPart)
        ));
        let wrong = rule(&["112"], Some("desk"));
        assert!(matches!(wrong, Err(ConfigError::EmergencyNumber { .. })));
    }
}
