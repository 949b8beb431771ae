//! Contacts: the people whom an account has written down.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Number};

/// A contact. One that is somebody's account always shows that account's number of today.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contact {
    /// The immutable id of the entry.
    pub id: i64,
    /// Whose account it is, if it is one of this server.
    pub account: Option<AccountId>,
    /// The number to call. `null` if the account holds none at present.
    pub number: Option<Number>,
    /// What the owner calls it.
    pub name: String,
    /// What the account calls itself, if it is one.
    pub display_name: Option<String>,
    /// What the owner noted.
    pub note: String,
    /// Whether it is shown first.
    pub is_favourite: bool,
    /// The groups that the owner has put it into.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether it shall not reach the owner: it hears that the line is busy, and sees the owner offline.
    #[serde(default)]
    pub is_blocked: bool,
}

/// A contact to be added, or what it shall be from now on: exactly one of `account` and `number` is given.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContactEntry {
    /// An account of this server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// A number. If it is an account's at present, the contact is that account and follows it to its next number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub number: Option<String>,
    /// What to call it, 1 to 64 characters; as the account calls itself if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Anything worth noting, up to 500 characters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub note: String,
    /// Whether it is shown first.
    #[serde(default)]
    pub is_favourite: bool,
    /// The groups that it is in, 16 at most, each of 1 to 64 characters; as before if they are missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 16))]
    pub groups: Option<Vec<String>>,
    /// Whether it shall not reach the owner; as before if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_blocked: Option<bool>,
}
