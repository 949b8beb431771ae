//! Presence: what people tell about themselves, who may see it, and what the others see.

use serde::{Deserialize, Serialize};

use crate::AccountId;

/// What the owner of an account has chosen to be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChosenState {
    /// Whatever the phones say: online, in a call, offline.
    #[default]
    Available,
    /// Not at the phone.
    Away,
    /// At work on something else; calls ring all the same.
    Busy,
    /// Calls do not ring.
    DoNotDisturb,
    /// Offline for everybody else.
    Invisible,
}

/// Who may see an account's presence. Whom its owner has blocked never sees it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody with an account.
    #[default]
    Everyone,
    /// The owner's contacts.
    Contacts,
    /// Nobody.
    Nobody,
}

/// What others see.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PresenceState {
    /// A phone is registered.
    Online,
    /// Registered, and the owner is away.
    Away,
    /// Registered, and the owner is busy.
    Busy,
    /// Speaks to somebody.
    InACall,
    /// Does not want to be called.
    DoNotDisturb,
    /// No phone is registered; or whoever asks may not know.
    #[default]
    Offline,
    /// What a newer server tells.
    #[serde(other)]
    Unknown,
}

macro_rules! written {
    ($kind:ident: $($variant:ident $text:literal),+) => {
        impl $kind {
            /// As it is written.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// Reads it.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

written!(ChosenState: Available "available", Away "away", Busy "busy", DoNotDisturb "do_not_disturb",
    Invisible "invisible");
written!(Visibility: Everyone "everyone", Contacts "contacts", Nobody "nobody");
written!(PresenceState: Online "online", Away "away", Busy "busy", InACall "in_a_call",
    DoNotDisturb "do_not_disturb", Offline "offline", Unknown "unknown");

/// What one tells about oneself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnPresence {
    /// What one has chosen.
    pub state: ChosenState,
    /// What stands beside it; empty for nothing.
    pub note: String,
    /// Who may see it.
    pub visibility: Visibility,
    /// When it was chosen (RFC 3339); `null` if never.
    pub since: Option<String>,
}

/// What one wants to tell about oneself from now on. What is missing stays.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PresenceChange {
    /// What one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ChosenState>,
    /// What stands beside it, up to 140 characters; empty for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 140))]
    pub note: Option<String>,
    /// Who may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

/// What one sees of somebody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PresenceView {
    /// Of whom.
    pub account: AccountId,
    /// What they are.
    pub state: PresenceState,
    /// What they say; empty for nothing.
    pub note: String,
    /// Since when (RFC 3339), as far as it is known.
    pub since: Option<String>,
    /// When an account that is offline was seen last (RFC 3339), as far as it is known.
    pub last_seen: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_written_as_they_are_read_and_new_ones_do_no_harm() {
        for state in [
            PresenceState::Online,
            PresenceState::InACall,
            PresenceState::DoNotDisturb,
        ] {
            let json = serde_json::to_value(state).unwrap();
            assert_eq!(json, state.as_str());
            assert_eq!(PresenceState::parse(state.as_str()), Some(state));
        }
        let newer: PresenceState = serde_json::from_str("\"in_a_meeting\"").unwrap();
        assert_eq!(newer, PresenceState::Unknown);
        assert_eq!(ChosenState::parse("online"), None);
        assert_eq!(
            serde_json::to_value(ChosenState::DoNotDisturb).unwrap(),
            ChosenState::DoNotDisturb.as_str()
        );
    }
}
