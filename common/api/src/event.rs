//! What `GET /api/v1/events` tells, one JSON object an event.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Number, PresenceView};

/// Where events are told, as `text/event-stream`.
pub const EVENTS_PATH: &str = "/api/v1/events";

/// Something changed for whoever listens, or for one of their contacts. The name of the event in the stream is `event`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The stream has begun: what happens from now on is told. Whoever reconnects reads their state anew.
    Listening,
    /// An account has another primary number, or none.
    NumberChanged {
        /// Whose.
        account: AccountId,
        /// The former one.
        old: Option<Number>,
        /// The one of today.
        new: Option<Number>,
        /// Whether it is the listener's own.
        is_me: bool,
    },
    /// An account has another username or display name.
    NameChanged {
        /// Whose.
        account: AccountId,
        /// The username.
        name: String,
        /// What people see.
        display_name: String,
        /// Whether it is the listener's own.
        is_me: bool,
    },
    /// A device of the listener was added or revoked.
    DevicesChanged,
    /// The listener's contacts are others now, on whichever device that was done: read them anew.
    ContactsChanged,
    /// Somebody among the listener's contacts, or the listener, is seen as something else now.
    Presence(PresenceView),
    /// How calls to the listener are treated has changed.
    CallSettingsChanged,
    /// A message was left for the listener, heard or deleted, on whichever phone.
    Voicemail {
        /// How many are there that were not heard.
        new: u32,
        /// How many are there that were heard.
        old: u32,
    },
    /// An account of the listener's contacts is no more.
    AccountRemoved {
        /// Whose.
        account: AccountId,
    },
    /// The session of the listener is over: nothing follows. The tokens are worth nothing any more.
    SessionEnded,
    /// An event that a newer server tells.
    #[serde(other)]
    Unknown,
}

impl Event {
    /// Its name in the stream.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Listening => "listening",
            Self::NumberChanged { .. } => "number_changed",
            Self::NameChanged { .. } => "name_changed",
            Self::DevicesChanged => "devices_changed",
            Self::ContactsChanged => "contacts_changed",
            Self::Presence(_) => "presence",
            Self::CallSettingsChanged => "call_settings_changed",
            Self::Voicemail { .. } => "voicemail",
            Self::AccountRemoved { .. } => "account_removed",
            Self::SessionEnded => "session_ended",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_its_name_and_one_from_a_newer_server_can_be_read() {
        let event = Event::NumberChanged {
            account: AccountId(7),
            old: Number::parse("1000").ok(),
            new: None,
            is_me: true,
        };
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"event": "number_changed", "account": 7, "old": "1000", "new": null, "is_me": true})
        );
        assert_eq!(json["event"], event.name());
        let newer = r#"{"event":"from_the_future","more":1}"#;
        assert_eq!(
            serde_json::from_str::<Event>(newer).unwrap(),
            Event::Unknown
        );
    }
}
