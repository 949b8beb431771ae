//! What a number is at present, and what callers get at one that was given up.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Number;

/// What a number is at present.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum NumberState {
    /// Anybody can be given it.
    Free,
    /// An account holds it.
    Assigned,
    /// An administrator keeps it back.
    Reserved,
    /// A guest has borrowed it.
    Guest,
    /// It was given up lately and rests.
    Quarantined,
}

impl NumberState {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Free,
        Self::Assigned,
        Self::Reserved,
        Self::Guest,
        Self::Quarantined,
    ];

    /// The word on the wire, in tables and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Assigned => "assigned",
            Self::Reserved => "reserved",
            Self::Guest => "guest",
            Self::Quarantined => "quarantined",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl fmt::Display for NumberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What callers get at a number that was given up, until it is free again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnCall {
    /// The call rings at the number that replaces it.
    #[default]
    Forward,
    /// The caller is told the number that replaces it (SIP 301).
    Moved,
    /// The caller hears that nobody has this number any more (SIP 410).
    Gone,
}

impl OnCall {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Forward, Self::Moved, Self::Gone];

    /// The word on the wire, in tables and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Moved => "moved",
            Self::Gone => "gone",
        }
    }

    /// The choice of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == word)
    }
}

impl fmt::Display for OnCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the owner of a number wants to happen at it after giving it up.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AfterChange {
    /// What callers get.
    #[serde(default)]
    pub on_call: OnCall,
    /// The number that replaces it; if missing, whichever is the owner's primary number at the time of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_to: Option<Number>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_read_as_it_is_written() {
        for state in NumberState::ALL {
            assert_eq!(NumberState::from_word(state.as_str()), Some(state));
            assert_eq!(serde_json::json!(state), state.as_str());
        }
        for choice in OnCall::ALL {
            assert_eq!(OnCall::from_word(choice.as_str()), Some(choice));
            assert_eq!(serde_json::json!(choice), choice.as_str());
        }
        assert_eq!(NumberState::from_word("Free"), None);
        assert_eq!(OnCall::from_word(""), None);
    }

    #[test]
    fn whoever_says_nothing_is_still_reached() {
        let after: AfterChange = serde_json::from_str("{}").expect("an empty choice");
        assert_eq!(after, AfterChange::default());
        assert_eq!(after.on_call, OnCall::Forward);
    }
}
