//! A room as its members see it.

use serde::{Deserialize, Serialize};

use super::{Message, RoomId};
use crate::{AccountId, Number};

/// What a room is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// The conversation of two people; there is one for each pair, made by the first message.
    Direct,
    /// Any number of people.
    Group,
    /// What a newer server has made.
    #[serde(other)]
    Unknown,
}

/// What somebody may do in a room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RoomRole {
    /// Writes and reads.
    Member,
    /// Besides that: adds and removes members, deletes anybody's message, changes name, description and picture.
    Moderator,
    /// Besides that: names moderators and owners, changes the settings.
    Owner,
}

/// Who may come in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JoinRule {
    /// Whoever is added by a moderator.
    #[default]
    Added,
    /// Whoever knows the room's id.
    Open,
}

/// How a room behaves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct RoomSettings {
    /// Who may come in.
    pub join: JoinRule,
    /// Whether all members may add others, and not moderators alone.
    pub members_may_add: bool,
    /// Whether whoever comes in may read what was written before.
    pub newcomers_see_history: bool,
    /// The most messages that are kept; what is older goes to the archive. `null`: as many as the server keeps.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub keep_messages: Option<i64>,
    /// For how many days messages are kept; `null`: for ever.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub keep_days: Option<i64>,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            join: JoinRule::Added,
            members_may_add: false,
            newcomers_see_history: true,
            keep_messages: None,
            keep_days: None,
        }
    }
}

/// Somebody in a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Participant {
    /// Who.
    pub account: AccountId,
    /// Their number of today; `null` if they hold none.
    pub number: Option<Number>,
    /// Their username.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// What they may do.
    pub role: RoomRole,
    /// Since when they are in the room (RFC 3339).
    pub since: String,
    /// One of their devices has everything up to this sequence number.
    pub delivered: i64,
    /// They have read everything up to this sequence number.
    pub read: i64,
}

/// A room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Room {
    /// What it is known by.
    pub id: RoomId,
    /// What it is for.
    pub kind: RoomKind,
    /// Its name: as it was set, else composed of the other participants' names for whoever reads it.
    pub name: String,
    /// Whether the name was set by somebody.
    pub is_named: bool,
    /// What it is about; empty for nothing.
    pub description: String,
    /// The id of its picture in the store of files; `null` for none.
    pub picture: Option<String>,
    /// When it was opened (RFC 3339).
    pub opened: String,
    /// How it behaves.
    pub settings: RoomSettings,
    /// What the reader may do.
    pub role: RoomRole,
    /// Everybody in it, the first 100 in the order in which they came.
    pub participants: Vec<Participant>,
    /// How many are in it.
    pub participant_count: i64,
    /// The first sequence number that the reader may still read.
    pub first_sequence: i64,
    /// The last sequence number; 0 if nothing has happened yet.
    pub last_sequence: i64,
    /// How many messages of others the reader has not read.
    pub unread: i64,
    /// The last message, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Box<Message>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_reads_as_it_is_documented() {
        let room: Room = serde_json::from_str(include_str!("examples/room.json")).unwrap();
        assert_eq!(room.kind, RoomKind::Group);
        assert_eq!(room.participants[0].role, RoomRole::Owner);
        assert!(RoomRole::Owner > RoomRole::Moderator && RoomRole::Moderator > RoomRole::Member);
        let again = serde_json::to_value(&room).unwrap();
        let example: serde_json::Value =
            serde_json::from_str(include_str!("examples/room.json")).unwrap();
        assert_eq!(again, example);
    }

    #[test]
    fn settings_that_are_missing_are_the_usual_ones() {
        let settings: RoomSettings = serde_json::from_str(r#"{"join":"open"}"#).unwrap();
        let usual = RoomSettings {
            join: JoinRule::Open,
            ..RoomSettings::default()
        };
        assert_eq!(settings, usual);
    }
}
