//! Ring groups: a number that rings several people.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Number, RingOrder};

/// A group. It is an account that nobody signs in to: numbers and call settings are changed as those of any other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RingGroup {
    /// The immutable id of its account.
    pub id: AccountId,
    /// Its name, which can be dialled, too.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// Its primary number.
    pub number: Option<Number>,
    /// In which order its members ring.
    pub ring: RingOrder,
    /// For how many seconds each member rings, if one after another.
    pub ring_seconds: u16,
    /// Who rings, the first one first.
    pub members: Vec<GroupMember>,
}

/// Somebody who rings when the group is called.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupMember {
    /// The immutable id.
    pub id: AccountId,
    /// The username.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// The primary number.
    pub number: Option<Number>,
}

/// A group to be made.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RingGroupRequest {
    /// By the rule for usernames.
    pub name: String,
    /// What people see; the name if it is missing.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Its number; the lowest free one if it is missing.
    #[serde(default)]
    pub number: Option<String>,
    /// The usernames of its members, the first one first: 50 at most.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 50))]
    pub members: Vec<String>,
    /// In which order they ring; all at once if it is missing.
    #[serde(default)]
    pub ring: Option<RingOrder>,
    /// For how many seconds each member rings, if one after another: 1 to 300.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 300))]
    pub ring_seconds: Option<u16>,
}

/// What is to be changed about a group; what is missing stays.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RingGroupChange {
    /// What people see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The usernames of all its members, the first one first: 50 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 50))]
    pub members: Option<Vec<String>>,
    /// In which order they ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring: Option<RingOrder>,
    /// For how many seconds each member rings, if one after another: 1 to 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 300))]
    pub ring_seconds: Option<u16>,
}
